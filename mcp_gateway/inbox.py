"""The inbox of webhook events: stored first, worked on afterwards, never lost.

The table is the queue. `receive` stores a verified message in one short transaction and rings Celery's bell;
`process` is what the bell, the sweep, a replay and the RPC method all call. A vendor's app registers the handler
of its events. An event is claimed by a conditional update that must change one row; a claim is a lease, so that
the event of a worker that died is taken over.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from mcp_gateway import correlation
from mcp_gateway.audit import record_by
from mcp_gateway.backoff import PATIENCE, STEPS, delay_after, spread
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.deadlocks import rerun_on_deadlock
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.kill_points import kill_point
from mcp_gateway.logs import log_failure
from mcp_gateway.models import WebhookEvent
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

State = WebhookEvent.State
# Returns the state in which the event ends: DONE or IGNORED.
EventHandler = Callable[[WebhookEvent], WebhookEvent.State]

SETTLED = frozenset({State.DONE, State.IGNORED, State.FAILED, State.DEAD})
LEASE = timedelta(minutes=5)
LAST_ATTEMPT = len(STEPS) + 1
OVERDUE = timedelta(minutes=2)
ERROR_LENGTH = 200
PROCESS_TASK = "mcp_gateway.tasks.process_webhook_event"
REPLAYED = "webhook_event.replayed"

_handlers: dict[str, EventHandler] = {}


class PermanentFailure(Exception):
    """The event can never be worked off; trying again would not help. The text is shown to staff."""


class NotYet(Exception):
    """Nothing was tried: what the event needs is not to be had for so long a `pause`. The text is shown to staff."""

    def __init__(self, told: str, pause: timedelta) -> None:
        self.pause = pause
        super().__init__(told)


class NoHandler(Exception):
    """No app has registered a handler for the event's provider."""


class _NotSettled(Conflict):
    kind, message = "not_settled", gettext_noop("The event waits already or is being processed")


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
    kill_point("inbox.receiving")
    try:
        with _one_statement():
            stored = WebhookEvent.objects.create(
                provider=provider,
                event=event,
                dedupe_key=dedupe_key,
                payload=dict(payload),
                headers=dict(headers),
                company_id=company_id,
                correlation_id=correlation.current(),
            )
    except IntegrityError:
        earlier = WebhookEvent.objects.filter(provider=provider, dedupe_key=dedupe_key).first()
        if earlier is None:  # it was no duplicate that the database refused
            raise
        return earlier
    ring_on_commit(PROCESS_TASK, stored.pk)
    kill_point("inbox.stored")
    return stored


def process(event_id: int) -> WebhookEvent.State | None:
    """Work on one event that is due; returns its state afterwards, None when somebody else has it."""
    event = _claim(event_id)
    if event is None:
        return None
    kill_point("inbox.claimed")
    if _kills_workers(event):
        return _finish(event, State.DEAD, "No worker has survived this event.")
    state: WebhookEvent.State | None = None
    error = ""
    pause: timedelta | None = None
    with correlation.bound(event.correlation_id):
        try:
            state = _handler_of(event)(event)
            kill_point("inbox.handled")
        except PermanentFailure as failure:
            state, error = State.FAILED, str(failure)
        except NotYet as reason:
            pause, error = reason.pause, str(reason)
        except Exception as failure:
            log_failure(logger, f"Event {event.pk} failed", failure)
            error = type(failure).__qualname__
        return _finish(event, state, error, pause)


def replay(event_id: int, *, reason: str, by: Principal, dry_run: bool = False, rings: bool = True) -> WebhookEvent:
    """Have a settled event worked on once more, on the same row; returns the row as it was before.

    `dry_run` only says whether it could be. Without the bell the caller calls `process` itself. Whether `by` may see
    the event is the caller's to check. Raises NotFound, and Conflict for an event that waits or is being processed.
    """
    event = WebhookEvent.objects.defer("payload", "headers").filter(pk=event_id).first()
    if event is None:
        raise NotFound(gettext_noop("No such event"))
    if event.state not in SETTLED:
        raise _NotSettled(state=event.state)
    if not dry_run:
        _reopen(event, reason, by, rings=rings)
    return event


def due_events(limit: int = 100) -> list[int]:
    """Events that wait for a worker: new ones whose bell was lost, due retries, and leases that ran out."""
    return list(WebhookEvent.objects.filter(_due()).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def overdue() -> int:
    """How many events wait longer than the sweep leaves them: no worker is at work, or not enough of them."""
    return WebhookEvent.objects.filter(_due(), next_attempt_at__lt=timezone.now() - OVERDUE).count()


def _one_statement() -> AbstractContextManager[object]:
    """It commits by itself; inside somebody's transaction a savepoint keeps its refusal from breaking that."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


@transaction.atomic
def _reopen(event: WebhookEvent, reason: str, by: Principal, *, rings: bool) -> None:
    """Let the event wait again; the attempt before the new one tells who asked, and why."""
    now = timezone.now()
    attempts = list(event.attempts)
    if attempts:
        attempts[-1] = {
            **attempts[-1],
            "replayed_at": now.isoformat(),
            "replayed_by": by.name,
            "replay_reason": reason,
        }
    # When it was processed tells apart two ends in the same state: another replay may have been quicker.
    unchanged = WebhookEvent.objects.filter(pk=event.pk, state=event.state, processed_at=event.processed_at)
    if not unchanged.update(state=State.RECEIVED, attempts=attempts, next_attempt_at=now, processed_at=None):
        raise _NotSettled
    record_by(
        by,
        action=REPLAYED,
        object_type="WebhookEvent",
        object_id=event.pk,
        company_id=event.company_id,
        before={"state": event.state, "attempts": len(attempts)},
        after={"state": State.RECEIVED.value},
        reason=reason,
    )
    if rings:
        ring_on_commit(PROCESS_TASK, event.pk)


def _due() -> Q:
    now = timezone.now()
    return Q(state=State.RECEIVED, next_attempt_at__lte=now) | Q(state=State.PROCESSING, leased_until__lt=now)


@rerun_on_deadlock
def _claim(event_id: int) -> WebhookEvent | None:
    """Take the event and note that an attempt begins: one that ends with the worker's death counts too."""
    event = WebhookEvent.objects.select_related("company").filter(_due(), pk=event_id).first()
    if event is None:
        return None
    now = timezone.now()
    attempt = {
        "number": len(event.attempts) + 1,
        "started_at": now.isoformat(),
        "outcome": State.PROCESSING.value,
        "code_version": settings.CODE_VERSION,
    }
    event.attempts = [*event.attempts, attempt]
    event.leased_until = now + LEASE
    claimed = WebhookEvent.objects.filter(_due(), pk=event_id).update(
        state=State.PROCESSING, leased_until=event.leased_until, attempts=event.attempts
    )
    return event if claimed else None


def _kills_workers(event: WebhookEvent) -> bool:
    """There were as many attempts as there may be, and the one before this has no end."""
    return _tries(event) > LAST_ATTEMPT and "ended_at" not in event.attempts[-2]


def _tries(event: WebhookEvent) -> int:
    """The attempts without those that found that they have to wait."""
    return sum("waits" not in attempt for attempt in event.attempts)


def _handler_of(event: WebhookEvent) -> EventHandler:
    try:
        return _handlers[event.provider]
    except KeyError:
        raise NoHandler from None


def _finish(
    event: WebhookEvent, state: WebhookEvent.State | None, error: str, pause: timedelta | None = None
) -> WebhookEvent.State | None:
    """Record the attempt and where it leaves the event; no state means: try again, or give up after the last try.

    An attempt that has to wait for a `pause` counts as none while there is patience; a row of them is one record.

    Returns None, and changes nothing, when the lease ran out meanwhile and another worker has the event.
    """
    now = timezone.now()
    *earlier, attempt = event.attempts
    if pause and now - event.received_at < PATIENCE:
        delay: timedelta | None = spread(pause)
        waits = earlier.pop()["waits"] if earlier and "waits" in earlier[-1] else 0
        attempt = {**attempt, "number": len(earlier) + 1, "waits": waits + 1}
    else:
        delay = delay_after(_tries(event)) if state is None else None
    state = state or (State.DEAD if delay is None else State.RECEIVED)
    ended = {**attempt, "ended_at": now.isoformat(), "outcome": state.value, "error": error[:ERROR_LENGTH]}
    recorded = WebhookEvent.objects.filter(pk=event.pk, state=State.PROCESSING, leased_until=event.leased_until).update(
        state=state,
        attempts=[*earlier, ended],
        last_error=ended["error"],
        leased_until=None,
        next_attempt_at=now + (delay or timedelta()),
        processed_at=now if delay is None else None,
    )
    if recorded and delay:
        # A second later: the event must be due when the bell rings.
        ring_on_commit(PROCESS_TASK, event.pk, countdown=delay.total_seconds() + 1)
    return state if recorded else None
