"""An agent's version together with its response engine's, as Retell describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from mcp_gateway.errors import Conflict
from retell.client import LATEST, RetellClient, unusable

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """What tells a Retell LLM from a conversation flow; `holders` are its parts that have functions of their own."""

    type: str
    noun: str
    prompt: str
    tools: str
    holders: str
    holder_key: str

    @property
    def id_field(self) -> str:
        return f"{self.noun.removeprefix('retell-').replace('-', '_')}_id"


LLM = EngineKind(
    type="retell-llm",
    noun="retell-llm",
    prompt="general_prompt",
    tools="general_tools",
    holders="states",
    holder_key="name",
)
FLOW = EngineKind(
    type="conversation-flow",
    noun="conversation-flow",
    prompt="global_prompt",
    tools="tools",
    holders="nodes",
    holder_key="id",
)
KINDS: Mapping[str, EngineKind] = {kind.type: kind for kind in (LLM, FLOW)}


@dataclass(frozen=True, kw_only=True)
class Content:
    """One version, whole."""

    kind: EngineKind
    agent: Json
    engine: Json

    @property
    def version(self) -> int:
        return int(self.agent["version"])

    @property
    def is_published(self) -> bool:
        return bool(self.agent.get("is_published"))

    @property
    def engine_id(self) -> str:
        return str(self.agent["response_engine"][self.kind.id_field])

    @property
    def engine_version(self) -> int:
        """The agent's own number, unless Retell says otherwise."""
        return int(self.agent["response_engine"].get("version", self.version))

    @property
    def is_open(self) -> bool:
        """Whether it can be written: publishing an agent makes its engine's version immutable for others too."""
        return not (self.is_published or self.engine.get("is_published"))


def read(client: RetellClient, agent_id: str, version: int | str = LATEST) -> Content:
    """A version with its engine. Raises RetellError, and Conflict ("custom_llm") where there is no engine at Retell."""
    agent = client.agent(agent_id, version)
    bound = agent.get("response_engine") or {}
    kind = KINDS.get(bound.get("type", ""))
    if kind is None:
        raise Conflict(_("A program of its own answers for this agent: Retell keeps no functions"), kind="custom_llm")
    if not bound.get(kind.id_field):
        raise unusable("The agent names no response engine.")
    content = Content(kind=kind, agent=agent, engine={})
    engine = client.engine(kind.noun, content.engine_id, content.engine_version)
    # Its arrays are written back whole: those of another one, or of none, would wipe out everybody's functions.
    number = engine.get("version", content.engine_version)
    if (engine.get(kind.id_field), number) != (content.engine_id, content.engine_version):
        raise unusable("The answer is about another response engine.")
    return replace(content, engine=engine)
