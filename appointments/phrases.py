"""How the audit trail tells what happens to appointments."""

from django.utils.translation import gettext_lazy as _

from mcp_gateway.trail import register_phrases

register_phrases(
    {
        "appointment.booked": _("%(actor)s booked %(object)s in the calendar"),
        "appointment.given_up": _("%(actor)s gave up booking %(object)s"),
        "appointment.moved": _("%(actor)s moved %(object)s"),
        "appointment.cancelled": _("%(actor)s cancelled %(object)s"),
        "appointment.changed_in_calendar": _("%(actor)s took over a change of %(object)s from the calendar"),
        "appointment.expired": _("%(actor)s let go the time of %(object)s"),
        "customer.filled": _("%(actor)s filled in what was not known of %(object)s"),
        "follow_up.opened": _("%(actor)s opened %(object)s"),
        "follow_up.added_to": _("%(actor)s added to %(object)s"),
        "follow_up.done": _("%(actor)s finished %(object)s"),
        "appointment.mirrored_from_calendar": _("%(actor)s took over %(object)s from the calendar"),
    }
)
