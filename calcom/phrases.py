"""How the audit trail tells what is taken over from Cal.com."""

from django.utils.translation import gettext_lazy as _

from mcp_gateway.trail import register_phrases

register_phrases({"event_types.synced": _("%(actor)s took over the event types of %(object)s from Cal.com")})
