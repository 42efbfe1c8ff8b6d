"""What the words of a caller can mean: the answer given to the booking system, and the pieces it is made of."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Problem(StrEnum):
    """Why no appointment can be made of the words yet. The values are the statuses of a voice answer."""

    DATE_REQUIRED = "date_required"
    TIME_REQUIRED = "time_required"
    DATE_UNCLEAR = "date_unclear"
    TIME_UNCLEAR = "time_unclear"
    DATE_IN_PAST = "date_in_past"
    TIME_IN_PAST = "time_in_past"
    WEEKDAY_MISMATCH = "weekday_mismatch"
    DATE_IMPOSSIBLE = "date_impossible"
    TIME_IMPOSSIBLE = "time_impossible"
    TIME_AMBIGUOUS = "time_ambiguous"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of local time in which the caller would come; None is an open end."""

    start: dt.time | None = None
    end: dt.time | None = None

    def __contains__(self, moment: dt.time) -> bool:
        return (self.start is None or self.start <= moment) and (self.end is None or moment <= self.end)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood; date, time and window are local to the zone asked for.

    A date or time with no single reading is None, and what it may have been is in `candidates` or `time_candidates`.
    `days` (first and last, both included) is what lies ahead of a stretch, where only that was named: "nächste Woche".
    `start` (UTC) is there only when day and time are certain and lie ahead; then, and only then, `problem` is None.
    """

    date: dt.date | None = None
    time: dt.time | None = None
    window: Window | None = None
    approximate: bool = False
    problem: Problem | None = None
    start: dt.datetime | None = None
    candidates: tuple[dt.date, ...] = ()
    time_candidates: tuple[dt.time, ...] = ()
    left_over: str = ""
    days: tuple[dt.date, dt.date] | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The dates that an expression can stand for; several, or a problem, mean that the caller must be asked."""

    readings: tuple[dt.date, ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week, Monday is 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on end, of which none is chosen yet: "nächste Woche", "Ende Dezember". The last one belongs to it."""

    first: dt.date
    last: dt.date

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def all_on(self, weekday: int) -> tuple[dt.date, ...]:
        """Every such weekday in it."""
        first = self.first + dt.timedelta(days=(weekday - self.first.weekday()) % 7)
        return tuple(first + dt.timedelta(weeks=week) for week in range((self.last - first).days // 7 + 1))


@dataclass(frozen=True, slots=True)
class Portion:
    """The beginning, the middle or the end of a week (first and last weekday) and of a month (first and last day)."""

    weekdays: tuple[int, int]
    days: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day: times from `first` until before `last` belong to it (it may run over midnight)."""

    first: dt.time
    last: dt.time
    window: Window | None = None

    def includes(self, moment: dt.time, *, as_end: bool = False) -> bool:
        """Whether the moment lies in it; the end of a window may also be its last moment."""
        return between(self.first, moment, self.last) or (as_end and moment == self.last)


@dataclass(frozen=True, slots=True)
class Clock:
    """The times that an expression can stand for, in order: "drei" is 3:00 or 15:00.

    `literal` is the reading of a clock written with two digits ("07:30"), which needs no settling.
    `formal` tells "sieben Uhr dreißig" and "7:30" from "halb acht": the former is meant as it stands far more often.
    """

    readings: tuple[dt.time, ...]
    literal: dt.time | None = None
    formal: bool = False
    rough: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """ "ab vier", "vor zwölf", "zwischen zehn und zwölf"."""

    start: Clock | None
    end: Clock | None
    rough: bool = False


@dataclass(frozen=True, slots=True)
class Pick:
    """One of the times on offer: "der zweite", -1 is "der letzte", `by_time` "der früheste".

    `of_two` is "der frühere", which tells only one of two; `or_day` may also be a day of the month: "den zweiten".
    """

    place: int
    by_time: bool = False
    of_two: bool = False
    or_day: bool = False


@dataclass(frozen=True, slots=True)
class Assent:
    """ "ja", "passt", "den nehme ich": one of the times on offer is meant."""


Piece = Day | Weekday | Stretch | Part | Clock | Hours | Pick | Assent


def between(first: dt.time, moment: dt.time, last: dt.time) -> bool:
    """Whether first <= moment < last, on a clock face: 20:00 to 6:00 is a night, 0:00 to 0:00 a whole day."""
    if first < last:
        return first <= moment < last
    return moment >= first or moment < last
