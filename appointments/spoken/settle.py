"""From pieces to one day and one time, or to the reason why there is none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Final, TypeVar

from appointments.spoken.dates import earliest_first
from appointments.spoken.meaning import Clock, Day, Hours, Part, Piece, Problem, Stretch, Weekday, Window, between
from appointments.spoken.weekdays import A_WEEK, next_weekday

T = TypeVar("T")
Opening = tuple[time, time]

# A year further off is a mishearing: "zwanzig dreißig" is 20:30 rather than 2030.
HORIZON: Final = timedelta(days=731)
EARLIEST_WISH: Final = time(6)
MIDNIGHT: Final = time(0)


@dataclass(frozen=True, slots=True)
class DayChoice:
    day: date | None
    problem: Problem | None = None
    candidates: tuple[date, ...] = ()
    days: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class TimeChoice:
    moment: time | None = None
    problem: Problem | None = None
    candidates: tuple[time, ...] = ()
    window: Window | None = None
    approximate: bool = False


def of_kind(pieces: Iterable[Piece], kind: type[T]) -> list[T]:
    """The pieces of one kind, each meaning once."""
    return list(dict.fromkeys(piece for piece in pieces if isinstance(piece, kind)))


# Days


def choose_day(pieces: Sequence[Piece], today: date) -> DayChoice:
    """The one day that all pieces agree on."""
    days, weekdays, stretches = of_kind(pieces, Day), of_kind(pieces, Weekday), of_kind(pieces, Stretch)
    if not (days or weekdays):
        return _any_of(stretches, today) if stretches else DayChoice(None, Problem.DATE_REQUIRED)
    for day in days:
        if day.problem:
            return DayChoice(None, day.problem, day.readings)
    named = days or _unnamed_days(weekdays, stretches, today)
    agreed = _agreed([day.readings for day in named])
    fitting = [found for found in agreed if _fits(found, weekdays, stretches)]
    if len(fitting) == 1:
        return _within_reach(fitting[0], today)
    if fitting:
        coming = (found for found in fitting if _within_reach(found, today).day)
        return DayChoice(None, Problem.DATE_UNCLEAR, earliest_first(coming))
    return _contradiction(named, weekdays, today)


def _any_of(stretches: list[Stretch], today: date) -> DayChoice:
    """No day is chosen yet, but where to look for one, unless it is all over or too far off."""
    first = max(today, *(stretch.first for stretch in stretches))
    last = min(stretch.last for stretch in stretches)
    ahead = first <= last and first <= today + HORIZON
    return DayChoice(None, Problem.DATE_UNCLEAR, days=(first, last) if ahead else None)


def _unnamed_days(weekdays: list[Weekday], stretches: list[Stretch], today: date) -> list[Day]:
    if stretches:
        return [Day(stretch.all_on(day.number)) for day in weekdays for stretch in stretches]
    return [_bare_weekday(day, today) for day in weekdays]


def _bare_weekday(day: Weekday, today: date) -> Day:
    """ "Montag" is the next one; said on a Monday it may be today as well."""
    following = next_weekday(today, day.number)
    return Day((today, following) if today.weekday() == day.number else (following,))


def _fits(found: date, weekdays: list[Weekday], stretches: list[Stretch]) -> bool:
    return all(found.weekday() == day.number for day in weekdays) and all(found in stretch for stretch in stretches)


def _within_reach(found: date, today: date) -> DayChoice:
    if found < today:
        return DayChoice(None, Problem.DATE_IN_PAST, (found,))
    if found > today + HORIZON:
        return DayChoice(None, Problem.DATE_UNCLEAR, (found,))
    return DayChoice(found)


def _contradiction(named: list[Day], weekdays: list[Weekday], today: date) -> DayChoice:
    """Nothing fits all that was said: the dates named, and for a wrong weekday the nearest day that has it."""
    dates = earliest_first(reading for day in named for reading in day.readings)
    reachable = [found for found in dates if _within_reach(found, today).day]
    if dates and not reachable:
        return _within_reach(dates[0], today)
    wrong = [(found, day.number) for found in reachable for day in weekdays if found.weekday() != day.number]
    if len(weekdays) != 1 or not wrong:
        return DayChoice(None, Problem.DATE_UNCLEAR, tuple(reachable))
    named_first, weekday = wrong[0]
    both = earliest_first((named_first, _nearest(named_first, weekday, today)))
    return DayChoice(None, Problem.WEEKDAY_MISMATCH, both)


def _nearest(found: date, weekday: int, today: date) -> date:
    after = next_weekday(found, weekday)
    before = after - A_WEEK
    return before if before >= today and found - before < after - found else after


# Times


def choose_time(pieces: Sequence[Piece], opening: Opening) -> TimeChoice:
    """The one time that all pieces agree on, and the window in which the caller would come."""
    clocks, parts, hours = of_kind(pieces, Clock), of_kind(pieces, Part), of_kind(pieces, Hours)
    approximate = any(clock.rough for clock in clocks) or any(stretch.rough for stretch in hours)
    # "Dezember 12 bis 14 um 10" are days: a window and a time together were not meant so.
    if len(parts) > 1 or len(hours) > 1 or (clocks and hours):
        return TimeChoice(problem=Problem.TIME_UNCLEAR, approximate=approximate)
    within = _window(hours, parts, opening)
    if within.problem or not clocks:
        return replace(within, problem=within.problem or Problem.TIME_REQUIRED, approximate=approximate)
    return replace(_settle(_joined(clocks), parts, opening), window=within.window, approximate=approximate)


def _joined(clocks: list[Clock]) -> Clock:
    """What several expressions agree on: "halb drei" and "14:30" are 14:30."""
    readings = _agreed([clock.readings for clock in clocks])
    literals = {clock.literal for clock in clocks if clock.literal} & set(readings)
    return Clock(
        readings,
        literal=literals.pop() if len(literals) == 1 else None,
        formal=all(clock.formal for clock in clocks),
    )


def _settle(clock: Clock, parts: list[Part], opening: Opening, *, as_end: bool = False) -> TimeChoice:
    """A part of the day tells the morning from the afternoon, or else the opening hours do."""
    readings = tuple(found for found in clock.readings if all(part.includes(found, as_end=as_end) for part in parts))
    if not readings:
        return TimeChoice(problem=Problem.TIME_UNCLEAR, candidates=clock.readings)
    likely = _likely(replace(clock, readings=readings), opening, literally=not parts, as_end=as_end)
    if len(likely) != 1:
        return TimeChoice(problem=Problem.TIME_AMBIGUOUS, candidates=readings)
    # The midnight before the day or after it? And "00:00" is what a program writes for no time at all.
    doubtful = likely[0] == MIDNIGHT and not (clock.literal and _when_open(likely, opening, as_end=as_end))
    return TimeChoice(likely[0], Problem.TIME_AMBIGUOUS if doubtful else None)


def _likely(clock: Clock, opening: Opening, *, literally: bool, as_end: bool) -> tuple[time, ...]:
    if clock.literal and literally:
        return (clock.literal,)
    if len(clock.readings) == 1:
        return clock.readings
    likely = _when_open(clock.readings, opening, as_end=as_end)
    morning = clock.readings[0]
    # "7:30" before the shop opens: an early wish is as likely as the evening.
    early = clock.formal and morning >= EARLIEST_WISH and morning not in likely
    return clock.readings if early else likely


def _when_open(readings: tuple[time, ...], opening: Opening, *, as_end: bool) -> tuple[time, ...]:
    """An appointment begins before closing time, but a window may end with it, and never begins it."""
    opens, closes = opening
    found = {reading for reading in readings if between(opens, reading, closes)}
    if as_end:
        found = (found - {opens}) | ({closes} & set(readings))
    return tuple(sorted(found))


def _window(hours: list[Hours], parts: list[Part], opening: Opening) -> TimeChoice:
    of_part = next((part.window for part in parts), None)
    if not hours:
        return TimeChoice(window=of_part)
    start, end = (
        _settle(clock, parts, opening, as_end=as_end) if clock else TimeChoice()
        for clock, as_end in ((hours[0].start, False), (hours[0].end, True))
    )
    problem = start.problem or end.problem
    if problem is None and start.moment and end.moment and start.moment >= end.moment:
        problem = Problem.TIME_UNCLEAR
    if problem:
        return TimeChoice(problem=problem, candidates=(*start.candidates, *end.candidates))
    return TimeChoice(window=_narrowed(Window(start.moment, end.moment), of_part))


def _narrowed(told: Window, of_part: Window | None) -> Window:
    """The hours told, and where they leave an end open the part of the day, unless they lie beyond it."""
    if of_part is None:
        return told
    start, end = told.start or of_part.start, told.end or of_part.end
    return Window(start, end) if start and end and start < end else told


def _agreed(alternatives: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    """What is among the readings of every expression."""
    if not alternatives:
        return ()
    first, *others = alternatives
    return tuple(found for found in first if all(found in other for other in others))
