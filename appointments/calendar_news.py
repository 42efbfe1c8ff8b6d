"""What the calendar itself tells of an appointment's booking, written down in its row and in the audit trail.

Each change claims the appointment as a change of our own does (see `changes`): BeingChanged while somebody has it.
Two that were made in the calendar at the same moment, by the host and by us, may both have gone through there. Then
one booking is left over: of two the later one counts, and one that outlived its cancellation stands. People are told,
for somebody was told otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.calendar import Booking, BookingRefused, calendar_of
from appointments.changes import NotChangeable, adopt, claimed, follow, fresh, longest_claim, state_of
from appointments.follow_ups import follow_up, nothing_left_to_do
from appointments.models import Appointment, FollowUp
from appointments.staff_language import for_staff
from appointments.trying_again import BOOK_TASK, give_up
from mcp_gateway import outbox
from mcp_gateway.audit import record_by
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.models import OutboxMessage
from mcp_gateway.principal import Principal

Status = Appointment.Status
CALL_OFF = "appointments.call_off_booking"


def take_over(appointment: Appointment, booking: Booking, *, by: Principal, reason: str = "") -> None:
    """Write down what the calendar itself tells became of the appointment's booking.

    One that is cancelled while it waits for confirmation is given up, with a follow-up. Raises NotChangeable, and
    BeingChanged while a change of our own is on its way.
    """
    with _noted(appointment, by, reason):
        if appointment.status == Status.BOOKING and booking.is_over:
            told = for_staff(
                appointment.company,
                _("Call back and agree on another time: the calendar has %(state)s the booking. %(words)s"),
                state=booking.state,
                words=reason,
            )
            give_up(appointment, FollowUp.Kind.BOOKING_FAILED, told.strip())
            return
        adopt(appointment, booking, reason)


def mark_no_show(appointment: Appointment, *, by: Principal) -> None:
    """The customer did not come. Raises NotChangeable, and BeingChanged."""
    with _noted(appointment, by, ""):
        Appointment.objects.filter(pk=appointment.pk).update(status=Status.NO_SHOW, updated_at=timezone.now())


def drop_double(appointment: Appointment, *, by: Principal) -> None:
    """Another row stands for its booking: this one is cancelled, and nobody is told, for the booking stands.

    Raises NotChangeable, and BeingChanged.
    """
    reason = for_staff(appointment.company, _("Another appointment stands for this booking."))
    with _noted(appointment, by, reason):
        cancelled = {"status": Status.CANCELLED, "cancellation_reason": reason, "updated_at": timezone.now()}
        Appointment.objects.filter(pk=appointment.pk).update(sent_at=None, **cancelled)
        nothing_left_to_do(appointment)


def keep_later(appointment: Appointment, own: Booking, other: Booking, *, by: Principal) -> None:
    """Two moves of one booking went through at once: the later one counts, the other is called off once that stands.

    `own` is what the row's booking is by now. Raises NotChangeable, and BeingChanged.
    """
    kept, left_over = (own, other) if own.id > other.id else (other, own)
    if OutboxMessage.objects.filter(dedupe_key=_call_off_key(left_over.uid)).exists():
        return
    told = _(
        "It was moved twice at the same moment, here and in the calendar. The later one counts, %(kept)s at %(when)s; "
        "the other, %(left_over)s at %(not_then)s, is being cancelled: tell the customer which time it is."
    )
    named = {"kept": kept.uid, "when": kept.start, "left_over": left_over.uid, "not_then": left_over.start}
    why = for_staff(appointment.company, told, **named)
    with _noted(appointment, by, why):
        if kept.uid != appointment.calcom_booking_uid:
            follow(appointment, kept)
        payload = {"appointment": appointment.pk, "uid": left_over.uid}
        outbox.put(CALL_OFF, _call_off_key(left_over.uid), payload, appointment.company_id)
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, why)


def bring_back(appointment: Appointment, booking: Booking, *, by: Principal) -> None:
    """It was cancelled and moved at once, both went through, and this is what it was moved to. Customers are told.

    Whoever wanted it cancelled is not overruled, but asked: a booking that somebody wants is not lost this way.
    Raises NotChangeable, and BeingChanged.
    """
    told = _(
        "It was cancelled, and moved to %(when)s at the same moment. Booking %(uid)s stands in the calendar, and so "
        "the appointment does here: ask the customer, and cancel it if nobody wants it."
    )
    why = for_staff(appointment.company, told, when=booking.start, uid=booking.uid)
    with _noted(appointment, by, why):
        follow(appointment, booking)
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, why)


@outbox.sends(CALL_OFF)
def call_off(message: OutboxMessage) -> None:
    """Cancel a booking that is left over in the calendar; where it won't let us, people are asked to."""
    appointment = fresh(Appointment(pk=message.payload["appointment"]))
    company, uid = appointment.company, message.payload["uid"]
    if uid == appointment.calcom_booking_uid:
        raise outbox.Unneeded("It is the appointment's booking now.")
    try:
        calendar_of(company).cancel(
            uid, for_staff(company, _("Moved twice at the same moment; the other time counts."))
        )
    except BookingRefused as refusal:
        told = _(
            "Booking %(uid)s is left over in the calendar and can't be cancelled from here: cancel it there, and tell "
            "the customer that the appointment is at %(when)s. %(words)s"
        )
        words = for_staff(company, told, uid=uid, when=appointment.starts_at, words=refusal)
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, words)
        raise outbox.CanNotBeSent(str(refusal)) from None


def _call_off_key(uid: str) -> str:
    return f"call_off:{uid}"


def look_again(appointment: Appointment) -> None:
    """The calendar has news of a booking that waits for its next look: that is now. Who has it in hand goes on."""
    waits = Appointment.objects.filter(pk=appointment.pk, status=Status.BOOKING, leased_until__gt=longest_claim())
    waits.update(leased_until=None)
    ring_on_commit(BOOK_TASK, appointment.pk)


@contextmanager
def _noted(appointment: Appointment, by: Principal, reason: str) -> Iterator[None]:
    """One transaction, in which nobody else changes the appointment; what it changed is in the audit trail."""
    with claimed(appointment, Status(appointment.status)) as uid, transaction.atomic():
        if uid != appointment.calcom_booking_uid:
            raise NotChangeable("The appointment has another booking by now")
        yield
        after = fresh(appointment)
        record_by(
            by,
            action="appointment.changed_in_calendar",
            object_type="Appointment",
            object_id=appointment.pk,
            company_id=appointment.company_id,
            before=state_of(appointment),
            after=state_of(after),
            reason=reason[:500],
        )
