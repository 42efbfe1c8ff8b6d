"""Which appointments the caller has."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.conversation import speaking
from appointments.conversation.identity import appointments_of_caller, as_data, scheduled
from appointments.conversation.turn import Turn, function
from appointments.voice import Reply


@function
def find(turn: Turn) -> Reply:
    """Name the upcoming appointments of the number that calls."""
    found = appointments_of_caller(turn, gettext_lazy("asked for their appointments"))
    if isinstance(found, Reply):
        return found
    found = scheduled(found)
    if not found:
        return turn.reply("not_found", _("I find no upcoming appointment for your number."), appointments=[])
    message = _("You have these appointments: %(appointments)s.")
    message %= {"appointments": speaking.appointment_list(turn, found)}
    if any(appointment.sent_at for appointment in found):
        message = " ".join((message, _("A change of them has not been confirmed by the calendar yet.")))
    return turn.reply("found", message, appointments=as_data(turn, found))
