"""What a person has to do for the caller: one follow-up per call, however often it is asked for."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.conversation.turn import Turn, function
from appointments.follow_ups import call_back
from appointments.phones import region_of, to_e164
from appointments.staff_language import for_staff
from appointments.voice import Reply, meaningful

MAX_NOTES, MAX_PHONE = 1000, 40


@function
def request_callback(turn: Turn) -> Reply:
    """Note that somebody is to call back. A hidden number is asked for; it is where to call, never who somebody is."""
    said = turn.said
    told = meaningful(said.phone, max_length=MAX_PHONE)
    number = to_e164(told, region=region_of(turn.company.phone_number))
    reason = meaningful(said.reason, max_length=MAX_NOTES) or meaningful(said.notes, max_length=MAX_NOTES)
    name = meaningful(said.name, max_length=150)
    by = for_staff(turn.company, gettext_lazy("Asked for by %(name)s."), name=name) if name else ""
    on = for_staff(turn.company, gettext_lazy("On %(number)s."), number=number) if number else ""
    wishes = " ".join(filter(None, (by, on, reason)))
    call_back(turn.call, wishes or for_staff(turn.company, gettext_lazy("The caller asked for it.")))
    if not (number or turn.call.caller_phone):
        message = _("I have noted that. On which number can we reach you?")
        return turn.question("phone_required", message)
    return turn.reply("callback_noted", _("I have noted that you would like to be called back."))


def ask_to_be_called(turn: Turn, what_to_do: str, status: str) -> Reply:
    """For who can't be known by their number: the same words for everybody."""
    call_back(turn.call, what_to_do)
    message = _(
        "I can only look that up for the number that an appointment was made with, and I don't see yours. "
        "On which number may somebody call you back?"
    )
    return turn.question(status, message)
