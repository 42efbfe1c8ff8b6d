"""Days counted from today: "übermorgen", "in zwei Wochen", "nächsten Dienstag", "Dienstag nächster Woche"."""

from datetime import date, timedelta
from typing import Final

from appointments.spoken.dates import earliest_first
from appointments.spoken.meaning import Day, Piece, Weekday
from appointments.spoken.numbers import cardinal
from appointments.spoken.tokens import Cursor, rule
from appointments.spoken.words import (
    A_SINGLE,
    AFTER_NEXT,
    GERMAN_DAYS,
    LAST,
    NEXT,
    PARTS_OF_TODAY,
    RELATIVE_DAYS,
    THIS,
    UNIT_DAYS,
    WEEKDAYS,
)

A_WEEK: Final = timedelta(weeks=1)
LONGEST_COUNT: Final = 99


def weekday_in_week(today: date, weekday: int, weeks: int) -> date:
    """The weekday of a calendar week; a week begins on Monday, so Sunday is its end."""
    monday = today - timedelta(days=today.weekday())
    return monday + timedelta(weeks=weeks, days=weekday)


def next_weekday(today: date, weekday: int) -> date:
    """The first such weekday after today; never today itself."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


@rule
def relative_day(cursor: Cursor, today: date) -> tuple[Piece, ...] | None:
    """ "heute", "the day after tomorrow", "morgen in einer Woche"."""
    cursor.phrase({"the"})
    offset = cursor.lookup(RELATIVE_DAYS)
    if offset is None:
        return None
    counts = _in_some_time(cursor) or (0,)
    return _days_on(today, tuple(offset + count for count in counts))


def part_of_today(cursor: Cursor, today: date) -> tuple[Piece, ...] | None:
    """ "tonight", "this afternoon"."""
    part = cursor.lookup(PARTS_OF_TODAY)
    return (Day((today,)), part) if part else None


@rule
def counted_days(cursor: Cursor, today: date) -> tuple[Piece, ...] | None:
    """ "in drei Tagen", "in zwei Wochen am Dienstag", "two weeks from tomorrow", "a week from Tuesday"."""
    counts = _in_some_time(cursor)
    if counts is not None:
        weekday = _weekday_after(cursor) if _weeks(counts) else None
        return _weekday_in_weeks(today, weekday, _weeks(counts)) if weekday is not None else _days_on(today, counts)
    return _from_a_day(cursor, today)


@rule
def _from_a_day(cursor: Cursor, today: date) -> tuple[Piece, ...] | None:
    counts = _count(cursor)
    if counts is None or not cursor.phrase({"from"}):
        return None
    weekday = cursor.lookup(WEEKDAYS)
    if weekday is not None and _weeks(counts):
        return _weekday_in_weeks(today, weekday, _weeks(counts))
    offset = 0 if cursor.phrase({"now"}) else cursor.lookup(RELATIVE_DAYS)
    return None if offset is None else _days_on(today, tuple(offset + count for count in counts))


@rule
def weekday(cursor: Cursor, today: date) -> tuple[Piece, ...] | None:
    """A weekday, bare or with "diesen", "nächsten", "übernächsten", "in zwei Wochen"."""
    this = cursor.phrase(THIS) is not None
    which = cursor.phrase(NEXT | LAST | AFTER_NEXT)
    number = cursor.lookup(WEEKDAYS)
    if number is None:
        return None
    if which is not None:
        return _which(today, number, which)
    if cursor.phrase({"after next"}):
        return _after_next(today, number)
    counts = None if this else _in_some_time(cursor, weeks_only=True)
    return _weekday_in_weeks(today, number, _weeks(counts)) if counts else (Weekday(number),)


def _which(today: date, number: int, which: str) -> tuple[Piece, ...]:
    """ "nächsten" and "kommenden" are the next one after today, on whatever day that is said."""
    following = next_weekday(today, number)
    if which in NEXT:
        return Weekday(number), Day((following,))
    if which in LAST:
        back = 2 if today.weekday() == number else 1
        return Weekday(number), Day((following - back * A_WEEK,))
    return _after_next(today, number)


def _after_next(today: date, number: int) -> tuple[Piece, ...]:
    """ "übernächsten": a week after the next one, or that of the week after next. Where they differ, ask."""
    counted = next_weekday(today, number) + A_WEEK
    return Weekday(number), Day(earliest_first((counted, weekday_in_week(today, number, 2))))


def _weekday_in_weeks(today: date, number: int, weeks: int) -> tuple[Piece, ...]:
    """ "Dienstag in zwei Wochen": two weeks after the next, or of that calendar week. Where they differ, ask."""
    counted = next_weekday(today, number) + weeks * A_WEEK
    return Weekday(number), Day(earliest_first((counted, weekday_in_week(today, number, weeks))))


def _days_on(today: date, counts: tuple[int, ...]) -> tuple[Piece, ...]:
    return (Day(earliest_first(today + timedelta(days=count) for count in counts)),)


@rule
def _weekday_after(cursor: Cursor) -> int | None:
    cursor.phrase({"am", "on"})
    return cursor.lookup(WEEKDAYS)


@rule
def _in_some_time(cursor: Cursor, *, weeks_only: bool = False) -> tuple[int, ...] | None:
    """ "in drei Tagen": how many days that may be."""
    counts = _count(cursor) if cursor.phrase({"in"}) else None
    return None if counts is None or (weeks_only and not _weeks(counts)) else counts


@rule
def _count(cursor: Cursor) -> tuple[int, ...] | None:
    number = 1 if cursor.phrase(A_SINGLE) else cardinal(cursor)
    unit = cursor.peek().text
    days = cursor.lookup(UNIT_DAYS)
    if number is None or days is None or number > LONGEST_COUNT:
        return None
    # To many Germans "acht Tage" are a week, to others eight days.
    return (7, 8) if (number, unit in GERMAN_DAYS) == (8, True) else (number * days,)


def _weeks(counts: tuple[int, ...]) -> int:
    """The weeks that are meant where a weekday is counted on by them: "Dienstag in acht Tagen" is one week on."""
    return counts[0] // 7 if counts[0] % 7 == 0 else 0
