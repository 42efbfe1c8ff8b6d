"""Long actions: what staff start on a page and a worker does, whether the page stays open or not.

The row is the queue, Celery only the bell. An app registers how one item of its kind is done; the items are frozen
when the action is started, and the result of each is committed before the next begins. So a worker that is killed
loses at most the item it was at: whoever takes over when its lease has run out does that one again, which every kind
must bear. A worker goes on for a while only and rings for the next one then, so that other work gets its turn. Where
the starter's calls of this minute are used up, the item waits until there are new ones.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation

from mcp_gateway import correlation
from mcp_gateway.audit import record_by
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.errors import GatewayError, RateLimited
from mcp_gateway.kill_points import kill_point
from mcp_gateway.logs import log_failure
from mcp_gateway.models import LongAction, LongActionResult
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

State = LongAction.State
Outcome = LongActionResult.Outcome

# Longer than any item may take, with the rest of a turn before it.
LEASE = timedelta(minutes=4)
TURN_SECONDS = 60.0
MOST_TRIES = 3
KEPT = timedelta(days=90)
ERROR_LENGTH = 200
RUN_TASK = "mcp_gateway.tasks.run_long_action"
OVER = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one item, in the starter's words; `data` is for the kind's own page."""

    outcome: LongActionResult.Outcome = Outcome.DONE
    told: str = ""
    data: dict[str, Any] = field(default_factory=dict)


# Does one item as the starter, and does no harm where it was done already. What it raises becomes a failed item, but
# for RateLimited: the item is tried again when the limit allows it.
Work = Callable[[LongAction, Any, Principal], Result]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`permission`: who may start and cancel it. `object_type`: what its items are the keys of, such as "Company".

    `details`: a template for what its results have in `data`; `context` makes what else that needs.
    `told`: the words for an item that a GatewayError has failed.
    """

    title: Any
    permission: str
    work: Work
    object_type: str = ""
    details: str = ""
    context: Callable[[LongAction, Sequence[LongActionResult]], dict[str, Any]] = lambda _action, _results: {}
    told: Callable[[GatewayError], str] = lambda error: translation.gettext(error.message)


class BrokenOff(Exception):
    """The action can't go on, with none of its items. The text is shown to staff."""


kinds: dict[str, Kind] = {}


def start(
    kind: str,
    items: Sequence[Any],
    *,
    user: Any,
    company_id: int | None = None,
    params: dict[str, Any] | None = None,
    reason: str = "",
    key: UUID,
) -> LongAction:
    """Put an action down to be worked on; with a `key` that was used already it is the one that was started then.

    Whether the user may, and may see the items, is the caller's to check.
    """
    try:
        with transaction.atomic(), correlation.bound(str(key)):
            action = LongAction.objects.create(
                kind=kind,
                company_id=company_id,
                started_by=user,
                language=translation.get_language() or "",
                params=params or {},
                items=list(items),
                total=len(items),
                reason=reason,
                correlation_id=str(key),
            )
            _record(action, Principal.of_staff(user), "started", after={"kind": kind, "total": action.total})
            ring_on_commit(RUN_TASK, action.pk)
    except IntegrityError:
        earlier = LongAction.objects.filter(correlation_id=str(key), started_by=user).first()
        if earlier is None:
            raise
        return earlier
    return action


def cancel(action_id: int, by: Principal) -> bool:
    """Have it end: at once where it waits, else after the item it is at; False where it is over or ends already."""
    with transaction.atomic():
        rows = LongAction.objects.filter(pk=action_id)
        waits = rows.filter(state=State.WAITING).update(
            state=State.CANCELLED, cancel_requested=True, ended_at=timezone.now()
        )
        if not (waits or rows.filter(state=State.RUNNING, cancel_requested=False).update(cancel_requested=True)):
            return False
        action = rows.get()
        with correlation.bound(action.correlation_id):
            _record(action, by, "cancelled", after=_counts(action))
    return True


def run(action_id: int) -> LongAction.State | None:
    """Work on it for a turn; returns its state afterwards, None when somebody else has it or it is over."""
    action = _claim(action_id)
    if action is None:
        return None
    kill_point("long_action.claimed")
    with correlation.bound(action.correlation_id), translation.override(action.language or None):
        try:
            return _turn(action)
        except RateLimited as refused:
            return _leave(action, seconds=refused.data["retry_after"])
        except BrokenOff as reason:
            return _end(action, State.FAILED, str(reason))


def due(limit: int = 100) -> list[int]:
    """Actions that wait for a worker: their bell was lost, or the worker that had them has died."""
    return list(LongAction.objects.filter(_due()).order_by("pk").values_list("pk", flat=True)[:limit])


def forget_old(limit: int = 100) -> int:
    """Delete some that were over long ago; what they did stays in the audit trail."""
    old = LongAction.objects.filter(state__in=OVER, created_at__lt=timezone.now() - KEPT)
    _deleted, by_model = LongAction.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return by_model.get(LongAction._meta.label, 0)


def _due() -> Q:
    return Q(state=State.WAITING) | (
        Q(state=State.RUNNING) & (Q(leased_until=None) | Q(leased_until__lt=timezone.now()))
    )


def _claim(action_id: int) -> LongAction | None:
    """Take it for a turn, and count that somebody did."""
    action = LongAction.objects.filter(_due(), pk=action_id).select_related("started_by").first()
    if action is None:
        return None
    now = timezone.now()
    action.state, action.leased_until, action.tries = State.RUNNING, now + LEASE, action.tries + 1
    action.started_at = action.started_at or now
    claimed = LongAction.objects.filter(_due(), pk=action_id, tries=action.tries - 1).update(
        state=action.state, leased_until=action.leased_until, tries=action.tries, started_at=action.started_at
    )
    return action if claimed else None


def _turn(action: LongAction) -> LongAction.State | None:
    kind, by = _kind_of(action), _starter(action)
    ends_at = time.monotonic() + TURN_SECONDS
    while action.position < action.total:
        if LongAction.objects.filter(pk=action.pk, cancel_requested=True).exists():
            return _end(action, State.CANCELLED)
        if time.monotonic() > ends_at:
            return _leave(action)
        item = action.items[action.position]
        result = _survived(action) or _done(kind, action, item, by)
        kill_point("long_action.worked")
        if not _note(action, item, result):
            return None
    return _end(action, State.FAILED if action.failed == action.total else State.DONE)


def _kind_of(action: LongAction) -> Kind:
    try:
        return kinds[action.kind]
    except KeyError:
        raise BrokenOff(translation.gettext("This system does not know how to do it any more.")) from None


def _starter(action: LongAction) -> Principal:
    """As whoever started it, and with what they may by now."""
    user = action.started_by
    if not (user.is_active and user.is_staff and user.has_perm(_kind_of(action).permission)):
        raise BrokenOff(translation.gettext("Whoever started it may not do that any more."))
    by = Principal.of_staff(user)
    if action.company_id is not None and not by.may_see(action.company_id):
        raise BrokenOff(translation.gettext("Whoever started it may not do that any more."))
    return by


def _survived(action: LongAction) -> Result | None:
    """None while there is hope that a worker survives the item."""
    if action.tries <= MOST_TRIES:
        return None
    return Result(outcome=Outcome.FAILED, told=translation.gettext("No worker has survived this."))


def _done(kind: Kind, action: LongAction, item: Any, by: Principal) -> Result:
    try:
        return kind.work(action, item, by)
    except BrokenOff:
        raise
    except GatewayError as error:
        if isinstance(error, RateLimited) and error.retryable:
            raise
        return Result(outcome=Outcome.FAILED, told=kind.told(error))
    except Exception as failure:
        log_failure(logger, f"An item of long action {action.pk} failed", failure)
        return Result(outcome=Outcome.FAILED, told=translation.gettext("Something broke: the log has the details."))


def _mine(action: LongAction) -> QuerySet[LongAction]:
    """The row, as long as nobody has taken it over."""
    return LongAction.objects.filter(pk=action.pk, state=State.RUNNING, leased_until=action.leased_until)


@transaction.atomic
def _note(action: LongAction, item: Any, result: Result) -> bool:
    """Keep the item's result and the lease; False where another worker has the action by now."""
    until = timezone.now() + LEASE
    column = result.outcome.value
    if not _mine(action).update(**{column: F(column) + 1}, leased_until=until, tries=1):
        return False
    action.results.create(
        number=action.position, item=str(item)[:255], outcome=result.outcome, told=result.told, data=result.data
    )
    setattr(action, column, getattr(action, column) + 1)
    action.leased_until, action.tries = until, 1
    return True


@transaction.atomic
def _leave(action: LongAction, *, seconds: int = 0) -> LongAction.State | None:
    """The turn is over: the next worker that is free goes on, so many seconds from now at the earliest."""
    until = timezone.now() + timedelta(seconds=seconds) if seconds else None
    if not _mine(action).update(leased_until=until, tries=0):
        return None
    ring_on_commit(RUN_TASK, action.pk, countdown=seconds)
    return State.RUNNING


@transaction.atomic
def _end(action: LongAction, state: LongAction.State, error: str = "") -> LongAction.State | None:
    if not _mine(action).update(
        state=state, leased_until=None, ended_at=timezone.now(), last_error=error[:ERROR_LENGTH]
    ):
        return None
    by = Principal.of_task("long_action", action.company_id)
    _record(action, by, "ended", before={"state": State.RUNNING.value}, after={"state": state.value, **_counts(action)})
    return state


def _counts(action: LongAction) -> dict[str, int]:
    return {"total": action.total, "done": action.done, "skipped": action.skipped, "failed": action.failed}


def _record(action: LongAction, by: Principal, what: str, **entry: Any) -> None:
    record_by(
        by,
        action=f"long_action.{what}",
        object_type="LongAction",
        object_id=action.pk,
        company_id=action.company_id,
        reason=action.reason,
        **entry,
    )
