"""The voice agents of a company's Retell account, and which of them is set up here."""

from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from retell.models import RetellConfiguration

LIST_AGENTS = "retell_config.getAgents"


class AgentForm(forms.Form):
    agent_id = forms.RegexField(
        label=_("Agent"),
        regex=r"^[A-Za-z0-9_-]+$",
        max_length=64,
        help_text=_("As Retell shows it: agent_…"),
        error_messages={"invalid": _("An agent's id has letters, digits, - and _ only.")},
    )


class NotToBeHad(Exception):
    """The agent is set up for somebody else."""


def can_be_listed() -> bool:
    return LIST_AGENTS in registry.methods


def account_agents(company: Company, by: Principal) -> list[dict[str, Any]]:
    """As Retell lists them, the chosen ones first. Raises GatewayError."""
    found: list[dict[str, Any]] = gateway.call(LIST_AGENTS, {"company_id": company.pk}, principal=by)["agents"]
    return sorted(found, key=lambda agent: (not agent["is_configured"], agent["agent_name"]))


def choose_agent(company: Company, agent_id: str, by: Principal) -> bool:
    """Set the agent up for the company; False where it is already. Raises NotToBeHad.

    An agent answers for one company: whose call it is would not be known otherwise.
    """
    if RetellConfiguration.objects.filter(agent_id=agent_id).exclude(company=company).exists():
        raise NotToBeHad
    try:
        with transaction.atomic():
            chosen = RetellConfiguration.objects.create(company=company, agent_id=agent_id)
            record_by(
                by,
                action="configuration.added",
                object_type="RetellConfiguration",
                object_id=chosen.pk,
                company_id=company.pk,
                after={"agent_id": agent_id},
            )
    except IntegrityError:
        return False
    return True
