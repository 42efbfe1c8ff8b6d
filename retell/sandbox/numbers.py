"""The rooms for phone numbers: which agent, in which version, answers and calls out, and where call_inbound goes."""

import random
import re
import secrets
from typing import Any

from mcp_gateway.sandbox import Reply, Request
from retell.sandbox.agents import find_agent
from retell.sandbox.base import PAGE, RetellRooms, endpoint, json_body, page
from retell.sandbox.checks import object_list, required
from retell.sandbox.errors import refuse, refuse_asset
from retell.sandbox.state import Json, Workspace, now_ms

E164 = re.compile(r"\+[1-9]\d{6,14}")
AGENT_LISTS = ("inbound_agents", "outbound_agents", "inbound_sms_agents", "outbound_sms_agents")
TRUNK = {
    "termination_uri": "termination_uri",
    "sip_trunk_auth_username": "auth_username",
    "auth_username": "auth_username",
    "transport": "transport",
    "codecs": "codecs",
}
SETTINGS = (
    *AGENT_LISTS,
    "nickname",
    "inbound_webhook_url",
    "inbound_sms_webhook_url",
    "allowed_inbound_country_list",
    "allowed_outbound_country_list",
    "fallback_number",
)


def find_number(workspace: Workspace, phone_number: str) -> Json:
    number = workspace.numbers.get(phone_number)
    if number is None:
        refuse_asset()
    return number


def chosen_agent(number: Json, list_name: str) -> Json | None:
    """One of the number's agents, by weight; None when it has none."""
    agents = number.get(list_name) or []
    return random.choices(agents, [agent["weight"] for agent in agents])[0] if agents else None  # noqa: S311


def _checked(workspace: Workspace, body: Json) -> Json:
    settings = {name: body[name] for name in SETTINGS if name in body}
    for list_name in AGENT_LISTS:
        if settings.get(list_name) is not None:
            _check_agents(workspace, settings[list_name], list_name)
    trunk = {TRUNK[name]: body[name] for name in TRUNK if body.get(name) is not None}
    return {**settings, "sip_outbound_trunk_config": trunk} if trunk else settings


def _check_agents(workspace: Workspace, agents: Any, where: str) -> None:
    for n, agent in enumerate(object_list(agents, where)):
        for name in ("agent_id", "weight"):
            if agent.get(name) is None:
                refuse(400, f"{where}/{n} must have required property '{name}'")
        find_agent(workspace, agent["agent_id"])
        if isinstance(agent.get("agent_version"), int):
            find_agent(workspace, agent["agent_id"], agent["agent_version"])
    if agents and abs(sum(agent["weight"] for agent in agents) - 1) > 1e-6:
        refuse(400, f"Total weights of {where} must add up to 1")


def _changed(number: Json, changes: Json) -> Json:
    trunk = {**number.get("sip_outbound_trunk_config", {}), **changes.get("sip_outbound_trunk_config", {})}
    changed = {**number, **changes, **({"sip_outbound_trunk_config": trunk} if trunk else {})}
    kept = {name: value for name, value in changed.items() if value is not None}
    return {**kept, "last_modification_timestamp": now_ms()}


def _add(workspace: Workspace, phone_number: str, kind: str, body: Json) -> Reply:
    if phone_number in workspace.numbers:
        refuse(400, f"Phone number {phone_number} already exists.")
    number: Json = {"phone_number": phone_number, "phone_number_type": kind}
    workspace.numbers[phone_number] = _changed(number, _checked(workspace, body))
    return Reply(status=201, body=workspace.numbers[phone_number])


class NumberRooms(RetellRooms):
    @endpoint("POST", "/import-phone-number")
    def import_number(self, workspace: Workspace, request: Request) -> Reply:
        body = json_body(request)
        required(body, "phone_number", "termination_uri")
        if body.get("ignore_e164_validation") is False and not E164.fullmatch(body["phone_number"]):
            refuse(400, "phone_number must be in E.164 format")
        return _add(workspace, str(body["phone_number"]), "custom", body)

    @endpoint("POST", "/create-phone-number")
    def create_number(self, workspace: Workspace, request: Request) -> Reply:
        body = json_body(request)
        area = body.get("area_code", 415)
        bought = body.get("phone_number") or f"+1{area}{secrets.randbelow(9_000_000) + 1_000_000}"
        provider = body.get("number_provider", "twilio")
        return _add(workspace, str(bought), f"retell-{provider}", body)

    @endpoint("GET", "/get-phone-number/{phone_number}")
    def get_number(self, workspace: Workspace, request: Request, phone_number: str) -> Reply:
        return Reply(body=find_number(workspace, phone_number))

    @endpoint("PATCH", "/update-phone-number/{phone_number}")
    def update_number(self, workspace: Workspace, request: Request, phone_number: str) -> Reply:
        number = find_number(workspace, phone_number)
        workspace.numbers[phone_number] = _changed(number, _checked(workspace, json_body(request)))
        return Reply(body=workspace.numbers[phone_number])

    @endpoint("GET", "/v2/list-phone-numbers", query=PAGE)
    def list_numbers(self, workspace: Workspace, request: Request) -> Reply:
        return Reply(body=page(list(workspace.numbers.values()), request.query, lambda row: str(row["phone_number"])))

    @endpoint("DELETE", "/delete-phone-number/{phone_number}")
    def delete_number(self, workspace: Workspace, request: Request, phone_number: str) -> Reply:
        find_number(workspace, phone_number)
        del workspace.numbers[phone_number]
        return Reply(status=204)
