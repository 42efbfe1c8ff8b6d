"""The outbox: what is to be told to people or programs outside, put down in the transaction of what happened.

A mail server that is away thus never turns a success into an error, and what was rolled back is never told. The
table is the queue; `deliver` is what the bell and the sweep call. An app registers how its kinds of message are
sent. A message is claimed by a conditional update that must change one row; a claim is a lease, so that the message
of a worker that died is taken over. Such a one may go out twice: whoever sends gives it a name of its own that
stays the same (a Message-ID), which the receiver can tell it by.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from mcp_gateway import correlation
from mcp_gateway.audit import record_by
from mcp_gateway.backoff import STEPS, delay_after
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.kill_points import kill_point
from mcp_gateway.logs import log_failure
from mcp_gateway.models import OutboxMessage
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

State = OutboxMessage.State
# Sends the message, or raises: Unneeded, CanNotBeSent, anything else to be tried again.
Sender = Callable[[OutboxMessage], None]

STUCK = frozenset({State.FAILED, State.DEAD})
LEASE = timedelta(minutes=2)
LAST_ATTEMPT = len(STEPS) + 1
OVERDUE = timedelta(minutes=2)
KEPT = timedelta(days=90)
ERROR_LENGTH = 200
DELIVER_TASK = "mcp_gateway.tasks.deliver_outbox_message"

_senders: dict[str, Sender] = {}


class Unneeded(Exception):
    """Nobody wants to hear of it any more. The text is shown to staff."""


class CanNotBeSent(Exception):
    """It can never be sent; trying again would not help. The text is shown to staff."""


class NoSender(Exception):
    """No app has registered how messages of this kind are sent."""


class _NotStuck(Conflict):
    kind, message = "not_stuck", gettext_noop("The message has not failed")


def sends(kind: str) -> Callable[[Sender], Sender]:
    """Register how the messages of a kind are sent."""

    def register(sender: Sender) -> Sender:
        _senders[kind] = sender
        return sender

    return register


def put(kind: str, dedupe_key: str, payload: Mapping[str, Any], company_id: int) -> None:
    """Put a message down in the caller's transaction, to be sent once that stands; the same key again is nothing."""
    message, is_new = OutboxMessage.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "kind": kind,
            "payload": dict(payload),
            "company_id": company_id,
            "correlation_id": correlation.current(),
        },
    )
    if is_new:
        ring_on_commit(DELIVER_TASK, message.pk)


def deliver(message_id: int) -> OutboxMessage.State | None:
    """Send one message that is due; returns its state afterwards, None when somebody else has it."""
    message = _claim(message_id)
    if message is None:
        return None
    kill_point("outbox.claimed")
    if message.attempts > LAST_ATTEMPT:
        return _finish(message, State.DEAD, "No worker has survived this message.")
    with correlation.bound(message.correlation_id):
        return _finish(message, *_try(message))


@transaction.atomic
def send_again(message_id: int, *, reason: str, by: Principal) -> OutboxMessage:
    """Have a message tried anew that failed or was given up; returns the row as it was before.

    Whether `by` may see it is the caller's to check. Raises NotFound, and Conflict in any other state.
    """
    message = OutboxMessage.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound(gettext_noop("No such message"))
    stuck = OutboxMessage.objects.filter(pk=message.pk, state__in=STUCK)
    if not stuck.update(state=State.WAITING, attempts=0, next_attempt_at=timezone.now(), leased_until=None):
        raise _NotStuck(state=message.state)
    record_by(
        by,
        action="outbox_message.sent_again",
        object_type="OutboxMessage",
        object_id=message.pk,
        company_id=message.company_id,
        before={"state": message.state, "attempts": message.attempts, "last_error": message.last_error},
        after={"state": State.WAITING.value},
        reason=reason,
    )
    ring_on_commit(DELIVER_TASK, message.pk)
    return message


def due_messages(limit: int = 100) -> list[int]:
    """Messages that wait for a worker: new ones whose bell was lost, due retries, and leases that ran out."""
    return list(OutboxMessage.objects.filter(_due()).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def forget_old(limit: int = 1000) -> int:
    """Delete some of what was told, or needed not to be, long ago; what could not be sent stays for people to see."""
    since = timezone.now() - KEPT
    old = OutboxMessage.objects.filter(state__in=(State.SENT, State.SKIPPED), created_at__lt=since)
    deleted, _ = OutboxMessage.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return deleted


def overdue() -> int:
    """How many messages wait longer than the sweep leaves them."""
    return OutboxMessage.objects.filter(_due(), next_attempt_at__lt=timezone.now() - OVERDUE).count()


def _due() -> Q:
    now = timezone.now()
    return Q(state=State.WAITING, next_attempt_at__lte=now) | Q(state=State.SENDING, leased_until__lt=now)


def _claim(message_id: int) -> OutboxMessage | None:
    """Take the message and count the attempt: one that ends with the worker's death counts too."""
    message = OutboxMessage.objects.filter(_due(), pk=message_id).first()
    if message is None:
        return None
    message.attempts += 1
    message.leased_until = timezone.now() + LEASE
    claimed = OutboxMessage.objects.filter(_due(), pk=message_id).update(
        state=State.SENDING, leased_until=message.leased_until, attempts=message.attempts
    )
    return message if claimed else None


def _try(message: OutboxMessage) -> tuple[OutboxMessage.State | None, str]:
    """The state that the attempt leaves the message in, and the error; no state: it is to be tried again."""
    try:
        _sender_of(message)(message)
    except Unneeded as finding:
        return State.SKIPPED, str(finding)
    except CanNotBeSent as failure:
        return State.FAILED, str(failure)
    except Exception as failure:
        log_failure(logger, f"Message {message.pk} was not sent", failure)
        return None, type(failure).__qualname__
    kill_point("outbox.sent")
    return State.SENT, ""


def _sender_of(message: OutboxMessage) -> Sender:
    try:
        return _senders[message.kind]
    except KeyError:
        raise NoSender from None


def _finish(message: OutboxMessage, state: OutboxMessage.State | None, error: str) -> OutboxMessage.State | None:
    """Record where the attempt leaves the message; no state means: try again, or give up after the last try.

    Returns None, and changes nothing, when the lease ran out meanwhile and another worker has the message.
    """
    now = timezone.now()
    delay = delay_after(message.attempts) if state is None else None
    state = state or (State.DEAD if delay is None else State.WAITING)
    mine = OutboxMessage.objects.filter(pk=message.pk, state=State.SENDING, leased_until=message.leased_until)
    recorded = mine.update(
        state=state,
        leased_until=None,
        next_attempt_at=now + (delay or timedelta()),
        last_error=error[:ERROR_LENGTH],
        sent_at=now if state == State.SENT else None,
    )
    if recorded and delay:
        # A second later: the message must be due when the bell rings.
        ring_on_commit(DELIVER_TASK, message.pk, countdown=delay.total_seconds() + 1)
    return state if recorded else None
