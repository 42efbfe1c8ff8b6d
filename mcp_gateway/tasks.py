"""Celery tasks of the gateway: thin, the work is in `inbox`."""

from celery import shared_task

from mcp_gateway import inbox


@shared_task
def process_webhook_event(event_id: int) -> str | None:
    """Work on one stored event."""
    return inbox.process(event_id)


@shared_task
def sweep_webhook_events() -> int:
    """Pick up what the broker lost, what is due again, and what a dead worker held."""
    due = inbox.due_events()
    for event_id in due:
        inbox.process(event_id)
    return len(due)
