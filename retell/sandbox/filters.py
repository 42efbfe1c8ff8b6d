"""The typed filters of list-calls: `{"type": "enum", "op": "in", "value": [...]}` and their like, joined by AND."""

from collections.abc import Callable
from typing import Any

from retell.sandbox.errors import refuse
from retell.sandbox.state import Json

Test = Callable[[Any, Any], bool]
OPERATORS: dict[str, dict[str, Test]] = {
    "string": {
        "eq": lambda found, wanted: bool(found == wanted),
        "ne": lambda found, wanted: bool(found != wanted),
        "sw": lambda found, wanted: str(found).startswith(wanted),
        "ew": lambda found, wanted: str(found).endswith(wanted),
        "co": lambda found, wanted: wanted in str(found),
    },
    "number": {
        "eq": lambda found, wanted: bool(found == wanted),
        "ne": lambda found, wanted: bool(found != wanted),
        "gt": lambda found, wanted: bool(found > wanted),
        "ge": lambda found, wanted: bool(found >= wanted),
        "lt": lambda found, wanted: bool(found < wanted),
        "le": lambda found, wanted: bool(found <= wanted),
    },
    "boolean": {"eq": lambda found, wanted: found is wanted},
    "range": {"bt": lambda found, wanted: bool(wanted[0] <= found <= wanted[1])},
    "enum": {"in": lambda found, wanted: found in wanted},
}
FIELDS = frozenset(
    "call_id call_status call_type direction disconnection_reason duration_ms start_timestamp end_timestamp "
    "from_number to_number data_storage_setting agent_tag".split()
)
ANALYSIS_FIELDS = frozenset({"call_successful", "in_voicemail", "user_sentiment"})
KEYED_FIELDS = {
    "metadata": lambda call: call.get("metadata"),
    "dynamic_variables": lambda call: call.get("retell_llm_dynamic_variables"),
    "custom_analysis_data": lambda call: call.get("call_analysis", {}).get("custom_analysis_data"),
}


def passes(call: Json, criteria: Json) -> bool:
    """Whether a call meets all criteria; refuses unknown fields and untyped filters with 400."""
    return all([_passes_one(call, field, wanted) for field, wanted in criteria.items()])


def _passes_one(call: Json, field: str, wanted: Any) -> bool:
    if field == "agent":
        return any(_is_agent(call, agent) for agent in wanted)
    if field in KEYED_FIELDS:
        values = KEYED_FIELDS[field](call) or {}
        return all(_meets(values.get(one.get("key")), one, field) for one in wanted)
    if field in FIELDS:
        return _meets(call.get(field), wanted, field)
    if field in ANALYSIS_FIELDS:
        return _meets(call.get("call_analysis", {}).get(field), wanted, field)
    refuse(400, f"filter_criteria must NOT have additional property '{field}'")


def _is_agent(call: Json, wanted: Json) -> bool:
    versions = wanted.get("version") or [call["agent_version"]]
    return bool(wanted.get("agent_id") == call["agent_id"] and call["agent_version"] in versions)


def _meets(found: Any, wanted: Any, field: str) -> bool:
    if not isinstance(wanted, dict):
        refuse(400, f"filter_criteria/{field} must be object")
    if wanted.get("type") == "present":
        return (found is not None) == (wanted.get("op") == "pr")
    test = OPERATORS.get(str(wanted.get("type")), {}).get(str(wanted.get("op")))
    if test is None or "value" not in wanted:
        refuse(400, f"filter_criteria/{field} must match a schema in anyOf")
    return found is not None and test(found, wanted["value"])
