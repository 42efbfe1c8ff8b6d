"""Cancelling: what this call has only wished, or a booked appointment of the number that calls."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import holds
from appointments.calendar import BookingRefused, CalendarError, CalendarUnreachable, OutcomeUnknown
from appointments.changes import BeingChanged, NotChangeable, cancel_appointment, catch_up
from appointments.conversation import speaking
from appointments.conversation.identity import (
    appointments_of_caller,
    as_data,
    not_clear_yet,
    refused_by_notice,
    the_one_meant,
)
from appointments.conversation.turn import Turn, function
from appointments.desk import audited
from appointments.follow_ups import call_back
from appointments.models import Appointment
from appointments.staff_language import for_staff
from appointments.voice import Reply, meaningful
from appointments.wishes import drop_wish, wish_of

MAX_REASON = 300


@function
def cancel(turn: Turn) -> Reply:
    """Cancel what the caller names; done only when the calendar says so."""
    held = own_wish(turn)
    if turn.call.caller_phone is None and held is not None:
        return _drop(turn, held)
    found = appointments_of_caller(turn, gettext_lazy("wants to cancel an appointment"))
    if isinstance(found, Reply):
        return found
    meant = the_one_meant(turn, [*([held] if held else []), *found])
    if isinstance(meant, Reply):
        return meant
    if held is not None and meant.pk == held.pk:
        return _drop(turn, held)
    if meant.status == Appointment.Status.CANCELLED:
        return _is_cancelled(turn, meant)
    unclear = not_clear_yet(turn, meant, gettext_lazy("wants to cancel it"))
    return unclear or refused_by_notice(turn, meant) or _cancelled(turn, meant)


def own_wish(turn: Turn) -> Appointment | None:
    """What this very call holds for the caller: it needs no number to be theirs."""
    own = holds.own_appointment(turn.call)
    wish = wish_of(turn.call)
    is_wished = wish is not None and wish.state in ("wanted", "open")
    return own if own and is_wished and own.status in (Appointment.Status.HELD, Appointment.Status.EXPIRED) else None


def _drop(turn: Turn, held: Appointment) -> Reply:
    """Nothing was booked yet, so nothing needs cancelling in the calendar."""
    drop_wish(turn.call, turn.heard_at)
    holds.let_go(held, turn.calendar())
    message = _("All right, I have dropped your wish: %(appointment)s. Nothing will be booked.")
    return turn.reply("wish_dropped", message % {"appointment": speaking.named(turn, held)})


def _cancelled(turn: Turn, appointment: Appointment) -> Reply:
    said = meaningful(turn.said.reason, max_length=MAX_REASON)
    reason = said or for_staff(turn.company, gettext_lazy("Cancelled by phone"))
    named = {"appointment": speaking.named(turn, appointment)}
    told = as_data(turn, [appointment])
    try:
        with audited(appointment, "appointment.cancelled", turn.by, reason):
            cancel_appointment(appointment, reason=reason, deadline=turn.write_deadline)
    except OutcomeUnknown:
        message = _("The calendar has not confirmed it yet. Somebody will look into it: %(appointment)s.")
        return turn.reply("cancellation_pending", message % named, appointments=told)
    except (NotChangeable, CalendarError) as trouble:
        wanted = gettext_lazy("The caller wants to cancel appointment %(number)s.")
        return unchanged(turn, appointment, trouble, for_staff(turn.company, wanted, number=appointment.pk))
    return _is_cancelled(turn, appointment)


def _is_cancelled(turn: Turn, appointment: Appointment) -> Reply:
    message = _("Your appointment is cancelled: %(appointment)s.")
    named = {"appointment": speaking.named(turn, appointment)}
    return turn.reply("cancelled", message % named, appointments=as_data(turn, [appointment]))


def unchanged(turn: Turn, appointment: Appointment, trouble: Exception, what_to_do: str) -> Reply:
    """What was asked for could not be done: how the appointment stands, and who sees to it."""
    if isinstance(trouble, BeingChanged):
        message = _("Your appointment is just being changed. Please ask me again in a moment.")
        return turn.reply("being_changed", message)
    stands = _seen_anew(turn, appointment) if isinstance(trouble, BookingRefused) else appointment
    named, told = {"appointment": speaking.named(turn, stands)}, as_data(turn, [stands])
    if stands.status == Appointment.Status.CANCELLED:
        message = _("That appointment has been cancelled already: %(appointment)s.")
        return turn.reply("already_cancelled", message % named, appointments=told)
    if stands.starts_at != appointment.starts_at:
        message = _("Your appointment has been changed meanwhile: %(appointment)s. What shall I do with it?")
        return turn.reply("changed_meanwhile", message % named, appointments=told)
    call_back(turn.call, what_to_do, about=appointment)
    message = _("That did not work: your appointment stands as it was, %(appointment)s. Somebody will call you back.")
    status = "calendar_unreachable" if isinstance(trouble, CalendarUnreachable) else "not_changeable"
    return turn.reply(status, message % named, appointments=told)


def _seen_anew(turn: Turn, appointment: Appointment) -> Appointment:
    """The calendar refused: others may have changed the appointment there."""
    try:
        return catch_up(appointment, deadline=turn.last_deadline)
    except (NotChangeable, CalendarError):
        return appointment
