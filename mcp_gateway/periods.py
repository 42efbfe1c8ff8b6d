"""Whole days of a time zone, for figures by day.

The database is told instants only: MariaDB has no time-zone tables, and would answer NULL without a word.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils import timezone

from mcp_gateway.errors import InvalidParams

DEFAULT_DAYS = 30
MAX_DAYS = 92
# A day before and after these would be no date any more.
FIRST_YEAR, LAST_YEAR = 1971, 9998


@dataclass(frozen=True)
class Period:
    """From the first day's midnight to the end of the last day, both in `zone`."""

    zone: tzinfo
    first: date
    last: date

    @classmethod
    def of(cls, zone: tzinfo, first: date | None = None, last: date | None = None) -> "Period":
        """Without a last day until today, without a first one thirty days; raises InvalidParams."""
        last = last or timezone.now().astimezone(zone).date()
        if not FIRST_YEAR <= last.year <= LAST_YEAR:
            raise InvalidParams(f"last_day must lie between {FIRST_YEAR} and {LAST_YEAR}")
        first = first or last - timedelta(days=DEFAULT_DAYS - 1)
        if not first <= last < first + timedelta(days=MAX_DAYS):
            raise InvalidParams(f"first_day must not be after last_day, with at most {MAX_DAYS} days in all")
        return cls(zone, first, last)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def begins(self) -> datetime:
        return self._midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The instant after the last day."""
        return self._midnight(self.last + timedelta(days=1))

    def covers(self, field: str) -> Q:
        """The condition that the instant in `field` lies within."""
        return self._between(field, self.first, self.last)

    def day_of(self, field: str) -> Case:
        """The local day of the instant in `field`, as its position in `days`: an expression to group by."""
        # Not as a date: MariaDB would give it back as text.
        days = (When(self._between(field, day, day), then=Value(number)) for number, day in enumerate(self.days))
        return Case(*days, output_field=IntegerField())

    def _between(self, field: str, first: date, last: date) -> Q:
        return Q((f"{field}__gte", self._midnight(first)), (f"{field}__lt", self._midnight(last + timedelta(days=1))))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)
