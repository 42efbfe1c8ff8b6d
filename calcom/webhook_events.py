"""Cal.com's events: how one is kept, and what is done with it when its turn comes."""

import hashlib
from collections.abc import Mapping
from typing import Any

from appointments import availability
from appointments.models import Company
from mcp_gateway import inbox
from mcp_gateway.models import WebhookEvent

PROVIDER = "calcom"
State = WebhookEvent.State
BOOKING_TRIGGERS = frozenset(
    {
        "BOOKING_CREATED",
        "BOOKING_RESCHEDULED",
        "BOOKING_REQUESTED",
        "BOOKING_CANCELLED",
        "BOOKING_REJECTED",
        "BOOKING_NO_SHOW_UPDATED",
    }
)
KEPT_HEADERS = ("User-Agent", "Content-Type", "X-Cal-Webhook-Version")


def receive(company: Company, raw: bytes, body: Mapping[str, Any], headers: Mapping[str, str]) -> WebhookEvent:
    """Put a verified event into the inbox, and forget at once what is remembered of the company's slots."""
    trigger = _word(body, "triggerEvent")[:60] or "unknown"
    event = inbox.receive(
        provider=PROVIDER,
        event=trigger,
        dedupe_key=f"{company.pk}:{trigger}:{hashlib.sha256(_identity(body) or raw).hexdigest()}",
        payload=body,
        headers={header: headers[header] for header in KEPT_HEADERS if header in headers},
        company_id=company.pk,
    )
    availability.forget(company.pk)
    return event


@inbox.handles(PROVIDER)
def handle(event: WebhookEvent) -> WebhookEvent.State:
    """Forget the slots once more: Cal.com tells of a cancellation before it frees the time."""
    if event.event not in BOOKING_TRIGGERS:
        return State.IGNORED
    availability.forget(event.company_id)
    return State.DONE


def _identity(body: Mapping[str, Any]) -> bytes:
    """What two deliveries of one message have in common, b"" where it isn't there. Hashed: case matters in a uid."""
    payload = body.get("payload")
    uid = _word(payload, "uid") if isinstance(payload, Mapping) else ""
    parts = (_word(body, "triggerEvent"), uid, _word(body, "createdAt"))
    return "\n".join(parts).encode() if all(parts) else b""


def _word(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
