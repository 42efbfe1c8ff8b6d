"""What went wrong, told to staff: what happened, what it means, what to do."""

from django.utils.translation import gettext as _

from appointments.calendar import BookingRefused, CalendarUnreachable, OutcomeUnknown, SlotTaken
from appointments.changes import BeingChanged
from appointments.models import Appointment
from appointments.staff_language import moment


def named(appointment: Appointment) -> str:
    """An appointment in a sentence: who, what, when."""
    return _("%(who)s, %(service)s, %(when)s") % {
        "who": who(appointment),
        "service": appointment.service.name,
        "when": moment(appointment.starts_at, appointment.company),
    }


def who(appointment: Appointment) -> str:
    customer = str(appointment.customer) if appointment.customer else ""
    return appointment.attendee_name or customer or _("without a name")


def trouble(error: Exception, appointment: Appointment | None = None) -> str:
    """An error of `changes` or of the calendar, in words."""
    if isinstance(error, SlotTaken):
        return _("This time is not free any more: nothing was changed. Choose another one.")
    if isinstance(error, CalendarUnreachable):
        return _("The calendar can't be reached: nothing was changed. Try again in a few minutes.")
    if isinstance(error, OutcomeUnknown):
        return _(
            "The calendar did not answer: the change may have reached it, or not. Don't repeat it at once. The system "
            "looks there again by itself, and a follow-up says so."
        )
    if isinstance(error, BookingRefused):
        return _("The calendar does not accept this: nothing was changed. It says: %(words)s") % {"words": error}
    if isinstance(error, BeingChanged):
        return _("Somebody is changing this appointment at this moment: nothing was changed. Try again in a minute.")
    if appointment is not None:
        state = {"state": appointment.get_status_display()}
        return _("Nothing was changed: the appointment is %(state)s by now.") % state
    return _("The calendar could not do that: nothing was changed.")
