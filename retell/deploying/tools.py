"""Our functions among an engine's tools: replaced where they stand, added at the end, taken away; others stay."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from mcp_gateway.errors import Conflict
from retell.addresses import is_function_url
from retell.deploying.engines import FLOW, EngineKind, Json
from retell.functions import canonical_name


def with_functions(
    kind: EngineKind, engine: Json, functions: Mapping[str, Json], dropped: Sequence[str]
) -> dict[str, Any]:
    """The engine's fields that hold tools, as they would be; states and nodes keep those that stand with them."""
    general = list(engine.get(kind.tools) or ())
    holders = list(engine.get(kind.holders) or ())
    standing = [*general, *(tool for holder in holders for tool in holder.get("tools") or ())]
    _refuse_other_kinds(standing, functions)
    found = {function_of(tool, functions) for tool in standing}
    missing = [_new(kind, tool) for name, tool in functions.items() if name not in found]
    changed = {kind.tools: [*_placed(general, functions, dropped), *missing]}
    if any(holder.get("tools") for holder in holders):
        changed[kind.holders] = [
            {**holder, "tools": list(_placed(holder["tools"], functions, dropped))} if holder.get("tools") else holder
            for holder in holders
        ]
    return changed


def function_of(tool: Mapping[str, Any], functions: Mapping[str, Json]) -> str:
    """Which of our functions a tool is, whatever version or alias it goes by; "" for anybody else's."""
    name = str(tool.get("name"))
    if tool.get("type") != "custom":
        return ""
    if is_function_url(tool.get("url")):
        return canonical_name(name)
    return name if name in functions else ""


def dangling(kind: EngineKind, engine: Json) -> list[str]:
    """Nodes of a flow that point at a function which is not there, by name or id."""
    if kind is not FLOW:
        return []
    known = {tool.get("tool_id") for tool in engine.get("tools") or ()}
    return [
        str(node.get("name") or node.get("id"))
        for node in engine.get("nodes") or ()
        if any(tool_id not in known for tool_id in _pointed_at(node))
    ]


def _pointed_at(node: Mapping[str, Any]) -> list[str]:
    if node.get("type") == "function":
        return [] if node.get("tool_type") == "shared" else [node.get("tool_id", "")]
    return list(node.get("tool_ids") or ()) if node.get("type") == "subagent" else []


def _placed(tools: Sequence[Json], functions: Mapping[str, Json], dropped: Sequence[str]) -> Iterator[Json]:
    for tool in tools:
        name = function_of(tool, functions)
        if name in functions:
            # What staff have set on it besides, such as headers, and the name that prompts call it by.
            yield {**tool, **functions[name], "name": tool["name"]}
        elif name not in dropped:
            yield tool


def _new(kind: EngineKind, tool: Json) -> Json:
    """Nodes point at a flow's tools by an id: ours is always the same, so that a repeat makes no other one."""
    return {"tool_id": f"tool-{tool['name']}", **tool} if kind is FLOW else tool


def _refuse_other_kinds(tools: Sequence[Json], functions: Mapping[str, Json]) -> None:
    for tool in tools:
        if tool.get("type") != "custom" and tool.get("name") in functions:
            message = _("The agent has a function %(name)s already, which is none that calls an address")
            raise Conflict(message % {"name": tool["name"]}, kind="name_taken")
