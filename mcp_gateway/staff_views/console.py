"""The gateway's console: any method that is open to the caller, with a form made from its parameters.

A call goes the way of every other: through the gateway, with the staff's rights, limits and breakers. What writes is
asked about first; sent twice it is done once, by its idempotency key.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from mcp_gateway import correlation, gateway
from mcp_gateway.audit import record_by
from mcp_gateway.companies import company_model
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Access, Method, registry
from mcp_gateway.schema_forms import COMPANY, arguments, form_for
from mcp_gateway.staff_admin.visibility import visible_companies
from mcp_gateway.staff_pages import Section, render, staff_page
from mcp_gateway.webhook_event_admin import pretty

TITLE = _("Gateway console")
CONFIRMED, KEY = "_confirmed", "_key"
HINTS = {
    "invalid_params": _("See to the fields that are named below."),
    "forbidden": _("Your role does not allow this method: ask an administrator."),
    "not_found": _("No such object, or not one of your companies'."),
    "conflict": _("The state of the object does not allow it: look at it first."),
    "rate_limited": _("Too many calls in a minute: wait a little."),
    "service_unavailable": _("The service has failed too often and is left alone for a moment: see the breakers."),
    "upstream_error": _("The vendor did not answer as expected: see its status page, then try again."),
    "deadline_exceeded": _("It took too long. A change may have been made all the same: look before you repeat it."),
    "internal_error": _("Something broke in our own house: the log has it under the correlation id."),
}


@dataclass(frozen=True)
class Answer:
    """`milliseconds`: of the whole way through the gateway. `kind` is that of the error, "" where there is none."""

    text: str
    milliseconds: int
    kind: str = ""
    message: str = ""

    @property
    def hint(self) -> Any:
        return HINTS.get(self.kind, "")


@staff_page("console/", name="console", title=TITLE, section=Section.OPERATION, permission="mcp_gateway.use_console")
def console_page(request: HttpRequest) -> HttpResponse:
    by = Principal.of_staff(request.user)
    methods = _open_to(by)
    context: dict[str, Any] = {
        "title": TITLE,
        "servers": [(name, list(group)) for name, group in groupby(methods, lambda method: method.server.name)],
    }
    if "method" in request.GET:
        method = _chosen(request.GET["method"], methods)
        context |= {"method": method, "writes": method.declaration.access is Access.WRITE}
        context |= _filled_in(request, method, by)
    return render(request, "staff/console.html", context)


def _open_to(by: Principal) -> list[Method]:
    """By name; without those that only a phone call can use."""
    found = [method for method in registry.methods.values() if method.is_open_to(by)]
    return sorted((one for one in found if not one.server.needs_signed_call), key=lambda method: method.name)


def _chosen(name: str, methods: list[Method]) -> Method:
    for method in methods:
        if method.name == name:
            return method
    raise PermissionDenied if name in registry.methods else Http404


def _filled_in(request: HttpRequest, method: Method, by: Principal) -> dict[str, Any]:
    """The form, and what became of it: errors, the question whether to write, or the answer."""
    form_class = form_for(method, _companies(request) if method.declaration.needs_company else [])
    if request.method != "POST":
        return {"form": form_class(), "key": uuid4()}
    form = form_class(request.POST)
    key = request.POST.get(KEY, "")
    context: dict[str, Any] = {"form": form, "key": key}
    if not form.is_valid():
        return context
    entered = arguments(form)
    if method.declaration.access is Access.WRITE and CONFIRMED not in request.POST:
        return {**context, "asks": True, "entered": pretty(entered)}
    if method.declaration.access is Access.WRITE:
        _record(by, method, entered)
    answer = _call(method, entered, by, key if method.declaration.access is Access.WRITE else "")
    return {**context, "key": uuid4(), "answer": answer, "correlation_id": correlation.current()}


def _companies(request: HttpRequest) -> list[tuple[int, str]]:
    visible = visible_companies(request)
    rows = company_model()._default_manager.filter(is_active=True).order_by("name")
    return [(row.pk, str(row)) for row in (rows if visible is None else rows.filter(pk__in=visible))]


def _call(method: Method, entered: Mapping[str, Any], by: Principal, key: str) -> Answer:
    started = time.perf_counter()
    try:
        result = gateway.call(method.name, entered, principal=by, idempotency_key=key)
    except GatewayError as error:
        return Answer(pretty(error.data), _milliseconds_since(started), error.kind, str(_(error.message)))
    return Answer(pretty(result), _milliseconds_since(started))


def _milliseconds_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _record(by: Principal, method: Method, entered: Mapping[str, Any]) -> None:
    """That it was called, and with which parameters; their values may be a caller's own words."""
    record_by(
        by,
        action="console.called",
        object_type="Method",
        object_id=method.name,
        company_id=entered.get(COMPANY),
        after={"parameters": sorted(entered)},
    )
