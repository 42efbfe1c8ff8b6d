"""What differs between two versions of an agent: part by part, with what Retell fills in by itself left out.

A part is a setting of the agent, a field of its engine, one function, one state or one node.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from pydantic import BaseModel

from mcp_gateway.fields import mask
from retell.deploying.engines import FLOW, Content, Json
from retell.webhook_urls import DEFAULT_EVENTS

OF_VERSION: Final = frozenset(
    {
        "version",
        "base_version",
        "is_published",
        "version_title",
        "version_description",
        "assigned_tags",
        "last_modification_timestamp",
    }
)
AGENT_DEFAULTS: Final[Json] = {"webhook_events": list(DEFAULT_EVENTS), "webhook_timeout_ms": 10_000}
TOOL_DEFAULTS: Final[Json] = {
    "args_at_root": False,
    "parameter_type": "json",
    "method": "POST",
    "max_retry": 0,
    "speak_after_execution": True,
    "speak_during_execution": False,
    "timeout_ms": 120_000,
    "enable_typing_sound": False,
}
SECRET: Final = re.compile(r"key|token|secret|password|auth|headers|query_params|cookie", re.IGNORECASE)
MAX_SHOWN = 600


class Kind(StrEnum):
    SETTING = "setting"
    PROMPT = "prompt"
    ENGINE = "engine"
    FUNCTION = "function"
    STATE = "state"
    NODE = "node"


Part = tuple[Kind, str]
Parts = Mapping[Part, Any]


class Change(BaseModel):
    """One part's difference; `before` and `after` are short, without secrets, and null where there is nothing."""

    kind: Kind
    name: str
    before: Any = None
    after: Any = None
    words: str


def parts_of(content: Content) -> Parts:
    """The version's parts in one form, whatever was filled in or left out."""
    return dict(_parts(content))


def changed_parts(before: Parts, after: Parts) -> list[Part]:
    return sorted(part for part in before.keys() | after.keys() if before.get(part) != after.get(part))


def changes(before: Content, after: Content) -> list[Change]:
    was, will = parts_of(before), parts_of(after)
    return [change_of(part, was.get(part), will.get(part)) for part in changed_parts(was, will)]


def change_of(part: Part, before: Any, after: Any) -> Change:
    kind, name = part
    was, will = _inner(before, after)
    shown = {"before": shown_of(was), "after": shown_of(will)}
    return Change(kind=kind, name=name, **shown, words=_words(part, before, after))


def shown_of(value: Any) -> Any:
    """What may be shown and kept of a value: secrets masked, long texts cut."""
    if isinstance(value, Mapping):
        return {name: _hidden(part) if SECRET.search(name) else shown_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shown_of(part) for part in value]
    if not isinstance(value, str):
        return value
    address = re.sub(r"(?<=\?)\S*|(?<=//)[^/@\s]*(?=@)", "…", value) if "://" in value[:10] else value
    return address if len(address) <= MAX_SHOWN else f"{address[:MAX_SHOWN]}…"


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(part) for name, part in value.items()}
    return mask(value) if isinstance(value, str) else "••••"


def _parts(content: Content) -> Iterator[tuple[Part, Any]]:
    kind, engine = content.kind, content.engine
    for name, value in {**AGENT_DEFAULTS, **_told(content.agent)}.items():
        if name not in OF_VERSION and name not in ("agent_id", "response_engine"):
            yield (Kind.SETTING, name), sorted(value) if name == "webhook_events" else _plain(value)
    bound = content.agent["response_engine"]
    yield (Kind.ENGINE, "response_engine"), {name: part for name, part in bound.items() if name != "version"}
    for name, value in _told(engine).items():
        if name not in OF_VERSION and name not in (kind.id_field, kind.tools, kind.holders):
            yield (Kind.PROMPT if name == kind.prompt else Kind.ENGINE, name), _plain(value)
    yield from _tool_parts(engine.get(kind.tools), "")
    for holder in engine.get(kind.holders) or ():
        name = str(holder.get(kind.holder_key))
        rest = {key: value for key, value in holder.items() if key != "tools"}
        yield (Kind.NODE if kind is FLOW else Kind.STATE, name), _plain(rest, drops_false=True)
        yield from _tool_parts(holder.get("tools"), f"{name}/")


def _tool_parts(tools: list[Json] | None, where: str) -> Iterator[tuple[Part, Any]]:
    for tool in tools or ():
        filled = {**TOOL_DEFAULTS, **_told(tool)} if tool.get("type") == "custom" else tool
        yield (Kind.FUNCTION, f"{where}{tool.get('name')}"), _plain(filled)


def _told(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any, *, drops_false: bool = False) -> Any:
    """Without what is empty: Retell writes it in or leaves it out. It also writes false onto every node."""
    if isinstance(value, Mapping):
        inner = {name: _plain(part, drops_false=drops_false) for name, part in value.items()}
        return {name: part for name, part in inner.items() if not _is_empty(part, drops_false)}
    if isinstance(value, list):
        return [_plain(part, drops_false=drops_false) for part in value]
    return value


def _is_empty(value: Any, drops_false: bool) -> bool:
    return value is None or value in ("", [], {}) or (drops_false and value is False)


def _inner(before: Any, after: Any) -> tuple[Any, Any]:
    """Of two objects only the fields that differ."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return before, after
    names = _differing(before, after)
    return tuple({name: side[name] for name in names if name in side} for side in (before, after))  # type: ignore[return-value]


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _words(part: Part, before: Any, after: Any) -> str:
    told = {"part": _title(part)}
    if before is None:
        return _("%(part)s is added") % told
    if after is None:
        return _("%(part)s is taken away") % told
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return _("%(part)s changes: %(fields)s") % {**told, "fields": ", ".join(_differing(before, after))}
    if part[0] is Kind.PROMPT:
        return _("%(part)s changes") % told
    return _("%(part)s: %(before)s → %(after)s") % {**told, "before": _short(before), "after": _short(after)}


def _title(part: Part) -> str:
    kind, name = part
    titles = {
        Kind.SETTING: _("The setting %(name)s"),
        Kind.PROMPT: _("The prompt"),
        Kind.ENGINE: _("The response engine's %(name)s"),
        Kind.FUNCTION: _("The function %(name)s"),
        Kind.STATE: _("The state %(name)s"),
        Kind.NODE: _("The node %(name)s"),
    }
    return titles[kind] % {"name": name} if kind is not Kind.PROMPT else titles[kind]


def _short(value: Any) -> str:
    shown = shown_of(value)
    text = ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
    return text if len(text) <= 100 else f"{text[:100]}…"
