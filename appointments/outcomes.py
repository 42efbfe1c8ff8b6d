"""What became of a function call within a conversation, told to staff; the keys are the statuses of voice answers."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from appointments.spoken.meaning import Problem

OUTCOMES: dict[str, Promise] = {
    # Booking
    "collected": _("time kept for the caller"),
    "collected_unchecked": _("wish noted, calendar not reached"),
    "confirmation_required": _("asked for a yes"),
    "requested": _("wish noted"),
    "booked": _("booked in the calendar"),
    "booking_pending": _("being booked"),
    "booking_failed": _("could not be booked"),
    "already_booked": _("booked before"),
    "needs_review": _("given to staff"),
    # Looking
    "available": _("free times told"),
    "no_slots": _("nothing free"),
    "slot_taken": _("not free, others offered"),
    "calendar_unreachable": _("calendar not reached"),
    "found": _("appointments told"),
    "not_found": _("no appointment found"),
    # Changing
    "unchanged": _("nothing to change"),
    "changed": _("moved in the calendar"),
    "change_pending": _("being moved"),
    "change_requested": _("move noted"),
    "cancelled": _("cancelled in the calendar"),
    "cancellation_pending": _("being cancelled"),
    "already_cancelled": _("cancelled before"),
    "wish_dropped": _("wish dropped"),
    "being_changed": _("somebody else was changing it"),
    "changed_meanwhile": _("changed meanwhile"),
    "not_changeable": _("can't be changed any more"),
    "too_late": _("too late for a change"),
    # Asking back
    "name_required": _("asked for the name"),
    "phone_required": _("asked for the number"),
    "service_required": _("asked for the service"),
    "no_services": _("no service is set up"),
    "choice_unclear": _("asked which of the times"),
    "which_appointment": _("asked which appointment"),
    "callback_required": _("offered a call back"),
    "callback_noted": _("call back noted"),
    "too_many_lookups": _("too many names tried"),
    Problem.DATE_REQUIRED: _("asked for the day"),
    Problem.TIME_REQUIRED: _("asked for the time"),
    Problem.DATE_UNCLEAR: _("day not understood"),
    Problem.TIME_UNCLEAR: _("time not understood"),
    Problem.DATE_IN_PAST: _("day is over"),
    Problem.TIME_IN_PAST: _("time is over"),
    Problem.WEEKDAY_MISMATCH: _("weekday and date differ"),
    Problem.DATE_IMPOSSIBLE: _("no such day"),
    Problem.TIME_IMPOSSIBLE: _("no such time"),
    Problem.TIME_AMBIGUOUS: _("asked for morning or evening"),
    # What went wrong on our side
    "unknown_function": _("no such function"),
    "internal_error": _("an error on our side"),
    "rate_limited": _("too many calls"),
    "service_unavailable": _("the service was paused after errors"),
    "deadline_exceeded": _("no answer in time"),
    "upstream_error": _("the calendar refused"),
}


def in_words(status: str) -> str:
    """A status that is not ours as it is."""
    return str(OUTCOMES.get(status, status))
