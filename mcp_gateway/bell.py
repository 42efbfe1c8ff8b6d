"""Celery's bell: it wakes a worker for what already stands in the database."""

import logging
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from uuid import uuid4

from celery import current_app
from django.db import transaction
from kombu import Producer
from kombu.transport import redis

from mcp_gateway.logs import log_failure

logger = logging.getLogger(__name__)

# A broker that hangs costs each ring its time-out, and callers wait meanwhile: after a failure the bell is left
# alone for a while. The sweep finds whatever was not rung for.
SILENCE_SECONDS = 5.0
_silent_until = 0.0

# Producers that nobody uses at the moment, by process: a child never touches what was opened before its fork.
_idle: defaultdict[int, list[Producer]] = defaultdict(list)


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
    """What Celery's own `send_task` does for a task without options, at a quarter of its price."""
    amqp = current_app.amqp
    said = {"argsrepr": repr(args), "kwargsrepr": "{}"}
    message = amqp.create_task_message(str(uuid4()), task_name, args, {}, countdown=countdown, **said)
    with _open_producer() as producer:
        producer.publish(
            message.body,
            routing_key=amqp.default_queue.name,
            serializer="json",
            headers=message.headers,
            **message.properties,
        )


@contextmanager
def _open_producer() -> Iterator[Producer]:
    """One for this thread alone; it is kept for the next ring unless this one fails."""
    idle = _idle[os.getpid()]
    try:
        producer = idle.pop()
    except IndexError:
        producer = _new_producer()
    try:
        yield producer
    except Exception:
        if producer.connection is not None:
            producer.connection.release()
        raise
    idle.append(producer)


def _new_producer() -> Producer:
    """With a connection of its own and the queue declared; raises what the broker's client raises."""
    amqp = current_app.amqp
    channel = current_app.connection_for_write().default_channel
    if isinstance(channel, redis.Channel):
        # It would build a client for each message, at the price of the message itself.
        channel.conn_or_acquire = partial(channel.conn_or_acquire, channel.client)  # type: ignore[method-assign]
    producer = amqp.Producer(channel)
    producer.maybe_declare(amqp.default_queue)
    return producer
