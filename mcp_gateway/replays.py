"""Replaying many webhook events at once: a look at what would be done first, then one by one through the inbox.

A replay of many has a batch id, under which its entries stand in the audit trail: that is where its result is read,
and how a repeated request is known. Up to AT_ONCE are replayed at once; more are a long action of their own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from mcp_gateway import background, correlation, inbox
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import AuditEntry, LongAction, WebhookEvent
from mcp_gateway.principal import Principal

AT_ONCE = 50
SHOWN = 100
LONG_ACTION = "webhook_replay"
PERMISSION = "mcp_gateway.change_webhookevent"
# So many keys a database takes in one query without complaint.
_CHUNK = 1000


@dataclass(frozen=True)
class Plan:
    """`ids`: what would be replayed, the oldest first; `skipped`: what waits or is being processed.

    `events`: the first SHOWN of them; `by_state`: how many of each state.
    """

    ids: Sequence[int]
    skipped: int
    events: Sequence[WebhookEvent]
    by_state: dict[str, int]

    @property
    def is_long(self) -> bool:
        return len(self.ids) > AT_ONCE


def plan(rows: QuerySet[WebhookEvent]) -> Plan:
    return _planned(rows, rows.order_by("received_at", "pk").values_list("pk", "state"))


def plan_again(rows: QuerySet[WebhookEvent], ids: Sequence[int]) -> Plan:
    """Of what was planned already, as it is now; what is not among the rows is left out."""
    states = _of_each(rows, ids, "state")
    return _planned(rows, states.items())


def visible(rows: QuerySet[WebhookEvent], ids: Sequence[int]) -> dict[int, int]:
    """The company of each of the ids that is among the rows, in the order of the ids."""
    return _of_each(rows, ids, "company_id")


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


def start(events: Mapping[int, int], *, reason: str, user: Any, batch: UUID) -> LongAction:
    """Replay them (with their companies) in the background; started twice with the same batch it is one action."""
    companies = set(events.values())
    company_id = companies.pop() if len(companies) == 1 else None
    return background.start(LONG_ACTION, [*events], user=user, company_id=company_id, reason=reason, key=batch)


def entries(batch: UUID | str) -> QuerySet[AuditEntry]:
    """What the audit trail says of a batch; nothing: it was never done."""
    return AuditEntry.objects.filter(correlation_id=str(batch), action=inbox.REPLAYED).order_by("pk")


def _planned(rows: QuerySet[WebhookEvent], states: Iterable[tuple[int, str]]) -> Plan:
    found = dict(states)
    ids = [key for key, state in found.items() if state in inbox.SETTLED]
    first = rows.filter(pk__in=ids[:SHOWN]).select_related("company").defer("payload", "headers")
    return Plan(
        ids=ids,
        skipped=len(found) - len(ids),
        events=list(first.order_by("received_at", "pk")),
        by_state=dict(Counter(str(WebhookEvent.State(found[key]).label) for key in ids)),
    )


def _of_each(rows: QuerySet[WebhookEvent], ids: Sequence[int], column: str) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for place in range(0, len(ids), _CHUNK):
        chunk = rows.filter(pk__in=ids[place : place + _CHUNK])
        found.update(chunk.order_by().values_list("pk", column))
    return {key: found[key] for key in dict.fromkeys(ids) if key in found}
