"""What the lists of the business share: numbers are found however they are written, and days one by one."""

import re
from datetime import date, timedelta
from typing import Any, ClassVar

import phonenumbers
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from appointments.phones import DEFAULT_REGION, to_e164
from appointments.staff_lists import days, staff_today

# Fewer digits stand in too many numbers.
FEWEST_DIGITS = 4
HOME = f"+{phonenumbers.country_code_for_region(DEFAULT_REGION)}"


class PhoneSearchMixin:
    """A phone number, or its beginning, is found however it is written: 030 1234…, +49 30 1234…, 0049….

    Only in `phone_columns`, and from the number's beginning: the database needs no look into names for it.
    """

    phone_columns: ClassVar[tuple[str, ...]] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        beginnings = _beginnings(search_term.strip())
        if not beginnings:
            found: tuple[models.QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
                request, queryset, search_term
            )
            return found
        # Not case-sensitive, or MariaDB would compare bytes, for which it has no index.
        meant = [models.Q((f"{column}__istartswith", one)) for column in self.phone_columns for one in beginnings]
        return queryset.filter(models.Q(*meant, _connector=models.Q.OR)), False


def _beginnings(text: str) -> tuple[str, ...]:
    """How a number that begins so may be written in E.164; none when it is no number."""
    if whole := to_e164(text):
        return (whole,)
    digits = re.sub(r"\D", "", text)
    if not re.fullmatch(r"[\d\s()+/.-]+", text) or len(digits.lstrip("0")) < FEWEST_DIGITS:
        return ()
    if text.startswith("+") or digits.startswith("00"):
        return (f"+{digits.lstrip('0')}",)
    at_home = f"{HOME}{digits.lstrip('0')}"
    return (at_home,) if digits.startswith("0") else (at_home, f"+{digits}")


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
