"""What becomes of a try to book that did not succeed: another one later, a wait that costs none, or a person's task."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.calendar import CalendarError, CalendarPaused
from appointments.follow_ups import close, follow_up
from appointments.models import Appointment, FollowUp
from appointments.staff_language import for_staff
from mcp_gateway.audit import record_by
from mcp_gateway.backoff import PATIENCE, STEPS, delay_after, spread
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.principal import Principal

Status = Appointment.Status

# Who was told that it will be booked may call again before that: people should know where it stands.
LONG_WAIT = timedelta(minutes=30)
LAST_ATTEMPT = len(STEPS) + 1
BOOK_TASK = "appointments.tasks.book_appointment"


def try_later(appointment: Appointment, trouble: object) -> None:
    """It counts as an attempt; after the last one, and where the appointment would have begun, people are asked."""
    delay = delay_after(appointment.attempts)
    # People need to know before the appointment, not after it.
    if delay is None or timezone.now() + delay > appointment.starts_at:
        told = _("%(words)s – look in the calendar before you book by hand.")
        give_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told, words=trouble))
        return
    with transaction.atomic():
        waiting = Appointment.objects.filter(pk=appointment.pk, status=Status.BOOKING).update(
            leased_until=timezone.now() + delay, last_error=_short(trouble), updated_at=timezone.now()
        )
        if waiting and delay >= LONG_WAIT:
            _tell_of_long_wait(appointment, trouble)
    _ring_after(appointment, delay)


def wait_out(appointment: Appointment, trouble: CalendarPaused) -> None:
    """Until the pause is over; people need to know in time when it never ends."""
    pause = spread(trouble.pause)
    now = timezone.now()
    if now - appointment.created_at > PATIENCE or now + pause > appointment.starts_at:
        try_later(appointment, trouble)
        return
    if now - appointment.created_at > LONG_WAIT and not appointment.follow_ups.exists():
        _tell_of_long_wait(appointment, trouble)
    come_back(appointment, pause, trouble)


def come_back(appointment: Appointment, delay: timedelta, trouble: CalendarError) -> None:
    """To look, or to wait, is not to try: it costs none of the attempts."""
    Appointment.objects.filter(pk=appointment.pk, status=Status.BOOKING).update(
        leased_until=timezone.now() + delay,
        attempts=F("attempts") - 1,
        last_error=_short(trouble),
        updated_at=timezone.now(),
    )
    _ring_after(appointment, delay)


def give_up(appointment: Appointment, kind: FollowUp.Kind, why: str) -> None:
    """It can't be booked: staff see it, and what to do."""
    with transaction.atomic():
        given_up = Appointment.objects.filter(pk=appointment.pk, status=Status.BOOKING).update(
            status=Status.FAILED, leased_until=None, sent_at=None, last_error=_short(why), updated_at=timezone.now()
        )
        # Whatever people were told while it could still be booked is overtaken.
        close(appointment.follow_ups.exclude(kind=kind))
        if given_up:
            note_outcome(appointment, "appointment.given_up", {"status": Status.FAILED.value}, why)
        follow_up(appointment, kind, why)


def note_outcome(appointment: Appointment, action: str, after: dict[str, Any], reason: str) -> None:
    """Whoever asked for the booking, it is made by a task: at once, or by one that comes later."""
    record_by(
        Principal.of_task("booking"),
        action=action,
        object_type="Appointment",
        object_id=appointment.pk,
        company_id=appointment.company_id,
        before={"status": Status.BOOKING.value, "starts_at": appointment.starts_at.isoformat()},
        after={"status": Status.SCHEDULED.value, **after},
        reason=reason[:500],
    )


def _tell_of_long_wait(appointment: Appointment, trouble: object) -> None:
    told = _("Not booked yet, it is tried again: %(words)s. Nothing is to be done unless it lasts.")
    follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, told, words=trouble))


def _ring_after(appointment: Appointment, delay: timedelta) -> None:
    # A second later: the lease must have run out when the bell rings.
    ring_on_commit(BOOK_TASK, appointment.pk, countdown=delay.total_seconds() + 1)


def _short(text: object) -> str:
    return str(text)[:500]
