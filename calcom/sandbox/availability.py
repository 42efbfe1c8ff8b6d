"""When a host is free: working hours minus what is booked, cut into slots the way Cal.com cuts them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from calcom.sandbox.state import Account, Booking, EventType, State
from calcom.sandbox.times import now

Period = tuple[datetime, datetime]

# A slot starts at a multiple of the first of these that divides the interval.
GRID_MINUTES = (60, 30, 20, 15, 10, 5, 1)


def overlap(one: Period, other: Period) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def working_periods(account: Account, start: datetime, end: datetime) -> list[Period]:
    """Working hours that touch the range, in UTC, neighbours joined; an override replaces its whole day."""
    zone = ZoneInfo(account.time_zone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    periods: list[Period] = []
    # A day before: hours up to 24:00 may join with the next day's.
    day -= timedelta(days=1)
    while day <= last:
        periods += [(_instant(day, opens, zone), _instant(day, closes, zone)) for opens, closes in _hours(account, day)]
        day += timedelta(days=1)
    return [period for period in _joined(periods) if overlap(period, (start, end))]


def _hours(account: Account, day: date) -> list[tuple[str, str]]:
    overrides = [entry for entry in account.overrides if entry["date"] == day.isoformat()]
    weekday = f"{day:%A}"
    entries = overrides or [entry for entry in account.schedule if weekday in entry["days"]]
    return [(entry["startTime"], entry["endTime"]) for entry in entries if entry["startTime"] != entry["endTime"]]


def _instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _joined(periods: list[Period]) -> list[Period]:
    joined: list[Period] = []
    for start, end in sorted(periods):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def busy_periods(state: State, host: Account, event_type: EventType, ignored_uid: str | None = None) -> list[Period]:
    """What the host has booked, with the buffers of the meetings there and of the one to come."""
    return [
        _with_buffers(booking, state.event_types[booking.event_type_id], event_type)
        for booking in state.bookings.all()
        if booking.host_id == host.id
        and booking.uid != ignored_uid
        and _blocks(booking, state)
        and not _has_seats_left(booking, event_type)
    ]


def _has_seats_left(booking: Booking, event_type: EventType) -> bool:
    """Whether more people may join the booking by this event type."""
    seats = event_type.seats_per_time_slot
    return seats is not None and booking.event_type_id == event_type.id and len(booking.attendees) < seats


def _blocks(booking: Booking, state: State) -> bool:
    """A request that waits for the host's yes keeps nothing free, unless the event type says so."""
    if booking.status == "pending":
        return state.event_types[booking.event_type_id].pending_blocks_slot
    return booking.status == "accepted"


def _with_buffers(booking: Booking, its_type: EventType, new_type: EventType) -> Period:
    before = timedelta(minutes=its_type.before_buffer_minutes + new_type.after_buffer_minutes)
    after = timedelta(minutes=its_type.after_buffer_minutes + new_type.before_buffer_minutes)
    return booking.start - before, booking.end + after


def free_periods(
    state: State, host: Account, event_type: EventType, start: datetime, end: datetime, ignored_uid: str | None = None
) -> list[Period]:
    free = [(max(opens, start), min(closes, end)) for opens, closes in working_periods(host, start, end)]
    for busy in busy_periods(state, host, event_type, ignored_uid):
        free = [part for period in free for part in _minus(period, busy)]
    return free


def _minus(period: Period, busy: Period) -> list[Period]:
    if not overlap(period, busy):
        return [period]
    parts = [(period[0], busy[0]), (busy[1], period[1])]
    return [(start, end) for start, end in parts if start < end]


def is_free(
    state: State, host: Account, event_type: EventType, start: datetime, end: datetime, ignored_uid: str | None = None
) -> bool:
    """Any minute will do for a booking: it needn't be one of the offered slots."""
    return (start, end) in free_periods(state, host, event_type, start, end, ignored_uid)


def latest_start(event_type: EventType) -> datetime | None:
    """The end of the last day that can be booked, None when there is no booking window."""
    if event_type.booking_window_days is None:
        return None
    last_day = now() + timedelta(days=event_type.booking_window_days)
    return last_day.replace(hour=23, minute=59, second=59, microsecond=999999)


def is_out_of_bounds(event_type: EventType, start: datetime) -> bool:
    """Too soon or too far for the event type."""
    latest = latest_start(event_type)
    too_far = latest is not None and start > latest
    return too_far or start < now() + timedelta(minutes=event_type.minimum_notice_minutes)


def slot_starts(
    state: State,
    host: Account,
    event_type: EventType,
    searched: Period,
    length: timedelta,
    ignored_uid: str | None = None,
) -> list[datetime]:
    """Starts of the host's free slots that lie in the range whole, reserved ones left out."""
    interval = timedelta(minutes=event_type.slot_interval or length // timedelta(minutes=1))
    earliest = now() + timedelta(minutes=event_type.minimum_notice_minutes)
    latest = latest_start(event_type)
    starts = [
        start
        for opens, closes in free_periods(state, host, event_type, *searched, ignored_uid)
        for start in _cut(max(opens, earliest), closes, length, interval)
    ]
    reserved = reserved_periods(state, host)
    return [
        start
        for start in starts
        if (latest is None or start <= latest)
        and not any(overlap((start, start + length), period) for period in reserved)
    ]


def _cut(opens: datetime, closes: datetime, length: timedelta, interval: timedelta) -> list[datetime]:
    starts = []
    start = _on_grid(opens, interval)
    while start + length <= closes:
        starts.append(start)
        start += interval
    return starts


def _on_grid(moment: datetime, interval: timedelta) -> datetime:
    """The next full grid minute of the hour; whole hours only when the interval is made of them."""
    minutes = interval // timedelta(minutes=1)
    grid = next(step for step in GRID_MINUTES if minutes % step == 0)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    steps = -((hour - moment) // timedelta(minutes=grid))
    return hour + timedelta(minutes=grid * steps)


def reserved_periods(state: State, host: Account) -> list[Period]:
    moment = now()
    return [
        (reservation.start, reservation.end)
        for reservation in state.reservations.values()
        if reservation.host_id == host.id and reservation.until > moment
    ]
