"""What Cal.com's webhooks say, word for word as the sandbox sends it, and a worker who works on it."""

import json
from datetime import datetime
from itertools import count
from typing import Any

import requests

from appointments.models import Company
from calcom import webhook_events
from calcom.sandbox import payloads
from calcom.sandbox.state import Booking
from mcp_gateway import inbox
from mcp_gateway.models import WebhookEvent
from tests.calcom.conftest import API_KEY, SLOT, CalcomControl

_moments = count(1)


def booked_there(control: CalcomControl, start: datetime = SLOT, *, slug: str = "haircut", **more: Any) -> str:
    """The uid of what somebody has booked on the web page."""
    body = {"event_type_id": control.ids[slug], "start": start.isoformat(), "name": "Max Muster", **more}
    return control.post("bookings", **body)["uid"]


def moved_there(control: CalcomControl, uid: str, start: datetime) -> str:
    """The new uid."""
    return control.post(f"bookings/{uid}/reschedule", start=start.isoformat(), reason="Later")["uid"]


def asked_to_move(control: CalcomControl, uid: str, start: datetime) -> str:
    """The same by somebody whom the host has to confirm."""
    return as_host(control, f"{uid}/reschedule", {"start": start.isoformat()})["uid"]


def cancelled_there(control: CalcomControl, uid: str, reason: str = "Ill") -> None:
    control.post(f"bookings/{uid}/cancel", reason=reason)


def confirmed_there(control: CalcomControl, uid: str) -> None:
    as_host(control, f"{uid}/confirm", {})


def declined_there(control: CalcomControl, uid: str, reason: str = "No time") -> None:
    as_host(control, f"{uid}/decline", {"reason": reason})


def as_host(control: CalcomControl, path: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {API_KEY}", "cal-api-version": "2024-08-13"}
    url = f"{control.base_url}/v2/bookings/{path}"
    response = requests.post(url, json=body, headers=headers, timeout=5)
    response.raise_for_status()
    return response.json()["data"]


class Mouth:
    """Says of bookings what Cal.com says of them, to one company."""

    def __init__(self, company: Company, control: CalcomControl) -> None:
        self.company = company
        self.state = control.sandbox.state

    def created(self, uid: str, **changes: Any) -> WebhookEvent:
        return self.say("BOOKING_CREATED", {**payloads.created(self._booking(uid), self.state), **changes})

    def requested(self, uid: str) -> WebhookEvent:
        return self.say("BOOKING_REQUESTED", payloads.created(self._booking(uid), self.state))

    def moved(self, uid: str, **changes: Any) -> WebhookEvent:
        booking = self._booking(uid)
        original = self._booking(booking.rescheduled_from_uid or "")
        return self.say("BOOKING_RESCHEDULED", {**payloads.rescheduled(booking, original, self.state), **changes})

    def cancelled(self, uid: str, reason: str = "Ill") -> WebhookEvent:
        told = payloads.cancelled(self._booking(uid), self.state, reason=reason, by="a@salon.example")
        return self.say("BOOKING_CANCELLED", told)

    def rejected(self, uid: str) -> WebhookEvent:
        return self.say("BOOKING_REJECTED", payloads.rejected(self._booking(uid), self.state))

    def attended(self, uid: str, *attendees: Any) -> WebhookEvent:
        told = {"message": "", "attendees": list(attendees), "bookingUid": uid, "bookingId": 1}
        return self.say("BOOKING_NO_SHOW_UPDATED", told)

    def say(self, trigger: str, payload: Any) -> WebhookEvent:
        """A stored event that nobody has worked on yet."""
        body = {"triggerEvent": trigger, "createdAt": f"2026-11-23T09:00:00.{next(_moments):06d}Z", "payload": payload}
        return webhook_events.receive(self.company, json.dumps(body).encode(), body, {})

    def _booking(self, uid: str) -> Booking:
        booking = self.state.bookings.get(uid)
        assert booking is not None
        return booking


def work_on(*events: WebhookEvent) -> list[WebhookEvent.State | None]:
    """Each as often as it is said here, as a vendor repeats it or staff replay it."""
    return [_worked_on(event) for event in events]


def _worked_on(event: WebhookEvent) -> WebhookEvent.State | None:
    WebhookEvent.objects.filter(pk=event.pk).update(
        state=WebhookEvent.State.RECEIVED, next_attempt_at=event.received_at, attempts=[]
    )
    return inbox.process(event.pk)
