"""The inbox of webhook events: stored first, worked on afterwards, never lost.

The table is the queue. `receive` stores a verified message in one short transaction and rings Celery's bell;
`process` is what the bell, the sweep, a replay and the RPC method all call. A vendor's app registers the handler
of its events. An event is claimed by a conditional update that must change one row; a claim is a lease, so that
the event of a worker that died is taken over.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from mcp_gateway import correlation
from mcp_gateway.backoff import delay_after
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.logs import log_failure
from mcp_gateway.models import WebhookEvent

logger = logging.getLogger(__name__)

State = WebhookEvent.State
# Returns the state in which the event ends: DONE or IGNORED.
EventHandler = Callable[[WebhookEvent], WebhookEvent.State]

LEASE = timedelta(minutes=5)
OVERDUE = timedelta(minutes=2)
ERROR_LENGTH = 200

_handlers: dict[str, EventHandler] = {}


class PermanentFailure(Exception):
    """The event can never be worked off; trying again would not help. The text is shown to staff."""


def handles(provider: str) -> Callable[[EventHandler], EventHandler]:
    """Register the one handler of a provider's events. It must be idempotent and assume no order."""

    def register(handler: EventHandler) -> EventHandler:
        _handlers[provider] = handler
        return handler

    return register


def receive(
    *,
    provider: str,
    event: str,
    dedupe_key: str,
    payload: Mapping[str, Any],
    headers: Mapping[str, str],
    company_id: int,
) -> WebhookEvent:
    """Store a verified message and ring the bell; the same message again gives the row that is there."""
    try:
        with transaction.atomic():
            stored = WebhookEvent.objects.create(
                provider=provider,
                event=event,
                dedupe_key=dedupe_key,
                payload=dict(payload),
                headers=dict(headers),
                company_id=company_id,
                correlation_id=correlation.current(),
            )
            ring_on_commit("mcp_gateway.tasks.process_webhook_event", stored.pk)
    except IntegrityError:
        return WebhookEvent.objects.get(provider=provider, dedupe_key=dedupe_key)
    return stored


def process(event_id: int) -> WebhookEvent.State | None:
    """Work on one event that is due; returns its state afterwards, None when somebody else has it."""
    event = _claim(event_id)
    if event is None:
        return None
    started_at = timezone.now()
    state: WebhookEvent.State | None = None
    error = ""
    with correlation.bound(event.correlation_id):
        try:
            state = _handlers[event.provider](event)
        except PermanentFailure as failure:
            state, error = State.FAILED, str(failure)
        except Exception as failure:
            log_failure(logger, f"Event {event.pk} failed", failure)
            error = type(failure).__qualname__
        return _finish(event, state, error, started_at)


def due_events(limit: int = 100) -> list[int]:
    """Events that wait for a worker: new ones whose bell was lost, due retries, and leases that ran out."""
    return list(WebhookEvent.objects.filter(_due()).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def overdue() -> int:
    """How many events wait longer than the sweep leaves them: no worker is at work, or not enough of them."""
    return WebhookEvent.objects.filter(_due(), next_attempt_at__lt=timezone.now() - OVERDUE).count()


def _due() -> Q:
    now = timezone.now()
    return Q(state=State.RECEIVED, next_attempt_at__lte=now) | Q(state=State.PROCESSING, leased_until__lt=now)


def _claim(event_id: int) -> WebhookEvent | None:
    claimed = WebhookEvent.objects.filter(_due(), pk=event_id).update(
        state=State.PROCESSING, leased_until=timezone.now() + LEASE
    )
    return WebhookEvent.objects.select_related("company").get(pk=event_id) if claimed else None


def _finish(
    event: WebhookEvent, state: WebhookEvent.State | None, error: str, started_at: datetime
) -> WebhookEvent.State:
    """Record the attempt and where it leaves the event; no state means: try again, or give up after the last try."""
    now = timezone.now()
    number = len(event.attempts) + 1
    delay = delay_after(number) if state is None else None
    state = state or (State.DEAD if delay is None else State.RECEIVED)
    attempt = {
        "number": number,
        "started_at": started_at.isoformat(),
        "ended_at": now.isoformat(),
        "outcome": state.value,
        "error": error[:ERROR_LENGTH],
    }
    WebhookEvent.objects.filter(pk=event.pk, state=State.PROCESSING).update(
        state=state,
        attempts=[*event.attempts, attempt],
        leased_until=None,
        next_attempt_at=now + (delay or timedelta()),
        processed_at=now if delay is None else None,
    )
    return state
