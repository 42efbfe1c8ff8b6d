"""Agents as Retell has them, next to what is kept of them here. Nothing secret of other people's functions is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from appointments.models import Company
from retell.addresses import inbound_url, is_function_url, webhook_url
from retell.client import LATEST, LATEST_PUBLISHED, ErrorKind, RetellClient, RetellError
from retell.deploying.changes import shown_of
from retell.deploying.engines import KINDS, EngineKind
from retell.models import RetellConfiguration
from retell.webhook_urls import DEFAULT_EVENTS


class AgentLine(BaseModel):
    """One agent of the account. What is set up and deployed is null where the company has not set it up here."""

    agent_id: str
    agent_name: str
    is_configured: bool
    deployed_version: int | None = None
    deployed_at: datetime | None = None
    last_test_at: datetime | None = None
    last_test_outcome: str = ""


class Function(BaseModel):
    """One of the agent's tools; `is_ours`: it calls us."""

    name: str
    type: str
    url: str | None = None
    is_ours: bool = False


class Agent(BaseModel):
    """`version` is the published one, or the newest draft where none was ever published."""

    agent_id: str
    agent_name: str
    version: int
    is_published: bool
    engine: str
    prompt: str | None
    functions: list[Function]
    settings: dict[str, Any]
    deployed_version: int | None
    deployed_at: datetime | None


class WebhookState(BaseModel):
    """`webhook_url`, `webhook_events` and `webhook_timeout_ms` are what is to be; `live` is what is, null where
    Retell does not say, for the reason in `problem`.
    """

    agent_id: str
    webhook_url: str
    webhook_events: list[str]
    webhook_timeout_ms: int | None
    inbound_webhook_url: str
    live: dict[str, Any] | None = None
    problem: str = ""
    last_test_at: datetime | None
    last_test_outcome: str


SHOWN_SETTINGS = ("language", "timezone", "voice_id", "webhook_url", "webhook_events", "webhook_timeout_ms")


def agents_of(client: RetellClient, company: Company) -> list[AgentLine]:
    """The account's agents but for those that are another company's alone: accounts may be shared."""
    listed = client.agents()
    rows = RetellConfiguration.objects.filter(agent_id__in=[row["agent_id"] for row in listed])
    own = {row.agent_id: row for row in rows if row.company_id == company.pk}
    others = {row.agent_id for row in rows} - own.keys()
    return [_line(row, own.get(row["agent_id"])) for row in listed if row["agent_id"] not in others]


def agent_of(client: RetellClient, configuration: RetellConfiguration) -> Agent:
    agent = published_or_newest(client, configuration.agent_id)
    bound = agent.get("response_engine") or {}
    kind = KINDS.get(bound.get("type", ""))
    version = int(agent["version"])
    engine = client.engine(kind.noun, bound[kind.id_field], bound.get("version", version)) if kind else {}
    return Agent(
        agent_id=configuration.agent_id,
        agent_name=agent.get("agent_name") or "",
        version=version,
        is_published=bool(agent.get("is_published")),
        engine=str(bound.get("type")),
        prompt=engine.get(kind.prompt) if kind else None,
        functions=_functions(kind, engine) if kind else [],
        settings={name: shown_of(agent[name]) for name in SHOWN_SETTINGS if name in agent},
        deployed_version=configuration.deployed_version,
        deployed_at=configuration.deployed_at,
    )


def webhook_of(client: RetellClient, configuration: RetellConfiguration) -> WebhookState:
    state = WebhookState(
        agent_id=configuration.agent_id,
        webhook_url=webhook_url(configuration),
        webhook_events=configuration.webhook_events or list(DEFAULT_EVENTS),
        webhook_timeout_ms=(configuration.settings or {}).get("webhook_timeout_ms"),
        inbound_webhook_url=inbound_url(configuration),
        last_test_at=configuration.last_test_at,
        last_test_outcome=configuration.last_test_outcome,
    )
    try:
        agent = published_or_newest(client, configuration.agent_id)
    except RetellError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        state.problem = str(ErrorKind.NOT_FOUND)
        return state
    names = ("version", "is_published", "webhook_url", "webhook_events", "webhook_timeout_ms")
    state.live = {name: agent.get(name) for name in names}
    return state


def published_or_newest(client: RetellClient, agent_id: str) -> dict[str, Any]:
    try:
        return client.agent(agent_id, LATEST_PUBLISHED)
    except RetellError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
    return client.agent(agent_id, LATEST)


def _line(row: Mapping[str, Any], configuration: RetellConfiguration | None) -> AgentLine:
    line = AgentLine(
        agent_id=row["agent_id"], agent_name=row.get("agent_name") or "", is_configured=configuration is not None
    )
    if configuration is not None:
        line.deployed_version, line.deployed_at = configuration.deployed_version, configuration.deployed_at
        line.last_test_at, line.last_test_outcome = configuration.last_test_at, configuration.last_test_outcome
    return line


def _functions(kind: EngineKind, engine: Mapping[str, Any]) -> list[Function]:
    holders = engine.get(kind.holders) or ()
    tools = [*(engine.get(kind.tools) or ()), *(tool for holder in holders for tool in holder.get("tools") or ())]
    return [
        Function(
            name=str(tool.get("name")),
            type=str(tool.get("type")),
            url=shown_of(tool.get("url")),
            is_ours=is_function_url(tool.get("url")),
        )
        for tool in tools
    ]
