"""Retell's MCP servers: the voice agent's functions, and its webhook events."""

from typing import Annotated, Any

from django.db.models import Q
from pydantic import BaseModel, Field

from appointments.calls import ForeignCall, record_call
from appointments.collecting import collect
from appointments.models import Call
from appointments.voice import Reply
from mcp_gateway import inbox
from mcp_gateway.errors import Conflict, InvalidParams, NotFound
from mcp_gateway.models import WebhookEvent
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell.payload import PROVIDER, NoCallId, call_news
from retell.webhook_events import spoken_wish

# A voice model sends numbers, null or lists where words are meant: what is not words is sorted out later.
Words = Annotated[Any, Field(json_schema_extra={"type": "string"})]


@register
class RetellCustomFunctionMCPServer(MCPServer):
    """What a voice agent may call during a conversation."""

    name = "retell_custom"

    def health(self) -> Health:
        return Health()

    @rpc("collect_appointment_information", Access.WRITE, ignores_unknown=True)
    def collect_appointment_information(
        self,
        context: Context,
        name: Words = None,
        date: Words = None,
        time: Words = None,
        service: Words = None,
        notes: Words = None,
        email: Words = None,
        datum: Words = None,
        uhrzeit: Words = None,
        dienstleistung: Words = None,
        notizen: Words = None,
    ) -> Reply:
        """Note the caller's wish for an appointment: the caller's own words for day, time and service."""
        arguments = {
            "name": name,
            "date": date,
            "time": time,
            "service": service,
            "notes": notes,
            "email": email,
            "datum": datum,
            "uhrzeit": uhrzeit,
            "dienstleistung": dienstleistung,
            "notizen": notizen,
        }
        return collect(_live_call(context), spoken_wish(arguments))


class Processed(BaseModel):
    """Where an event stands now."""

    event_id: int
    state: str


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
