"""Saved views of a list: the looks that staff take every day, as links with how many rows each has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import build_q_object_from_lookup_parameters, prepare_lookup_value
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.http import urlencode

BOUND = 1000


@dataclass(frozen=True)
class SavedView:
    """`query`: the list's parameters, as its filters write them into the URL; or a function that makes them."""

    name: Any
    query: Mapping[str, str] | Callable[[], Mapping[str, str]]

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.query() if callable(self.query) else self.query)


@dataclass(frozen=True)
class ViewLink:
    name: str
    url: str
    count: str
    is_current: bool


def today(field: str) -> Callable[[], dict[str, str]]:
    """The parameters for rows of today, in the time zone of the viewer: the same as of the list's own date filter."""

    def parameters() -> dict[str, str]:
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return {f"{field}__gte": str(midnight), f"{field}__lt": str(midnight + timedelta(days=1))}

    return parameters


def links(
    request: HttpRequest, model_admin: ModelAdmin, views: Sequence[SavedView], rows: QuerySet[Any]
) -> list[ViewLink]:
    """The views as links; all counts come in one query, none above BOUND. `rows`: what the viewer may see."""
    queries = [view.parameters for view in views]
    counts = _counts(rows, [_rows_of(request, model_admin, rows, query) for query in queries])
    here = request.GET.dict()
    return [
        ViewLink(str(view.name), f"?{urlencode(query)}", _text(count), is_current=here == query)
        for view, query, count in zip(views, queries, counts, strict=True)
    ]


class _BoundedCount(Subquery):
    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def _counts(rows: QuerySet[Any], subsets: Sequence[QuerySet[Any]]) -> Sequence[int]:
    """Without any row there is none to hang the counts on: they are 0 then."""
    if not subsets:
        return ()
    counts = [_BoundedCount(subset.order_by().values("pk")[: BOUND + 1]) for subset in subsets]
    found = rows.order_by().values_list(*counts)[:1]
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


def _text(count: int) -> str:
    return f"{number_format(BOUND, force_grouping=True)}+" if count > BOUND else str(count)
