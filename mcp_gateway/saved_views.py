"""Saved views of a list: named filters that stand above it as links, each with the number of rows that it shows.

Whoever shows such a number elsewhere counts with the same condition, so that it is the list's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

PARAMETER = "view"
# Nobody reads on after that; a big table is not counted to its end.
MAX_COUNT = 999


@dataclass(frozen=True, kw_only=True)
class SavedView:
    """`condition` is asked for each request: what "today" and "mine" are changes."""

    name: str
    title: Any
    condition: Callable[[HttpRequest], Q]

    def rows(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(self.condition(request))

    @property
    def query(self) -> str:
        return f"?{PARAMETER}={self.name}"


class SavedViewsMixin:
    """For a ModelAdmin, before its other bases."""

    saved_views: ClassVar[tuple[SavedView, ...]] = ()
    change_list_template: ClassVar[Any] = "staff/list_with_views.html"

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (_filter_of(self.saved_views), *super().get_list_filter(request))  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        rows = self.get_queryset(request).order_by()  # type: ignore[attr-defined]
        links = [
            {
                "title": view.title,
                "query": view.query,
                "count": counted(view.rows(rows, request)),
                "is_current": request.GET.get(PARAMETER) == view.name,
            }
            for view in self.saved_views
        ]
        context = {"saved_views": links, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)  # type: ignore[misc]
        return response


def counted(rows: QuerySet[Any]) -> str:
    """How many there are, as people are told it: "12", "999+"."""
    count = rows[: MAX_COUNT + 1].count()
    return str(count) if count <= MAX_COUNT else f"{MAX_COUNT}+"


def _filter_of(views: tuple[SavedView, ...]) -> type[admin.SimpleListFilter]:
    class SavedViewFilter(admin.SimpleListFilter):
        title = _("view")
        parameter_name = PARAMETER
        # The links above the list say it already.
        template = "staff/no_filter.html"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return [(view.name, view.title) for view in views]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            chosen = next((view for view in views if view.name == self.value()), None)
            return chosen.rows(queryset, request) if chosen else queryset

    return SavedViewFilter
