"""Celery tasks of the gateway: thin, the work is in `inbox`, `outbox` and `background`."""

from celery import shared_task
from django.db.models import Model

from mcp_gateway import background, deletion, idempotency, inbox, outbox, outgoing, worker_queue
from mcp_gateway.audit import record_by
from mcp_gateway.models import IdempotentAnswer, LongAction, OutboxMessage, OutgoingCall
from mcp_gateway.principal import Principal

# A handler that hangs is stopped, and its attempt recorded, before another worker may take the event over.
STOP_SECONDS = inbox.LEASE.seconds - 60
KILL_SECONDS = inbox.LEASE.seconds - 30


@shared_task(soft_time_limit=STOP_SECONDS, time_limit=KILL_SECONDS)
def process_webhook_event(event_id: int) -> str | None:
    """Work on one stored event."""
    return inbox.process(event_id)


@shared_task
def sweep_webhook_events() -> int:
    """Ring again for what the broker lost, what is due again, and what a dead worker held.

    Each event is a task of its own: one that breaks or hangs does not hold up the others.
    """
    worker_queue.note_sweep()
    due = inbox.due_events()
    for event_id in due:
        process_webhook_event.delay(event_id)
    return len(due)


@shared_task(soft_time_limit=outbox.LEASE.seconds - 40, time_limit=outbox.LEASE.seconds - 20)
def deliver_outbox_message(message_id: int) -> str | None:
    """Send one message."""
    return outbox.deliver(message_id)


@shared_task
def sweep_outbox() -> int:
    """Ring again for messages whose bell was lost, that are due again, or that a dead worker held."""
    due = outbox.due_messages()
    for message_id in due:
        deliver_outbox_message.delay(message_id)
    return len(due)


@shared_task
def forget_old_messages() -> int:
    """Delete messages that went out long ago."""
    return _noted("forget old messages", OutboxMessage, outbox.forget_old())


# An item that hangs is stopped, and its result kept, before another worker may take the action over.
@shared_task(soft_time_limit=background.LEASE.seconds - 40, time_limit=background.LEASE.seconds - 20)
def run_long_action(action_id: int) -> str | None:
    """Work on one long action for a turn."""
    return background.run(action_id)


@shared_task
def sweep_long_actions() -> int:
    """Ring again for actions whose bell was lost, or that a dead worker held."""
    due = background.due()
    for action_id in due:
        run_long_action.delay(action_id)
    return len(due)


@shared_task
def forget_old_long_actions() -> int:
    """Delete actions that were over long ago."""
    return _noted("forget old long actions", LongAction, background.forget_old())


@shared_task
def forget_idempotent_answers() -> int:
    """Delete answers that were kept long enough."""
    return _noted("forget idempotent answers", IdempotentAnswer, idempotency.forget_old())


@shared_task
def forget_old_outgoing_calls() -> int:
    """Delete what is known of calls to vendors that nobody follows any more."""
    return _noted("forget old outgoing calls", OutgoingCall, outgoing.forget_old())


@shared_task
def purge_deleted_rows() -> int:
    """Delete for good what staff deleted more than thirty days ago."""
    return deletion.purge()


def _noted(task: str, model: type[Model], count: int) -> int:
    """One entry for all that went, whosever it was."""
    if count:
        by, table = Principal.of_task(task), model._meta.db_table
        record_by(by, action="rows.forgotten", object_type=model.__name__, object_id=table, before={"rows": count})
    return count
