"""What became of a deployment, agent by agent, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _


def deployment_in_words(agents: Sequence[Mapping[str, Any]]) -> Iterator[tuple[bool, str]]:
    """Whether it went well, and a sentence, for each agent of what `retell_config.deployCustomFunctions` answers."""
    for agent in agents:
        names = {"agent": agent["agent_id"], "version": agent.get("live_version"), "reason": agent.get("reason", "")}
        if agent.get("status") == "up_to_date":
            yield True, _("Agent %(agent)s: everything is as it should be, version %(version)s is live.") % names
        elif agent["success"]:
            yield True, _("Agent %(agent)s: deployed, version %(version)s is live.") % names
        else:
            yield False, _("Agent %(agent)s: not deployed. %(reason)s") % names
