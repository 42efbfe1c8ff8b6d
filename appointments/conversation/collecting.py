"""Collecting a caller's wish: understood, looked up in the calendar, held for the caller, kept twice, and read back.

What is not wholly understood becomes a question, never a guess. What was settled earlier in the call need not be said
again; what the caller asks for instead puts it in doubt until it is settled anew, and a wish in doubt is never booked.
Only where the company books during the call, and the caller has said yes to what was read back, is it booked here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from appointments import holds, reservations
from appointments.availability import calendar_starts, period_of
from appointments.booking import book
from appointments.calendar import Calendar, CalendarError, SlotTaken
from appointments.conversation import speaking
from appointments.conversation.asking import ask_when, ask_which_offer, understood, wanted_service
from appointments.conversation.checking import free_on_day
from appointments.conversation.turn import Said, Turn, function
from appointments.holds import NotHoldable, Taken
from appointments.intents import intended_appointment
from appointments.models import Appointment, Call, Company, Service
from appointments.spoken import USUAL_OPENING, Problem, choose, says_yes, sensible_name, understand_email
from appointments.voice import Reply, meaningful
from appointments.wishes import Wish, doubt_wish, note_wish, wish_of
from mcp_gateway.bell import ring_on_commit

Status = Appointment.Status

BOOK_TASK = "appointments.tasks.book_call"
MAX_NAME, MAX_NOTES, MAX_EMAIL = 150, 2000, 254
# What is looked up at once: the days around the wish, for alternatives.
BEFORE, AFTER = timedelta(days=3), timedelta(days=11)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The wish as understood, its service, and whether a written e-mail address had to be dropped."""

    wish: Wish
    service: Service
    email_lost: bool = False


@function
def collect(turn: Turn) -> Reply:
    """Hold what the caller wants, or ask. A call that is over already is booked at once: its end came first."""
    return _collect(turn)


def collect_at(turn: Turn, date: object, time: object) -> Reply:
    """The same wish at another time."""
    return _collect(replace(turn, said=Said(date=date, time=time, confirmed=turn.said.confirmed)))


def _collect(turn: Turn) -> Reply:
    earlier = _earlier_wish(turn.call)
    wanted = _understood(turn, earlier)
    if isinstance(wanted, Reply):
        _doubt(turn)
        return wanted
    try:
        return _held(turn, wanted, earlier)
    except NotHoldable as settled:
        return _settled_already(turn, wanted.wish, settled.appointment)


def _understood(turn: Turn, earlier: Wish | None) -> Wanted | Reply:
    service = wanted_service(turn, earlier_id=earlier.service_id if earlier else None)
    if isinstance(service, Reply):
        return service
    start = _start(turn, service, earlier)
    if isinstance(start, Reply):
        return start
    name = _name(turn, earlier)
    if name is None:
        return turn.question("name_required", _("What name may I book the appointment under?"))
    return _wanted(turn, service, start, name, earlier)


def _start(turn: Turn, service: Service, earlier: Wish | None) -> datetime | Reply:
    """The instant that is wished: as said, as chosen of what was offered, or as settled before; or a question."""
    date, time = turn.said.date, turn.said.time
    when = understood(turn, date, time)
    if when.start is not None:
        return when.start
    chosen = _chosen_offer(turn)
    if chosen is not None:
        return chosen
    if earlier is not None and when.problem is Problem.DATE_REQUIRED:
        words = _joined(date, time)
        if not words and _stands(turn, earlier):
            return earlier.starts_at
        # "Lieber um 16 Uhr": on the day that was spoken of.
        when = understood(turn, earlier.appointment_date.isoformat(), words) if words else when
        if when.start is not None:
            return when.start
    if when.problem is Problem.TIME_REQUIRED and when.date is not None:
        return free_on_day(turn, service, when)
    return ask_when(turn, when)


def _stands(turn: Turn, earlier: Wish) -> bool:
    """A yes, or nothing new, goes with what was read back; not with what the caller has turned away from since."""
    return earlier.state == "wanted" or (earlier.state == "open" and says_yes(turn.said.confirmed))


def _chosen_offer(turn: Turn) -> datetime | Reply | None:
    """What the caller takes up of the times told just before; a question where that is not clear."""
    date, time = (meaningful(words, max_length=MAX_NAME) for words in (turn.said.date, turn.said.time))
    if date is None and time is None and not says_yes(turn.said.confirmed):
        return None
    offers = [offer.starts_at for offer in holds.offers_to(turn.call) if offer.moving_id is None]
    if not offers:
        return None
    words = (date, time) if date or time else ("ja", None)
    opening = turn.company.opening or USUAL_OPENING
    choice = choose(*words, offers, now=turn.heard_at, zone=turn.zone, opening=opening)
    if choice is None:
        return None
    return offers[choice.index] if choice.index is not None else ask_which_offer(turn, offers)


def _name(turn: Turn, earlier: Wish | None) -> str | None:
    words = meaningful(turn.said.name, max_length=MAX_NAME)
    refused = (turn.company.name, turn.company.agent_name)
    heard = sensible_name(words, refused=[name for name in refused if name]) if words else None
    known = turn.call.known_customer.name if turn.call.known_customer else ""
    return heard or (earlier.customer_name if earlier else "") or known or None


def _wanted(turn: Turn, service: Service, start: datetime, name: str, earlier: Wish | None) -> Wanted:
    local = start.astimezone(turn.zone)
    words = meaningful(turn.said.email, max_length=MAX_EMAIL)
    email = understand_email(words, refused_domains=[settings.PLACEHOLDER_EMAIL_DOMAIN]) if words else None
    wish = Wish(
        customer_name=name,
        appointment_date=local.date(),
        appointment_time=local.time(),
        service_type=service.name,
        notes=meaningful(turn.said.notes, max_length=MAX_NOTES) or (earlier.notes if earlier else None),
        collected_at=turn.heard_at,
        service_id=service.pk,
        starts_at=start,
        email=email or (earlier.email if earlier else None),
        language=turn.language,
    )
    return Wanted(wish, service, email_lost=words is not None and email is None)


def _held(turn: Turn, wanted: Wanted, earlier: Wish | None) -> Reply:
    call, wish = turn.call, wanted.wish
    before = holds.own_appointment(call)
    starts = None if call.is_over else _calendar_starts(turn, wanted, before)
    held = holds.hold(call, wish, wanted.service, starts, before)
    if isinstance(held, Appointment) and starts is not None:
        held = _reserved(turn, wanted, held, starts)
        if isinstance(held, Taken):
            before = None  # it had moved to the time that was taken: nothing is kept any more
    if isinstance(held, Taken):
        _turn_from(turn, earlier, wish)
        return _taken(turn, wish, held, before, is_known=starts is not None)
    if turn.company.booking_mode == Company.BookingMode.DURING_CALL and (call.is_over or starts is not None):
        return _during_call(turn, wanted, before)
    _note(call, wish)
    return _read_back(turn, wanted, is_known=starts is not None)


def _note(call: Call, wish: Wish) -> None:
    """Keep it; a call whose end was told before, or while we were listening, is booked at once."""
    if note_wish(call, wish):
        ring_on_commit(BOOK_TASK, call.pk)


def _calendar_starts(turn: Turn, wanted: Wanted, before: Appointment | None) -> list[datetime] | None:
    """What the calendar offers around the wish; None where it does not say in time."""
    calendar = turn.calendar()
    if before is not None and _hides(before, wanted):
        reservations.give_back(before, calendar)
    return _offered(calendar, turn, wanted, also=reservations.reserved_starts(before, wanted.service))


def _offered(calendar: Calendar, turn: Turn, wanted: Wanted, *, also: Iterable[datetime] = ()) -> list[datetime] | None:
    start = wanted.wish.starts_at
    first, last = max(turn.heard_at, start - BEFORE), start + AFTER
    try:
        return calendar_starts(calendar, wanted.service, first, last, also=also)
    except CalendarError:
        return None


def _hides(before: Appointment, wanted: Wanted) -> bool:
    """Whether the call's own reservation of another time hides the wished one in the calendar."""
    wished = period_of(wanted.service, wanted.wish.starts_at)
    reserved = period_of(before.service, before.starts_at)
    return bool(before.reservation_uid) and reserved != wished and reserved.overlaps(wished)


def _reserved(turn: Turn, wanted: Wanted, held: Appointment, starts: Sequence[datetime]) -> Appointment | Taken:
    try:
        reservations.reserve(held, turn.calendar())
    except SlotTaken:
        holds.let_go(held, turn.calendar())
        others = [start for start in starts if start != wanted.wish.starts_at]
        return holds.hold(turn.call, wanted.wish, wanted.service, others, holds.own_appointment(turn.call))
    return held


def _during_call(turn: Turn, wanted: Wanted, before: Appointment | None) -> Reply:
    """Book now, if the caller has said yes to exactly this; else read it back and ask."""
    call, wish = turn.call, wanted.wish
    was_read_back = before is not None and before.status == Status.HELD and _is_for(before, wish)
    if not (was_read_back and says_yes(turn.said.confirmed)):
        note_wish(call, wish.model_copy(update={"state": "open"}))
        message = _("%(moment)s is free: %(service)s for %(name)s. Shall I book it now?") % _words(turn, wish)
        return turn.reply("confirmation_required", _with_email(message, wanted), **_data(turn, wish))
    note_wish(call, wish)
    appointment = book(intended_appointment(call, wish), deadline=turn.write_deadline)
    if appointment.status == Status.FAILED:
        return _failed(turn, wanted, appointment)
    if not _is_for(appointment, wish):
        return _settled_already(turn, wish, appointment)  # moved in the calendar before we knew of it
    return _outcome(turn, wish, appointment)


def _failed(turn: Turn, wanted: Wanted, appointment: Appointment) -> Reply:
    """The calendar refused: because of the time, then others are offered; or for good, then a person takes over."""
    wish = wanted.wish
    calendar = turn.calendar(after_write=True)
    reservations.give_back(appointment, calendar)
    starts = _offered(calendar, turn, wanted)
    if starts is not None and wish.starts_at not in starts:
        taken = holds.hold(turn.call, wish, wanted.service, starts, appointment)
        if isinstance(taken, Taken):
            _doubt(turn)
            return _taken(turn, wish, taken, None, is_known=True)
    message = _("I could not book the appointment: nothing is booked. Somebody will look into it.")
    return turn.reply("booking_failed", message, **_data(turn, wish))


def _outcome(turn: Turn, wish: Wish, appointment: Appointment) -> Reply:
    if appointment.status == Status.BOOKING and appointment.calcom_booking_uid:
        message = _("I have passed it on: %(service)s on %(moment)s for %(name)s. It still has to be confirmed by us.")
        return turn.reply("requested", message % _words(turn, wish), **_data(turn, wish))
    if appointment.status == Status.BOOKING:
        message = _(
            "The calendar has not confirmed it yet: %(service)s on %(moment)s for %(name)s. "
            "I will see to it right after our call."
        )
        return turn.reply("booking_pending", message % _words(turn, wish), **_data(turn, wish))
    message = _("Your appointment is booked: %(service)s on %(moment)s for %(name)s.")
    return turn.reply("booked", message % _words(turn, wish), **_data(turn, wish))


def _settled_already(turn: Turn, wish: Wish, appointment: Appointment) -> Reply:
    """The call's appointment is booked, or on its way: the same wish is the same answer, another is a change."""
    if appointment.status == Status.FAILED:
        message = _("Something about your appointment is not clear yet. Somebody will look into it.")
        return turn.reply("needs_review", message)
    if _is_for(appointment, wish):
        return _outcome(turn, wish.model_copy(update={"customer_name": appointment.attendee_name}), appointment)
    booked = speaking.named(turn, appointment)
    if appointment.status == Status.BOOKING:
        message = _("Your appointment is just being booked: %(appointment)s. Please call again to change it.")
        return turn.reply("booking_pending", message % {"appointment": booked})
    message = _("You have an appointment already: %(appointment)s. Shall I move it to another time?")
    return turn.reply("already_booked", message % {"appointment": booked})


def _taken(turn: Turn, wish: Wish, taken: Taken, before: Appointment | None, *, is_known: bool) -> Reply:
    starts = [offer.starts_at for offer in taken.offers]
    message = speaking.free_instead(turn, wish.starts_at, starts)
    if before is not None and before.status == Status.HELD:
        kept = _("Until then I am keeping %(moment)s for you.") % {"moment": speaking.moment(turn, before.starts_at)}
        message = f"{message} {kept}"
    alternatives = [speaking.as_data(turn, start) for start in starts]
    # Without the calendar nobody knows what else there is: this one time is promised to somebody.
    status = "no_slots" if is_known and not starts else "slot_taken"
    return turn.reply(status, message, service=wish.service_type, alternatives=alternatives)


def _read_back(turn: Turn, wanted: Wanted, *, is_known: bool) -> Reply:
    wish = wanted.wish
    if is_known:
        message = _(
            "%(moment)s is free, and I am keeping the time for you: %(service)s for %(name)s. "
            "I will book it right after our call."
        )
        return turn.reply("collected", _with_email(message % _words(turn, wish), wanted), **_data(turn, wish))
    message = _(
        "I can't look into the calendar at this moment. "
        "I have noted your wish: %(service)s on %(moment)s for %(name)s. "
        "I will book it as soon as the calendar answers, if the time is free then."
    )
    return turn.reply("collected_unchecked", _with_email(message % _words(turn, wish), wanted), **_data(turn, wish))


def _with_email(message: str, wanted: Wanted) -> str:
    """The caller who said an address expects mail there."""
    return (
        " ".join((message, _("I did not get the e-mail address; it works without one.")))
        if wanted.email_lost
        else message
    )


def _words(turn: Turn, wish: Wish) -> dict[str, str]:
    return {
        "moment": speaking.moment(turn, wish.starts_at),
        "service": wish.service_type,
        "name": wish.customer_name,
    }


def _data(turn: Turn, wish: Wish) -> dict[str, str]:
    return {"service": wish.service_type, **speaking.as_data(turn, wish.starts_at)}


def _is_for(appointment: Appointment, wish: Wish) -> bool:
    return appointment.starts_at == wish.starts_at and appointment.service_id == wish.service_id


def _earlier_wish(call: Call) -> Wish | None:
    wish = wish_of(call)
    return None if wish is None or wish.state == "dropped" else wish


def _doubt(turn: Turn) -> None:
    """What was settled before is no longer, if this turn named a time or a service."""
    if any(_is_said(words) for words in (turn.said.date, turn.said.time, turn.said.service)):
        doubt_wish(turn.call, turn.heard_at)


def _turn_from(turn: Turn, earlier: Wish | None, sought: Wish) -> None:
    """What was asked for can't be had: what was settled before is in doubt, and where nothing was, the rest stands."""
    if earlier is None or earlier.state == "sought":
        note_wish(turn.call, sought.model_copy(update={"state": "sought"}))
    else:
        _doubt(turn)


def _is_said(words: object) -> bool:
    return meaningful(words, max_length=MAX_NAME) is not None


def _joined(*words: object) -> str:
    return " ".join(filter(None, (meaningful(word, max_length=MAX_NAME) for word in words)))
