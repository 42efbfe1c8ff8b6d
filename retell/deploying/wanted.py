"""What an agent is to have, as it is configured here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from retell.addresses import function_url, webhook_url
from retell.agent_settings import settings_of
from retell.custom_functions import functions_of
from retell.deploying.engines import Content, Json
from retell.deploying.tools import with_functions
from retell.models import RetellConfiguration
from retell.webhook_urls import DEFAULT_EVENTS


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`agent`: settings of the agent itself; `functions`: custom tools by name; `prompt` None: not ours to say.

    Of functions in `dropped` those that call us are taken away.
    """

    agent: Json
    functions: Mapping[str, Json]
    dropped: tuple[str, ...] = ()
    prompt: str | None = None

    def as_json(self) -> Json:
        return {**asdict(self), "dropped": list(self.dropped)}

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Wanted":
        return cls(**{**stored, "dropped": tuple(stored["dropped"])})


def attempted_of(configuration: RetellConfiguration) -> list[Wanted]:
    """What deployments that did not come to their end have wanted since the last one that did."""
    return [Wanted.of_json(stored) for stored in configuration.attempted or ()]


def wanted_of(configuration: RetellConfiguration) -> Wanted:
    functions = functions_of(configuration)
    webhook = {
        "webhook_url": webhook_url(configuration),
        "webhook_events": configuration.webhook_events or list(DEFAULT_EVENTS),
    }
    url = function_url(configuration)
    return Wanted(
        agent={**webhook, **settings_of(configuration)},
        functions={function.name: function.as_tool(url) for function in functions if function.enabled},
        dropped=tuple(function.name for function in functions if not function.enabled),
        prompt=configuration.prompt_template or None,
    )


def applied(content: Content, wanted: Wanted) -> Content:
    """The version as it would be with what is wanted; whatever else is in it stays."""
    engine = {**content.engine, **with_functions(content.kind, content.engine, wanted.functions, wanted.dropped)}
    if wanted.prompt is not None:
        engine[content.kind.prompt] = wanted.prompt
    return Content(kind=content.kind, agent={**content.agent, **wanted.agent}, engine=engine)
