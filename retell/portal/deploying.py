"""What became of a deployment of one agent, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def in_words(agent: Mapping[str, Any]) -> str:
    """A sentence for a row of what `retell_config.deployCustomFunctions` answers."""
    names = {"agent": agent["agent_id"], "version": agent.get("live_version"), "reason": agent.get("reason", "")}
    if agent.get("status") == "up_to_date":
        return _("Agent %(agent)s: everything is as it should be, version %(version)s is live.") % names
    if agent["success"]:
        return _("Agent %(agent)s: deployed, version %(version)s is live.") % names
    return _("Agent %(agent)s: not deployed. %(reason)s") % names
