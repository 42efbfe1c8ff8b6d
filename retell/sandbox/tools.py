"""Checks on tools and the defaults that the vendor writes into them when they are saved."""

import re
from collections.abc import Iterator
from typing import Any

from retell.sandbox.checks import object_list
from retell.sandbox.errors import refuse
from retell.sandbox.state import Json, now_ms

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LEGACY_CALENDAR = ("check_availability_cal", "book_appointment_cal")
LLM_TOOLS = frozenset(
    {
        "agent_swap",
        "bridge_transfer",
        "cancel_transfer",
        "code",
        "custom",
        "end_call",
        "extract_dynamic_variable",
        "integration_app",
        "mcp",
        "press_digit",
        "send_sms",
        "transfer_call",
    }
)
FLOW_TOOLS = frozenset({"custom", "integration_app"})
CUSTOM_DEFAULTS: Json = {
    "args_at_root": False,
    "headers": {},
    "query_params": {},
    "response_variables": {},
    "parameter_type": "json",
    "method": "POST",
    "max_retry": 0,
    "speak_after_execution": True,
    "speak_during_execution": False,
    "timeout_ms": 120_000,
    "enable_typing_sound": False,
}


def saved_llm_fields(changes: Json) -> Json:
    """LLM fields as they are stored; refuses tools and MCP servers that are wrong."""
    saved = dict(changes)
    if changes.get("general_tools") is not None:
        saved["general_tools"] = saved_tools(changes["general_tools"], "general_tools")
    if changes.get("states") is not None:
        states = object_list(changes["states"], "states")
        saved["states"] = [_with_tools(state, f"states/{n}") for n, state in enumerate(states)]
    _refuse_twin_names(llm_tools(saved))
    _check_mcps(saved.get("mcps"))
    return saved


def check_llm_names(fields: Json) -> None:
    """Names are unique over everything an LLM has, not only over what one change brings."""
    _refuse_twin_names(llm_tools(fields))


def saved_flow_fields(changes: Json) -> Json:
    """Conversation flow fields as they are stored; flow tools get a `tool_id`."""
    saved = dict(changes)
    if changes.get("tools") is not None:
        tools = saved_tools(changes["tools"], "tools", allowed=FLOW_TOOLS)
        saved["tools"] = [{"tool_id": f"tool-{now_ms() + n}", **tool} for n, tool in enumerate(tools)]
    if changes.get("nodes") is not None:
        nodes = object_list(changes["nodes"], "nodes")
        saved["nodes"] = [_saved_node(node, f"nodes/{n}") for n, node in enumerate(nodes)]
    _refuse_twin_names(iter(saved.get("tools") or ()))
    _check_mcps(saved.get("mcps"))
    return saved


def llm_tools(fields: Json) -> Iterator[Json]:
    """Every tool of an LLM: the general ones and those of its states."""
    yield from fields.get("general_tools") or ()
    for state in fields.get("states") or ():
        yield from state.get("tools") or ()


def flow_tools(fields: Json) -> Iterator[Json]:
    """Every tool of a conversation flow: the shared ones, those of its subagent nodes and its MCP nodes."""
    yield from fields.get("tools") or ()
    for node in fields.get("nodes") or ():
        if node.get("type") == "mcp" and node.get("mcp_tool_name"):
            yield {"type": "mcp", "name": node["mcp_tool_name"], "mcp_id": node["mcp_id"]}
        if node.get("type") == "subagent":
            yield from node.get("tools") or ()


def saved_tools(tools: Any, where: str, *, allowed: frozenset[str] = LLM_TOOLS) -> list[Json]:
    return [_saved_tool(tool, f"{where}/{n}", allowed) for n, tool in enumerate(object_list(tools, where))]


def _with_tools(holder: Json, where: str) -> Json:
    if holder.get("tools") is None:
        return holder
    return {**holder, "tools": saved_tools(holder["tools"], f"{where}/tools")}


def _saved_node(node: Json, where: str) -> Json:
    if node.get("type") == "mcp" and not node.get("mcp_id"):
        refuse(400, f"{where} must have required property 'mcp_id'")
    return _with_tools(node, where) if node.get("type") == "subagent" else node


def _saved_tool(tool: Json, where: str, allowed: frozenset[str]) -> Json:
    kind = tool.get("type")
    if kind in LEGACY_CALENDAR:
        refuse(400, f"{where}: {kind} is no longer supported. Use the Cal.com integration instead.")
    if kind not in allowed:
        refuse(400, f"{where}/type must be equal to one of the allowed values")
    _check_name(tool, where)
    if kind == "mcp" and not tool.get("mcp_id"):
        refuse(400, f"{where} must have required property 'mcp_id'")
    return _saved_custom_tool(tool, where) if kind == "custom" else tool


def _check_name(tool: Json, where: str) -> None:
    if "name" not in tool:
        refuse(400, f"{where} must have required property 'name'")
    if not isinstance(tool["name"], str) or NAME.fullmatch(tool["name"]) is None:
        refuse(400, f'{where}/name must match pattern "^[a-zA-Z0-9_-]{{1,64}}$"')


def _saved_custom_tool(tool: Json, where: str) -> Json:
    if not isinstance(tool.get("url"), str) or not tool["url"]:
        refuse(400, f"{where} must have required property 'url'")
    _check_parameters(tool.get("parameters"), f"{where}/parameters")
    _check_range(tool, where, "max_retry", 0, 5)
    _check_range(tool, where, "timeout_ms", 1_000, 600_000)
    if tool.get("method", "POST") not in METHODS:
        refuse(400, f"{where}/method must be equal to one of the allowed values")
    for name in ("headers", "query_params", "response_variables"):
        _check_strings(tool.get(name) or {}, f"{where}/{name}")
    return {**CUSTOM_DEFAULTS, **tool}


def _check_parameters(parameters: Any, where: str) -> None:
    if parameters is None:
        return
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        refuse(400, f"{where}/type must be equal to constant 'object'")
    if not isinstance(parameters.get("properties"), dict):
        refuse(400, f"{where} must have required property 'properties'")


def _check_range(tool: Json, where: str, name: str, low: int, high: int) -> None:
    value = tool.get(name, low)
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(400, f"{where}/{name} must be integer")
    if value < low:
        refuse(400, f"{where}/{name} must be >= {low}")
    if value > high:
        refuse(400, f"{where}/{name} must be <= {high}")


def _check_strings(values: Any, where: str) -> None:
    if not isinstance(values, dict):
        refuse(400, f"{where} must be object")
    for name, value in values.items():
        if not isinstance(value, str):
            refuse(400, f"{where}/{name} must be string")


def _refuse_twin_names(tools: Iterator[Json]) -> None:
    seen: set[str] = set()
    for tool in tools:
        if tool["name"] in seen:
            refuse(400, f"Tool name {tool['name']} is not unique")
        seen.add(tool["name"])


def _check_mcps(servers: Any) -> None:
    for n, server in enumerate(object_list(servers, "mcps")):
        if not server.get("id"):
            refuse(400, "MCP id cannot be empty or null")
        for name in ("name", "url"):
            if not server.get(name):
                refuse(400, f"mcps/{n} must have required property '{name}'")
