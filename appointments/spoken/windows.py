"""Stretches of the day: "nachmittags", "ab 16 Uhr", "vor zwölf", "zwischen 10 und 12"."""

from appointments.spoken.meaning import Clock, Hours, Part
from appointments.spoken.times import clock, first_of_range
from appointments.spoken.tokens import Cursor, rule
from appointments.spoken.words import (
    ENGLISH_RANGE,
    FROM,
    MORNING,
    PARTS,
    RANGE_SIGNS,
    RANGES,
    ROUGHLY,
    SOME_TIME,
    UNTIL,
)


@rule
def hours(cursor: Cursor, *, bare: bool) -> Hours | None:
    rough = cursor.phrase(ROUGHLY | {"so"}) is not None
    found = _announced_range(cursor) or _bare_range(cursor, bare=bare) or _open_hours(cursor)
    return found and Hours(found.start, found.end, rough=rough or found.rough)


@rule
def part_of_day(cursor: Cursor, *, after_day: bool) -> Part | None:
    """ "nachmittags", "am Morgen"; directly after a day "morgen" is its morning, not tomorrow."""
    if after_day and cursor.phrase({"morgen"}):
        return MORNING
    cursor.phrase(SOME_TIME | ROUGHLY)
    return cursor.lookup(PARTS)


@rule
def _announced_range(cursor: Cursor) -> Hours | None:
    """ "zwischen 10 und 12", "from ten to four"."""
    joints = cursor.lookup(RANGES)
    start = cursor.at
    for read in (first_of_range, _any_clock):
        cursor.at = start
        first = read(cursor)
        second = _any_clock(cursor) if first and cursor.phrase(joints or ()) else None
        if first and second:
            return Hours(first, second)
    return None


@rule
def _bare_range(cursor: Cursor, *, bare: bool) -> Hours | None:
    """ "10 bis 12 Uhr", "10-12", "10 am to 2 pm": only a range if one of the times is evidently a time."""
    start = cursor.at
    sure = first_of_range(cursor, bare=False) is not None
    cursor.at = start
    first = first_of_range(cursor)
    if first is None or not cursor.phrase(RANGE_SIGNS | ENGLISH_RANGE if sure else RANGE_SIGNS):
        return None
    second = clock(cursor, bare=bare or sure)
    return Hours(first, second) if second else None


@rule
def _open_hours(cursor: Cursor) -> Hours | None:
    """ "ab 16 Uhr", "vor zwölf"."""
    if cursor.phrase(FROM):
        start = _any_clock(cursor)
        return Hours(start, None) if start else None
    end = _any_clock(cursor) if cursor.phrase(UNTIL) else None
    return Hours(None, end) if end else None


def _any_clock(cursor: Cursor) -> Clock | None:
    return clock(cursor, bare=True)
