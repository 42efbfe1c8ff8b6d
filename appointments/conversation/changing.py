"""Moving an appointment: the one of the number that calls, or what this call has only wished so far."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import holds
from appointments.availability import Period, calendar_starts, period_of
from appointments.calendar import CalendarError, OutcomeUnknown, SlotTaken
from appointments.changes import NotChangeable, reschedule_appointment
from appointments.conversation import speaking
from appointments.conversation.asking import ask_when, ask_which_offer, understood
from appointments.conversation.cancelling import MAX_REASON, own_wish, unchanged
from appointments.conversation.checking import free_on_day
from appointments.conversation.collecting import AFTER, BEFORE, collect_at
from appointments.conversation.identity import (
    appointments_of_caller,
    not_clear_yet,
    refused_by_notice,
    scheduled,
    the_one_meant,
)
from appointments.conversation.turn import Turn, function
from appointments.desk import audited
from appointments.models import Appointment
from appointments.spoken import USUAL_OPENING, Problem, choose
from appointments.staff_language import for_staff
from appointments.voice import Reply, meaningful

MAX_WORDS = 120


@function
def change(turn: Turn) -> Reply:
    """Move what the caller names to another time; done only when the calendar says so."""
    held = own_wish(turn)
    if turn.call.caller_phone is None and held is not None:
        return collect_at(turn, turn.said.new_date, turn.said.new_time)
    found = appointments_of_caller(turn, gettext_lazy("wants to move an appointment"))
    if isinstance(found, Reply):
        return found
    found = scheduled(found)
    meant = _offered_a_move(turn, found) or the_one_meant(turn, [*([held] if held else []), *found])
    if isinstance(meant, Reply):
        return meant
    if held is not None and meant.pk == held.pk:
        return collect_at(turn, turn.said.new_date, turn.said.new_time)
    unclear = not_clear_yet(turn, meant, gettext_lazy("wants to move it"))
    return unclear or refused_by_notice(turn, meant) or _to_new_time(turn, meant)


def _offered_a_move(turn: Turn, appointments: list[Appointment]) -> Appointment | None:
    """The appointment whose new times were told just before, where the caller names no other."""
    if meaningful(turn.said.date, max_length=MAX_WORDS) or meaningful(turn.said.time, max_length=MAX_WORDS):
        return None
    moving = {offer.moving_id for offer in holds.offers_to(turn.call)}
    return next((appointment for appointment in appointments if appointment.pk in moving), None)


def _to_new_time(turn: Turn, appointment: Appointment) -> Reply:
    start = _new_start(turn, appointment)
    if isinstance(start, Reply):
        return start
    if start == appointment.starts_at:
        message = _("Your appointment is at that time already: %(appointment)s.")
        named = {"appointment": speaking.named(turn, appointment)}
        return turn.reply("unchanged", message % named, **_times(turn, appointment.starts_at, start))
    try:
        starts = _starts_to_move_to(turn, appointment, start)
    except CalendarError as trouble:
        return _not_moved(turn, appointment, start, trouble)
    if start not in starts:
        return _others(turn, appointment, start, starts)
    return _moved(turn, appointment, start, starts)


def _new_start(turn: Turn, appointment: Appointment) -> datetime | Reply:
    """The new time as said, or as chosen of those told; only an hour is meant for the same day."""
    said = turn.said
    when = understood(turn, said.new_date, said.new_time)
    if when.start is None and (chosen := _chosen_offer(turn, appointment)):
        return chosen
    words = [meaningful(word, max_length=MAX_WORDS) for word in (said.new_date, said.new_time)]
    if when.problem is Problem.DATE_REQUIRED and any(words):
        same_day = appointment.starts_at.astimezone(turn.zone).date().isoformat()
        when = understood(turn, same_day, " ".join(filter(None, words)))
    if when.start is not None:
        return when.start
    if when.problem is Problem.TIME_REQUIRED and when.date is not None:
        return free_on_day(turn, appointment.service, when, moving=appointment)
    return ask_when(turn, when)


def _chosen_offer(turn: Turn, appointment: Appointment) -> datetime | Reply | None:
    offers = [offer.starts_at for offer in holds.offers_to(turn.call) if offer.moving_id == appointment.pk]
    date, time = (meaningful(word, max_length=MAX_WORDS) for word in (turn.said.new_date, turn.said.new_time))
    if not offers or not (date or time):
        return None
    opening = turn.company.opening or USUAL_OPENING
    choice = choose(date, time, offers, now=turn.heard_at, zone=turn.zone, opening=opening)
    if choice is None:
        return None
    return offers[choice.index] if choice.index is not None else ask_which_offer(turn, offers)


def _starts_to_move_to(turn: Turn, appointment: Appointment, start: datetime) -> list[datetime]:
    """What the calendar offers around the new time; the appointment's own old time is no obstacle."""
    calendar, service = turn.calendar(), appointment.service
    first, last = max(turn.heard_at, start - BEFORE), start + AFTER
    starts = calendar_starts(calendar, service, first, last)
    old = Period(appointment.starts_at, appointment.ends_at)
    if start not in starts and period_of(service, start).overlaps(old):
        return list(calendar.free_starts(service, first, last, moving_uid=appointment.calcom_booking_uid or ""))
    return starts


def _moved(turn: Turn, appointment: Appointment, start: datetime, starts: list[datetime]) -> Reply:
    said = meaningful(turn.said.reason, max_length=MAX_REASON)
    reason = said or for_staff(turn.company, gettext_lazy("Moved by phone"))
    times = _times(turn, appointment.starts_at, start)
    try:
        with audited(appointment, "appointment.moved", turn.by, reason):
            moved = reschedule_appointment(
                appointment, start=start, reason=reason, call=turn.call, deadline=turn.write_deadline
            )
    except SlotTaken:
        return _others(turn, appointment, start, [other for other in starts if other != start])
    except OutcomeUnknown:
        message = _("The calendar has not confirmed the change yet. Somebody will look into it: %(moment)s.")
        return turn.reply("change_pending", message % {"moment": speaking.moment(turn, start)}, **times)
    except (NotChangeable, CalendarError) as trouble:
        return _not_moved(turn, appointment, start, trouble)
    holds.forget_offers(turn.call)
    named = {"appointment": speaking.named(turn, moved)}
    if moved.status == Appointment.Status.SCHEDULED:
        return turn.reply("changed", _("Your appointment is moved: %(appointment)s.") % named, **times)
    message = _("I have passed the new time on: %(appointment)s. It still has to be confirmed by us.")
    return turn.reply("change_requested", message % named, **times)


def _others(turn: Turn, appointment: Appointment, wished: datetime, starts: list[datetime]) -> Reply:
    offers = holds.offer_instead(appointment, turn.call, wished, starts).offers
    told = [offer.starts_at for offer in offers]
    message = speaking.free_instead(turn, wished, told)
    kept = _("Your appointment stays as it was: %(appointment)s.") % {"appointment": speaking.named(turn, appointment)}
    return turn.reply(
        "slot_taken" if told else "no_slots",
        f"{message} {kept}",
        alternatives=[speaking.as_data(turn, start) for start in told],
        **_times(turn, appointment.starts_at, wished),
    )


def _not_moved(turn: Turn, appointment: Appointment, start: datetime, trouble: Exception) -> Reply:
    wanted = gettext_lazy("The caller wants to move appointment %(number)s to %(when)s.")
    what_to_do = for_staff(turn.company, wanted, number=appointment.pk, when=start)
    return unchanged(turn, appointment, trouble, what_to_do)


def _times(turn: Turn, old: datetime, new: datetime) -> dict[str, str]:
    """Old and new time under both languages' names: prompts speak them."""
    spoken = (speaking.day(turn, old), speaking.clock(turn, old), speaking.day(turn, new), speaking.clock(turn, new))
    english = ("old_date", "old_time", "new_date", "new_time")
    german = ("altes_datum", "alte_uhrzeit", "neues_datum", "neue_uhrzeit")
    return dict(zip(english + german, spoken + spoken, strict=True))
