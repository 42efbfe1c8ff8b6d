"""What is free: the calendar's own slots minus what we have promised ourselves. Everybody who needs to know asks here.

    the calendar's slots   read in stretches of seven days and remembered for a minute, by company and event type.
                           An error is never remembered. Whoever writes to the calendar calls `forget`
    our own rows           held, being booked and scheduled appointments, and times that were offered to a caller a
                           moment ago; as many at once as the service's capacity

The calendar alone would not do: what a caller is being promised at this moment is not in it yet.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from uuid import uuid4

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from appointments.calendar import Calendar, CalendarError, CalendarUnreachable, calendar_of
from appointments.models import Appointment, Call, Company, Offer, Service

Status = Appointment.Status

REMEMBERED_SECONDS = 60
# The calendar is asked for whole stretches, so that a second question about the same days needs no request.
STRETCH = timedelta(days=7)
FIRST_STRETCH = datetime(2024, 1, 1, tzinfo=UTC)
# While one caller's question is on its way, the others wait for its answer instead of asking the same.
ASKING_SECONDS = 3
LOOK_SECONDS = 0.02
# What callers ask for most.
WARMED = timedelta(days=12)
MAX_WARMED = 10
# No appointment is longer: what begins earlier can't reach into the time that is looked at.
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """An appointment's time, [start, end): one may begin when another ends."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Period") -> bool:
        return self.start < other.end and other.start < self.end


def period_of(service: Service, start: datetime) -> Period:
    return Period(start, start + timedelta(minutes=service.duration_minutes))


def free_starts(
    calendar: Calendar, service: Service, first: datetime, last: datetime, *, call: Call | None = None
) -> list[datetime]:
    """Starts in [first, last) that are free in the calendar and here, ascending, in UTC. Raises CalendarError.

    What `call` holds or was offered itself is not in its own way.
    """
    starts = calendar_starts(calendar, service, first, last, also=_reserved_by(call, service))
    taken = busy(service, Period(first, last + LONGEST), besides=call)
    return [start for start in starts if has_room(service, start, taken)]


def calendar_starts(
    calendar: Calendar, service: Service, first: datetime, last: datetime, *, also: Iterable[datetime] = ()
) -> list[datetime]:
    """Starts in [first, last) that the calendar offers, ascending, in UTC, at most a minute old. Raises CalendarError.

    `also`: what the calendar hides only because the caller has reserved it.
    """
    offered = {*_remembered_starts(calendar, service, first, last), *also}
    return sorted(start for start in offered if first <= start < last)


def forget(company_id: int) -> None:
    """The company's calendar was written to, by us or by others: what is remembered of its slots holds no more.

    That goes for all event types, since one host serves several, and for answers that are still on their way: they
    are remembered under the generation that has just ended.
    """
    cache.set(_generation_key(company_id), uuid4().hex, None)


def warm(company: Company) -> None:
    """Read the next days of every service that is asked for by phone, so that the first question needs no request.

    What the calendar does not answer now is read when it is asked for.
    """
    if not cache.add(f"slots:{company.pk}:warming", True, REMEMBERED_SECONDS // 2):
        return
    now = timezone.now()
    services = company.services.filter(is_active=True, calcom_event_type_id__isnull=False)[:MAX_WARMED]
    with suppress(CalendarError):
        for service in services:
            calendar_starts(calendar_of(company), service, now, now + WARMED)


def busy(
    service: Service, within: Period, *, besides: Call | None = None, moving: Appointment | None = None
) -> list[Period]:
    """What is promised of the service's event type in the period, without what `besides` or `moving` has itself."""
    now = timezone.now()
    reaches_in = Q(starts_at__gt=within.start - LONGEST, starts_at__lt=within.end, ends_at__gt=within.start)
    rows = Appointment.objects.filter(_same_event_type(service), _blocking(now), reaches_in)
    offers = Offer.objects.filter(_same_event_type(service), reaches_in, kept_until__gt=now)
    if besides is not None:
        rows = rows.exclude(call=besides, status=Status.HELD)
        offers = offers.exclude(call=besides)
    if moving is not None:
        rows = rows.exclude(pk=moving.pk)
        offers = offers.exclude(moving=moving)
    columns = ("starts_at", "ends_at")
    both = rows.order_by().values_list(*columns).union(offers.order_by().values_list(*columns), all=True)
    return [Period(start, end) for start, end in both]


def has_room(service: Service, start: datetime, taken: Iterable[Period]) -> bool:
    """Whether one more fits in, at every moment of it."""
    wanted = period_of(service, start)
    rivals = [period for period in taken if period.overlaps(wanted)]
    # Two rivals one after the other are never two at once: it is fullest when one of them begins.
    moments = {max(wanted.start, rival.start) for rival in rivals}
    return all(
        sum(rival.start <= moment < rival.end for rival in rivals) < service.parallel_capacity for moment in moments
    )


def _blocking(now: datetime) -> Q:
    return Q(status__in=(Status.BOOKING, Status.SCHEDULED)) | Q(status=Status.HELD, held_until__gt=now)


def _same_event_type(service: Service) -> Q:
    """Two services may be booked as one event type: whoever does them can't do both at once."""
    if service.calcom_event_type_id is None:
        return Q(service=service)
    return Q(service__company=service.company_id, service__calcom_event_type_id=service.calcom_event_type_id)


def _reserved_by(call: Call | None, service: Service) -> list[datetime]:
    if call is None:
        return []
    own = Appointment.objects.filter(call=call, status=Status.HELD, service=service, reserved_until__gt=timezone.now())
    return list(own.values_list("starts_at", flat=True))


def _remembered_starts(calendar: Calendar, service: Service, first: datetime, last: datetime) -> list[datetime]:
    keys = _keys(service, first, last)
    known = _known(calendar, service, keys)
    return [start for key in keys.values() for start in known[key]]


def _known(calendar: Calendar, service: Service, keys: dict[datetime, str]) -> dict[str, list[datetime]]:
    known: dict[str, list[datetime]] = cache.get_many(keys.values())
    missing = [begins for begins, key in keys.items() if key not in known]
    if not missing:
        return known
    asking = f"{keys[missing[0]]}:asking"
    if not cache.add(asking, True, ASKING_SECONDS) and _somebody_asks(asking, calendar.deadline):
        return _known(calendar, service, keys)
    try:
        return known | _asked(calendar, service, {begins: keys[begins] for begins in missing})
    finally:
        cache.delete(asking)


def _somebody_asks(asking: str, deadline: float) -> bool:
    """Wait until whoever asks has an answer; False if nobody asks after all. Raises CalendarUnreachable."""
    if cache.get(asking) is None:
        return False  # a cache that is away remembers neither questions nor answers
    while cache.get(asking) is not None:
        if monotonic() + LOOK_SECONDS > deadline:
            raise CalendarUnreachable("Another question to the calendar is not answered yet.")
        sleep(LOOK_SECONDS)
    return True


def _asked(calendar: Calendar, service: Service, keys: dict[datetime, str]) -> dict[str, list[datetime]]:
    """The calendar's answer about the stretches, remembered."""
    starts = calendar.free_starts(service, min(keys), max(keys) + STRETCH)
    answers = {key: [start for start in starts if begins <= start < begins + STRETCH] for begins, key in keys.items()}
    cache.set_many(answers, REMEMBERED_SECONDS)
    return answers


def _keys(service: Service, first: datetime, last: datetime) -> dict[datetime, str]:
    """Where the stretches that cover [first, last) are remembered, by their beginning."""
    prefix = f"slots:{service.company_id}:{service.calcom_event_type_id}:{_generation(service.company_id)}"
    return {begins: f"{prefix}:{begins:%Y%m%d}" for begins in _stretches(first, last)}


def _stretches(first: datetime, last: datetime) -> Iterator[datetime]:
    begins = FIRST_STRETCH + (first - FIRST_STRETCH) // STRETCH * STRETCH
    while begins < last:
        yield begins
        begins += STRETCH


def _generation(company_id: int) -> str:
    key = _generation_key(company_id)
    generation: str | None = cache.get(key)
    if generation is None:
        cache.add(key, uuid4().hex, None)  # of several who come first, one is first
        generation = cache.get(key)
    return generation or uuid4().hex


def _generation_key(company_id: int) -> str:
    return f"slots:{company_id}:generation"
