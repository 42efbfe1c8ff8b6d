"""What the sandbox remembers: workspaces with their versioned agents and engines, phone numbers and calls."""

import copy
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_id(prefix: str, digits: int) -> str:
    return f"{prefix}_{secrets.token_hex(digits)[:digits]}"


@dataclass(kw_only=True)
class Version:
    """One version of an agent, LLM or flow; `fields` are what the client set plus the vendor's defaults."""

    number: int
    fields: Json
    base: int | None = None
    is_published: bool = False
    modified_ms: int = field(default_factory=now_ms)

    def change(self, changes: Json) -> None:
        """Set fields; a field set to None is removed, an array is replaced whole."""
        self.fields.update(copy.deepcopy(changes))
        self.fields = {name: value for name, value in self.fields.items() if value is not None}
        self.modified_ms = now_ms()


@dataclass(kw_only=True)
class Asset:
    """An agent, LLM or flow with its versions by number."""

    id: str
    versions: dict[int, Version] = field(default_factory=dict)

    @property
    def latest(self) -> Version:
        return self.versions[max(self.versions)]

    @property
    def latest_published(self) -> Version | None:
        published = [number for number, version in self.versions.items() if version.is_published]
        return self.versions[max(published)] if published else None

    def pick(self, reference: Any = None) -> Version | None:
        """The version meant by a number, "latest" (drafts included, also when None) or "latest_published"."""
        if reference in (None, "latest"):
            return self.latest
        if reference == "latest_published":
            return self.latest_published
        text = str(reference)
        return self.versions.get(int(text)) if text.isdecimal() else None

    def branch(self, base: Version, number: int) -> Version:
        """A new draft with the content of `base`."""
        draft = Version(number=number, fields=copy.deepcopy(base.fields), base=base.number)
        self.versions[number] = draft
        return draft


@dataclass(kw_only=True)
class Workspace:
    """One customer's account; `api_key` opens the REST API, `webhook_key` is the one with the "webhook" badge.

    `webhook_url` hears of the calls of agents without a URL of their own. `insists_on_sse`: whether an MCP server must
    answer with an event stream to be understood.
    """

    api_key: str
    webhook_key: str
    org_name: str
    webhook_url: str = ""
    concurrency_limit: int = 20
    insists_on_sse: bool = True
    org_id: str = field(default_factory=lambda: new_id("org", 16))
    agents: dict[str, Asset] = field(default_factory=dict)
    llms: dict[str, Asset] = field(default_factory=dict)
    flows: dict[str, Asset] = field(default_factory=dict)
    numbers: dict[str, Json] = field(default_factory=dict)
    calls: dict[str, Json] = field(default_factory=dict)
    calls_by_idempotency_key: dict[str, tuple[int, str]] = field(default_factory=dict)

    def agent_versions(self) -> Iterator[tuple[Asset, Version]]:
        for agent in self.agents.values():
            for version in agent.versions.values():
                yield agent, version
