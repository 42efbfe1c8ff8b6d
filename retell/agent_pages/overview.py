"""The front page of agents: what is known here at once, what is live when somebody asks."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from appointments.models import Company
from mcp_gateway.errors import GatewayError
from mcp_gateway.staff_pages import render
from retell.addresses import hears_events
from retell.agent_pages.common import CHANGE, ask, companies_of, company_of, told
from retell.agent_pages.steps import has_passed, steps_of
from retell.deploying.last_seen import Seen, last_seen
from retell.models import RetellConfiguration
from retell.webhook_trial import in_words

SHOWN_COMPANIES = 200


@dataclass
class Card:
    """`seen`: as it was found at Retell last; `drift`: as it was found just now, None where nobody asked."""

    configuration: RetellConfiguration
    seen: Seen | None
    drift: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        found = self.drift or {}
        kept = (self.configuration.settings or {}).get("agent_name")
        return found.get("agent_name") or (self.seen and self.seen.agent_name) or kept or _("Agent")

    @property
    def is_seen(self) -> bool:
        """Whether it was looked at since it was deployed: what was seen before is over."""
        deployed_at = self.configuration.deployed_at
        return self.seen is not None and (deployed_at is None or self.seen.at > deployed_at)

    @property
    def hears_events(self) -> bool:
        return hears_events(self.configuration)

    @property
    def has_passed(self) -> bool:
        return has_passed(self.configuration)

    @property
    def test_outcome(self) -> str:
        return in_words(self.configuration.last_test_outcome)


def overview(request: HttpRequest) -> HttpResponse:
    companies = list(companies_of(request)[:SHOWN_COMPANIES])
    context: dict[str, Any] = {"title": _("Retell webhook configuration"), "companies": companies}
    if companies:
        context |= _of_company(request, _chosen(request, companies))
    return render(request, "staff/agents.html", context)


@require_POST
def add(request: HttpRequest, company_id: int) -> HttpResponse:
    """Take one of the account's agents; taken already, it stays as it is."""
    company = company_of(request, company_id)
    try:
        ask(request, company, "addAgent", agent_id=request.POST.get("agent_id", ""))
    except GatewayError as error:
        messages.error(request, told(error))
        return redirect(f"{reverse('admin:retell_webhook_configuration')}?company={company.pk}")
    configuration = RetellConfiguration.objects.get(company=company, agent_id=request.POST["agent_id"])
    messages.success(request, _("The agent is set up here. Look through it, then deploy it."))
    return redirect("admin:retell_agent", configuration.pk)


def _chosen(request: HttpRequest, companies: list[Company]) -> Company:
    named = request.GET.get("company", "")
    if not named:
        return companies[0]
    if not named.isdecimal():
        raise Http404
    return company_of(request, int(named))


def _of_company(request: HttpRequest, company: Company) -> dict[str, Any]:
    configurations = list(RetellConfiguration.objects.filter(company=company))
    seen = last_seen(configurations)
    cards = [Card(configuration, seen.get(configuration.pk)) for configuration in configurations]
    context: dict[str, Any] = {
        "company": company,
        "cards": cards,
        "steps": steps_of(company, configurations),
        "may_change": request.user.has_perm(CHANGE),
        "is_checked": "check" in request.GET,
    }
    if context["is_checked"]:
        context |= _live(request, company, cards)
    return context


def _live(request: HttpRequest, company: Company, cards: list[Card]) -> dict[str, Any]:
    """Write what Retell says into the cards; what else it has, or why it says nothing, for the page."""
    try:
        listed = ask(request, company, "getAgents")["agents"]
        found = ask(request, company, "getDrift")["agents"] if cards else []
    except GatewayError as error:
        return {"problem": told(error)}
    drifts = {one["agent_id"]: one for one in found}
    for card in cards:
        card.drift = drifts.get(card.configuration.agent_id)
    return {"new_agents": [agent for agent in listed if not agent["is_configured"]]}
