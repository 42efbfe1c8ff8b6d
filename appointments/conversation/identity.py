"""Whose appointments a caller may hear of and change: those of the number that calls, and of nobody else.

The number stands in the signed body; one that is said or that a model makes up is no identity. Whoever hides it is
called back. Whether a customer exists can't be told from the answer.
"""

from datetime import date, time, timedelta

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from appointments.calendar import CalendarError
from appointments.changes import NotChangeable, catch_up, is_in_doubt, upcoming_of
from appointments.conversation import speaking
from appointments.conversation.asking import MAX_SERVICE, understood
from appointments.conversation.callbacks import ask_to_be_called
from appointments.conversation.turn import Turn
from appointments.follow_ups import call_back
from appointments.models import Appointment, Call
from appointments.service_names import find_service
from appointments.spoken import Problem, Understanding
from appointments.staff_language import for_staff
from appointments.voice import Reply, meaningful

Status = Appointment.Status

# Who asks more often in one call is trying something, or the agent has lost its thread.
LOOKUPS_PER_CALL = 10


def appointments_of_caller(turn: Turn, wants: Promise) -> list[Appointment] | Reply:
    """The upcoming appointments of the number that calls; or what is said to who can't be known.

    `wants` tells staff what it was about. One that an unclear change has turned out to cancel is among them.
    """
    if turn.call.caller_phone is None:
        told = gettext_lazy("The caller hides the number and %(wants)s.")
        return ask_to_be_called(turn, for_staff(turn.company, told, wants=wants), "callback_required")
    if not _may_look(turn.call):
        told = gettext_lazy("The caller %(wants)s; the agent asked too often.")
        call_back(turn.call, for_staff(turn.company, told, wants=wants))
        message = _("I can't look that up any more in this call. Somebody will call you back.")
        return turn.reply("too_many_lookups", message)
    return [_as_it_is(turn, appointment) for appointment in upcoming_of(turn.company, turn.call.caller_phone)]


def _as_it_is(turn: Turn, appointment: Appointment) -> Appointment:
    """As the calendar has it, where an earlier change ended unclear; as we know it, while the calendar is away."""
    if not is_in_doubt(appointment):
        return appointment
    try:
        return catch_up(appointment, deadline=turn.look_deadline)
    except (NotChangeable, CalendarError):
        return appointment


def the_one_meant(turn: Turn, appointments: list[Appointment]) -> Appointment | Reply:
    """The one that day, time and service fit; or the question which one, naming all there are."""
    if not appointments:
        message = _("I find no upcoming appointment for your number.")
        return turn.question("not_found", message)
    fitting = [appointment for appointment in appointments if _fits(turn, appointment)]
    if len(fitting) == 1:
        return fitting[0]
    listed = fitting or appointments
    if len(listed) == 1:
        message = _("I find only this appointment: %(appointments)s. Do you mean that one?")
    else:
        message = _("These are your appointments: %(appointments)s. Which one do you mean?")
    told = speaking.appointment_list(turn, listed)
    return turn.question("which_appointment", message % {"appointments": told}, appointments=as_data(turn, listed))


def not_clear_yet(turn: Turn, appointment: Appointment, wants: Promise) -> Reply | None:
    """What is said while nobody knows how an earlier change of it ended: nothing can be built on that."""
    if not is_in_doubt(appointment):
        return None
    told = gettext_lazy("The caller %(wants)s (appointment %(number)s), while an earlier change was unclear.")
    call_back(turn.call, for_staff(turn.company, told, wants=wants, number=appointment.pk))
    message = _(
        "An earlier change of your appointment has not been confirmed by the calendar yet. Somebody will look into it."
    )
    return turn.reply("change_pending", message)


def refused_by_notice(turn: Turn, appointment: Appointment) -> Reply | None:
    """What is said when it is too late for a change by phone; asked before anything else."""
    hours = turn.company.notice_hours
    if appointment.starts_at - timezone.now() >= timedelta(hours=hours):
        return None
    message = ngettext(
        "Your appointment is %(appointment)s. It can be changed by phone only until %(hours)d hour before. "
        "Shall somebody call you back?",
        "Your appointment is %(appointment)s. It can be changed by phone only until %(hours)d hours before. "
        "Shall somebody call you back?",
        hours,
    ) % {"appointment": speaking.named(turn, appointment), "hours": hours}
    return turn.reply("too_late", message, appointments=as_data(turn, [appointment]), notice_hours=hours)


def scheduled(appointments: list[Appointment]) -> list[Appointment]:
    return [appointment for appointment in appointments if appointment.status == Status.SCHEDULED]


def as_data(turn: Turn, appointments: list[Appointment]) -> list[dict[str, object]]:
    return [
        {"service": appointment.service.name, **speaking.as_data(turn, appointment.starts_at)}
        for appointment in appointments
    ]


def _may_look(call: Call) -> bool:
    mine = Call.objects.filter(pk=call.pk, lookups__lt=LOOKUPS_PER_CALL)
    return bool(mine.update(lookups=F("lookups") + 1))


def _fits(turn: Turn, appointment: Appointment) -> bool:
    """Whether it is what was named, as far as something was named."""
    when = understood(turn, turn.said.date, turn.said.time)
    local = appointment.starts_at.astimezone(turn.zone)
    return _fits_day(when, local.date()) and _fits_hour(when, local.time()) and _fits_service(turn, appointment)


def _fits_day(when: Understanding, day: date) -> bool:
    if when.date is not None:
        return day == when.date
    # A day with two readings is no riddle where the caller has an appointment on one of them only.
    return when.problem is Problem.DATE_REQUIRED or (when.problem is Problem.DATE_UNCLEAR and day in when.candidates)


def _fits_hour(when: Understanding, moment: time) -> bool:
    if when.time is not None:
        return moment == when.time
    if when.time_candidates:
        return moment in when.time_candidates
    if when.window is not None:
        return moment in when.window
    return when.problem not in (Problem.TIME_UNCLEAR, Problem.TIME_IMPOSSIBLE)


def _fits_service(turn: Turn, appointment: Appointment) -> bool:
    words = meaningful(turn.said.service, max_length=MAX_SERVICE)
    match = find_service(turn.company, words) if words else None
    return match is None or match.service is None or match.service.pk == appointment.service_id
