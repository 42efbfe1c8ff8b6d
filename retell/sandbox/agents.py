"""The rooms for agents: drafts and published versions, which carry their response engine's version along."""

from typing import Any

from mcp_gateway.sandbox import Reply, Request
from retell.sandbox.base import PAGE, RetellRooms, endpoint, json_body, page
from retell.sandbox.checks import required, whole_number
from retell.sandbox.engines import KINDS, EngineKind, find_engine
from retell.sandbox.errors import refuse, refuse_asset
from retell.sandbox.state import Asset, Json, Version, Workspace, new_id

VOICE_EVENTS = (
    "call_started",
    "call_ended",
    "call_analyzed",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
)
READ_ONLY = ("agent_id", "version", "base_version", "is_published", "assigned_tags", "last_modification_timestamp")
DEFAULTS: Json = {
    "language": "en-US",
    "timezone": "America/Los_Angeles",
    "data_storage_setting": "everything",
    "opt_in_signed_url": False,
}


def find_agent(workspace: Workspace, agent_id: Any, reference: Any = None) -> tuple[Asset, Version]:
    """The agent and the version meant; refuses with the vendor's 422 when there is none."""
    agent = workspace.agents.get(str(agent_id))
    version = agent.pick(reference) if agent else None
    if agent is None or version is None:
        refuse_asset()
    return agent, version


def shown(agent: Asset, version: Version) -> Json:
    body: Json = {
        "agent_id": agent.id,
        "version": version.number,
        "is_published": version.is_published,
        **version.fields,
        "last_modification_timestamp": version.modified_ms,
    }
    return body if version.base is None else {**body, "base_version": version.base}


def engine_of(workspace: Workspace, fields: Json) -> tuple[EngineKind, Asset] | None:
    """The engine that a version's fields point to; None for a custom LLM or one deleted by force."""
    engine = fields["response_engine"]
    kind = KINDS.get(engine["type"])
    asset = kind.store(workspace).get(engine[kind.id_field]) if kind else None
    return (kind, asset) if kind and asset else None


def _client_fields(body: Json) -> Json:
    fields = {name: value for name, value in body.items() if name not in READ_ONLY}
    for event in fields.get("webhook_events") or ():
        if event not in VOICE_EVENTS:
            refuse(400, "webhook_events must be equal to one of the allowed values")
    timeout = fields.get("webhook_timeout_ms")
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int) or timeout <= 0):
        refuse(400, "webhook_timeout_ms must be a positive integer")
    return fields


def _bound_engine(workspace: Workspace, engine: Any, number: int) -> Json:
    """`engine` tied to the agent's version `number`: agent and engine always have the same one."""
    if not isinstance(engine, dict) or engine.get("type") not in (*KINDS, "custom-llm"):
        refuse(400, "response_engine/type must be equal to one of the allowed values")
    if engine["type"] == "custom-llm":
        required(engine, "llm_websocket_url")
        return engine
    kind = KINDS[engine["type"]]
    required(engine, kind.id_field)
    asset = find_engine(workspace, kind, engine[kind.id_field])
    if engine.get("version", number) != number:
        refuse(400, f"Response engine version {engine['version']} does not match agent version {number}")
    if number not in asset.versions:
        asset.branch(asset.latest, number)
    return {**engine, "version": number}


def _next_number(workspace: Workspace, agent: Asset, base: Version) -> int:
    """One more than every version of the agent and of an engine that it may share with another agent."""
    engine = engine_of(workspace, base.fields)
    used = [agent.latest.number, *([engine[1].latest.number] if engine else [])]
    return max(used) + 1


class AgentRooms(RetellRooms):
    @endpoint("POST", "/create-agent")
    def create_agent(self, workspace: Workspace, request: Request) -> Reply:
        body = json_body(request)
        required(body, "response_engine", "voice_id")
        fields = {**DEFAULTS, **_client_fields(body)}
        fields["response_engine"] = _bound_engine(workspace, body["response_engine"], 0)
        agent = Asset(id=new_id("agent", 26))
        agent.versions[0] = Version(number=0, fields={})
        agent.versions[0].change(fields)
        workspace.agents[agent.id] = agent
        return Reply(status=201, body=shown(agent, agent.latest))

    @endpoint("GET", "/get-agent/{agent_id}", query=("version",))
    def get_agent(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        return Reply(body=shown(*find_agent(workspace, agent_id, request.query.get("version"))))

    @endpoint("PATCH", "/update-agent/{agent_id}", query=("version",))
    def update_agent(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        agent, version = find_agent(workspace, agent_id, request.query.get("version"))
        body = json_body(request)
        if version.is_published and set(body) - {"version_title"}:
            refuse(422, "Cannot update published agent other than version title")
        fields = _client_fields(body)
        if fields.get("response_engine") is not None:
            fields["response_engine"] = _bound_engine(workspace, fields["response_engine"], version.number)
        version.change(fields)
        return Reply(body=shown(agent, version))

    @endpoint("POST", "/v2/list-agents", query=PAGE)
    def list_agents(self, workspace: Workspace, request: Request) -> Reply:
        wanted = json_body(request).get("filter_criteria") or {}
        rows = [row for row in map(_list_item, workspace.agents.values()) if _passes(row, wanted)]
        return Reply(body=page(rows, request.query, lambda row: str(row["agent_id"])))

    @endpoint("GET", "/list-agent-versions/{agent_id}", query=PAGE)
    def list_agent_versions(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        agent, _ = find_agent(workspace, agent_id)
        versions = [agent.versions[number] for number in sorted(agent.versions)]
        listed = page(versions, request.query, lambda version: str(version.number), descending=True)
        return Reply(body={**listed, "items": [_version_item(version) for version in listed["items"]]})

    @endpoint("POST", "/create-agent-version/{agent_id}")
    def create_agent_version(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        body = json_body(request)
        required(body, "base_version")
        agent, base = find_agent(workspace, agent_id, whole_number(body["base_version"], "base_version"))
        number = _next_number(workspace, agent, base)
        draft = agent.branch(base, number)
        for name in ("version_title", "version_description"):
            draft.fields.pop(name, None)
        engine = engine_of(workspace, draft.fields)
        if engine:
            _, asset = engine
            asset.branch(asset.versions.get(base.number, asset.latest), number)
            draft.fields["response_engine"]["version"] = number
        return Reply(status=201, body=shown(agent, draft))

    @endpoint("POST", "/publish-agent-version/{agent_id}")
    def publish_agent_version(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        body = json_body(request)
        required(body, "version")
        agent = workspace.agents.get(agent_id)
        version = agent.versions.get(whole_number(body["version"], "version")) if agent else None
        if version is None:
            refuse_asset(404)
        version.change({name: body[name] for name in ("version_title", "version_description") if name in body})
        version.is_published = True
        engine = engine_of(workspace, version.fields)
        if engine and version.number in engine[1].versions:
            engine[1].versions[version.number].is_published = True
        return Reply()

    @endpoint("DELETE", "/delete-agent-version/{agent_id}", query=("version",))
    def delete_agent_version(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        number = whole_number(request.query.get("version"), "request/query/version")
        agent, version = find_agent(workspace, agent_id, number)
        if version.is_published:
            refuse(400, "Cannot delete published agent version")
        if len(agent.versions) == 1:
            refuse(400, "Cannot delete the only version of an agent")
        del agent.versions[number]
        engine = engine_of(workspace, version.fields)
        if engine and len(engine[1].versions) > 1:
            engine[1].versions.pop(number, None)
        return Reply(status=204)

    @endpoint("DELETE", "/delete-agent/{agent_id}")
    def delete_agent(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        find_agent(workspace, agent_id)
        del workspace.agents[agent_id]
        return Reply(status=204)


def _list_item(agent: Asset) -> Json:
    """A list row has no version, engine or webhook URL: clients follow with get-agent."""
    return {
        "agent_id": agent.id,
        "agent_name": agent.latest.fields.get("agent_name", ""),
        "channel": "voice",
        "is_suspended": False,
        "tags": {},
        "user_modified_timestamp": max(version.modified_ms for version in agent.versions.values()),
    }


def _passes(row: Json, wanted: Json) -> bool:
    channel = wanted.get("channel")
    if channel and (channel.get("value") == row["channel"]) != (channel.get("op") != "ne"):
        return False
    if (wanted.get("is_transfer_agent") or {}).get("value"):
        return False
    query = str(wanted.get("query", ""))
    return query.lower() in row["agent_name"].lower() or query in row["agent_id"]


def _version_item(version: Version) -> Json:
    item: Json = {
        "version": version.number,
        "is_published": version.is_published,
        "last_modification_timestamp": version.modified_ms,
    }
    if version.base is not None:
        item["base_version"] = version.base
    titles = {name: version.fields[name] for name in ("version_title", "version_description") if name in version.fields}
    return item | titles
