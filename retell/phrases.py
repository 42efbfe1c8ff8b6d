"""How the audit trail tells what was done with agents."""

from django.utils.translation import gettext_lazy as _

from mcp_gateway.trail import register_phrases

register_phrases(
    {
        "retell.agent_paused": _("%(actor)s paused %(object)s"),
        "retell.agent_resumed": _("%(actor)s let %(object)s go on"),
    }
)
