"""Retell's MCP servers: the company's account there, the voice agent's functions, and its webhook events."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Length
from pydantic import AwareDatetime, BaseModel, Field

from appointments import conversation
from appointments.calls import ForeignCall, record_call
from appointments.conversation import Said
from appointments.models import Call, Company
from appointments.phones import to_e164
from appointments.voice import Reply
from mcp_gateway import event_log, inbox
from mcp_gateway.errors import Conflict, GatewayError, InvalidParams, NotFound, UpstreamError
from mcp_gateway.event_log import EventId, EventLine, Lines, Reason, WebhookStats
from mcp_gateway.models import WebhookEvent
from mcp_gateway.periods import Period
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell.client import ErrorKind, KeyInfo, RetellClient, RetellError
from retell.payload import PROVIDER, NoCallId, call_news
from retell.webhook_events import either

# A voice model sends numbers, null or lists where words are meant: what is not words is sorted out later.
Words = Annotated[Any, Field(json_schema_extra={"type": "string"})]

# Longest where the calendar writes while the caller waits.
SPEAKING_DEADLINE = 12.0

CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

# What callers of the gateway see of each kind: the error's type, our sentence, whether repeating is useful.
ERRORS: dict[ErrorKind, tuple[type[GatewayError], str, bool]] = {
    ErrorKind.NOT_FOUND: (NotFound, "Retell knows no such object", False),
    ErrorKind.REFUSED: (Conflict, "Retell does not accept this request", False),
    ErrorKind.UNAUTHORISED: (UpstreamError, "Retell does not accept the company's API key", False),
    ErrorKind.RATE_LIMITED: (UpstreamError, "Retell asks for a pause", True),
    ErrorKind.UNREACHABLE: (UpstreamError, "Retell can't be reached", True),
}


@register
class RetellConfigurationMCPServer(MCPServer):
    """The company's own account at Retell."""

    name = "retell_config"
    read_permission = "retell.view_retellconfiguration"
    write_permission = "retell.change_retellconfiguration"
    reaches_vendor = True

    def health(self) -> Health:
        """Whether anybody's account could be reached; Retell itself is not asked: each company has its own account."""
        companies = Company.objects.filter(is_active=True).annotate(key_length=Length("retell_api_key"))
        if companies.filter(key_length__gt=0).exists():
            return Health()
        return Health(status="degraded", reason="no company has a Retell API key")

    @rpc("testConnection", Access.READ)
    def test_connection(self, context: Context) -> KeyInfo:
        """Whose account the company's Retell API key belongs to."""
        with _retell(context) as client:
            return client.key_info()

    @rpc("getCall", Access.READ)
    def get_call(self, context: Context, call_id: CallId) -> dict[str, Any]:
        """A call of the company as Retell describes it now, with its transcript once it is over."""
        known = Call.objects.filter(call_id=call_id).first()
        if known is not None and known.company_id != context.company.pk:
            raise _unknown_call()
        with _retell(context) as client:
            call = client.call(call_id)
        if known is None and _is_anothers(context.company, call):
            raise _unknown_call()
        return call


@register
class RetellCustomFunctionMCPServer(MCPServer):
    """What a voice agent may call during a conversation. Every argument is the caller's own words, or missing."""

    name = "retell_custom"
    read_permission = "appointments.view_call"
    write_permission = "appointments.change_appointment"
    needs_signed_call = True

    def health(self) -> Health:
        return Health()

    @rpc("collect_appointment_information", Access.WRITE, ignores_unknown=True, deadline_seconds=SPEAKING_DEADLINE)
    def collect_appointment_information(
        self,
        context: Context,
        name: Words = None,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        notes: Words = None,
        email: Words = None,
        confirmed: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        notizen: Words = None,
        bestaetigung: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Note the caller's wish for an appointment: the caller's own words for day, time and service."""
        said = Said(
            name=name,
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            notes=either(notes, notizen),
            email=email,
            confirmed=either(confirmed, bestaetigung),
            language=either(language, sprache),
        )
        return conversation.collect(_live_call(context), said)

    @rpc("check_availability", Access.WRITE, ignores_unknown=True, deadline_seconds=SPEAKING_DEADLINE)
    def check_availability(
        self,
        context: Context,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Say what is free on a day, in a part of it, in a week, or next."""
        said = Said(
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            language=either(language, sprache),
        )
        return conversation.check(_live_call(context), said)

    @rpc("change_appointment_details", Access.WRITE, ignores_unknown=True, deadline_seconds=SPEAKING_DEADLINE)
    def change_appointment_details(
        self,
        context: Context,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        new_date: Words = None,
        new_time: Words = None,
        reason: Words = None,
        confirmed: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        neues_datum: Words = None,
        neue_uhrzeit: Words = None,
        grund: Words = None,
        bestaetigung: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Move an appointment of the number that calls to a new day and time; `date` and `time` say which one."""
        said = Said(
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            new_date=either(new_date, neues_datum),
            new_time=either(new_time, neue_uhrzeit),
            reason=either(reason, grund),
            confirmed=either(confirmed, bestaetigung),
            language=either(language, sprache),
        )
        return conversation.change(_live_call(context), said)

    @rpc(
        "cancel_appointment",
        Access.WRITE,
        ignores_unknown=True,
        is_destructive=True,
        deadline_seconds=SPEAKING_DEADLINE,
    )
    def cancel_appointment(
        self,
        context: Context,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        reason: Words = None,
        language: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        grund: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Cancel an appointment of the number that calls; `date` and `time` say which one."""
        said = Said(
            date=either(date, datum),
            time=either(time, uhrzeit),
            service=either(service, dienstleistung),
            reason=either(reason, grund),
            language=either(language, sprache),
        )
        return conversation.cancel(_live_call(context), said)

    @rpc("find_appointments", Access.WRITE, ignores_unknown=True)
    def find_appointments(self, context: Context, language: Words = None, sprache: Words = None) -> Reply:
        """Name the upcoming appointments of the number that calls."""
        return conversation.find(_live_call(context), Said(language=either(language, sprache)))

    @rpc("request_callback", Access.WRITE, ignores_unknown=True)
    def request_callback(
        self,
        context: Context,
        name: Words = None,
        phone: Words = None,
        reason: Words = None,
        notes: Words = None,
        language: Words = None,
        telefon: Words = None,
        grund: Words = None,
        notizen: Words = None,
        sprache: Words = None,
    ) -> Reply:
        """Note that somebody is to call the caller back; `phone` only where the number that calls is not the one."""
        said = Said(
            name=name,
            phone=either(phone, telefon),
            reason=either(reason, grund),
            notes=either(notes, notizen),
            language=either(language, sprache),
        )
        return conversation.request_callback(_live_call(context), said)


class Processed(BaseModel):
    """Where an event stands now."""

    event_id: int
    state: str


class Events(BaseModel):
    """`next_before` leads to the page after this one; null when this is the last."""

    events: list[EventLine]
    next_before: AwareDatetime | None


class Replay(BaseModel):
    """`was` is the state before; `replayed` is false after a dry run."""

    event_id: int
    was: str
    state: str
    replayed: bool


@register
class WebhookMCPServer(MCPServer):
    """The inbox of webhook events."""

    name = "webhook"
    read_permission = "mcp_gateway.view_webhookevent"
    write_permission = "mcp_gateway.change_webhookevent"

    def health(self) -> Health:
        """Degraded while events wait longer than the sweep would leave them."""
        waiting = inbox.overdue()
        return Health(status="degraded", reason=f"{waiting} events are waiting") if waiting else Health()

    @rpc("processRetellWebhook", Access.WRITE)
    def process_retell_webhook(self, context: Context, event_id: int) -> Processed:
        """Work on a stored Retell event now, if it is due; the answer says where it stands."""
        mine = Q(pk=event_id, company=context.company, provider=PROVIDER)
        if not WebhookEvent.objects.filter(mine).exists():
            raise NotFound("No such event")
        inbox.process(event_id)
        return Processed(event_id=event_id, state=WebhookEvent.objects.get(mine).state)

    @rpc("getWebhookStats", Access.READ)
    def get_webhook_stats(
        self, context: Context, first_day: dt.date | None = None, last_day: dt.date | None = None
    ) -> WebhookStats:
        """Events by state, kind and day, by default of the last thirty days, and what waits now."""
        return event_log.stats(context.company, Period.of(context.company.zone, first_day, last_day))

    @rpc("listEvents", Access.READ)
    def list_events(
        self,
        context: Context,
        state: WebhookEvent.State | None = None,
        provider: str | None = None,
        event: str | None = None,
        before: AwareDatetime | None = None,
        limit: Lines = 50,
    ) -> Events:
        """Events without their content, the latest first; `before` is the previous page's `next_before`."""
        wanted = {"state": state, "provider": provider, "event": event, "received_at__lt": before}
        conditions = {name: value for name, value in wanted.items() if value is not None}
        rows = list(event_log.events(context.company).filter(**conditions)[: limit + 1])
        page = [event_log.line(row) for row in rows[:limit]]
        return Events(events=page, next_before=page[-1].received_at if len(rows) > limit else None)

    @rpc("replayEvent", Access.WRITE)
    def replay_event(self, context: Context, event_id: EventId, reason: Reason, dry_run: bool = False) -> Replay:
        """Have a settled event worked on once more by the next free worker; refused while it waits or runs."""
        own = event_log.event_of(context.company, event_id)
        event = inbox.replay(own.pk, reason=reason, by=context.principal, dry_run=dry_run)
        state = event.state if dry_run else WebhookEvent.State.RECEIVED.value
        return Replay(event_id=event_id, was=event.state, state=state, replayed=not dry_run)


@contextmanager
def _retell(context: Context) -> Iterator[RetellClient]:
    """The client with the company's key; errors leave as GatewayErrors. Raises Conflict where there is no key."""
    company: Company = context.company
    if not company.retell_api_key.strip():
        raise Conflict("No Retell API key is stored for this company", kind="not_configured")
    try:
        yield RetellClient(settings.RETELL_API_URL, company.retell_api_key, seconds_left=context.seconds_left)
    except RetellError as error:
        raise gateway_error(error) from None


def gateway_error(error: RetellError) -> GatewayError:
    """What callers of the gateway see; Retell's own words only as a short excerpt in the data."""
    error_type, sentence, is_retryable = ERRORS[error.kind]
    told = {"vendor_status": error.status, "vendor_message": error.message, "retry_after": error.retry_after}
    data = {name: value for name, value in told.items() if value}
    return error_type(sentence, kind=error.kind, retryable=is_retryable, **data)


def _unknown_call() -> NotFound:
    """The words for a call that Retell doesn't know and for another company's."""
    return NotFound(ERRORS[ErrorKind.NOT_FOUND][1], kind=ErrorKind.NOT_FOUND)


def _is_anothers(company: Company, call: Mapping[str, Any]) -> bool:
    """Whether a call that we have not heard of goes to another company's agent or number: accounts may be shared."""
    news = call_news(call)
    number = to_e164(news.from_number if news.direction == Call.Direction.OUTBOUND else news.to_number)
    owners = Q(retell_configurations__agent_id=news.agent_id)
    if number:
        owners |= Q(phone_number=number)
    found = set(Company.objects.filter(owners).values_list("pk", flat=True))
    return bool(found) and company.pk not in found


def _live_call(context: Context) -> Call:
    """The call of the signed body, made if this is the first that is heard of it."""
    if context.principal.signed_call is None:
        raise Conflict("This works only within a phone call that Retell has signed", kind="no_signed_call")
    try:
        return record_call(context.company, call_news(context.principal.signed_call))
    except NoCallId:
        raise InvalidParams("The signed body names no call", kind="call_id_missing") from None
    except ForeignCall:
        raise NotFound("No such call") from None
