"""What is free: on a day, in a part of it, in a stretch of days, or next. At most five times, spread, to be spoken."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from appointments import holds
from appointments.availability import free_starts
from appointments.calendar import CalendarError
from appointments.conversation import speaking
from appointments.conversation.asking import MAX_DATE, ask_when, understood, wanted_service
from appointments.conversation.turn import Turn, function
from appointments.models import Appointment, Service
from appointments.spoken import Problem, Understanding, Window, asks_soonest
from appointments.voice import Reply, meaningful
from appointments.wishes import wish_of

MAX_TIMES = 5
# How far "the next free one" is looked for.
HORIZON = timedelta(days=28)
FIRST_DAYS = 2
# A day without a free time is answered with the next days that have some.
NEARBY = timedelta(days=14)
DAY = timedelta(days=1)
# The day is known, and a time is not needed here.
DAY_ENOUGH = frozenset({None, Problem.TIME_REQUIRED})


@function
def check(turn: Turn) -> Reply:
    """Say what is free. Nothing is held by asking."""
    earlier = wish_of(turn.call)
    service = wanted_service(turn, earlier_id=earlier.service_id if earlier else None)
    if isinstance(service, Reply):
        return service
    when = understood(turn, turn.said.date, turn.said.time)
    days = _days(turn, when)
    if days is None:
        return ask_when(turn, when)
    try:
        return _answer(turn, service, when, *days)
    except CalendarError:
        return _unreachable(turn)


def free_on_day(turn: Turn, service: Service, when: Understanding, *, moving: Appointment | None = None) -> Reply:
    """The question for the time of a day that is known, with what is free then."""
    day = when.date or turn.today
    try:
        free = _in_window(turn, _free(turn, service, day, day), when.window)
    except CalendarError:
        return ask_when(turn, when)
    if not free:
        return _answer(turn, service, when, day, day)
    told = _told(turn, service, free, moving=moving)
    message = _("On %(date)s there is: %(times)s. At what time would you like to come?") % {
        "date": speaking.day(turn, free[0]),
        "times": speaking.either([speaking.clock(turn, start) for start in told]),
    }
    return turn.reply(Problem.TIME_REQUIRED.value, message, times=[speaking.as_data(turn, start) for start in told])


def _days(turn: Turn, when: Understanding) -> tuple[date, date] | None:
    """The days asked about, both included; None where they were not understood."""
    if when.date is not None and when.problem in DAY_ENOUGH:
        return when.date, when.date
    if when.days is not None:
        return when.days
    return (turn.today, turn.today + HORIZON) if _asks_for_the_next(turn, when) else None


def _asks_for_the_next(turn: Turn, when: Understanding) -> bool:
    words = meaningful(turn.said.date, max_length=MAX_DATE) or meaningful(turn.said.time, max_length=MAX_DATE)
    return when.date is None and when.days is None and (asks_soonest(words) or when.problem is Problem.DATE_REQUIRED)


def _answer(turn: Turn, service: Service, when: Understanding, first: date, last: date) -> Reply:
    free = _free(turn, service, first, last)
    if when.start is not None and when.start in free:
        return _that_time(turn, service, when.start)
    fitting = _at(turn, _in_window(turn, free, when.window), when.time) if when.start is None else []
    if _asks_for_the_next(turn, when):
        fitting = _of_first_days(turn, fitting)
    if fitting:
        return _these_times(turn, service, fitting)
    return _others(turn, service, when, free, first)


def _that_time(turn: Turn, service: Service, start: datetime) -> Reply:
    told = _told(turn, service, [start])
    message = _("%(moment)s is free. Shall I note it for you?") % {"moment": speaking.moment(turn, start)}
    return turn.reply("available", message, service=service.name, times=[speaking.as_data(turn, one) for one in told])


def _these_times(turn: Turn, service: Service, free: Sequence[datetime]) -> Reply:
    told = _told(turn, service, free)
    message = _("At the moment there is free: %(times)s. Which would you like?") % {
        "times": speaking.choice(turn, told)
    }
    return turn.reply("available", message, service=service.name, times=[speaking.as_data(turn, one) for one in told])


def _others(turn: Turn, service: Service, when: Understanding, free: Sequence[datetime], first: date) -> Reply:
    """Nothing as asked: the nearest that there is instead, on the day itself or the days after."""
    others = free or _free(turn, service, first, first + NEARBY)
    wished = when.start or datetime.combine(first, (when.window and when.window.start) or time(), turn.zone)
    told = _told(turn, service, holds.nearest(others, wished, turn.call))
    message = speaking.free_instead(turn, when.start, told)
    times = [speaking.as_data(turn, start) for start in told]
    return turn.reply("slot_taken" if told else "no_slots", message, service=service.name, times=times)


def _unreachable(turn: Turn) -> Reply:
    message = _(
        "I can't look into the calendar at this moment. Tell me the day and time you would like: I will note it, and "
        "book it as soon as the calendar answers, if the time is free then."
    )
    return turn.reply("calendar_unreachable", message)


def _free(turn: Turn, service: Service, first: date, last: date) -> list[datetime]:
    """Free starts from now on, on the days from `first` to `last`. Raises CalendarError."""
    begins = datetime.combine(first, time(), turn.zone)
    ends = datetime.combine(last + DAY, time(), turn.zone)
    return free_starts(turn.calendar(), service, max(begins, turn.heard_at), ends, call=turn.call)


def _in_window(turn: Turn, free: Sequence[datetime], window: Window | None) -> list[datetime]:
    """Those within the hours; a start at the end of them is too late."""
    if window is None:
        return list(free)
    return [
        start
        for start in free
        if (local := start.astimezone(turn.zone).time()) in window and (window.end is None or local < window.end)
    ]


def _at(turn: Turn, free: Sequence[datetime], moment: time | None) -> list[datetime]:
    """Those at this time of the day, where one was named."""
    return [start for start in free if moment is None or start.astimezone(turn.zone).time() == moment]


def _of_first_days(turn: Turn, free: Sequence[datetime]) -> list[datetime]:
    """Those of the first days that have any: who asks for the next one does not want the last."""
    days = sorted({start.astimezone(turn.zone).date() for start in free})[:FIRST_DAYS]
    return [start for start in free if start.astimezone(turn.zone).date() in days]


def _told(
    turn: Turn, service: Service, free: Sequence[datetime], *, moving: Appointment | None = None
) -> list[datetime]:
    """At most five of them, spread, and remembered, so that "the second one" can be taken up."""
    told = spread(free, MAX_TIMES)
    holds.remember_told(turn.call, service, told, moving=moving)
    return told


def spread(starts: Sequence[datetime], count: int) -> list[datetime]:
    """So many of them, from the first to the last at even distances."""
    if len(starts) <= count:
        return list(starts)
    return [starts[round(place * (len(starts) - 1) / (count - 1))] for place in range(count)]
