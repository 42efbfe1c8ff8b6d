"""Which companies the person behind a request may see: looked up once for each request."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from mcp_gateway.companies import visible_company_names


def visible_companies(request: HttpRequest) -> frozenset[int] | None:
    """None means all of them."""
    names = visible_names(request)
    return None if names is None else frozenset(names)


def visible_names(request: HttpRequest) -> dict[int, str] | None:
    """The names of the companies that may be seen, by key; None means all of them."""
    if not hasattr(request, "visible_names"):
        request.visible_names = visible_company_names(request.user)  # type: ignore[attr-defined]
    names: dict[int, str] | None = request.visible_names  # type: ignore[attr-defined]
    return names


def only_company(request: HttpRequest) -> int | None:
    """The company whose rows are all that may be seen; None where there are several, or none."""
    companies = visible_companies(request)
    return next(iter(companies)) if companies and len(companies) == 1 else None


def visible_rows(rows: QuerySet[Any], lookup: str, request: HttpRequest) -> QuerySet[Any]:
    """Those whose company, found by `lookup`, may be seen."""
    companies = visible_companies(request)
    return rows if companies is None else rows.filter(**{f"{lookup}__in": companies})
