"""What the lists of the business share: numbers are found however they are written, ids first, and days one by one."""

import re
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from appointments.phones import to_e164
from appointments.staff_lists import days, staff_today

# Fewer digits stand in too many numbers.
FEWEST_DIGITS = 4


class PhoneSearchMixin:
    """A phone number, or its beginning, is found however it is written: 030 1234…, +49 30 1234…, 0049….

    Who gives a whole id, a column of `exact`, finds that row alone.
    """

    exact: ClassVar[tuple[str, ...]] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        named = models.Q(*((column, search_term.strip()) for column in self.exact), _connector=models.Q.OR)
        if search_term.strip() and self.exact and (row := queryset.filter(named).values_list("pk").first()):
            return queryset.filter(pk=row[0]), False
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
            request, queryset, to_e164(search_term) or _digits(search_term) or search_term
        )
        return found


def _digits(text: str) -> str:
    """Of part of a number, without what is written before it: zeros, a plus."""
    digits = re.sub(r"\D", "", text).lstrip("0")
    return digits if re.fullmatch(r"[\d\s()+/.-]+", text) and len(digits) >= FEWEST_DIGITS else ""


def day_filter(field: str) -> type[admin.SimpleListFilter]:
    """One day of the staff's zone. Django's own date hierarchy asks the database for zones, which MariaDB lacks."""

    class DayFilter(admin.SimpleListFilter):
        title = _("day")
        parameter_name = "day"
        template = "staff/day_filter.html"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            day = self._day(request.GET.get("day", "")) or staff_today()
            near = (day - timedelta(days=1), staff_today(), day + timedelta(days=1))
            names = (_("day before"), _("today"), _("day after"))
            return [(each.isoformat(), name) for each, name in zip(near, names, strict=True)]

        def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
            day = self._day(self.value())
            return queryset.filter(days(day, day).covers(field)) if day else queryset

        def choices(self, changelist: Any) -> Any:
            kept = [
                (name, value)
                for name, values in changelist.filter_params.items()
                for value in values
                if name != self.parameter_name
            ]
            for choice in super().choices(changelist):
                yield {**choice, "day": self.value() or "", "kept": kept}

        @staticmethod
        def _day(text: object) -> date | None:
            try:
                day = date.fromisoformat(str(text))
            except ValueError:
                return None
            return day if 1971 <= day.year <= 9998 else None

    return DayFilter
