"""WebhookMCPServer."""

import datetime as dt

from django.db.models import Q
from django.utils.translation import gettext_noop
from pydantic import AwareDatetime, BaseModel

from mcp_gateway import event_log, inbox
from mcp_gateway.errors import NotFound
from mcp_gateway.event_log import EventId, EventLine, Lines, Reason, WebhookStats
from mcp_gateway.models import WebhookEvent
from mcp_gateway.periods import Period
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell.payload import PROVIDER


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

    @rpc("processRetellWebhook", Access.WRITE, is_noted=True)
    def process_retell_webhook(self, context: Context, event_id: int) -> Processed:
        """Work on a stored Retell event now, if it is due; the answer says where it stands."""
        mine = Q(pk=event_id, company=context.company, provider=PROVIDER)
        if not WebhookEvent.objects.filter(mine).exists():
            raise NotFound(gettext_noop("No such event"))
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
