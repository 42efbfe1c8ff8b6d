"""Which companies the person behind a request may see: looked up once for each request."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from mcp_gateway.companies import visible_company_ids


def visible_companies(request: HttpRequest) -> frozenset[int] | None:
    """None means all of them."""
    if not hasattr(request, "visible_companies"):
        request.visible_companies = visible_company_ids(request.user)  # type: ignore[attr-defined]
    companies: frozenset[int] | None = request.visible_companies  # type: ignore[attr-defined]
    return companies


def visible_rows(rows: QuerySet[Any], lookup: str, request: HttpRequest) -> QuerySet[Any]:
    """Those whose company, found by `lookup`, may be seen."""
    companies = visible_companies(request)
    return rows if companies is None else rows.filter(**{f"{lookup}__in": companies})
