"""Stretches of days: "nächste Woche", "am Wochenende", "in den nächsten Tagen", "Ende Dezember"."""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from appointments.spoken.dates import first_of_month, year_after
from appointments.spoken.meaning import Portion, Stretch
from appointments.spoken.numbers import cardinal
from appointments.spoken.tokens import Cursor, rule
from appointments.spoken.weekdays import A_WEEK, LONGEST_COUNT, next_weekday, weekday_in_week
from appointments.spoken.words import (
    A_FEW,
    AFTER_NEXT,
    INTO_STRETCH,
    MONTH_OFFSETS,
    MONTHS,
    NEXT,
    ON_END,
    PLAIN_MONTHS,
    PORTIONS,
    SOME_TIME,
    THIS,
    WEEKENDS,
    WEEKS,
)

SATURDAY: Final = 5
SEVERAL: Final = 4
# First and last weekday, first and last day.
WHOLE_WEEK: Final = (0, 6)
WHOLE_MONTH: Final = (1, 31)


@rule
def stretch(cursor: Cursor, today: date) -> Stretch | None:
    """Whatever names several days on end, also "noch diese Woche" and "irgendwann im Dezember"."""
    cursor.phrase(SOME_TIME)
    found = _weekend(cursor, today) or _coming_days(cursor, today) or _in_week(cursor, today)
    found = found or _in_month(cursor, today)
    cursor.phrase({"noch"})
    return found


@rule
def _weekend(cursor: Cursor, today: date) -> Stretch | None:
    """As with weekdays, the next one is the first that begins after today."""
    cursor.phrase(INTO_STRETCH)
    cursor.phrase(THIS)
    which = cursor.phrase(NEXT | AFTER_NEXT)
    if not cursor.phrase(WEEKENDS):
        return None
    saturday = next_weekday(today, SATURDAY) if which else weekday_in_week(today, SATURDAY, 0)
    if which in AFTER_NEXT:
        saturday += A_WEEK
    return Stretch(saturday, saturday + timedelta(days=1))


@rule
def _coming_days(cursor: Cursor, today: date) -> Stretch | None:
    """ "in den nächsten Tagen", "in the next two weeks": from tomorrow on."""
    cursor.phrase(INTO_STRETCH)
    if not cursor.phrase(NEXT):
        return None
    count = SEVERAL if cursor.phrase(A_FEW) else cardinal(cursor)
    unit = cursor.lookup(ON_END)
    count = SEVERAL if count is None else count
    if unit is None or not 0 < count <= LONGEST_COUNT:
        return None
    return Stretch(today + timedelta(days=1), today + timedelta(days=count * unit))


@rule
def _in_week(cursor: Cursor, today: date) -> Stretch | None:
    """A calendar week (Monday to Sunday) or a part of it: "nächste Woche", "Ende nächster Woche", "Mitte der Woche"."""
    portion = _portion(cursor)
    offset = cursor.lookup(WEEKS)
    if offset is None and portion:
        offset = _the_week(cursor)
    if offset is None:
        return None
    first, last = portion.weekdays if portion else WHOLE_WEEK
    return Stretch(weekday_in_week(today, first, offset), weekday_in_week(today, last, offset))


@rule
def _the_week(cursor: Cursor) -> int | None:
    """ "… der Woche": the present one."""
    cursor.phrase(INTO_STRETCH)
    return 0 if cursor.phrase({"woche", "week"}) else None


@rule
def _in_month(cursor: Cursor, today: date) -> Stretch | None:
    """A month or a part of it: "im Dezember", "nächsten Monat", "Ende Dezember 2026", "end of the month"."""
    portion = _portion(cursor)
    led = cursor.phrase(INTO_STRETCH) is not None
    month = _counted_month(cursor, today, bare=portion is not None)
    month = month or _named_month(cursor, today, MONTHS if led or portion else PLAIN_MONTHS)
    if month is None:
        return None
    first, last = portion.days if portion else WHOLE_MONTH
    length = calendar.monthrange(month.year, month.month)[1]
    return Stretch(month.replace(day=first), month.replace(day=min(last, length)))


@rule
def _portion(cursor: Cursor) -> Portion | None:
    cursor.phrase(INTO_STRETCH)
    return cursor.lookup(PORTIONS)


@rule
def _counted_month(cursor: Cursor, today: date, *, bare: bool) -> date | None:
    months = cursor.lookup(MONTH_OFFSETS)
    if months is None and bare and cursor.phrase({"monat", "monats", "month"}):
        months = 0
    return None if months is None else first_of_month(today, months)


@rule
def _named_month(cursor: Cursor, today: date, names: Mapping[str, int]) -> date | None:
    """In the year that is said, or else when it comes next."""
    month = cursor.lookup(names)
    if month is None:
        return None
    given = year_after(cursor, today)
    return date(today.year + (month < today.month) if given is None else given, month, 1)
