"""From the intent to book to a booking, exactly once.

    booking --(the calendar confirms)--> scheduled
    booking --(it refuses, or nothing helps)--> failed, with a follow-up for staff

The row and its booking key are committed before the calendar is asked. `sent_at` is committed right before the
request leaves and removed when its outcome is known: whoever finds it set (after a lost answer or a killed
worker) looks the booking up by its key, several times while the calendar may not show it yet, before asking again.
A claim is a lease, so that a dead worker's appointment is taken over and a living one's is not.
"""

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.calendar import (
    Booking,
    BookingRefused,
    BookingRequest,
    Calendar,
    CalendarError,
    CalendarPaused,
    CalendarUnreachable,
    OutcomeUnknown,
    SlotTaken,
    calendar_of,
)
from appointments.customers import customer_for
from appointments.follow_ups import ask_to_confirm, follow_up, nothing_left_to_do
from appointments.models import Appointment, Call, FollowUp
from appointments.notifications import telling
from appointments.staff_language import for_staff
from appointments.trying_again import LAST_ATTEMPT, come_back, give_up, note_outcome, try_later, wait_out
from mcp_gateway.deadlocks import rerun_on_deadlock
from mcp_gateway.kill_points import kill_point

Status = Appointment.Status

# Longer than the longest request to the calendar with its look-up.
LEASE = timedelta(minutes=2)
# A calendar that reads from a copy may not show a fresh booking at once: for so long it is looked for, not repeated.
STALE_READS = timedelta(seconds=30)
LOOK_EVERY = timedelta(seconds=10)
UNCONFIRMED_LOOK = timedelta(minutes=15)
CALLED_OFF = _("The booking was cancelled or rejected in the calendar.")
NOT_SHOWN_YET = _("The calendar does not show the booking yet.")


class NotShownYet(OutcomeUnknown):
    """A request was sent so lately that the calendar may hold the booking without showing it."""


class MovedMeanwhile(CalendarError):
    """The booking was made and then moved in the calendar itself: the caller does not know the new time."""

    def __init__(self, booking: Booking) -> None:
        self.booking = booking
        super().__init__(f"Booking {booking.uid} was moved in the calendar")


def book(appointment: Appointment, *, deadline: float = math.inf) -> Appointment:
    """Book it unless it is booked, given up, or in another worker's hands; returns the row as it is then.

    `deadline` is on the clock of time.monotonic(): what the calendar has not answered by then is tried later.
    """
    if _claim(appointment):
        kill_point("booking.claimed")
        # With all that the booking is made of: by themselves the relations would be forgotten and read one by one.
        appointment.refresh_from_db(from_queryset=Appointment.objects.select_related("company", "service", "call"))
        if appointment.attempts > LAST_ATTEMPT:
            told = _("No worker has survived booking it. Look in the calendar before you book by hand.")
            give_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told))
        else:
            _attempt(appointment, deadline)
        appointment.refresh_from_db()
    return appointment


def waiting_appointments(limit: int = 100) -> list[int]:
    """Appointments to be booked that nobody works on: the bell was lost, a worker died, or it is time again."""
    rows = Appointment.objects.filter(unclaimed(), status=Status.BOOKING)
    # Whoever was tried last goes to the back: many broken ones can't keep the others out.
    return list(rows.order_by("leased_until", "pk").values_list("pk", flat=True)[:limit])


def placeholder_email(appointment: Appointment) -> str:
    """An address of our own that nobody mails, unique per booking: Cal.com wants one of every attendee."""
    return f"{appointment.booking_key}@{settings.PLACEHOLDER_EMAIL_DOMAIN}"


def unclaimed() -> Q:
    """Appointments that nobody has, or whose worker is taken for dead."""
    return Q(leased_until=None) | Q(leased_until__lt=timezone.now())


@rerun_on_deadlock
def _claim(appointment: Appointment) -> bool:
    return bool(
        Appointment.objects.filter(unclaimed(), pk=appointment.pk, status=Status.BOOKING).update(
            leased_until=timezone.now() + LEASE, attempts=F("attempts") + 1
        )
    )


def _attempt(appointment: Appointment, deadline: float) -> None:
    try:
        _try_now(appointment, calendar_of(appointment.company, deadline=deadline))
    except Exception as fault:
        # Ours to mend; until then it counts as an attempt, so that it does not come round for ever.
        try_later(appointment, type(fault).__name__)
        raise


def _try_now(appointment: Appointment, calendar: Calendar) -> None:
    try:
        booking = _booking_of(appointment, calendar)
    except SlotTaken as refusal:
        told = for_staff(appointment.company, _("Call back and agree on another time. %(words)s"), words=refusal)
        give_up(appointment, FollowUp.Kind.BOOKING_FAILED, told)
    except BookingRefused as refusal:
        told = for_staff(appointment.company, _("Book it by hand, or call back. %(words)s"), words=refusal)
        give_up(appointment, FollowUp.Kind.BOOKING_FAILED, told)
    except MovedMeanwhile as finding:
        _follow_move(appointment, finding)
    except NotShownYet as trouble:
        come_back(appointment, LOOK_EVERY, trouble)
    except CalendarPaused as trouble:
        wait_out(appointment, trouble)
    except CalendarError as trouble:
        try_later(appointment, trouble)
    else:
        _settle(appointment, booking)


def _booking_of(appointment: Appointment, calendar: Calendar) -> Booking:
    """What the calendar holds for this appointment, asked for at most once at a time. Raises CalendarError."""
    if appointment.calcom_booking_uid:
        return _look_at(appointment, appointment.calcom_booking_uid, calendar)
    request = _request(appointment)
    if appointment.sent_at is not None:
        if found := _look_up(request, calendar):
            return found
        if is_fresh(appointment):
            raise NotShownYet(for_staff(appointment.company, NOT_SHOWN_YET))
    _note_sent(appointment, timezone.now())
    kill_point("booking.sent")
    try:
        booking = calendar.book(request)
    except CalendarUnreachable:
        _note_sent(appointment, None)
        raise
    except SlotTaken:
        # Taken by whom? An earlier request of ours may have arrived after all.
        if found := _look_up(request, calendar):
            return found
        raise
    kill_point("booking.answered")
    return booking


def _look_at(appointment: Appointment, uid: str, calendar: Calendar) -> Booking:
    """The booking that waits for confirmation, as it is now."""
    try:
        booking = calendar.look(uid)
    except BookingRefused:
        if is_fresh(appointment):
            raise NotShownYet(for_staff(appointment.company, NOT_SHOWN_YET)) from None
        raise
    if booking.is_over:
        raise BookingRefused(for_staff(appointment.company, CALLED_OFF))
    if booking.start != appointment.starts_at:
        raise MovedMeanwhile(booking)
    return booking


def _look_up(request: BookingRequest, calendar: Calendar) -> Booking | None:
    """Our booking in the calendar; raises MovedMeanwhile where somebody has given it another time since, and
    BookingRefused where they have called it off: nobody wants it booked anew.
    """
    found = calendar.find(request)
    if found and found.is_over:
        raise BookingRefused(for_staff(calendar.company, CALLED_OFF))
    if found and found.start != request.start:
        raise MovedMeanwhile(found)
    return found


def is_fresh(appointment: Appointment) -> bool:
    """Whether something was sent for it so lately that the calendar may not show it yet."""
    return appointment.sent_at is not None and timezone.now() - appointment.sent_at < STALE_READS


def _request(appointment: Appointment) -> BookingRequest:
    call = appointment.call
    return BookingRequest(
        booking_key=appointment.booking_key,
        service=appointment.service,
        start=appointment.starts_at,
        attendee_name=appointment.attendee_name,
        attendee_email=appointment.attendee_email or placeholder_email(appointment),
        phone=_phone(appointment),
        language=appointment.language or appointment.company.default_language,
        notes=appointment.notes,
        call_id=call.call_id if call else "",
    )


def _phone(appointment: Appointment) -> str | None:
    """The caller's number, else the customer's."""
    if appointment.call:
        return appointment.call.caller_phone
    return appointment.customer.phone if appointment.customer else None


def _note_sent(appointment: Appointment, at: datetime | None) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(sent_at=at)
    appointment.sent_at = at


def _settle(appointment: Appointment, booking: Booking) -> None:
    """Write down what the calendar says, if it is what was asked for."""
    if booking.start != appointment.starts_at:
        _undo_wrong_time(appointment, booking)
    elif booking.status == "accepted":
        _schedule(appointment, booking)
    elif booking.status == "pending" and booking.start > timezone.now():
        _await_confirmation(appointment, booking)
    else:
        told = _("The calendar answered with a booking that is %(state)s.")
        give_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told, state=booking.state))


def _follow_move(appointment: Appointment, finding: MovedMeanwhile) -> None:
    """It is where the host has moved it, as one that was moved a moment later would be; people tell the caller."""
    booking = finding.booking
    told = for_staff(
        appointment.company,
        _("Booking %(uid)s is in the calendar at another time than the caller asked for, %(when)s: call them."),
        uid=booking.uid,
        when=booking.start,
    )
    if booking.status == "accepted":
        _schedule(appointment, booking, review=told)
    else:
        give_up(appointment, FollowUp.Kind.NEEDS_REVIEW, told)


def _schedule(appointment: Appointment, booking: Booking, *, review: str = "") -> None:
    """`review` is what people have to do about it."""
    try:
        _write_scheduled(appointment, booking, review)
    except IntegrityError:
        # Nothing of ours may be lost silently: the booking exists in the calendar, its row says otherwise.
        told = _("Compare with booking %(uid)s in the calendar.")
        give_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told, uid=booking.uid))


@rerun_on_deadlock
def _write_scheduled(appointment: Appointment, booking: Booking, review: str) -> None:
    """Appointment, customer, call and what is to be told together; raises IntegrityError where it is not as it was."""
    with telling(appointment):
        customer = appointment.customer or customer_for(
            appointment.company,
            phone=_phone(appointment),
            name=appointment.attendee_name,
            email=appointment.attendee_email,
            language=appointment.language,
        )
        changed = Appointment.objects.filter(pk=appointment.pk, status=Status.BOOKING).update(
            status=Status.SCHEDULED,
            customer=customer,
            calcom_booking_uid=booking.uid,
            calcom_booking_id=booking.id,
            starts_at=booking.start,
            ends_at=booking.end,
            leased_until=None,
            sent_at=None,
            last_error="",
            updated_at=timezone.now(),
        )
        if not changed:
            raise IntegrityError("The appointment changed while it was being booked")
        if appointment.call:
            Call.objects.filter(pk=appointment.call.pk, customer=None).update(customer=customer)
        booked = {"calcom_booking_uid": booking.uid, "starts_at": booking.start.isoformat()}
        note_outcome(appointment, "appointment.booked", booked, review)
        nothing_left_to_do(appointment)
        if review:
            follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, review)
        kill_point("booking.scheduling")
    kill_point("booking.scheduled")


def _await_confirmation(appointment: Appointment, booking: Booking) -> None:
    """A requested booking is no booking yet: somebody has to confirm it in the calendar."""
    with transaction.atomic():
        Appointment.objects.filter(pk=appointment.pk, status=Status.BOOKING).update(
            calcom_booking_uid=booking.uid,
            calcom_booking_id=booking.id,
            leased_until=timezone.now() + UNCONFIRMED_LOOK,
            # To wait is not to fail: what goes wrong later has all its attempts.
            attempts=0,
            updated_at=timezone.now(),
        )
        if appointment.calcom_booking_uid != booking.uid:
            ask_to_confirm(appointment)


def _undo_wrong_time(appointment: Appointment, booking: Booking) -> None:
    """The calendar booked another time than the caller asked for: nobody wants that booking."""
    company = appointment.company
    try:
        calendar_of(company).cancel(booking.uid, for_staff(company, _("Booked at another time than requested")))
        told = for_staff(
            company, _("The calendar booked another time than requested; that booking was cancelled again.")
        )
    except CalendarError as trouble:
        told = for_staff(
            company,
            _("The calendar booked another time than requested. Cancel booking %(uid)s by hand: %(words)s"),
            uid=booking.uid,
            words=trouble,
        )
    give_up(appointment, FollowUp.Kind.NEEDS_REVIEW, told)
