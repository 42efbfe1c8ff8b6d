"""Filters of lists that don't read the whole table for their choices, and days in the viewer's time zone.

What stands in the address and makes no sense to a filter is left out, and the list says so.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib.admin import AllValuesFieldListFilter, RelatedFieldListFilter, SimpleListFilter
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import (
    build_q_object_from_lookup_parameters,
    get_fields_from_path,
    prepare_lookup_value,
)
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mcp_gateway.periods import FIRST_YEAR, LAST_YEAR, Period
from mcp_gateway.staff_admin.visibility import visible_names

RECENT = 2000
FIRST_DAY_VAR, LAST_DAY_VAR, ERROR_VAR = "from", "to", "error"
EARLIEST, LATEST = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
# A row's place in time: a field, or what it has instead.
When = str | Callable[[Period], Q]


class StaffFilter(SimpleListFilter):
    """By parameters of its own."""

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        return (str(cls.parameter_name),)

    @classmethod
    def understands(cls, model_admin: ModelAdmin, name: str, value: str) -> bool:
        """Whether the value of one of its parameters makes sense."""
        raise NotImplementedError


class CompanyFilter(RelatedFieldListFilter):
    """By company: all that the viewer may see, whether they have rows or not."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> Any:
        names = visible_names(request)
        if names is None:
            ordering = self.field_admin_ordering(field, request, model_admin)
            return field.get_choices(include_blank=False, ordering=ordering)
        return list(names.items()) if len(names) > 1 else []


class OwnRowsFilter(RelatedFieldListFilter):
    """By rows of the companies that the viewer may see, read from their own table alone."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> Any:
        names = visible_names(request)
        own = {} if names is None else {"company__in": list(names)}
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to=own)


class RecentValuesFilter(AllValuesFieldListFilter):
    """By the values that a column has in the latest rows that the viewer may see."""

    lookup_choices: Any

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self.lookup_choices = sorted(value for value in _recent_values(request, model_admin)[field_path] if value)


def date_range(when: When) -> type[StaffFilter]:
    """From a day to a day of the viewer's time zone, both included; either may be left out.

    Django's own date hierarchy asks the database for zones, which MariaDB lacks.
    """

    class DateRangeFilter(StaffFilter):
        title = _("days")
        parameter_name = FIRST_DAY_VAR
        template = "staff/date_range.html"

        def __init__(
            self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: ModelAdmin
        ) -> None:
            last = params.pop(LAST_DAY_VAR, [""])[-1]
            super().__init__(request, params, model, model_admin)
            self.first_day, self.last_day = _day(self.value()), _day(last)

        @classmethod
        def parameters(cls) -> tuple[str, ...]:
            return FIRST_DAY_VAR, LAST_DAY_VAR

        @classmethod
        def understands(cls, model_admin: ModelAdmin, name: str, value: str) -> bool:
            return not value or _day(value) is not None

        def expected_parameters(self) -> list[str | None]:
            return [*self.parameters()]

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            """Never none; which are offered follows from what was chosen."""
            return [("", _("All"))]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            if not (self.first_day or self.last_day):
                return queryset
            zone = timezone.get_current_timezone()
            period = Period(zone, self.first_day or EARLIEST, self.last_day or LATEST)
            return queryset.filter(period.covers(when) if isinstance(when, str) else when(period))

        def choices(self, changelist: Any) -> Any:
            chosen = (self.first_day, self.last_day)
            for first, last, name in self._spans():
                query = {FIRST_DAY_VAR: first and first.isoformat(), LAST_DAY_VAR: last and last.isoformat()}
                yield {
                    "selected": chosen == (first, last),
                    "query_string": changelist.get_query_string(query),
                    "display": name,
                    "first_day": self.first_day,
                    "last_day": self.last_day,
                    "kept": _kept(changelist.filter_params, self.parameters()),
                }

        def _spans(self) -> list[tuple[date | None, date | None, Any]]:
            today = timezone.localdate()
            spans: list[tuple[date | None, date | None, Any]] = [(None, None, _("All")), (today, today, _("today"))]
            if self.first_day and self.first_day == self.last_day and EARLIEST < self.first_day < LATEST:
                before, after = self.first_day - timedelta(days=1), self.first_day + timedelta(days=1)
                spans += [(before, before, _("day before")), (after, after, _("day after"))]
            spans.append((today - WEEK + timedelta(days=1), today, _("last 7 days")))
            spans.append((today - MONTH + timedelta(days=1), today, _("last 30 days")))
            return spans

    return DateRangeFilter


def has_error(condition: Q) -> type[StaffFilter]:
    """By whether something went wrong with a row, as the condition has it."""

    class HasErrorFilter(StaffFilter):
        title = _("error")
        parameter_name = ERROR_VAR
        answers: ClassVar[Mapping[str, Q]] = {"yes": condition, "no": ~condition}

        @classmethod
        def understands(cls, model_admin: ModelAdmin, name: str, value: str) -> bool:
            return value in cls.answers

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return [("yes", _("with an error")), ("no", _("without"))]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            asked = self.answers.get(str(self.value()))
            return queryset if asked is None else queryset.filter(asked)

    return HasErrorFilter


def makes_no_sense(model_admin: ModelAdmin, filters: Sequence[Any], name: str, values: Sequence[str]) -> bool:
    """Whether a parameter of a list is none that it knows, or has a value that can't be."""
    for one in filters:
        if isinstance(one, type) and issubclass(one, StaffFilter) and name in one.parameters():
            return not all(one.understands(model_admin, name, value) for value in values)
    try:
        lookup: dict[str, Any] = {name: prepare_lookup_value(name, list(values))}
        model_admin.model._default_manager.filter(build_q_object_from_lookup_parameters(lookup))
        field = get_fields_from_path(model_admin.model, name.removesuffix("__exact"))[-1]
    except FieldDoesNotExist:
        # Another look-up than for a value itself, which was understood.
        return False
    except Exception:
        # A wrong name or value is told by errors of many kinds.
        return True
    known = {str(key) for key, _name in getattr(field, "choices", None) or ()}
    return bool(known) and not known.issuperset(values)


def _recent_values(request: HttpRequest, model_admin: ModelAdmin) -> dict[str, set[Any]]:
    """The values of all columns that a list filters so, in one query."""
    kept: dict[Any, dict[str, set[Any]]] = request.__dict__.setdefault("recent_values", {})
    if model_admin not in kept:
        filters = [one for one in model_admin.get_list_filter(request) if isinstance(one, tuple | list)]
        names = [str(name) for name, kind in filters if isinstance(kind, type) and issubclass(kind, RecentValuesFilter)]
        latest = model_admin.get_queryset(request).order_by("-pk").values_list(*names)[:RECENT]
        columns = list(zip(*latest, strict=True)) or [()] * len(names)
        kept[model_admin] = {name: set(column) for name, column in zip(names, columns, strict=True)}
    return kept[model_admin]


def _kept(parameters: Mapping[str, Sequence[str]], own: Sequence[str]) -> list[tuple[str, str]]:
    """What a filter's form takes with it."""
    return [(name, value) for name, values in parameters.items() if name not in own for value in values]


def _day(text: object) -> date | None:
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None
