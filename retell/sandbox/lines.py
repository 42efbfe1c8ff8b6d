"""Who answers a call: the workspace of a number or agent, the agent's version and everything that belongs to it."""

import copy
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from retell.sandbox.agents import engine_of
from retell.sandbox.calls import new_call_id, registered_call
from retell.sandbox.engines import KINDS
from retell.sandbox.errors import refuse
from retell.sandbox.inbound import InboundAnswer
from retell.sandbox.numbers import chosen_agent
from retell.sandbox.script import CallScript
from retell.sandbox.state import Asset, Json, Version, Workspace
from retell.sandbox.tools import flow_tools, llm_tools

Answering = tuple[Asset, Version]


@dataclass(kw_only=True)
class Line:
    """Where a call comes in: a number of ours, a call made over the API before, or just an agent."""

    workspace: Workspace
    script: CallScript
    call_id: str
    number: Json | None = None
    registered: Json | None = None
    bound: Answering | None = None

    @property
    def inbound_webhook_url(self) -> str:
        """Asked for phone calls that come in, never for web calls and calls we make."""
        asked = self.number is not None and not self.script.web_call and self.script.direction == "inbound"
        return str((self.number or {}).get("inbound_webhook_url") or "") if asked else ""

    def as_inbound(self) -> Json:
        agent: Json = {"agent_id": self.bound[0].id, "agent_version": self.bound[1].number} if self.bound else {}
        sip_headers = self.script.custom_sip_headers
        return {
            **agent,
            "from_number": self.script.from_number,
            "to_number": self.script.to_number,
            **({"custom_sip_headers": sip_headers} if sip_headers else {}),
            "call_id": self.call_id,
        }


def find_line(workspaces: dict[str, Workspace], script: CallScript) -> Line:
    if script.api_key and script.api_key not in workspaces:
        refuse(404, "No workspace has this api_key")
    candidates = [workspaces[script.api_key]] if script.api_key else list(workspaces.values())
    call_id = script.call_id or new_call_id()
    registered = _registered(candidates, call_id)
    if registered:
        workspace, call = registered
        bound = _pick(workspace, call["agent_id"], call["agent_version"])
        return Line(workspace=workspace, script=script, call_id=call_id, registered=call, bound=bound)
    if not script.web_call and not (script.to_number and script.from_number is not None):
        refuse(400, "A phone call needs to_number and from_number")
    ours = script.to_number if script.direction == "inbound" else script.from_number
    for workspace in candidates:
        number = None if script.web_call else workspace.numbers.get(str(ours))
        if number or script.agent_id in workspace.agents:
            break
    else:
        refuse(404, "No workspace has this number or agent")
    bound = _bound(workspace, script, number)
    return Line(workspace=workspace, script=script, call_id=call_id, number=number, bound=bound)


def _registered(candidates: Iterable[Workspace], call_id: str) -> tuple[Workspace, Json] | None:
    for workspace in candidates:
        call = workspace.calls.get(call_id)
        if call and call["call_status"] == "registered":
            return workspace, call
    return None


def _bound(workspace: Workspace, script: CallScript, number: Json | None) -> Answering | None:
    if script.agent_id:
        return _pick(workspace, script.agent_id, script.agent_version)
    agent = chosen_agent(number or {}, f"{script.direction}_agents")
    return _pick(workspace, agent["agent_id"], agent.get("agent_version")) if agent else None


def _pick(workspace: Workspace, agent_id: Any, reference: Any) -> Answering | None:
    agent = workspace.agents.get(str(agent_id))
    version = agent.pick(reference) if agent else None
    return (agent, version) if agent and version else None


@dataclass(kw_only=True)
class Setup:
    """All that a call uses, copied when it begins: later changes to the agent don't reach it."""

    call: Json
    agent: Json
    begin_message: str = ""
    tools: dict[str, Json] = field(default_factory=dict)
    mcp_servers: list[Json] = field(default_factory=list)
    insists_on_sse: bool = True
    default_variables: dict[str, str] = field(default_factory=dict)


def set_up(line: Line, answer: InboundAnswer) -> Setup | None:
    """None when there will be no call: it was rejected, or nobody is there to answer."""
    if answer.outcome == "rejected":
        return None
    answering = _answering(line, answer)
    if answering is None:
        return None
    agent, version = answering
    override = answer.wishes.get("agent_override") or {}
    setup = Setup(
        call=copy.deepcopy(line.registered) if line.registered else _new_call(line, answer, agent, version),
        agent=copy.deepcopy({**_account_webhook(line.workspace), **version.fields, **(override.get("agent") or {})}),
    )
    _add_engine(setup, line.workspace, override)
    return setup


def _account_webhook(workspace: Workspace) -> Json:
    """The account's URL, which an agent's own replaces."""
    return {"webhook_url": workspace.webhook_url} if workspace.webhook_url else {}


def _answering(line: Line, answer: InboundAnswer) -> Answering | None:
    wanted = answer.wishes.get("override_agent_id")
    if not wanted:
        return line.bound
    other = _pick(line.workspace, wanted, answer.wishes.get("override_agent_version"))
    if other is None:
        # An agent that doesn't exist spoils the whole answer, its variables and metadata included.
        answer.outcome, answer.wishes = "bad_response", {}
    return other or line.bound


def _new_call(line: Line, answer: InboundAnswer, agent: Asset, version: Version) -> Json:
    script = line.script
    shared: Json = {
        "metadata": answer.wishes.get("metadata") or script.metadata,
        "retell_llm_dynamic_variables": {
            **(script.dynamic_variables or {}),
            **(answer.wishes.get("dynamic_variables") or {}),
        }
        or None,
        "custom_sip_headers": script.custom_sip_headers,
    }
    if script.web_call:
        token = secrets.token_urlsafe(48)
        return registered_call(agent, version, "web_call", call_id=line.call_id, access_token=token, **shared)
    phone: Json = {
        "direction": script.direction,
        "from_number": script.from_number,
        "to_number": script.to_number,
        "telephony_identifier": {"twilio_call_sid": f"CA{hashlib.sha256(line.call_id.encode()).hexdigest()[:32]}"},
    }
    return registered_call(agent, version, "phone_call", call_id=line.call_id, **phone, **shared)


def _add_engine(setup: Setup, workspace: Workspace, override: Json) -> None:
    engine = engine_of(workspace, setup.agent)
    if engine is None:
        return
    kind, asset = engine
    version = asset.pick(setup.agent["response_engine"].get("version")) or asset.latest
    changes = override.get(kind.type.replace("-", "_")) or {}
    fields = copy.deepcopy({**version.fields, **KINDS[kind.type].saved(changes)})
    tools = llm_tools(fields) if kind.type == "retell-llm" else flow_tools(fields)
    setup.tools = {tool["name"]: tool for tool in tools if tool["type"] in ("custom", "mcp")}
    setup.mcp_servers = fields.get("mcps") or []
    setup.insists_on_sse = workspace.insists_on_sse
    setup.begin_message = str(fields.get("begin_message") or "")
    setup.default_variables = fields.get("default_dynamic_variables") or {}
