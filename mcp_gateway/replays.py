"""Replaying many webhook events at once: a look at what would be done first, then one by one through the inbox.

A replay of many has a batch id, under which its entries stand in the audit trail: that is where its result is read,
and how a repeated request is known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from mcp_gateway import correlation, inbox
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin.paging import slice_of

LIMIT = 500


@dataclass(frozen=True)
class Plan:
    """`events`: what would be replayed, the oldest first, LIMIT at most; `skipped`: what waits or is being processed.

    `is_more`: further events are left for another replay.
    """

    events: Sequence[WebhookEvent]
    skipped: int
    is_more: bool

    @property
    def by_state(self) -> dict[str, int]:
        return dict(Counter(str(WebhookEvent.State(event.state).label) for event in self.events))


def plan(rows: QuerySet[WebhookEvent]) -> Plan:
    settled = rows.filter(state__in=inbox.SETTLED).select_related("company").defer("payload", "headers")
    events = list(slice_of(settled.order_by("received_at", "pk"), 0, LIMIT + 1))
    skipped = rows.exclude(state__in=inbox.SETTLED).order_by()[:LIMIT].count()
    return Plan(events[:LIMIT], skipped, is_more=len(events) > LIMIT)


def replay_all(events: Sequence[int], *, reason: str, by: Principal, batch: UUID) -> int:
    """Have each of them worked on once more, by the next free worker; returns how many were not settled any more."""
    skipped = 0
    with correlation.bound(str(batch)):
        for event_id in events:
            try:
                inbox.replay(event_id, reason=reason, by=by)
            except (Conflict, NotFound):
                skipped += 1
    return skipped


def entries(batch: UUID) -> QuerySet[AuditEntry]:
    """What the audit trail says of a batch; nothing: it was never done."""
    return AuditEntry.objects.filter(correlation_id=str(batch), action=inbox.REPLAYED).order_by("pk")
