"""The typed filters of list-calls: `{"type": "enum", "op": "in", "value": [...]}` and their like, joined by AND."""

from collections.abc import Callable
from typing import Any

from retell.sandbox.checks import object_list
from retell.sandbox.errors import refuse
from retell.sandbox.state import Json

Operator = Callable[[Any, Any], bool]
Predicate = Callable[[Any], bool]
OPERATORS: dict[str, dict[str, Operator]] = {
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
    {
        "agent_tag",
        "call_id",
        "call_status",
        "call_type",
        "data_storage_setting",
        "direction",
        "disconnection_reason",
        "duration_ms",
        "end_timestamp",
        "from_number",
        "start_timestamp",
        "to_number",
    }
)
ANALYSIS_FIELDS = frozenset({"call_successful", "in_voicemail", "user_sentiment"})
KEYED_FIELDS: dict[str, Callable[[Json], Any]] = {
    "metadata": lambda call: call.get("metadata"),
    "dynamic_variables": lambda call: call.get("retell_llm_dynamic_variables"),
    "custom_analysis_data": lambda call: call.get("call_analysis", {}).get("custom_analysis_data"),
}


def predicate(criteria: Json) -> Predicate:
    """Whether a call meets all criteria; unknown fields and untyped filters are refused with 400 at once."""
    tests = [_field_predicate(field, wanted) for field, wanted in criteria.items()]
    return lambda call: all(test(call) for test in tests)


def _field_predicate(field: str, wanted: Any) -> Predicate:
    if field == "agent":
        agents = object_list(wanted, "filter_criteria/agent")
        return lambda call: any(_is_agent(call, agent) for agent in agents)
    if field in KEYED_FIELDS:
        filters = object_list(wanted, f"filter_criteria/{field}")
        keyed = [(one.get("key"), _value_test(one, field)) for one in filters]
        holder = KEYED_FIELDS[field]
        return lambda call: all(test((holder(call) or {}).get(key)) for key, test in keyed)
    if field not in FIELDS | ANALYSIS_FIELDS:
        refuse(400, f"filter_criteria must NOT have additional property '{field}'")
    test = _value_test(wanted, field)
    if field in ANALYSIS_FIELDS:
        return lambda call: test(call.get("call_analysis", {}).get(field))
    return lambda call: test(call.get(field))


def _is_agent(call: Json, wanted: Json) -> bool:
    versions = wanted.get("version") or [call["agent_version"]]
    return bool(wanted.get("agent_id") == call["agent_id"] and call["agent_version"] in versions)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value_test(wanted: Any, field: str) -> Predicate:
    if not isinstance(wanted, dict):
        refuse(400, f"filter_criteria/{field} must be object")
    if wanted.get("type") == "present":
        return lambda found: (found is not None) == (wanted.get("op") == "pr")
    kind, value = str(wanted.get("type")), wanted.get("value")
    operator = OPERATORS.get(kind, {}).get(str(wanted.get("op")))
    if operator is None or not VALUE_CHECKS[kind](value):
        refuse(400, f"filter_criteria/{field} must match a schema in anyOf")
    if kind in ("number", "range"):
        return lambda found: _is_number(found) and operator(found, value)
    return lambda found: found is not None and operator(found, value)


VALUE_CHECKS: dict[str, Predicate] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "range": lambda value: isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)),
    "enum": lambda value: isinstance(value, list),
}
