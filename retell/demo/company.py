"""A company that is set up at both sandboxes as staff would set it up at the vendors."""

from dataclasses import dataclass
from typing import Any

import requests
from django.urls import reverse

from appointments.models import Company, Service
from mcp_gateway.tokens import create_token
from retell.models import RetellConfiguration

TIMEOUT_SECONDS = 10
DEPLOY = "retell_config.deployCustomFunctions"
PROMPT = (
    "Du bist am Telefon von {{company_name}}. Heute ist {{today}}. Gib die Worte des Anrufers an die Funktionen "
    "weiter: rechne nie selbst ein Datum aus. Sage, was in `message` steht."
)
SERVICES = (
    ("Herrenhaarschnitt", 30, ["Herrenschnitt", "Haarschnitt für Herren", "men's haircut"]),
    ("Damenhaarschnitt", 60, ["Damenschnitt", "Haarschnitt für Damen", "women's haircut"]),
)


@dataclass(frozen=True, kw_only=True)
class Vendors:
    """Where the sandboxes and our own web server are."""

    calcom_url: str
    retell_url: str
    app_url: str


def set_up_company(
    vendors: Vendors, *, slug: str, name: str, phone_number: str, needs_confirmation: bool = False, deploys: bool = True
) -> Company:
    """Make the company's accounts at the sandboxes and its rows here; on a second run only what is new changes.

    `needs_confirmation`: what is booked in Cal.com waits there for the host's yes. `deploys`: the agent gets its
    functions, from the installation that runs at `vendors.app_url`.
    """
    keys = {
        "calcom_api_key": f"cal_live_{slug}",
        "retell_api_key": f"key_rest_{slug}",
        "retell_webhook_key": f"key_webhook_{slug}",
    }
    company, _ = Company.objects.update_or_create(
        slug=slug,
        defaults={"name": name, "phone_number": phone_number, "calcom_base_url": vendors.calcom_url, **keys},
    )
    _set_up_calcom(vendors, company, needs_confirmation=needs_confirmation)
    _set_up_retell(vendors, company)
    if deploys:
        _deploy(vendors, company)
    return company


def _set_up_calcom(vendors: Vendors, company: Company, *, needs_confirmation: bool) -> None:
    event_types = [
        {
            "title": title,
            "slug": title.lower(),
            "length_minutes": minutes,
            "requires_confirmation": needs_confirmation,
        }
        for title, minutes, _ in SERVICES
    ]
    account = _post(
        f"{vendors.calcom_url}/_sandbox/accounts",
        {
            "api_key": company.calcom_api_key,
            "username": company.slug,
            "email": f"{company.slug}@example.com",
            "name": company.name,
            "time_zone": company.timezone,
            "event_types": event_types,
        },
    )
    for (title, minutes, aliases), made in zip(SERVICES, account["event_types"], strict=True):
        Service.objects.update_or_create(
            company=company,
            name=title,
            defaults={"duration_minutes": minutes, "aliases": aliases, "calcom_event_type_id": made["id"]},
        )


def _set_up_retell(vendors: Vendors, company: Company) -> None:
    """Workspace, language model, agent and number as somebody makes them at Retell; the rest is deployed from here."""
    configuration = RetellConfiguration.objects.filter(company=company).first() or RetellConfiguration.objects.create(
        company=company, agent_id="not made yet"
    )
    _post(
        f"{vendors.retell_url}/_sandbox/workspaces",
        {"api_key": company.retell_api_key, "webhook_key": company.retell_webhook_key, "org_name": company.name},
    )
    key = company.retell_api_key
    llm = _post(f"{vendors.retell_url}/create-retell-llm", {"general_prompt": PROMPT}, key)
    agent = _post(
        f"{vendors.retell_url}/create-agent",
        {
            "agent_name": company.name,
            "voice_id": "11labs-Adrian",
            "language": "de-DE",
            "response_engine": {"type": "retell-llm", "llm_id": llm["llm_id"]},
        },
        key,
    )
    agent_id = agent["agent_id"]
    _post(f"{vendors.retell_url}/publish-agent-version/{agent_id}", {"version": agent["version"]}, key)
    _post(
        f"{vendors.retell_url}/import-phone-number",
        {
            "phone_number": company.phone_number,
            "termination_uri": "sip.example.com",
            "inbound_agents": [{"agent_id": agent_id, "weight": 1, "agent_version": "latest_published"}],
        },
        key,
    )
    configuration.agent_id = agent_id
    configuration.save(update_fields=["agent_id", "updated_at"])


def _deploy(vendors: Vendors, company: Company) -> None:
    """Through the gateway of the installation that runs: functions, webhook and number know its address then."""
    token, text = create_token(name="demo", company=company, scopes=[DEPLOY])
    try:
        request = {"jsonrpc": "2.0", "id": 1, "method": DEPLOY, "params": {"set_inbound_webhook": True}}
        answer = _post(f"{vendors.app_url}{reverse('mcp-gateway')}", request, text)
    finally:
        token.delete()
    (row,) = answer["result"]["deployed"] if "result" in answer else ({"success": False, **answer},)
    if not row["success"]:
        raise RuntimeError(f"The agent was not deployed: {row}")


def _post(url: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    response = requests.post(url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
    if not response.ok:
        raise RuntimeError(f"{url} answered {response.status_code}: {response.text[:300]}")
    return response.json() if response.content else None
