"""Retell's call events: how one is kept, and what is done with it when its turn comes."""

import hashlib
from collections.abc import Mapping
from typing import Any

from appointments.booking import book_wish
from appointments.calls import ForeignCall, record_call
from appointments.collecting import SpokenWish, collect
from appointments.models import Call
from appointments.wishes import wish_of
from mcp_gateway import inbox
from mcp_gateway.models import WebhookEvent
from retell.functions import canonical_name
from retell.intake import SignedRequest
from retell.payload import PROVIDER, NoCallId, call_id_of, call_news, call_of, tool_calls

State = WebhookEvent.State
# At most one of each comes per call; of the other events several may.
ONCE_PER_CALL = frozenset({"call_started", "call_ended", "call_analyzed"})
END_OF_CALL = frozenset({"call_ended", "call_analyzed"})
KEPT_HEADERS = ("User-Agent", "Content-Type")
COLLECT = "collect_appointment_information"


def receive(signed: SignedRequest, headers: Mapping[str, str]) -> WebhookEvent:
    """Put a verified event into the inbox; raises NoCallId for a call event that names no call."""
    event = signed.body.get("event")
    name = event[:60] if isinstance(event, str) and event else "unknown"
    return inbox.receive(
        provider=PROVIDER,
        event=name,
        dedupe_key=dedupe_key(signed, name),
        payload=signed.body,
        headers={header: headers[header] for header in KEPT_HEADERS if header in headers},
        company_id=signed.company.pk,
    )


def dedupe_key(signed: SignedRequest, event: str) -> str:
    """The same message sent again has the same key; another company's never has."""
    if event in ONCE_PER_CALL:
        return f"{signed.company.pk}:{event}:{call_id_of(call_of(signed.body))}"
    return f"{signed.company.pk}:{event}:{hashlib.sha256(signed.raw).hexdigest()}"


@inbox.handles(PROVIDER)
def handle(event: WebhookEvent) -> WebhookEvent.State:
    """Add the news to the call, and book the caller's wish once the call is over."""
    if not event.event.startswith("call_"):
        return State.IGNORED
    facts = call_of(event.payload)
    try:
        call = record_call(event.company, call_news(facts, event=event.event))
    except NoCallId:
        return State.IGNORED
    except ForeignCall:
        raise inbox.PermanentFailure("The call id belongs to another company's call.") from None
    if event.event in END_OF_CALL:
        if wish_of(call) is None:
            recover_wish(call, facts)
        book_wish(call)
    return State.DONE


def recover_wish(call: Call, facts: Mapping[str, Any]) -> None:
    """Where cache and database know of no wish, the transcript of function calls may.

    Only a function call whose answer said "collected", or never came, is a wish: after any other answer the
    caller was asked something, or told that it failed.
    """
    heard_at = call.started_at
    for name, arguments, result in tool_calls(facts):
        if canonical_name(name) == COLLECT and _may_be_collected(result):
            collect(call, spoken_wish(arguments), heard_at=heard_at)


def spoken_wish(arguments: Mapping[str, Any]) -> SpokenWish:
    """The wish in the model's arguments, under their English names or the German twins."""
    return SpokenWish(
        name=arguments.get("name"),
        date=_either(arguments, "date", "datum"),
        time=_either(arguments, "time", "uhrzeit"),
        service=_either(arguments, "service", "dienstleistung"),
        notes=_either(arguments, "notes", "notizen"),
        email=arguments.get("email"),
    )


def _either(arguments: Mapping[str, Any], name: str, twin: str) -> Any:
    value = arguments.get(name)
    return arguments.get(twin) if value in (None, "") else value


def _may_be_collected(result: Any) -> bool:
    return result is None or (isinstance(result, Mapping) and result.get("status") == "collected")
