"""Cal.com's events: how one is kept, and what is done with it when its turn comes."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from appointments import availability
from appointments.changes import BeingChanged
from appointments.models import Company
from appointments.staff_language import for_staff
from calcom.mirroring import Mirror, Outcome
from calcom.told import Told
from calcom.types import Booking
from mcp_gateway import gateway, inbox
from mcp_gateway.errors import GatewayError, NotFound
from mcp_gateway.models import WebhookEvent
from mcp_gateway.principal import Principal

PROVIDER = "calcom"
State = WebhookEvent.State
NEWS: dict[str, Callable[[Mirror, Told], Outcome]] = {
    "BOOKING_CREATED": Mirror.booked_or_moved,
    "BOOKING_RESCHEDULED": Mirror.booked_or_moved,
    "BOOKING_REQUESTED": partial(Mirror.booked_or_moved, is_request=True),
    "BOOKING_CANCELLED": partial(Mirror.is_over, status="cancelled"),
    "BOOKING_REJECTED": partial(Mirror.is_over, status="rejected"),
    "BOOKING_NO_SHOW_UPDATED": Mirror.attended,
}
BOOKING_TRIGGERS = frozenset(NEWS)
# By then a copy of Cal.com's data that it reads from shows what an event is about.
MAY_LAG = timedelta(minutes=2)
# Whoever has an appointment in hand is done with it in less than two minutes, or dead.
IN_HAND = timedelta(seconds=10)
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
    """Bring our rows up to what has changed in Cal.com, and forget the slots once more.

    Cal.com tells of a cancellation before it frees the time. Raises PermanentFailure; anything else means try again.
    """
    if event.event not in BOOKING_TRIGGERS or (told := _told(event)) is None:
        return State.IGNORED
    availability.forget(event.company_id)
    company: Company = event.company
    if not company.is_active:
        return State.IGNORED
    outcome = _apply(event, told, _mirror(company))
    return State.IGNORED if outcome is Outcome.NOT_OURS else State.DONE


def _apply(event: WebhookEvent, told: Told, mirror: Mirror) -> Outcome:
    try:
        return NEWS[event.event](mirror, told)
    except NotFound:
        # Cal.com may read from a copy that lags behind.
        if timezone.now() - event.received_at < MAY_LAG:
            raise
        return _missing(told, mirror)
    except BeingChanged as reason:
        raise inbox.NotYet(str(reason), IN_HAND) from None
    except GatewayError as refusal:
        if refusal.kind == "not_configured":
            raise inbox.PermanentFailure(
                f"{refusal.message}. The next comparison with Cal.com makes up for it."
            ) from None
        if pause := refusal.data.get("retry_after"):
            raise inbox.NotYet(refusal.message, timedelta(seconds=pause)) from None
        raise


def _missing(told: Told, mirror: Mirror) -> Outcome:
    """Cal.com does not show a booking that it has told of; people look where a row of ours is meant."""
    row = mirror.row_meant(told)
    if row is None:
        return Outcome.NOT_OURS
    text = _("Cal.com told of booking %(uid)s for this appointment and does not show it: compare them.")
    why = for_staff(mirror.company, text, uid=told.subject)
    mirror.review(row, why)
    raise inbox.PermanentFailure(why)


def _told(event: WebhookEvent) -> Told | None:
    """What the event says, None where that can't be understood."""
    try:
        told = Told.model_validate(event.payload.get("payload"))
    except ValidationError:
        return None
    return told if told.subject else None


def _mirror(company: Company) -> Mirror:
    principal = Principal.of_task("calcom webhook", company.pk, home=company)

    def look(uid: str, *, follow_moves: bool = True) -> Booking:
        params = {"uid": uid, "follow_moves": follow_moves}
        return Booking.model_validate(gateway.call("calcom.getBooking", params, principal=principal))

    return Mirror(company, by=Principal.of_vendor(PROVIDER, company.pk, home=company), look=look)


def _identity(body: Mapping[str, Any]) -> bytes:
    """What two deliveries of one message have in common, b"" where it isn't there. Hashed: case matters in a uid."""
    payload = body.get("payload")
    uid = _word(payload, "uid") if isinstance(payload, Mapping) else ""
    parts = (_word(body, "triggerEvent"), uid, _word(body, "createdAt"))
    return "\n".join(parts).encode() if all(parts) else b""


def _word(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
