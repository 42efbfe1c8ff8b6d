"""Retell's pages in the staff's place."""

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from mcp_gateway.staff_pages import Section, staff_page
from retell.portal import actions, pages

PORTAL = "company-integration-portal/"
SEES_COMPANIES = "appointments.view_company"


@staff_page(PORTAL, name="portal", title=_("Integration portal"), section=Section.SET_UP, permission=SEES_COMPANIES)
def portal(request: HttpRequest) -> HttpResponseBase:
    """Every company, and how its connections fare."""
    return pages.overview(request)


@staff_page(
    f"{PORTAL}workers/",
    name="portal_workers",
    title=_("Integration portal"),
    section=Section.SET_UP,
    permission=SEES_COMPANIES,
    is_in_menu=False,
)
def portal_workers(request: HttpRequest) -> HttpResponseBase:
    """Ask for a worker, by POST."""
    return actions.ask_workers(request)


@staff_page(
    f"{PORTAL}<int:company_id>/",
    name="portal_company",
    title=_("Integration portal"),
    section=Section.SET_UP,
    permission=SEES_COMPANIES,
    is_in_menu=False,
)
def portal_company(request: HttpRequest, company_id: int) -> HttpResponseBase:
    """One company: all of its set-up."""
    return pages.company_page(request, company_id)


@staff_page(
    f"{PORTAL}<int:company_id>/<slug:name>/",
    name="portal_action",
    title=_("Integration portal"),
    section=Section.SET_UP,
    permission=SEES_COMPANIES,
    is_in_menu=False,
)
def portal_action(request: HttpRequest, company_id: int, name: str) -> HttpResponseBase:
    """Do one thing for a company, by POST."""
    return actions.act(request, company_id, name)
