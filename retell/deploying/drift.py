"""What differs between what is configured here and what is live."""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel

from mcp_gateway.errors import GatewayError
from retell.account import gateway_error
from retell.client import RetellClient, RetellError
from retell.deploying import last_seen
from retell.deploying.changes import Change, changes
from retell.deploying.drafts import Situation, look
from retell.deploying.engines import Json
from retell.deploying.last_seen import Seen
from retell.deploying.numbers import Line, lines_of
from retell.deploying.tools import dangling
from retell.deploying.wanted import Wanted, applied, attempted_of, wanted_of
from retell.models import RetellConfiguration


class Drift(BaseModel):
    """One agent. `differences` are what deploying would change; `words` say all of it. `kind`: why it can't be told."""

    agent_id: str
    agent_name: str = ""
    in_sync: bool = False
    kind: str = ""
    words: list[str] = []
    live_version: int | None = None
    deployed_version: int | None = None
    draft_version: int | None = None
    differences: list[Change] = []
    foreign_changes: list[Change] = []
    dangling_nodes: list[str] = []
    numbers: list[Line] = []


def drifts(client: RetellClient, configurations: Sequence[RetellConfiguration]) -> list[Drift]:
    """Raises RetellError where the account can't be reached at all."""
    lines = client.phone_numbers()
    return [drift_of(client, configuration, lines) for configuration in configurations]


def drift_of(client: RetellClient, configuration: RetellConfiguration, lines: Sequence[Json]) -> Drift:
    found = Drift(agent_id=configuration.agent_id, deployed_version=configuration.deployed_version)
    wanted = wanted_of(configuration)
    try:
        situation = look(client, configuration.agent_id, [wanted, *attempted_of(configuration)])
        _compare(found, situation, wanted)
    except (RetellError, GatewayError) as error:
        told = gateway_error(error) if isinstance(error, RetellError) else error
        found.kind, found.words = told.kind, [_(told.message)]
        return found
    found.numbers = lines_of(lines, configuration, found.live_version)
    found.words = _words(found)
    found.in_sync = not (found.words or found.differences)
    last_seen.note(configuration, _seen(found))
    return found


def _seen(found: Drift) -> Seen:
    return Seen(
        at=timezone.now(),
        agent_name=found.agent_name,
        live_version=found.live_version,
        in_sync=found.in_sync,
        differences=len(found.differences),
    )


def _compare(found: Drift, situation: Situation, wanted: Wanted) -> None:
    compared = situation.live or situation.newest
    found.agent_name = compared.agent.get("agent_name") or ""
    found.live_version = situation.live.version if situation.live else None
    found.draft_version = situation.draft.version if situation.draft else None
    found.differences = changes(compared, applied(compared, wanted))
    found.foreign_changes = situation.foreign
    found.dangling_nodes = dangling(compared.kind, compared.engine)


def _words(found: Drift) -> list[str]:
    told = {"live": found.live_version, "ours": found.deployed_version, "draft": found.draft_version}
    said = []
    if found.live_version is None:
        said.append(_("No version of the agent is published"))
    elif found.deployed_version is None:
        said.append(_("Nothing was deployed from here yet"))
    elif found.deployed_version != found.live_version:
        said.append(_("Version %(live)s is live, but version %(ours)s was deployed from here") % told)
    said += [change.words for change in found.differences]
    if found.foreign_changes:
        listed = "; ".join(change.words for change in found.foreign_changes)
        said.append(_("Somebody works on draft %(draft)s: %(changes)s") % {**told, "changes": listed})
    if found.dangling_nodes:
        nodes = ", ".join(found.dangling_nodes)
        said.append(_("These nodes point at a function that is not there: %(nodes)s") % {"nodes": nodes})
    return said + [line.words for line in found.numbers if line.is_behind or line.asks_us is False]
