"""Changing appointments outside a call: made, moved, cancelled and confirmed by staff and programs.

The calendar is asked first and the row follows: no row says moved or cancelled before the calendar has said so. A
change claims its appointment by a lease, so that two changes of one appointment never run at once.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID, uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone

from appointments.availability import period_of
from appointments.booking import LEASE, STALE_READS, book, follow_up, nothing_left_to_do
from appointments.calendar import Booking, OutcomeUnknown, calendar_of
from appointments.customers import customer_for
from appointments.holds import room_for_new, room_to_move
from appointments.models import Appointment, Call, Company, FollowUp, Service
from mcp_gateway.deadlocks import rerun_on_deadlock

Status = Appointment.Status
UPCOMING_LIMIT = 50


class NotChangeable(Exception):
    """The appointment is in a state that does not allow the change. The text says which."""


class BeingChanged(NotChangeable):
    """Somebody is changing it at this moment."""


def upcoming_of(company: Company, phone: str) -> QuerySet[Appointment]:
    """The booked appointments ahead of the customer with this number (E.164), the next one first."""
    rows = Appointment.objects.filter(
        company=company, customer__phone=phone, status=Status.SCHEDULED, starts_at__gt=timezone.now()
    )
    return rows.select_related("company", "service", "customer").order_by("starts_at")[:UPCOMING_LIMIT]


def overdue_bookings() -> int:
    """How many appointments wait longer for a worker than the sweep leaves them."""
    overdue = Q(leased_until=None) | Q(leased_until__lt=timezone.now() - LEASE)
    return Appointment.objects.filter(overdue, status=Status.BOOKING, updated_at__lt=timezone.now() - 2 * LEASE).count()


def create_appointment(
    *,
    company: Company,
    service: Service,
    start: datetime,
    name: str,
    phone: str | None,
    email: str | None = None,
    notes: str = "",
    language: str = "",
    booking_key: UUID | None = None,
) -> Appointment:
    """Book an appointment now; the row tells how it went: scheduled, failed, or booking while it isn't known.

    Raises SlotTaken where the time is promised to somebody here; then there is no row.
    """
    language = language or company.default_language
    with room_for_new(service, start):
        appointment = Appointment.objects.create(
            company=company,
            customer=customer_for(company, phone=phone, name=name, email=email, language=language),
            service=service,
            starts_at=start,
            ends_at=period_of(service, start).end,
            status=Status.BOOKING,
            booking_key=booking_key or uuid4(),
            attendee_name=name,
            attendee_email=email,
            notes=notes,
            language=language,
        )
    return book(appointment)


def reschedule_appointment(
    appointment: Appointment, *, start: datetime, reason: str, call: Call | None = None, deadline: float = math.inf
) -> Appointment:
    """Move it in the calendar, then here. Raises NotChangeable and CalendarError.

    What `call` was offered is not in its way. `deadline` is on the clock of time.monotonic().
    """
    with _claimed(appointment, Status.SCHEDULED) as uid, room_to_move(appointment, start, call=call):
        booking = calendar_of(appointment.company, deadline=deadline).move(uid, start, reason)
        if booking.start != start:
            told = f"Booking {booking.uid} was moved to another time than asked for: compare with the calendar."
            follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, told)
            raise OutcomeUnknown(told)
        _follow(appointment, booking)
    return _fresh(appointment)


def cancel_appointment(appointment: Appointment, *, reason: str, deadline: float = math.inf) -> Appointment:
    """Cancel it in the calendar, then here; cancelled already is done. Raises NotChangeable and CalendarError.

    `deadline` is on the clock of time.monotonic().
    """
    appointment = _fresh(appointment)
    if appointment.status == Status.CANCELLED:
        return appointment
    with _claimed(appointment, Status.SCHEDULED) as uid:
        calendar_of(appointment.company, deadline=deadline).cancel(uid, reason)
        Appointment.objects.filter(pk=appointment.pk).update(
            status=Status.CANCELLED, cancellation_reason=reason[:500], sent_at=None, updated_at=timezone.now()
        )
    return _fresh(appointment)


def catch_up(appointment: Appointment, *, deadline: float = math.inf) -> Appointment:
    """Write down what became of it in the calendar: a change of ours ended unclear, or others have changed it there.

    Raises NotChangeable and CalendarError. `deadline` is on the clock of time.monotonic().
    """
    with _claimed(appointment, Status.SCHEDULED) as uid:
        booking = calendar_of(appointment.company, deadline=deadline).look(uid)
        if not (booking.uid == uid and not booking.is_over and _is_fresh(appointment)):
            _adopt(appointment, booking)
    return _fresh(appointment)


def confirm_appointment(appointment: Appointment) -> Appointment:
    """Accept a booking that waits for it in the calendar. Raises NotChangeable and CalendarError."""
    appointment = _fresh(appointment)
    if appointment.status == Status.SCHEDULED:
        return appointment
    with _claimed(appointment, Status.BOOKING) as uid:
        booking = calendar_of(appointment.company).confirm(uid)
        _follow(appointment, booking)
        if booking.status == "accepted":
            nothing_left_to_do(appointment)
    return _fresh(appointment)


@contextmanager
def _claimed(appointment: Appointment, status: Status) -> Iterator[str]:
    """The uid of its booking, while nobody else may change it."""
    if not _claim(appointment, status):
        raise _why_not(_fresh(appointment), status)
    try:
        yield _fresh(appointment).calcom_booking_uid or ""
    except OutcomeUnknown:
        told = "A change of this appointment may or may not have reached the calendar: compare them."
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, told)
        Appointment.objects.filter(pk=appointment.pk, sent_at=None).update(sent_at=timezone.now())
        raise
    finally:
        Appointment.objects.filter(pk=appointment.pk).update(leased_until=None)


@rerun_on_deadlock
def _claim(appointment: Appointment, status: Status) -> bool:
    now = timezone.now()
    # A booking that waits for confirmation is leased until its next look: a person may be quicker.
    free = Q(leased_until=None) | Q(leased_until__lt=now) | Q(status=Status.BOOKING, sent_at__lt=now - LEASE)
    mine = Appointment.objects.filter(free, pk=appointment.pk, status=status, calcom_booking_uid__isnull=False)
    return bool(mine.update(leased_until=now + LEASE))


def _is_fresh(appointment: Appointment) -> bool:
    """Whether a change was sent so lately that the calendar may not show it yet."""
    return appointment.sent_at is not None and timezone.now() - appointment.sent_at < STALE_READS


def _adopt(appointment: Appointment, booking: Booking) -> None:
    """What was unclear is clear: nobody needs to compare them any more."""
    if booking.is_over:
        cancelled = {"status": Status.CANCELLED, "sent_at": None, "updated_at": timezone.now()}
        Appointment.objects.filter(pk=appointment.pk).update(**cancelled)
    else:
        _follow(appointment, booking)
    nothing_left_to_do(appointment)


def _follow(appointment: Appointment, booking: Booking) -> None:
    """Write down what the calendar holds now."""
    Appointment.objects.filter(pk=appointment.pk).update(
        status=Status.SCHEDULED if booking.status == "accepted" else Status.BOOKING,
        starts_at=booking.start,
        ends_at=booking.end,
        calcom_booking_uid=booking.uid,
        calcom_booking_id=booking.id,
        sent_at=None if booking.status == "accepted" else timezone.now(),
        updated_at=timezone.now(),
    )


def _why_not(appointment: Appointment, wanted: Status) -> NotChangeable:
    if appointment.status != wanted or not appointment.calcom_booking_uid:
        return NotChangeable(f"The appointment is {appointment.get_status_display()}")
    return BeingChanged("The appointment is being changed at this moment")


def _fresh(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_related("company", "service", "customer", "call").get(pk=appointment.pk)
