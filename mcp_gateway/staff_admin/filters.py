"""Filters of lists that don't read the whole table for their choices."""

from typing import Any

from django.contrib.admin import AllValuesFieldListFilter, RelatedFieldListFilter
from django.contrib.admin.options import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest

from mcp_gateway.staff_admin.visibility import visible_companies

RECENT = 2000


class CompanyFilter(RelatedFieldListFilter):
    """By company: all that the viewer may see, whether they have rows or not."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> Any:
        companies = visible_companies(request)
        if companies is not None and len(companies) < 2:
            return []
        own = {} if companies is None else {"pk__in": companies}
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
        latest = model_admin.get_queryset(request).order_by("-pk").values_list(field_path, flat=True)[:RECENT]
        self.lookup_choices = sorted(set(latest))
