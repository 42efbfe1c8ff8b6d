"""What made-up calls have brought in and sent out: webhook events and mails in every state."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from appointments.models import Appointment, Call, FollowUp
from appointments.notifications import CUSTOMER_MAIL, FOLLOW_UP_MAIL
from mcp_gateway.models import OutboxMessage, WebhookEvent
from retell.seeding.bookings import LATER
from retell.seeding.calls import ROWS, Batch


def seed_events(batch: Batch, calls: Sequence[Call], appointments: Sequence[Appointment]) -> None:
    WebhookEvent.objects.bulk_create(_events(batch, calls, appointments), ROWS)


def seed_mails(appointments: Sequence[Appointment], follow_ups: Sequence[FollowUp]) -> None:
    OutboxMessage.objects.bulk_create(_mails(appointments, follow_ups), ROWS)


def _events(batch: Batch, calls: Sequence[Call], appointments: Sequence[Appointment]) -> list[WebhookEvent]:
    over = [call for call in calls if call.ended_at]
    rows = [_event(call, name) for call in over for name in ("call_ended", "call_analyzed") if _is_told(call, name)]
    rows += [_booked(appointment) for appointment in appointments if appointment.calcom_booking_uid]
    for number, row in enumerate(rows):
        state = {17: "ignored", 29: "failed", 53: "dead"}.get(number % 80, "done")
        newest = len(rows) - number
        if batch.is_last and newest < 3:
            state = "received" if newest == 1 else "processing"
        _settle(row, WebhookEvent.State(state))
    return rows


def _is_told(call: Call, event: str) -> bool:
    return event == "call_ended" or bool(call.analysis)


def _event(call: Call, event: str) -> WebhookEvent:
    assert call.started_at is not None
    assert call.ended_at is not None
    told: dict[str, Any] = {
        "call_id": call.call_id,
        "agent_id": call.agent_id,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "direction": call.direction,
        "call_status": call.status,
        "start_timestamp": round(call.started_at.timestamp() * 1000),
        "end_timestamp": round(call.ended_at.timestamp() * 1000),
        "disconnection_reason": call.disconnection_reason,
    }
    told |= {"call_analysis": call.analysis} if event == "call_analyzed" else {"transcript": call.transcript}
    return WebhookEvent(
        provider="retell",
        company_id=call.company_id,
        event=event,
        dedupe_key=f"{call.company_id}:{event}:{call.call_id}",
        payload={"event": event, "call": told},
        headers={"User-Agent": "axios/1.7.2", "Content-Type": "application/json"},
        received_at=call.ended_at + timedelta(seconds=1 if event == "call_ended" else 6),
        correlation_id=str(uuid.uuid5(uuid.NAMESPACE_OID, call.call_id)),
    )


def _booked(appointment: Appointment) -> WebhookEvent:
    assert appointment.call is not None
    assert appointment.call.ended_at is not None
    uid, at = appointment.calcom_booking_uid, appointment.call.ended_at + timedelta(seconds=3)
    return WebhookEvent(
        provider="calcom",
        company_id=appointment.company_id,
        event="BOOKING_CREATED",
        dedupe_key=f"{appointment.company_id}:BOOKING_CREATED:{uid}",
        payload={
            "triggerEvent": "BOOKING_CREATED",
            "createdAt": at.isoformat(),
            "payload": {"uid": uid, "startTime": appointment.starts_at.isoformat(), "status": "ACCEPTED"},
        },
        headers={"Content-Type": "application/json"},
        received_at=at,
        correlation_id=str(uuid.uuid5(uuid.NAMESPACE_OID, appointment.call.call_id)),
    )


def _settle(row: WebhookEvent, state: WebhookEvent.State) -> None:
    """How far the work on it has come; what is not done waits until tomorrow."""
    row.state = state
    if state == "received":
        row.next_attempt_at = timezone.now() + LATER
        return
    error = {"failed": "The call id belongs to another company's call.", "dead": "ConnectionError"}.get(state, "")
    row.attempts = [
        {
            "number": 1,
            "started_at": row.received_at.isoformat(),
            "outcome": state.value,
            "code_version": settings.CODE_VERSION,
        }
    ]
    if state == "processing":
        row.leased_until = timezone.now() + LATER
        return
    row.processed_at = row.received_at + timedelta(milliseconds=180)
    row.attempts[0] |= {"ended_at": row.processed_at.isoformat(), "error": error}


def _mails(appointments: Sequence[Appointment], follow_ups: Sequence[FollowUp]) -> list[OutboxMessage]:
    rows = [
        _mail(
            appointment.company_id,
            CUSTOMER_MAIL,
            f"appointment:{appointment.pk}:scheduled:{appointment.starts_at:%Y%m%dT%H%M}:0",
            {"appointment": appointment.pk, "news": "scheduled", "sequence": 0},
            appointment.call.ended_at if appointment.call else None,
        )
        for appointment in appointments
        if appointment.calcom_booking_uid and appointment.attendee_email
    ]
    rows += [
        _mail(
            task.company_id,
            FOLLOW_UP_MAIL,
            f"follow_up:{task.pk}:1",
            {"follow_up": task.pk, "opening": 1},
            task.call.ended_at if task.call else None,
        )
        for task in follow_ups
    ]
    for number, row in enumerate(rows):
        _deliver(
            row, OutboxMessage.State({11: "skipped", 23: "failed", 37: "dead", 41: "waiting"}.get(number % 60, "sent"))
        )
    return rows


def _mail(company_id: int, kind: str, key: str, payload: dict[str, Any], at: datetime | None) -> OutboxMessage:
    return OutboxMessage(
        company_id=company_id, kind=kind, dedupe_key=key, payload=payload, created_at=at or timezone.now()
    )


def _deliver(row: OutboxMessage, state: OutboxMessage.State) -> None:
    row.state = state
    row.attempts = {"waiting": 0, "dead": 7}.get(state, 1)
    row.last_error = {"failed": "The mail server does not take mail for this address.", "dead": "TimeoutError"}.get(
        state, ""
    )
    row.sent_at = row.created_at + timedelta(seconds=2) if state == "sent" else None
    if state == "waiting":
        row.next_attempt_at = timezone.now() + LATER
