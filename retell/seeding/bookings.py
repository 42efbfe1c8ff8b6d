"""What comes of made-up calls in the business: appointments in every status, tasks for people, the audit trail."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from appointments.models import Appointment, Call, FollowUp, Service
from mcp_gateway.models import AuditEntry
from retell.seeding.calls import ROWS, Batch

Status = Appointment.Status
PAST: Final = (Status.COMPLETED,) * 8 + (Status.NO_SHOW, Status.CANCELLED, Status.CANCELLED, Status.FAILED)
COMING: Final = (Status.SCHEDULED,) * 9 + (Status.CANCELLED, Status.FAILED, Status.EXPIRED)
# The last ones of all, so that no status is missing however few there are.
UNSETTLED: Final = (
    *(Status.NO_SHOW, Status.SCHEDULED, Status.FAILED, Status.SCHEDULED, Status.CANCELLED, Status.SCHEDULED),
    *(Status.EXPIRED, Status.SCHEDULED, Status.BOOKING, Status.HELD),
)
NEVER_IN_CALENDAR = frozenset({Status.HELD, Status.BOOKING, Status.FAILED, Status.EXPIRED})
LATER: Final = timedelta(days=1)


def seed_appointments(batch: Batch, calls: Sequence[Call]) -> list[Appointment]:
    return Appointment.objects.bulk_create(_appointments(batch, calls), ROWS)


def seed_follow_ups(batch: Batch, calls: Sequence[Call], appointments: Sequence[Appointment]) -> list[FollowUp]:
    return FollowUp.objects.bulk_create(_follow_ups(batch, calls, appointments), ROWS)


def seed_audit(appointments: Sequence[Appointment]) -> None:
    AuditEntry.objects.bulk_create(_audit(appointments), ROWS)


def _appointments(batch: Batch, calls: Sequence[Call]) -> list[Appointment]:
    wishes = [call for call in calls if call.collected_data]
    unsettled = len(UNSETTLED) if batch.is_last else 0
    services = {service.pk: service for service in batch.services}
    return [
        _appointment(
            batch, call, services, UNSETTLED[place] if (place := number - len(wishes) + unsettled) >= 0 else None
        )
        for number, call in enumerate(wishes)
    ]


def _appointment(batch: Batch, call: Call, services: dict[int, Service], status: Status | None) -> Appointment:
    random, wish, now = batch.random, call.collected_data, timezone.now()
    service, starts_at = services[wish["service_id"]], datetime.fromisoformat(wish["starts_at"])
    status = status or random.choice(PAST if starts_at < now else COMING)
    if status == Status.NO_SHOW and starts_at > now:
        starts_at -= timedelta(days=14)
    if status == Status.SCHEDULED and starts_at < now:
        starts_at += timedelta(days=14 * ((now - starts_at).days // 14 + 1))
    is_in_calendar = status not in NEVER_IN_CALENDAR
    return Appointment(
        company=batch.company,
        customer=call.customer,
        service=service,
        call=call,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=service.duration_minutes),
        status=status,
        attendee_name=wish["customer_name"],
        attendee_email=call.customer.email if call.customer else None,
        calcom_booking_uid=uuid.UUID(int=random.getrandbits(128)).hex[:22] if is_in_calendar else None,
        calcom_booking_id=random.randrange(10**6, 10**7) if is_in_calendar else None,
        held_until=now + LATER if status == Status.HELD else None,
        leased_until=now + LATER if status == Status.BOOKING else None,
        sequence=1 if status == Status.CANCELLED else 0,
        language=call.language,
        attempts=6 if status == Status.FAILED else 1,
        last_error="slot_taken" if status == Status.FAILED else "",
        cancellation_reason="Kann doch nicht kommen" if status == Status.CANCELLED else "",
    )


def _follow_ups(batch: Batch, calls: Sequence[Call], appointments: Sequence[Appointment]) -> list[FollowUp]:
    rows = [
        _task(batch, FollowUp.Kind.BOOKING_FAILED, "Die Zeit war schon vergeben: rufen Sie zurück.", call, appointment)
        for appointment in appointments
        if appointment.status == Status.FAILED and (call := appointment.call)
    ]
    for call in calls:
        if call.transcript and not call.collected_data and batch.random.randrange(3) == 0:
            rows.append(_task(batch, FollowUp.Kind.CALLBACK, "Bittet um Rückruf wegen eines Termins.", call))
        elif call.status == Call.Status.ERROR:
            rows.append(_task(batch, FollowUp.Kind.NEEDS_REVIEW, "Das Gespräch ist abgerissen: sehen Sie nach.", call))
    return rows


def _task(
    batch: Batch, kind: FollowUp.Kind, what_to_do: str, call: Call, appointment: Appointment | None = None
) -> FollowUp:
    """Old ones are mostly done, those of the last days mostly open."""
    assert call.started_at is not None
    is_new = timezone.now() - call.started_at < timedelta(days=3)
    status = batch.random.choice(list(FollowUp.Status)) if is_new else FollowUp.Status.DONE
    return FollowUp(
        company=batch.company,
        kind=kind,
        call=call,
        appointment=appointment,
        what_to_do=what_to_do,
        status=status,
        assignee_id=None if status == FollowUp.Status.OPEN else batch.random.choice(batch.staff),
    )


def _audit(appointments: Sequence[Appointment]) -> list[AuditEntry]:
    return [
        AuditEntry(
            at=appointment.call.ended_at if appointment.call and appointment.call.ended_at else timezone.now(),
            actor_kind=AuditEntry.Actor.WEBHOOK,
            actor="calcom",
            company_id=appointment.company_id,
            action="appointment.changed_in_calendar",
            object_type="Appointment",
            object_id=str(appointment.pk),
            before={"status": "scheduled"},
            after={"status": Status.CANCELLED.value},
            reason=appointment.cancellation_reason,
        )
        for appointment in appointments
        if appointment.status == Status.CANCELLED
    ]
