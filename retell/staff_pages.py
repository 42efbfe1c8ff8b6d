"""Retell's pages in the staff's place."""

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from mcp_gateway.staff_pages import Section, View, staff_page
from retell.agent_pages import agent, deploying, functions, overview, pausing, prompt
from retell.agent_pages.common import CHANGE, VIEW
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


AGENTS = "retell-webhook-configuration/"


def _agents_page(path: str, name: str, view: View, permission: str) -> None:
    title = _("Retell webhook configuration")
    is_front = not path
    staff_page(
        AGENTS + path, name=name, title=title, section=Section.SET_UP, permission=permission, is_in_menu=is_front
    )(view)


_agents_page("", "retell_webhook_configuration", overview.overview, VIEW)
_agents_page("company/<int:company_id>/add/", "retell_add_agent", overview.add, CHANGE)
_agents_page("company/<int:company_id>/deploy/", "retell_deploy", deploying.deploy, CHANGE)
_agents_page("<int:pk>/", "retell_agent", agent.agent, VIEW)
_agents_page("<int:pk>/test/", "retell_agent_test", agent.test, CHANGE)
_agents_page("<int:pk>/pause/", "retell_agent_pause", pausing.pause, CHANGE)
_agents_page("<int:pk>/resume/", "retell_agent_resume", pausing.resume, CHANGE)
_agents_page("<int:pk>/functions/", "retell_functions", functions.functions, VIEW)
_agents_page("<int:pk>/functions/<slug:name>/", "retell_function", functions.function, CHANGE)
_agents_page("<int:pk>/functions/<slug:name>/reset/", "retell_function_reset", functions.reset, CHANGE)
_agents_page("<int:pk>/prompt/", "retell_prompt", prompt.prompt, VIEW)
_agents_page("<int:pk>/prompt/compare/", "retell_prompt_compare", prompt.compare, VIEW)
_agents_page("<int:pk>/prompt/<int:number>/roll-back/", "retell_prompt_roll_back", prompt.roll_back, CHANGE)
