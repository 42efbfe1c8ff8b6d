"""The phone numbers that an agent answers and calls from: which of its versions, and who is asked before a call."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel

from retell.addresses import inbound_url, is_inbound_url
from retell.client import LATEST, LATEST_PUBLISHED, RetellClient
from retell.deploying.changes import shown_of
from retell.deploying.engines import Json
from retell.models import RetellConfiguration

LISTS: dict[str, Literal["inbound", "outbound"]] = {"inbound_agents": "inbound", "outbound_agents": "outbound"}


class Line(BaseModel):
    """One number's tie to the agent. `is_behind`: it is pinned to another version than the published one.

    `asks_us`: whether we are asked before the agent answers; null for calls that go out.
    """

    phone_number: str
    direction: Literal["inbound", "outbound"]
    agent_version: int | str
    is_behind: bool
    inbound_webhook_url: str | None = None
    asks_us: bool | None = None
    words: str = ""


def lines_of(numbers: Sequence[Json], configuration: RetellConfiguration, version: int | None) -> list[Line]:
    """`version` is the published one."""
    return [line for number in numbers for line in _lines(number, configuration, version)]


def move(client: RetellClient, phone_number: str, agent_id: str, version: int) -> None:
    """Point a number that is pinned at another version at this one; its other agents stay."""
    number = client.phone_number(phone_number)
    changes = {
        name: [{**tie, "agent_version": version} if _is_pinned(tie, agent_id) else tie for tie in number[name]]
        for name in LISTS
        if any(_is_pinned(tie, agent_id) for tie in number.get(name) or ())
    }
    client.update_phone_number(phone_number, changes)


def ask_us(client: RetellClient, phone_number: str, configuration: RetellConfiguration) -> None:
    client.update_phone_number(phone_number, {"inbound_webhook_url": inbound_url(configuration)})


def _lines(number: Json, configuration: RetellConfiguration, version: int | None) -> Iterator[Line]:
    for name, direction in LISTS.items():
        for tie in number.get(name) or ():
            if tie.get("agent_id") == configuration.agent_id:
                yield _line(number, tie.get("agent_version", LATEST), direction, configuration, version)


def _line(
    number: Json,
    pinned: int | str,
    direction: Literal["inbound", "outbound"],
    configuration: RetellConfiguration,
    version: int | None,
) -> Line:
    url = number.get("inbound_webhook_url")
    is_inbound = direction == "inbound"
    asks_us = is_inbound_url(url, configuration) or _of_siblings(url, configuration) if is_inbound else None
    is_behind = isinstance(pinned, int) and pinned != version
    return Line(
        phone_number=number["phone_number"],
        direction=direction,
        agent_version=pinned,
        is_behind=is_behind,
        inbound_webhook_url=shown_of(url) if is_inbound else None,
        asks_us=asks_us,
        words=_words(number["phone_number"], pinned, is_behind, asks_us),
    )


def _of_siblings(url: Any, configuration: RetellConfiguration) -> bool:
    """Whether another agent of the same company is named in it, which asks the same company."""
    siblings = RetellConfiguration.objects.filter(company=configuration.company_id).exclude(pk=configuration.pk)
    return any(url == inbound_url(sibling) for sibling in siblings)


def _words(phone_number: str, pinned: int | str, is_behind: bool, asks_us: bool | None) -> str:
    told = {"number": phone_number, "version": pinned}
    said = []
    if is_behind:
        said.append(_("%(number)s stays with version %(version)s of the agent") % told)
    elif pinned == LATEST:
        said.append(_("%(number)s takes the newest version of the agent, published or not") % told)
    elif isinstance(pinned, str) and pinned != LATEST_PUBLISHED:
        said.append(_("%(number)s takes the version with the tag %(version)s") % told)
    if asks_us is False:
        said.append(_("%(number)s does not ask us before it answers") % told)
    return "; ".join(said)


def _is_pinned(tie: Json, agent_id: str) -> bool:
    return tie.get("agent_id") == agent_id and isinstance(tie.get("agent_version"), int)
