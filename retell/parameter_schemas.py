"""Functions' parameters as JSON Schema, in the part of it that Retell takes and models understand."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
OBJECT_KEYS = frozenset({"type", "properties", "required", "additionalProperties", "description"})
VALUE_KEYS = frozenset({"type", "description", "enum", "const", "items", "format", "minimum", "maximum", "pattern"})
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
MAX_DEPTH = 4


def problems(schema: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """What is wrong with a function's `parameters`, in words; `known` are the arguments that it has."""
    found = list(_object_problems(schema, "parameters", 0))
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        unknown = [str(name) for name in properties if name not in known]
        found += [_("The function has no argument %(name)s") % {"name": name} for name in unknown]
    return found


def _object_problems(schema: Mapping[str, Any], where: str, depth: int) -> Iterator[str]:
    if schema.get("type") != "object":
        yield _('%(where)s needs "type": "object"') % {"where": where}
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        yield _('%(where)s needs "properties", an object') % {"where": where}
        return
    yield from _unknown_keys(schema, OBJECT_KEYS, where)
    for name, rule in properties.items():
        if not NAME.fullmatch(str(name)):
            yield _("%(where)s: %(name)s is no name for an argument") % {"where": where, "name": name}
        yield from _value_problems(rule, f"{where}.{name}", depth + 1)
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(str(name) in properties for name in required):
        yield _('%(where)s: "required" names what is not among the properties') % {"where": where}
    if not isinstance(schema.get("additionalProperties", True), bool):
        yield _('%(where)s: "additionalProperties" is true or false') % {"where": where}


def _value_problems(rule: Any, where: str, depth: int) -> Iterator[str]:
    if not isinstance(rule, Mapping) or rule.get("type") not in TYPES:
        yield _('%(where)s needs a "type": %(types)s') % {"where": where, "types": ", ".join(sorted(TYPES))}
        return
    if depth > MAX_DEPTH:
        yield _("%(where)s is nested too deeply") % {"where": where}
        return
    if not isinstance(rule.get("description", ""), str):
        yield _('%(where)s: "description" is a text') % {"where": where}
    if rule["type"] == "object":
        yield from _object_problems(rule, where, depth)
        return
    yield from _unknown_keys(rule, VALUE_KEYS, where)
    if "enum" in rule and (not isinstance(rule["enum"], list) or not rule["enum"]):
        yield _('%(where)s: "enum" is a list of values') % {"where": where}
    if rule["type"] == "array":
        yield from _value_problems(rule.get("items"), f"{where}.items", depth + 1)


def _unknown_keys(schema: Mapping[str, Any], known: frozenset[str], where: str) -> Iterator[str]:
    for key in sorted(map(str, set(schema) - known)):
        yield _("%(where)s: Retell does not take %(key)s here") % {"where": where, "key": key}
