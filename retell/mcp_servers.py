"""Retell's MCP servers: the voice agent's functions, and its webhook events."""

import datetime as dt
from typing import Annotated, Any

from django.db.models import Q
from pydantic import AwareDatetime, BaseModel, Field

from appointments import conversation
from appointments.calls import ForeignCall, record_call
from appointments.conversation import Said
from appointments.models import Call
from appointments.voice import Reply
from mcp_gateway import event_log, inbox
from mcp_gateway.errors import Conflict, InvalidParams, NotFound
from mcp_gateway.event_log import EventId, EventLine, Lines, Reason, WebhookStats
from mcp_gateway.models import WebhookEvent
from mcp_gateway.periods import Period
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell.payload import PROVIDER, NoCallId, call_news
from retell.webhook_events import either

# A voice model sends numbers, null or lists where words are meant: what is not words is sorted out later.
Words = Annotated[Any, Field(json_schema_extra={"type": "string"})]

# Longest where the calendar writes while the caller waits.
SPEAKING_DEADLINE = 12.0


@register
class RetellCustomFunctionMCPServer(MCPServer):
    """What a voice agent may call during a conversation. Every argument is the caller's own words, or missing."""

    name = "retell_custom"
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
