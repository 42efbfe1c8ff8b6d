"""Celery tasks of Retell's side: thin, the work is in `ended_calls`."""

from celery import shared_task

from retell import ended_calls


@shared_task
def close_forgotten_calls() -> int:
    """Have Retell asked about calls whose end got lost.

    Each call is a task of its own: one that breaks or hangs does not hold up the others.
    """
    forgotten = ended_calls.forgotten_calls()
    for call_id in forgotten:
        close_forgotten_call.delay(call_id)
    return len(forgotten)


@shared_task
def close_forgotten_call(call_id: int) -> None:
    """Close one call, given by primary key, if it is over."""
    ended_calls.close_if_over(call_id)
