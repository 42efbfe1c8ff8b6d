"""Changing appointments outside a call: made, moved, cancelled and confirmed by staff and programs.

The calendar is asked first and the row follows: no row says moved or cancelled before the calendar has said so. A
change claims its appointment by a lease, so that two changes of one appointment never run at once. `sent_at` is
committed with the claim and removed when the outcome is known: a change whose answer was lost, or whose process was
killed, is looked up in the calendar by whoever needs to know, and by the sweep (`settle`).
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.availability import period_of
from appointments.booking import LEASE, STALE_READS, book, is_fresh, unclaimed
from appointments.calendar import Booking, CalendarError, OutcomeUnknown, calendar_of
from appointments.customers import BOOKING, customer_for
from appointments.follow_ups import (
    ask_to_confirm,
    changed_after_all,
    changed_unheard,
    follow_up,
    never_changed,
    nothing_left_to_do,
)
from appointments.holds import room_for_new, room_to_move
from appointments.models import Appointment, Call, Company, FollowUp, Service
from appointments.notifications import telling
from appointments.staff_language import for_staff
from mcp_gateway.deadlocks import rerun_on_deadlock
from mcp_gateway.kill_points import kill_point
from mcp_gateway.principal import Principal

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
    by: Principal = BOOKING,
) -> Appointment:
    """Book an appointment now; the row tells how it went: scheduled, failed, or booking while it isn't known.

    Raises SlotTaken where the time is promised to somebody here; then there is no row.
    """
    language = language or company.default_language
    with room_for_new(service, start):
        appointment = Appointment.objects.create(
            company=company,
            customer=customer_for(company, phone=phone, name=name, email=email, language=language, by=by),
            service=service,
            starts_at=start,
            ends_at=period_of(service, start).end,
            status=Status.BOOKING,
            origin=Appointment.Origin.STAFF,
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
    with _changing(appointment, start) as uid, room_to_move(appointment, start, call=call):
        kill_point("change.sent")
        booking = calendar_of(appointment.company, deadline=deadline).move(uid, start, reason)
        kill_point("change.answered")
        if booking.start != start:
            told = for_staff(
                appointment.company,
                _("Booking %(uid)s was moved to another time than asked for: compare with the calendar."),
                uid=booking.uid,
            )
            follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, told)
            raise OutcomeUnknown(told)
        follow(appointment, booking)
        changed_after_all(appointment)
        _ask_to_confirm(appointment, booking)
    return fresh(appointment)


def cancel_appointment(appointment: Appointment, *, reason: str, deadline: float = math.inf) -> Appointment:
    """Cancel it in the calendar, then here; cancelled already is done. Raises NotChangeable and CalendarError.

    `deadline` is on the clock of time.monotonic().
    """
    appointment = fresh(appointment)
    if appointment.status == Status.CANCELLED:
        return appointment
    with _changing(appointment, None) as uid:
        kill_point("change.sent")
        calendar_of(appointment.company, deadline=deadline).cancel(uid, reason)
        kill_point("change.answered")
        with telling(appointment):
            Appointment.objects.filter(pk=appointment.pk).update(
                status=Status.CANCELLED, cancellation_reason=reason[:500], sent_at=None, updated_at=timezone.now()
            )
            changed_after_all(appointment)
    return fresh(appointment)


def catch_up(appointment: Appointment, *, deadline: float = math.inf) -> Appointment:
    """Write down what became of it in the calendar: a change of ours ended unclear, or others have changed it there.

    Raises NotChangeable and CalendarError. `deadline` is on the clock of time.monotonic().
    """
    with claimed(appointment, Status.SCHEDULED) as uid:
        booking = calendar_of(appointment.company, deadline=deadline).look(uid)
        if not (booking.uid == uid and not booking.is_over and is_fresh(appointment)):
            adopt(appointment, booking)
    return fresh(appointment)


def settle(appointment: Appointment) -> Appointment:
    """Find out what became of a change that ended unclear; who was told to wait for one that never arrived is called.

    Raises NotChangeable, and CalendarError while it can't be known yet.
    """
    with claimed(appointment, Status.SCHEDULED) as uid:
        booking = calendar_of(appointment.company).look(uid)
        if booking.uid != uid or booking.is_over:
            adopt(appointment, booking)
        elif is_fresh(fresh(appointment)):
            raise OutcomeUnknown("The calendar may not show the change yet.")
        else:
            _never_arrived(fresh(appointment))
    return fresh(appointment)


def is_in_doubt(appointment: Appointment) -> bool:
    """Whether a change of it was sent whose outcome nobody knows; one that is on its way at this moment is not."""
    in_hand = appointment.leased_until is not None and appointment.leased_until > timezone.now()
    return appointment.sent_at is not None and not in_hand


def changes_in_doubt(limit: int = 100) -> list[int]:
    """Booked appointments in doubt for so long that the calendar shows by now what became of them."""
    settled_by_now = timezone.now() - STALE_READS
    rows = Appointment.objects.filter(unclaimed(), status=Status.SCHEDULED, sent_at__lt=settled_by_now)
    return list(rows.order_by("sent_at").values_list("pk", flat=True)[:limit])


def confirm_appointment(appointment: Appointment) -> Appointment:
    """Accept a booking that waits for it in the calendar. Raises NotChangeable and CalendarError."""
    appointment = fresh(appointment)
    if appointment.status == Status.SCHEDULED:
        return appointment
    with claimed(appointment, Status.BOOKING) as uid:
        booking = calendar_of(appointment.company).confirm(uid)
        follow(appointment, booking)
        if booking.status == "accepted":
            nothing_left_to_do(appointment)
    return fresh(appointment)


def in_hand() -> Q:
    """Appointments that somebody is working on at this moment; a longer lease is a wait for the next look."""
    return Q(leased_until__gt=timezone.now(), leased_until__lte=longest_claim())


def state_of(appointment: Appointment) -> dict[str, Any]:
    """What the audit trail keeps of an appointment."""
    return {
        "status": str(appointment.status),
        "starts_at": appointment.starts_at.isoformat(),
        "calcom_booking_uid": appointment.calcom_booking_uid,
    }


def longest_claim() -> datetime:
    return timezone.now() + LEASE


@contextmanager
def _changing(appointment: Appointment, to: datetime | None) -> Iterator[str]:
    """The uid of its booking, while a change of it (None: the end of it) is on its way to the calendar."""
    with claimed(appointment, Status.SCHEDULED, sending={"moving_to": to}) as uid:
        try:
            yield uid
        except OutcomeUnknown:
            told = _("A change of this appointment may or may not have reached the calendar: compare them.")
            follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told))
            raise
        except CalendarError:
            # Nothing was changed; what was in doubt before still is.
            Appointment.objects.filter(pk=appointment.pk).update(
                sent_at=appointment.sent_at, moving_to=appointment.moving_to
            )
            raise


@contextmanager
def claimed(appointment: Appointment, status: Status, *, sending: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The uid of its booking, while nobody else may change it; `sending` is what is wanted of it."""
    if not _claim(appointment, status, sending):
        raise _why_not(fresh(appointment), status)
    try:
        yield fresh(appointment).calcom_booking_uid or ""
    finally:
        Appointment.objects.filter(pk=appointment.pk).update(leased_until=None)


@rerun_on_deadlock
def _claim(appointment: Appointment, status: Status, sending: Mapping[str, Any] | None) -> bool:
    now = timezone.now()
    # A booking that waits for confirmation is leased until its next look: a person may be quicker.
    waits = Q(status=Status.BOOKING) & (Q(sent_at__lt=now - LEASE) | Q(leased_until__gt=longest_claim()))
    mine = Appointment.objects.filter(
        unclaimed() | waits, pk=appointment.pk, status=status, calcom_booking_uid__isnull=False
    )
    sent = {"sent_at": now, **sending} if sending is not None else {}
    return bool(mine.update(leased_until=now + LEASE, **sent))


def _never_arrived(appointment: Appointment) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(sent_at=None, updated_at=timezone.now())
    if _is_looked_into(appointment):
        told = _("A change of this appointment did not reach the calendar, nothing was changed: call the customer.")
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told))
        return
    # Whoever asked for it has heard nothing at all: the process was killed on the way.
    if appointment.moving_to is None:
        told = _("It was to be cancelled, which did not reach the calendar; nothing was changed. Call back.")
    else:
        told = _("It was to be moved to %(wanted)s, which did not reach the calendar; nothing was changed. Call back.")
    never_changed(appointment, for_staff(appointment.company, told, wanted=appointment.moving_to))


def _is_looked_into(appointment: Appointment) -> bool:
    """Whether somebody was told that a change of it is unclear."""
    open_still = appointment.follow_ups.exclude(status=FollowUp.Status.DONE)
    return open_still.filter(kind=FollowUp.Kind.NEEDS_REVIEW).exists()


def adopt(appointment: Appointment, booking: Booking, reason: str = "") -> None:
    """What was unclear is clear. Whether it is as the customer wanted it is for people to say, where others did it."""
    before = fresh(appointment)
    if booking.is_over:
        cancelled: dict[str, Any] = {"status": Status.CANCELLED, "sent_at": None, "updated_at": timezone.now()}
        if reason:
            cancelled["cancellation_reason"] = reason[:500]
        with telling(appointment):
            Appointment.objects.filter(pk=appointment.pk).update(**cancelled)
    else:
        follow(appointment, booking)
    if before.sent_at is not None and _is_as_wanted(before, booking):
        if _is_looked_into(before):
            changed_after_all(appointment)
        else:
            changed_unheard(appointment, _what_was_done(before))
    if _is_as_wanted(before, booking) or not _is_looked_into(appointment):
        nothing_left_to_do(appointment)
        _ask_to_confirm(appointment, booking)
    else:
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, _what_others_did(before, booking))


def _is_as_wanted(appointment: Appointment, booking: Booking) -> bool:
    """Whether the calendar shows what an unclear change was to bring about; without one, whatever it shows is right."""
    if appointment.status != Status.SCHEDULED or appointment.sent_at is None:
        return True
    if appointment.moving_to is None:
        return booking.is_over
    return not booking.is_over and booking.start == appointment.moving_to


def _what_was_done(appointment: Appointment) -> str:
    """Of a change whose process was killed before it could answer."""
    if appointment.moving_to is None:
        told = _("It has been cancelled since, which the customer may not have heard: say so.")
    else:
        told = _("It has been moved to %(wanted)s since, which the customer may not have heard: say so.")
    return for_staff(appointment.company, told, wanted=appointment.moving_to)


def _what_others_did(appointment: Appointment, booking: Booking) -> str:
    """What an unclear change was to bring about, and what the calendar shows instead."""
    if appointment.moving_to is None:
        told = _("It was to be cancelled, but the calendar has moved it to %(found)s: call the customer.")
    elif booking.is_over:
        told = _("It was to be moved to %(wanted)s, but the calendar has %(state)s it: call the customer.")
    else:
        told = _("It was to be moved to %(wanted)s, but the calendar has moved it to %(found)s: call the customer.")
    return for_staff(appointment.company, told, wanted=appointment.moving_to, found=booking.start, state=booking.state)


def _ask_to_confirm(appointment: Appointment, booking: Booking) -> None:
    if booking.status == "pending":
        ask_to_confirm(appointment)


def follow(appointment: Appointment, booking: Booking) -> None:
    """Write down what the calendar holds now."""
    with telling(appointment):
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


def fresh(appointment: Appointment) -> Appointment:
    """Its row as it is now, with all that it belongs to."""
    return Appointment.objects.select_related("company", "service", "customer", "call").get(pk=appointment.pk)
