"""Times of day: "halb drei", "14 Uhr 30", "viertel nach vier", "half past two", "2:30 pm"."""

import re
from dataclasses import replace
from datetime import time
from typing import Final

from appointments.spoken.meaning import Clock, Part
from appointments.spoken.numbers import cardinal, closing_cardinal
from appointments.spoken.tokens import Cursor, rule
from appointments.spoken.words import (
    AFTER_A_M,
    AFTER_NOON,
    AT,
    BEFORE_NOON,
    MIDNIGHT,
    MINUTES,
    NOON,
    O_CLOCK,
    PARTS,
    PAST,
    QUARTER,
    ROUGHLY,
    ROUGHLY_AFTERWARDS,
    THREE_QUARTERS,
    TO,
)

HALF_A_DAY: Final = 12 * 60
A_DAY: Final = 24 * 60
LAST_HOUR_ON_THE_DIAL: Final = 12


@rule
def clock(cursor: Cursor, *, bare: bool = False) -> Clock | None:
    """A time with what goes with it: "so gegen", "um", "a.m.". A number alone is one only where `bare` allows it."""
    marks = _marks(cursor)
    found = _clock(cursor, bare=bare or bool(marks), marked=bool(marks))
    if found is None:
        return None
    found = _with_meridiem(cursor, found)
    rough = cursor.phrase(ROUGHLY_AFTERWARDS) is not None or bool(marks & ROUGHLY)
    return replace(found, rough=rough)


@rule
def first_of_range(cursor: Cursor, *, bare: bool = True) -> Clock | None:
    """A time without counted minutes: in "from ten to four" the ten are hours."""
    found = _written(cursor) or _dotted(cursor, bare=bare) or _colloquial(cursor)
    found = found or _full(cursor) or _unmarked(cursor, bare=bare)
    return found and _with_meridiem(cursor, found)


def _marks(cursor: Cursor) -> set[str]:
    """The words that announce a time; the dot is that of "ca."."""
    marks: set[str] = set()
    while mark := cursor.phrase(ROUGHLY | AT):
        marks.add(mark)
        if mark in ROUGHLY:
            cursor.phrase({"."})
    return marks


def _clock(cursor: Cursor, *, bare: bool, marked: bool) -> Clock | None:
    return (
        _written(cursor)
        or _dotted(cursor, bare=bare)
        or _noon_or_midnight(cursor, bare=bare)
        or _counted_minutes(cursor, marked=marked)
        or _colloquial(cursor)
        or _full(cursor)
        or _unmarked(cursor, bare=bare)
    )


@rule
def _written(cursor: Cursor) -> Clock | None:
    """ "14:30", "14h30", "14:30:00", "7:30 Uhr". Nobody books seconds."""
    token = cursor.take("clock")
    if token is None:
        return None
    hour, minute, *seconds = re.findall(r"\d+", token.text)
    cursor.phrase(O_CLOCK)
    return None if any(map(int, seconds)) else _figures(hour, minute)


@rule
def _dotted(cursor: Cursor, *, bare: bool) -> Clock | None:
    """ "14.30 Uhr"; without "Uhr" only where it can't be a date."""
    token = cursor.take("dotted") or cursor.take("dotted_date")
    figures = re.findall(r"\d+", token.text) if token else []
    if token is None or len(figures) != 2 or len(figures[1]) != 2:
        return None
    following = cursor.peek()
    told = bare or following.kind == "meridiem" or following.text in O_CLOCK
    cursor.phrase(O_CLOCK)
    no_date = int(figures[1]) > 12
    return _figures(*figures) if no_date or (told and token.kind == "dotted") else None


@rule
def _noon_or_midnight(cursor: Cursor, *, bare: bool) -> Clock | None:
    """ "um Mittag" and "ab Mittag" are twelve; elsewhere "Mittag" is a part of the day."""
    if cursor.phrase(NOON) or (bare and cursor.phrase({"mittag"})):
        return Clock((time(12),))
    return Clock((time(0),)) if cursor.phrase(MIDNIGHT) else None


@rule
def _counted_minutes(cursor: Cursor, *, marked: bool) -> Clock | None:
    """ "fünf vor halb drei", "zehn nach vier", "viertel vor neun", "quarter to three"."""
    quarter = cursor.phrase(QUARTER) is not None
    minutes = 15 if quarter else cardinal(cursor)
    told = cursor.phrase(MINUTES) is not None or quarter or marked
    # A lone "ten to four" may also be the hours from ten to four.
    hours = not told and cursor.peek().text == "to" and minutes is not None and minutes <= LAST_HOUR_ON_THE_DIAL
    direction = _direction(cursor)
    base = _hour_and_minutes(cursor)
    if hours or minutes is None or direction is None or base is None or not 1 <= minutes < 30:
        return None
    return _dial(base[0], base[1] + direction * minutes)


def _direction(cursor: Cursor) -> int | None:
    if cursor.phrase(TO):
        return -1
    return 1 if cursor.phrase(PAST) else None


@rule
def _colloquial(cursor: Cursor) -> Clock | None:
    """ "halb drei", "viertel drei", "dreiviertel drei", "half past two"."""
    base = _hour_and_minutes(cursor)
    return _dial(*base) if base and base[1] else None


@rule
def _hour_and_minutes(cursor: Cursor) -> tuple[int, int] | None:
    """The hour named, and how far from it: "halb drei" is half an hour before three."""
    minutes = 0
    if cursor.phrase({"half past"}):
        minutes = 30
    elif cursor.phrase(THREE_QUARTERS):
        minutes = -15
    elif cursor.phrase({"halb"}):
        minutes = -30
    elif cursor.phrase({"viertel"}):
        minutes = -45
    hour = closing_cardinal(cursor)
    cursor.phrase(O_CLOCK)
    return None if hour is None else (hour, minutes)


@rule
def _full(cursor: Cursor) -> Clock | None:
    """ "14 Uhr 30", "ein Uhr", "three o'clock"."""
    hour = 1 if cursor.phrase({"ein"}) else _hour_before_uhr(cursor)
    if hour is None:
        return None
    if cursor.phrase({"o'clock", "oclock", "o clock"}):
        return _whole_day(hour, 0)
    if not cursor.phrase(O_CLOCK):
        return None
    minute = closing_cardinal(cursor)
    if minute is not None:
        cursor.phrase(MINUTES)
    return _whole_day(hour, minute or 0, formal=minute is not None)


@rule
def _hour_before_uhr(cursor: Cursor) -> int | None:
    """ "14" and, as some write it, "14." before "Uhr"."""
    token = cursor.peek()
    if token.kind == "ordinal" and token.text.endswith(".") and cursor.peek(1).text in O_CLOCK:
        return int(cursor.advance().text.removesuffix("."))
    return cardinal(cursor)


@rule
def _unmarked(cursor: Cursor, *, bare: bool) -> Clock | None:
    """ "drei", "vierzehn dreißig", "1430", where the place or what follows tells that it is a time."""
    found = _four_figures(cursor) or _hour_then_minute(cursor, bare=bare) or _lone_hour(cursor)
    told = bare or cursor.peek(-1).text in O_CLOCK
    # "Dienstag 15 nachmittags" is rather the 15th than 15:00.
    on_the_dial = found is not None and len(found.readings) > 1
    return found if told or (on_the_dial and _part_follows(cursor)) else None


@rule
def _four_figures(cursor: Cursor) -> Clock | None:
    """ "1430"; "2026" is rather a year, so only minutes that people book."""
    token = cursor.take("number")
    if token is None or len(token.text) != 4 or int(token.text) % 5:
        return None
    cursor.phrase(O_CLOCK)
    return _figures(token.text[:2], token.text[2:])


@rule
def _hour_then_minute(cursor: Cursor, *, bare: bool) -> Clock | None:
    """ "two thirty"; below ten it would need an "oh". Figures may also be a day and an hour: "Tuesday 1 10 pm"."""
    if cursor.peek().kind == "number" and not bare:
        return None
    hour, minute = cardinal(cursor), closing_cardinal(cursor)
    if hour is None or minute is None or minute < 10:
        return None
    return _whole_day(hour, minute, formal=True)


@rule
def _lone_hour(cursor: Cursor) -> Clock | None:
    hour = closing_cardinal(cursor)
    return _whole_day(hour, 0) if hour else None


def _part_follows(cursor: Cursor) -> bool:
    """Whether "in the afternoon", "nachmittags" or "pm" makes a time of the number before."""
    start = cursor.at
    follows = _meridiem(cursor) is not None or cursor.lookup(PARTS) is not None
    cursor.at = start
    return follows


def _with_meridiem(cursor: Cursor, found: Clock) -> Clock:
    part = _meridiem(cursor)
    if part is None:
        return found
    return Clock(tuple(reading for reading in found.readings if part.includes(reading)))


@rule
def _meridiem(cursor: Cursor) -> Part | None:
    if token := cursor.take("meridiem"):
        return BEFORE_NOON if token.text.startswith("a") else AFTER_NOON
    english = cursor.peek(1).kind in {"end", "sign"} or cursor.peek(1).text in AFTER_A_M
    return BEFORE_NOON if english and cursor.phrase({"am"}) else None


def _figures(hour: str, minute: str) -> Clock | None:
    """A written time; with two digits for the hour it is meant as it stands."""
    found = _whole_day(int(hour), int(minute), formal=True)
    if found is None or len(hour) < 2:
        return found
    return replace(found, literal=time(int(hour), int(minute)))


def _whole_day(hour: int, minute: int, *, formal: bool = False) -> Clock | None:
    if hour > 23 or minute > 59:
        return None
    found = _dial(hour, minute)
    literal = time(0, minute) if hour == 0 else None
    return found and replace(found, formal=formal, literal=literal)


def _dial(hour: int, minutes: int) -> Clock | None:
    """The time so many minutes from an hour; up to twelve the hour comes round twice a day."""
    total = hour * 60 + minutes
    if 1 <= hour <= LAST_HOUR_ON_THE_DIAL:
        return Clock((_moment(total % HALF_A_DAY), _moment(total % HALF_A_DAY + HALF_A_DAY)))
    return Clock((_moment(total),)) if 0 <= total < A_DAY else None


def _moment(minutes: int) -> time:
    return time(*divmod(minutes, 60))
