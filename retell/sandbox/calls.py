"""The rooms for calls: making them, reading one, listing them."""

import secrets
from typing import Any

from mcp_gateway.sandbox import Reply, Request
from retell.sandbox.agents import find_agent
from retell.sandbox.base import RetellRooms, endpoint, json_body, page
from retell.sandbox.checks import required, strings_only, whole_number
from retell.sandbox.errors import refuse, refuse_asset
from retell.sandbox.filters import predicate
from retell.sandbox.numbers import chosen_agent, find_number
from retell.sandbox.state import Asset, Json, Version, Workspace, new_id, now_ms

IDEMPOTENCY_MS = 3_600_000
JOIN_MS = 30_000
METADATA_BYTES = 50_000
LIVE = ("registered", "ongoing")
STORAGE = ("everything", "everything_except_pii", "basic_attributes_only")
DETAIL_FIELDS = (
    "transcript",
    "transcript_object",
    "transcript_with_tool_calls",
    "scrubbed_transcript_with_tool_calls",
    "latency",
)


def new_call_id() -> str:
    return new_id("call", 27)


def registered_call(agent: Asset, version: Version, call_type: str, *, call_id: str = "", **fields: Any) -> Json:
    """A call object before anything happened; fields that are not set are left out."""
    kept = {name: value for name, value in fields.items() if value is not None}
    settings = ("agent_name", "data_storage_setting", "opt_in_signed_url")
    return {
        "call_id": call_id or new_call_id(),
        "call_type": call_type,
        "agent_id": agent.id,
        "agent_version": version.number,
        **{name: version.fields[name] for name in settings if name in version.fields},
        "call_status": "registered",
        **kept,
    }


def _context(body: Json) -> Json:
    """What a client may hang on a call, checked."""
    variables = body.get("retell_llm_dynamic_variables")
    if variables is not None and not strings_only(variables):
        refuse(400, "retell_llm_dynamic_variables must be an object of strings")
    metadata = body.get("metadata")
    if metadata is not None and (not isinstance(metadata, dict) or len(str(metadata)) > METADATA_BYTES):
        refuse(400, "metadata must be an object of at most 50kB")
    return {
        "metadata": metadata,
        "retell_llm_dynamic_variables": variables,
        "custom_sip_headers": body.get("custom_sip_headers"),
    }


def _outbound_agent(workspace: Workspace, number: Json, body: Json) -> tuple[Asset, Version]:
    if body.get("override_agent_id"):
        return find_agent(workspace, body["override_agent_id"], body.get("override_agent_version"))
    bound = chosen_agent(number, "outbound_agents")
    if bound is None:
        refuse(400, "No outbound agent id set up for phone number.")
    return find_agent(workspace, bound["agent_id"], body.get("override_agent_version", bound.get("agent_version")))


def _earlier_call(workspace: Workspace, idempotency_key: str) -> Json | None:
    made_ms, call_id = workspace.calls_by_idempotency_key.get(idempotency_key, (0, ""))
    return workspace.calls.get(call_id) if made_ms > now_ms() - IDEMPOTENCY_MS else None


def _find_call(workspace: Workspace, call_id: str) -> Json:
    if call_id not in workspace.calls:
        refuse_asset()
    return workspace.calls[call_id]


def _changed(workspace: Workspace, call: Json, body: Json) -> Json:
    """The call with what a client may change about it; the wording of refusals here is ours."""
    changes = {name: value for name, value in _context(body).items() if value is not None}
    if "data_storage_setting" in body:
        if body["data_storage_setting"] not in STORAGE:
            refuse(400, "data_storage_setting must be equal to one of the allowed values")
        changes["data_storage_setting"] = body["data_storage_setting"]
    workspace.calls[call["call_id"]] = {**call, **changes}
    return workspace.calls[call["call_id"]]


def _ongoing(workspace: Workspace) -> int:
    return sum(call["call_status"] == "ongoing" for call in workspace.calls.values())


def _check_concurrency(workspace: Workspace) -> None:
    if _ongoing(workspace) >= workspace.concurrency_limit:
        refuse(429, "Account rate limited, please throttle your requests.")


class CallRooms(RetellRooms):
    @endpoint("GET", "/get-api-key-info")
    def get_api_key_info(self, workspace: Workspace, request: Request) -> Reply:
        return Reply(body={"org_id": workspace.org_id, "org_name": workspace.org_name, "api_key_name": "REST"})

    @endpoint("GET", "/get-concurrency")
    def get_concurrency(self, workspace: Workspace, request: Request) -> Reply:
        return Reply(
            body={
                "current_concurrency": _ongoing(workspace),
                "concurrency_limit": workspace.concurrency_limit,
                "base_concurrency": workspace.concurrency_limit,
                "purchased_concurrency": 0,
                "concurrency_purchase_limit": 100,
                "remaining_purchase_limit": 100,
                "reserved_inbound_concurrency": 0,
                "concurrency_burst_enabled": False,
                "concurrency_burst_limit": 0,
            }
        )

    @endpoint("POST", "/v2/create-phone-call")
    def create_phone_call(self, workspace: Workspace, request: Request) -> Reply:
        """The call stays registered until it is played with its `call_id`."""
        body = json_body(request)
        required(body, "from_number", "to_number")
        number = find_number(workspace, body["from_number"])
        key = str(body.get("idempotency_key") or "")
        earlier = _earlier_call(workspace, key) if key else None
        if earlier:
            return Reply(status=201, body=earlier)
        _check_concurrency(workspace)
        agent, version = _outbound_agent(workspace, number, body)
        numbers = {"direction": "outbound", "from_number": body["from_number"], "to_number": body["to_number"]}
        call = registered_call(agent, version, "phone_call", **numbers, **_context(body))
        workspace.calls[call["call_id"]] = call
        if key:
            workspace.calls_by_idempotency_key[key] = (now_ms(), call["call_id"])
        return Reply(status=201, body=call)

    @endpoint("POST", "/v3/create-web-call")
    def create_web_call(self, workspace: Workspace, request: Request) -> Reply:
        """Without `agent_version` the latest version is used, draft or not."""
        body = json_body(request)
        required(body, "agent_id")
        _check_concurrency(workspace)
        agent, version = find_agent(workspace, body["agent_id"], body.get("agent_version"))
        call = registered_call(agent, version, "web_call", access_token=secrets.token_urlsafe(48), **_context(body))
        workspace.calls[call["call_id"]] = call
        return Reply(
            status=201,
            body={
                "call_id": call["call_id"],
                "access_token": call["access_token"],
                "expires_at": now_ms() + JOIN_MS,
                "ice_servers": [{"urls": "stun:127.0.0.1:3478"}],
                "transport": "gateway",
            },
        )

    @endpoint("POST", "/v2/register-phone-call")
    def register_phone_call(self, workspace: Workspace, request: Request) -> Reply:
        """A call that the customer's own telephony brings: no number of ours, and nobody is asked by call_inbound."""
        body = json_body(request)
        required(body, "agent_id")
        agent, version = find_agent(workspace, body["agent_id"], body.get("agent_version"))
        numbers = {name: body.get(name) or "" for name in ("from_number", "to_number")}
        numbers["direction"] = body.get("direction") or "inbound"
        call = registered_call(agent, version, "phone_call", **numbers, **_context(body))
        workspace.calls[call["call_id"]] = call
        return Reply(status=201, body=call)

    @endpoint("GET", "/v2/get-call/{call_id}")
    def get_call(self, workspace: Workspace, request: Request, call_id: str) -> Reply:
        return Reply(body=_find_call(workspace, call_id))

    @endpoint("PATCH", "/v2/update-call/{call_id}")
    def update_call(self, workspace: Workspace, request: Request, call_id: str) -> Reply:
        """Of ended calls only."""
        call = _find_call(workspace, call_id)
        if call["call_status"] in LIVE:
            refuse(400, "Cannot update a call that has not ended; use update-live-call")
        return Reply(body=_changed(workspace, call, json_body(request)))

    @endpoint("PATCH", "/v2/update-live-call/{call_id}")
    def update_live_call(self, workspace: Workspace, request: Request, call_id: str) -> Reply:
        call = _find_call(workspace, call_id)
        if call["call_status"] not in LIVE:
            refuse(400, "Call is not live; use update-call")
        return Reply(body=_changed(workspace, call, json_body(request).get("fields_to_override") or {}))

    @endpoint("DELETE", "/v2/delete-call/{call_id}")
    def delete_call(self, workspace: Workspace, request: Request, call_id: str) -> Reply:
        _find_call(workspace, call_id)
        del workspace.calls[call_id]
        return Reply(status=204)

    @endpoint("POST", "/v3/list-calls")
    def list_calls(self, workspace: Workspace, request: Request) -> Reply:
        """Newest first unless asked otherwise; items lack transcripts and latency."""
        body = json_body(request)
        passes = predicate(body.get("filter_criteria") or {})
        found = sorted(filter(passes, workspace.calls.values()), key=lambda call: int(call.get("start_timestamp", 0)))
        skip = whole_number(body.get("skip", 0), "skip")
        kept = found[: len(found) - skip] if body.get("sort_order") != "ascending" else found[skip:]
        listed = page(kept, body, lambda call: str(call["call_id"]), descending=True)
        items = [{name: value for name, value in call.items() if name not in DETAIL_FIELDS} for call in listed["items"]]
        total = {"total": len(found)} if body.get("include_total") else {}
        return Reply(body={**listed, "items": items, **total})
