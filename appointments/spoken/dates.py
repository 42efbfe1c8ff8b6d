"""Dates that name a day of the month: written in figures, with a month's name, or "am fünfzehnten"."""

import calendar
import re
from collections.abc import Iterable
from datetime import MAXYEAR, date, timedelta
from typing import Final

from appointments.spoken.meaning import Day, Problem
from appointments.spoken.numbers import cardinal, ordinal, written_ordinal, year
from appointments.spoken.tokens import Cursor, rule
from appointments.spoken.words import MONTH_OFFSETS, MONTHS, YEAR_OFFSETS

# A date without a year that has only just gone by is a slip, not a wish for next year.
JUST_PAST: Final = timedelta(days=2)
# Within two weeks after it, next year is possible but not likely: the caller is asked.
RECENTLY: Final = timedelta(days=14)
# Figures without a year are often misheard ("15.1" for "fünfzehnter Zehnter"): far away means asking.
NEAR: Final = timedelta(days=90)

FIRM_LEADS: Final = frozenset({"am", "den", "dem", "zum", "on the", "for the"})
LOOSE_LEADS: Final = frozenset({"der", "the"})


@rule
def named_date(cursor: Cursor, today: date) -> Day | None:
    """ "15. Dezember 2026", "the fifteenth of December", "December 15th, 2026"."""
    found = _day_then_month(cursor) or _month_then_day(cursor) or _in_month_on_day(cursor)
    if found is None:
        return None
    day, month = found
    return _in_year(day, month, year_after(cursor, today), today)


@rule
def counted_date(cursor: Cursor, today: date) -> Day | None:
    """ "fünfzehnter Zwölfter": the month is only its number."""
    cursor.phrase(FIRM_LEADS | LOOSE_LEADS)
    day, month = ordinal(cursor), ordinal(cursor)
    if day is None or month is None:
        return None
    given = year_after(cursor, today)
    return in_figures(day, month, today) if given is None else exact(given, month, day)


@rule
def day_of_month(cursor: Cursor, today: date) -> Day | None:
    """ "am 15.", "den fünfzehnten", "the 15th", also "dieses Monats" and "nächsten Monats"."""
    firm = cursor.phrase(FIRM_LEADS) is not None
    loose = not firm and cursor.phrase(LOOSE_LEADS) is not None
    written = written_ordinal(cursor)
    day = written if written is not None else ordinal(cursor)
    if day is None and (firm or loose) and cursor.peek().kind == "number":
        day = cardinal(cursor)  # "Dienstag, der 15 nachmittags" has lost its dot
    # "zweiter" alone may be the second of the times on offer.
    if day is None or not (firm or loose or written is not None):
        return None
    months = _months_after(cursor)
    if months is not None:
        first = first_of_month(today, months)
        return exact(first.year, first.month, day)
    return _next_day_of_month(day, today, certain=firm or written is not None)


@rule
def dotted_date(cursor: Cursor, today: date) -> Day | None:
    """ "15.12.2026", "15.12.26", "15.12.", "15.12": always the day before the month."""
    token = cursor.take("dotted_date") or cursor.take("dotted")
    if token is None:
        return None
    day, month, *rest = re.findall(r"\d+", token.text)
    if rest:
        return exact(_full_year(rest[0]), int(month), int(day))
    if int(month) > 12 and int(day) < 24:
        return None  # "14.30" is a time
    given = _year_offset(cursor, today)
    if given is not None:
        return exact(given, int(month), int(day))
    return in_figures(int(day), int(month), today, lost_digit=month == "1")


@rule
def slashed_date(cursor: Cursor, today: date) -> Day | None:
    """ "15/12/2026", "12/15/2026", "15-12-2026": which is the month must be evident."""
    token = cursor.take("slashed_date")
    if token is None:
        return None
    numbers = [int(figures) for figures in re.findall(r"\d+", token.text)]
    if len(re.split(r"[/-]", token.text)[0]) == 4:
        return exact(*numbers)
    first, second, *rest = numbers
    orders = {(first, second), (second, first)}  # (day, month)
    days = [_slashed(day, month, rest, today) for day, month in sorted(orders) if month <= 12]
    return days[0] if len(days) == 1 else _either(days)


def _slashed(day: int, month: int, rest: list[int], today: date) -> Day:
    return exact(_full_year(str(rest[0])), month, day) if rest else in_figures(day, month, today)


def _either(days: list[Day]) -> Day:
    readings = tuple(sorted({reading for day in days for reading in day.readings}))
    if days and all(day.problem is None for day in days):
        return Day(readings)  # a weekday may still tell which
    return Day(readings, Problem.DATE_UNCLEAR if readings else Problem.DATE_IMPOSSIBLE)


def exact(year_: int, month: int, day: int) -> Day:
    found = _existing(year_, month, day)
    return Day((found,)) if found else Day((), Problem.DATE_IMPOSSIBLE)


def without_year(day: int, month: int, today: date) -> Day:
    """The next time that this day comes, unless it has just gone by."""
    coming, ago = _neighbours(day, month, today)
    if coming is None:
        return Day((), Problem.DATE_IMPOSSIBLE)
    if ago <= JUST_PAST:
        return Day((today - ago,), Problem.DATE_IN_PAST)
    return Day((coming,), Problem.DATE_UNCLEAR if ago <= RECENTLY else None)


def in_figures(day: int, month: int, today: date, *, lost_digit: bool = False) -> Day:
    """As `without_year`, but only a date close by is taken without asking. The month is never moved."""
    coming = without_year(day, month, today)
    if coming.problem:
        return coming
    (found,) = coming.readings
    others = _with_lost_digit(day, today, found) if lost_digit else ()
    doubtful = bool(others) or found - today > NEAR
    return Day((*others, found), Problem.DATE_UNCLEAR if doubtful else None)


def _with_lost_digit(day: int, today: date, found: date) -> tuple[date, ...]:
    """Speech recognition writes ".1" for "zehnter", "elfter" and "zwölfter" too: those that would come first."""
    autumn = (_existing(today.year, month, day) for month in (10, 11, 12))
    return tuple(other for other in autumn if other and today <= other < found)


def _neighbours(day: int, month: int, today: date) -> tuple[date | None, timedelta]:
    """When this day comes next (None if that year has no such day), and how long ago it was last."""
    this_year = (month, day) >= (today.month, today.day)
    coming = _existing(today.year + (not this_year), month, day)
    last = _existing(today.year - this_year, month, day)
    return coming, today - last if last else timedelta.max


def _next_day_of_month(day: int, today: date, *, certain: bool) -> Day:
    """Later in this month it is certain; else a weekday, or the caller, must confirm that the next one is meant."""
    firsts = [first_of_month(today, months) for months in range(-2, 3)]
    days = [found for first in firsts if (found := _existing(first.year, first.month, day))]
    if not days:
        return Day((), Problem.DATE_IMPOSSIBLE)
    last, coming = max(found for found in days if found < today), min(found for found in days if found >= today)
    this_month = (coming.year, coming.month) == (today.year, today.month)
    return Day((coming,) if certain and this_month else (last, coming))


@rule
def _day_then_month(cursor: Cursor) -> tuple[int, int] | None:
    cursor.phrase(FIRM_LEADS | LOOSE_LEADS)
    day = _day_number(cursor)
    cursor.phrase({"of", "des", "of the"})
    month = cursor.lookup(MONTHS)
    return None if day is None or month is None else (day, month)


@rule
def _month_then_day(cursor: Cursor) -> tuple[int, int] | None:
    month = cursor.lookup(MONTHS)
    _skip_marks(cursor)
    cursor.phrase(LOOSE_LEADS)
    day = _day_number(cursor)
    return None if day is None or month is None else (day, month)


@rule
def _in_month_on_day(cursor: Cursor) -> tuple[int, int] | None:
    """ "im Januar am 15."; in "im Januar 15 Uhr" the fifteen are hours."""
    cursor.phrase({"im", "in"})
    month = cursor.lookup(MONTHS)
    _skip_marks(cursor)
    day = _day_number(cursor) if cursor.phrase(FIRM_LEADS) else None
    return None if day is None or month is None else (day, month)


def _day_number(cursor: Cursor) -> int | None:
    day = ordinal(cursor)
    return day if day is not None else cardinal(cursor)


def _in_year(day: int, month: int, given: int | None, today: date) -> Day:
    return without_year(day, month, today) if given is None else exact(given, month, day)


@rule
def year_after(cursor: Cursor, today: date) -> int | None:
    _skip_marks(cursor)
    offset = _year_offset(cursor, today)
    return offset if offset is not None else year(cursor)


@rule
def _year_offset(cursor: Cursor, today: date) -> int | None:
    cursor.phrase({"of", "des"})
    offset = cursor.lookup(YEAR_OFFSETS)
    return None if offset is None else today.year + offset


@rule
def _months_after(cursor: Cursor) -> int | None:
    cursor.phrase({"of", "des"})
    return cursor.lookup(MONTH_OFFSETS)


def _skip_marks(cursor: Cursor) -> None:
    """The dot of "Dez." and the comma of "December 15, 2026"."""
    cursor.phrase({".", ","})


def _full_year(figures: str) -> int:
    return 2000 + int(figures) if len(figures) <= 2 else int(figures)


def _existing(year_: int, month: int, day: int) -> date | None:
    known = 1 <= year_ <= MAXYEAR and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year_, month)[1]
    return date(year_, month, day) if known else None


def first_of_month(today: date, months: int) -> date:
    years, month = divmod(today.month - 1 + months, 12)
    return date(today.year + years, month + 1, 1)


def earliest_first(days: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted(set(days)))
