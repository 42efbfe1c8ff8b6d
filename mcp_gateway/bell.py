"""Celery's bell: it wakes a worker for what already stands in the database."""

import logging
from functools import partial
from time import monotonic
from uuid import uuid4

from celery import current_app
from django.db import transaction

from mcp_gateway.logs import log_failure

logger = logging.getLogger(__name__)

# A broker that hangs costs each ring its time-out, and callers wait meanwhile: after a failure the bell is left
# alone for a while. The sweep finds whatever was not rung for.
SILENCE_SECONDS = 5.0
_silent_until = 0.0


def ring_on_commit(task_name: str, *args: int, countdown: float = 0) -> None:
    """Send a task once the transaction stands, to be run after `countdown` seconds.

    Where the broker is away nothing is lost: the sweep finds the work.
    """
    transaction.on_commit(partial(_ring, task_name, args, countdown))


def _ring(task_name: str, args: tuple[int, ...], countdown: float) -> None:
    global _silent_until
    if monotonic() < _silent_until:
        return
    try:
        _send(task_name, args, countdown)
    except Exception as error:
        _silent_until = monotonic() + SILENCE_SECONDS
        log_failure(logger, f"No broker for {task_name}; its sweep takes over", error)


def _send(task_name: str, args: tuple[int, ...], countdown: float) -> None:
    """What Celery's own `send_task` does for a task without options, at half of its price."""
    amqp = current_app.amqp
    queue = amqp.default_queue
    said = {"argsrepr": repr(args), "kwargsrepr": "{}"}
    message = amqp.create_task_message(str(uuid4()), task_name, args, {}, countdown=countdown, **said)
    with current_app.producer_pool.acquire(block=True) as producer:
        producer.publish(
            message.body,
            routing_key=queue.name,
            declare=[queue],
            serializer="json",
            headers=message.headers,
            **message.properties,
        )
