"""Saved views of a list: the looks that staff take every day, as links with how many rows each has.

Whoever shows such a number elsewhere counts the view's own rows, so that it is the list's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import build_q_object_from_lookup_parameters, prepare_lookup_value
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Choices, IntegerField, Model, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from mcp_gateway.staff_admin.filters import FIRST_DAY_VAR, LAST_DAY_VAR, StaffFilter

BOUND = 1000
VIEW_VAR = "view"


@dataclass(frozen=True)
class SavedView:
    """`query`: the list's parameters, as its filters write them into the URL; or a function that makes them.

    What no filter says is a `condition` under a name of its own: {VIEW_VAR: "mine"}. It is asked for each request:
    what "today" and "mine" are changes.
    """

    name: Any
    query: Mapping[str, str] | Callable[[], Mapping[str, str]]
    condition: Callable[[HttpRequest], Q] | None = None

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.query() if callable(self.query) else self.query)

    @property
    def url(self) -> str:
        """Within the page of the list."""
        return f"?{urlencode(self.parameters)}"


def view_of(state: Choices) -> SavedView:
    """The rows in this state, under its own word."""
    return SavedView(capfirst(state.label), {"state__exact": str(state.value)})


@dataclass(frozen=True)
class ViewLink:
    name: str
    url: str
    count: str
    is_current: bool


class ViewFilter(StaffFilter):
    """By the condition of the view that is named."""

    title = _("view")
    parameter_name = VIEW_VAR
    # The links above the list say it already.
    template = "staff/no_filter.html"

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: ModelAdmin
    ) -> None:
        views: Sequence[SavedView] = model_admin.views  # type: ignore[attr-defined]
        self.views = {view.parameters[VIEW_VAR]: view for view in views if view.condition}
        super().__init__(request, params, model, model_admin)

    @classmethod
    def understands(cls, model_admin: ModelAdmin, name: str, value: str) -> bool:
        views: Sequence[SavedView] = model_admin.views  # type: ignore[attr-defined]
        return value in [view.parameters.get(VIEW_VAR) for view in views if view.condition]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, view.name) for key, view in self.views.items()]

    def choices(self, changelist: Any) -> Any:
        return ()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        view = self.views.get(str(self.value()))
        return queryset.filter(view.condition(request)) if view and view.condition else queryset


def today() -> dict[str, str]:
    """The parameters for rows of today, in the time zone of the viewer: those of the list's own filter by days."""
    day = timezone.localdate().isoformat()
    return {FIRST_DAY_VAR: day, LAST_DAY_VAR: day}


def links(
    request: HttpRequest, model_admin: ModelAdmin, rows: QuerySet[Any], shown: QuerySet[Any], bound: int
) -> tuple[list[ViewLink], int]:
    """The list's views as links, and how many rows it shows, up to one more than `bound`: all counts in one query.

    `rows`: what the viewer may see. No view counts more than BOUND.
    """
    views: Sequence[SavedView] = model_admin.views  # type: ignore[attr-defined]
    queries = [view.parameters for view in views]
    subsets = [_first(_rows_of(request, model_admin, rows, query), BOUND) for query in queries]
    *counts, count = _counts(rows, [*subsets, _first(shown, bound)])
    here = request.GET.dict()
    return [
        ViewLink(str(view.name), f"?{urlencode(query)}", count_text(count), is_current=here == query)
        for view, query, count in zip(views, queries, counts, strict=True)
    ], count


def bounded_count(rows: QuerySet[Any]) -> int:
    """How many there are, up to one more than BOUND: a big table is not counted to its end."""
    return rows.order_by()[: BOUND + 1].count()


def count_text(count: int) -> str:
    """A bounded count as people are told it: "12", "1,000+"."""
    number = number_format(min(count, BOUND), force_grouping=True)
    return f"{number}+" if count > BOUND else number


class _BoundedCount(Subquery):
    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def _first(rows: QuerySet[Any], bound: int) -> QuerySet[Any]:
    """As many as are to be counted."""
    return rows.order_by().values("pk")[: bound + 1]


def _counts(rows: QuerySet[Any], subsets: Sequence[QuerySet[Any]]) -> Sequence[int]:
    """Without any row there is none to hang the counts on: they are 0 then."""
    found = rows.order_by().values_list(*map(_BoundedCount, subsets))[:1]
    return next(iter(found), (0,) * len(subsets))


def _rows_of(
    request: HttpRequest, model_admin: ModelAdmin, rows: QuerySet[Any], query: Mapping[str, str]
) -> QuerySet[Any]:
    """What the list shows for these parameters: its own filters first, then what is left as look-ups."""
    left: dict[str, Any] = {name: [value] for name, value in query.items() if name != ORDER_VAR}
    for list_filter in model_admin.get_list_filter(request):
        if callable(list_filter):
            chosen = list_filter(request, left, model_admin.model, model_admin).queryset(request, rows)
            rows = rows if chosen is None else chosen
    lookups = {name: prepare_lookup_value(name, values) for name, values in left.items()}
    return rows.filter(build_q_object_from_lookup_parameters(lookups))
