"""Which services are left alone because they kept failing, since when, and letting calls through to them again."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import breaker_overview
from mcp_gateway.badges import Look, badge
from mcp_gateway.breaker_overview import Breaker
from mcp_gateway.breakers import StorageAway
from mcp_gateway.errors import NotFound
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin.visibility import visible_companies
from mcp_gateway.staff_pages import Section, render, staff_page

TITLE = gettext_lazy("Circuit breakers")
MAY_RESET = "mcp_gateway.reset_breakers"
STATES = {
    "closed": (Look.GOOD, gettext_lazy("closed: calls pass")),
    "open": (Look.BAD, gettext_lazy("open: calls are refused")),
    "half-open": (Look.CARE, gettext_lazy("half open: one call tries")),
}


@staff_page(
    "breakers/",
    name="breakers",
    title=TITLE,
    section=Section.OPERATION,
    permission="mcp_gateway.view_webhookevent",
)
def breakers_page(request: HttpRequest) -> HttpResponse:
    try:
        found, is_away = breaker_overview.overview(visible_companies(request)), False
    except StorageAway:
        found, is_away = [], True
    context = {
        "title": TITLE,
        "rows": [{"breaker": breaker, "badge": _badge(breaker)} for breaker in found],
        "is_away": is_away,
        "is_shared": bool(settings.REDIS_URL),
        "may_reset": request.user.has_perm(MAY_RESET),
    }
    return render(request, "staff/breakers.html", context)


@staff_page(
    "breakers/reset/",
    name="reset_breaker",
    title=gettext_lazy("Reset a circuit breaker"),
    section=Section.OPERATION,
    permission=MAY_RESET,
    is_in_menu=False,
)
def reset_page(request: HttpRequest) -> HttpResponse:
    """Of the breaker that `name` says: asked first, done when it is posted."""
    name, companies = request.GET.get("name", ""), visible_companies(request)
    try:
        if request.method == "POST":
            was = breaker_overview.reset(name, companies, by=Principal.of_staff(request.user))
            told = _("The breaker %(name)s is closed.") if was.can_be_reset else _("The breaker %(name)s was closed.")
            messages.success(request, told % {"name": name})
            return redirect("admin:breakers")
        found = next((one for one in breaker_overview.overview(companies) if one.state.name == name), None)
    except NotFound:
        raise Http404 from None
    except StorageAway:
        messages.error(request, _("Redis does not answer: nothing can be reset, and calls pass unguarded."))
        return redirect("admin:breakers")
    if found is None:
        raise Http404
    context = {"title": _("Reset the breaker %(name)s?") % {"name": name}, "breaker": found, "badge": _badge(found)}
    return render(request, "staff/reset_breaker.html", context)


def _badge(breaker: Breaker) -> str:
    look, text = STATES[breaker.state.state]
    return badge(look, text)
