"""Celery's bell: it wakes a worker for what already stands in the database."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

from mcp_gateway.logs import log_failure

logger = logging.getLogger(__name__)


def ring_on_commit(task_name: str, *args: int) -> None:
    """Send a task once the transaction stands; where the broker is away, the task's sweep finds the work."""
    transaction.on_commit(partial(_ring, task_name, *args))


def _ring(task_name: str, *args: int) -> None:
    try:
        current_app.send_task(task_name, args=args)
    except Exception as error:
        log_failure(logger, f"No broker for {task_name}; its sweep takes over", error)
