"""The rooms for response engines: Retell LLMs and conversation flows, which differ in names and error codes only."""

from collections.abc import Callable
from dataclasses import dataclass

from mcp_gateway.sandbox import Reply, Request
from retell.sandbox import tools
from retell.sandbox.base import PAGE, RetellRooms, endpoint, engine_version, json_body, page
from retell.sandbox.errors import refuse, refuse_asset
from retell.sandbox.state import Asset, Json, Version, Workspace, new_id


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """What tells an LLM from a flow; `type` is the word in an agent's `response_engine`."""

    type: str
    id_field: str
    id_prefix: str
    id_digits: int
    noun: str
    not_found: int
    saved: Callable[[Json], Json]
    read_only: tuple[str, ...]
    defaults: Json

    def store(self, workspace: Workspace) -> dict[str, Asset]:
        return workspace.llms if self.type == "retell-llm" else workspace.flows


READ_ONLY = ("version", "is_published", "last_modification_timestamp")
LLM = EngineKind(
    type="retell-llm",
    id_field="llm_id",
    id_prefix="llm",
    id_digits=28,
    noun="LLM",
    not_found=422,
    saved=tools.saved_llm_fields,
    read_only=("llm_id", *READ_ONLY),
    defaults={"model": "gpt-4.1", "start_speaker": "agent", "tool_call_strict_mode": True},
)
FLOW = EngineKind(
    type="conversation-flow",
    id_field="conversation_flow_id",
    id_prefix="conversation_flow",
    id_digits=12,
    noun="conversation flow",
    not_found=404,
    saved=tools.saved_flow_fields,
    read_only=("conversation_flow_id", *READ_ONLY),
    defaults={"start_speaker": "agent", "tool_call_strict_mode": True},
)
KINDS = {kind.type: kind for kind in (LLM, FLOW)}


def shown(kind: EngineKind, asset: Asset, version: Version) -> Json:
    return {
        kind.id_field: asset.id,
        "version": version.number,
        "is_published": version.is_published,
        **version.fields,
        "last_modification_timestamp": version.modified_ms,
    }


def users_of(workspace: Workspace, kind: EngineKind, engine_id: str) -> list[str]:
    """Ids of the agents with a version that uses this engine."""
    return sorted(
        {
            agent.id
            for agent, version in workspace.agent_versions()
            if version.fields["response_engine"].get(kind.id_field) == engine_id
        }
    )


def find_engine(workspace: Workspace, kind: EngineKind, engine_id: str) -> Asset:
    asset = kind.store(workspace).get(engine_id)
    if asset is None:
        refuse_asset(kind.not_found)
    return asset


def _client_fields(kind: EngineKind, body: Json) -> Json:
    return kind.saved({name: value for name, value in body.items() if name not in kind.read_only})


def _create(kind: EngineKind, workspace: Workspace, request: Request) -> Reply:
    fields = _client_fields(kind, json_body(request))
    asset = Asset(id=new_id(kind.id_prefix, kind.id_digits))
    asset.versions[0] = Version(number=0, fields=dict(kind.defaults))
    asset.versions[0].change(fields)
    kind.store(workspace)[asset.id] = asset
    return Reply(status=201, body=shown(kind, asset, asset.latest))


def _get(kind: EngineKind, workspace: Workspace, request: Request, engine_id: str) -> Reply:
    asset = find_engine(workspace, kind, engine_id)
    version = engine_version(asset, request)
    if version is None:
        refuse_asset(kind.not_found)
    return Reply(body=shown(kind, asset, version))


def _update(kind: EngineKind, workspace: Workspace, request: Request, engine_id: str) -> Reply:
    asset = find_engine(workspace, kind, engine_id)
    version = engine_version(asset, request)
    if version is None:
        refuse_asset(kind.not_found)
    if version.is_published:
        refuse(400, f"Cannot update published {kind.noun}")
    changes = _client_fields(kind, json_body(request))
    if kind is LLM:
        tools.check_llm_names({**version.fields, **changes})
    version.change(changes)
    return Reply(body=shown(kind, asset, version))


def _list(kind: EngineKind, workspace: Workspace, request: Request) -> Reply:
    engines = list(kind.store(workspace).values())
    listed = page(engines, request.query, lambda engine: engine.id)
    return Reply(body={**listed, "items": [shown(kind, engine, engine.latest) for engine in listed["items"]]})


def _delete(kind: EngineKind, workspace: Workspace, request: Request, engine_id: str) -> Reply:
    find_engine(workspace, kind, engine_id)
    users = users_of(workspace, kind, engine_id)
    if users and request.query.get("force_delete") != "true":
        refuse(400, f"Cannot delete {kind.noun}: it is used by agent {', '.join(users)}")
    del kind.store(workspace)[engine_id]
    return Reply(status=204)


class EngineRooms(RetellRooms):
    @endpoint("POST", "/create-retell-llm")
    def create_llm(self, workspace: Workspace, request: Request) -> Reply:
        return _create(LLM, workspace, request)

    @endpoint("GET", "/get-retell-llm/{engine_id}", query=("version",))
    def get_llm(self, workspace: Workspace, request: Request, engine_id: str) -> Reply:
        return _get(LLM, workspace, request, engine_id)

    @endpoint("PATCH", "/update-retell-llm/{engine_id}", query=("version",))
    def update_llm(self, workspace: Workspace, request: Request, engine_id: str) -> Reply:
        return _update(LLM, workspace, request, engine_id)

    @endpoint("GET", "/v2/list-retell-llms", query=PAGE)
    def list_llms(self, workspace: Workspace, request: Request) -> Reply:
        return _list(LLM, workspace, request)

    @endpoint("DELETE", "/delete-retell-llm/{engine_id}", query=("force_delete",))
    def delete_llm(self, workspace: Workspace, request: Request, engine_id: str) -> Reply:
        return _delete(LLM, workspace, request, engine_id)

    @endpoint("POST", "/create-conversation-flow")
    def create_flow(self, workspace: Workspace, request: Request) -> Reply:
        return _create(FLOW, workspace, request)

    @endpoint("GET", "/get-conversation-flow/{engine_id}", query=("version",))
    def get_flow(self, workspace: Workspace, request: Request, engine_id: str) -> Reply:
        return _get(FLOW, workspace, request, engine_id)

    @endpoint("PATCH", "/update-conversation-flow/{engine_id}", query=("version",))
    def update_flow(self, workspace: Workspace, request: Request, engine_id: str) -> Reply:
        return _update(FLOW, workspace, request, engine_id)

    @endpoint("GET", "/v2/list-conversation-flows", query=PAGE)
    def list_flows(self, workspace: Workspace, request: Request) -> Reply:
        return _list(FLOW, workspace, request)

    @endpoint("DELETE", "/delete-conversation-flow/{engine_id}", query=("force_delete",))
    def delete_flow(self, workspace: Workspace, request: Request, engine_id: str) -> Reply:
        return _delete(FLOW, workspace, request, engine_id)
