"""Retell's call events: how one is kept, and what is done with it when its turn comes."""

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.calls import ForeignCall, record_call
from appointments.conversation import Said, collect
from appointments.conversation.turn import MAX_WORDS
from appointments.follow_ups import call_back
from appointments.intents import book_wish
from appointments.models import Call, Company
from appointments.staff_language import for_staff
from appointments.voice import meaningful
from appointments.wishes import doubt_wish, drop_wish, wish_of
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
COLLECT, CANCEL = "collect_appointment_information", "cancel_appointment"
# What the functions that tell a wish call its day and time.
NAMES_OF_WHEN = {COLLECT: ("date", "time"), "change_appointment_details": ("new_date", "new_time")}
# The answers after which what was said is a wish; one that was only read back still wants a yes.
NOTED = frozenset({"collected", "collected_unchecked", "booking_pending", "requested", "booked"})
READ_BACK = "confirmation_required"
TWINS = {
    "date": "datum",
    "time": "uhrzeit",
    "service": "dienstleistung",
    "notes": "notizen",
    "new_date": "neues_datum",
    "new_time": "neue_uhrzeit",
    "confirmed": "bestaetigung",
    "language": "sprache",
}


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
        return key_of_call(signed.company.pk, event, call_id_of(call_of(signed.body)))
    return f"{signed.company.pk}:{event}:{hashlib.sha256(signed.raw).hexdigest()}"


def key_of_call(company_id: int, event: str, call_id: str) -> str:
    """The key of an event that comes once per call."""
    return f"{company_id}:{event}:{call_id}"


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
        keep_wish(call, facts)
        book_wish(call)
    return State.DONE


def keep_wish(call: Call, facts: Mapping[str, Any]) -> None:
    """Once the call is over: what only the call object's transcript knows of the caller's wish is noted.

    A wish that was told when we could not hear it is none to be booked: somebody calls back.
    """
    if wish_of(call) is None:
        recover_wish(call, facts)
    if wish_of(call) is None and (words := _broken_off(facts)):
        told = _("Call back: a fault kept us from noting what the caller wished. They said: %(words)s")
        call_back(call, for_staff(call.company, told, words=words))


def in_one_piece(company: Company) -> AbstractContextManager[object]:
    """A transaction; none for a company that books during the call, because what books must not stand in one."""
    books_at_once = company.booking_mode == Company.BookingMode.DURING_CALL
    return nullcontext() if books_at_once else transaction.atomic()


def recover_wish(call: Call, facts: Mapping[str, Any]) -> None:
    """Where cache and database know of no wish, the transcript of function calls may: it is heard once more.

    A function call whose answer noted a wish, or never came, is one. After any other answer the caller was asked
    something, and what was wished is in doubt.
    """
    # Noting a wish of a call that is over rings for its booking: no worker may hear that before the last word is
    # heard. A company that books during the call rings for none.
    with in_one_piece(call.company):
        for name, arguments, result in tool_calls(facts):
            _hear_again(call, canonical_name(name), arguments, result)


def _hear_again(call: Call, function: str, arguments: Mapping[str, Any], result: object) -> None:
    heard_at, status = call.started_at or timezone.now(), _status(result)
    is_noted = status in NOTED or (result is None and function == COLLECT)
    if function == CANCEL and status == "wish_dropped":
        drop_wish(call, heard_at)
    if function in NAMES_OF_WHEN and (is_noted or status == READ_BACK):
        date, time = NAMES_OF_WHEN[function]
        collect(call, said_in(arguments, date=date, time=time), heard_at=heard_at)
    if function in NAMES_OF_WHEN and not is_noted:
        doubt_wish(call, heard_at)


def _broken_off(facts: Mapping[str, Any]) -> str:
    """What was said when a wish was told last, if a fault was all the answer; else ""."""
    told = [(arguments, result) for name, arguments, result in tool_calls(facts) if canonical_name(name) == COLLECT]
    if not told or not _is_fault(told[-1][1]):
        return ""
    said = said_in(told[-1][0], date="date", time="time")
    words = (meaningful(word, max_length=MAX_WORDS) for word in (said.name, said.service, said.date, said.time))
    return ", ".join(filter(None, words))


def _is_fault(result: object) -> bool:
    """A failure of ours, or what Retell's HTTP client says of an answer that it did not get."""
    return result.get("success") is False if isinstance(result, Mapping) else result is not None


def _status(result: object) -> str:
    status = result.get("status") if isinstance(result, Mapping) else None
    return status if isinstance(status, str) else ""


def said_in(arguments: Mapping[str, Any], *, date: str, time: str) -> Said:
    """The wish in the model's arguments, under their English names or the German twins."""
    spoken = {name: either(arguments.get(name), arguments.get(twin)) for name, twin in TWINS.items()}
    return Said(
        name=arguments.get("name"),
        date=spoken[date],
        time=spoken[time],
        service=spoken["service"],
        notes=spoken["notes"],
        email=arguments.get("email"),
        confirmed=spoken["confirmed"],
        language=spoken["language"],
    )


def either(value: Any, twin: Any) -> Any:
    """An argument under its English name, or where that says nothing under the German one."""
    says_nothing = value is None or (isinstance(value, str) and meaningful(value, max_length=1) is None)
    return twin if says_nothing else value
