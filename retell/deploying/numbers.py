"""The phone numbers that an agent answers and calls from: which of its versions, and who is asked before a call."""

from collections.abc import Sequence
from typing import Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel

from retell.addresses import inbound_url, shared_inbound_url
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
    """`version` is the published one. Asking for another of the company's agents asks the same company."""
    siblings = RetellConfiguration.objects.filter(company=configuration.company_id)
    asking_us = {shared_inbound_url(), *map(inbound_url, siblings)}
    return [
        _line(number, tie, direction, asking_us, version)
        for number in numbers
        for name, direction in LISTS.items()
        for tie in number.get(name) or ()
        if tie.get("agent_id") == configuration.agent_id
    ]


def move(client: RetellClient, line: Line, agent_id: str, version: int) -> None:
    """Point a number at this version; its other agents stay as they are by now."""
    number = client.phone_number(line.phone_number)
    name = f"{line.direction}_agents"
    ties = [
        {**tie, "agent_version": version} if tie.get("agent_id") == agent_id else tie for tie in number.get(name) or ()
    ]
    client.update_phone_number(line.phone_number, {name: ties})


def ask_us(client: RetellClient, phone_number: str, configuration: RetellConfiguration) -> None:
    client.update_phone_number(phone_number, {"inbound_webhook_url": inbound_url(configuration)})


def _line(
    number: Json, tie: Json, direction: Literal["inbound", "outbound"], asking_us: set[str], version: int | None
) -> Line:
    pinned = tie.get("agent_version", LATEST)
    url = number.get("inbound_webhook_url")
    asks_us = url in asking_us if direction == "inbound" else None
    is_behind = isinstance(pinned, int) and pinned != version
    return Line(
        phone_number=number["phone_number"],
        direction=direction,
        agent_version=pinned,
        is_behind=is_behind,
        inbound_webhook_url=shown_of(url) if direction == "inbound" else None,
        asks_us=asks_us,
        words=_words(number["phone_number"], pinned, is_behind, asks_us),
    )


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
