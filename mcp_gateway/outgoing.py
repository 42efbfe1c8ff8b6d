"""What went out to vendors under which correlation id, for whoever follows one: writes, and every call that failed.

A read that went well leaves its log line alone: people wait for it on the phone. `at` is when a call began.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta

from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.utils import timezone

from mcp_gateway.errors import GatewayError, InternalError
from mcp_gateway.invocation import Invocation
from mcp_gateway.logs import log_failure
from mcp_gateway.models import OutgoingCall
from mcp_gateway.registry import Access

logger = logging.getLogger(__name__)

DONE = "done"
KEPT = timedelta(days=14)


@contextmanager
def kept(invocation: Invocation) -> Iterator[None]:
    """Keep how it ends, if it is bound for a vendor."""
    if not invocation.method.server.reaches_vendor:
        yield
        return
    started = time.perf_counter()
    try:
        yield
    except Exception as error:
        _keep(invocation, error.kind if isinstance(error, GatewayError) else InternalError.kind, started)
        raise
    if invocation.method.declaration.access is Access.WRITE:
        _keep(invocation, DONE, started)


def forget_old(limit: int = 1000) -> int:
    """Delete some of what went out long ago; returns how many."""
    old = OutgoingCall.objects.filter(at__lt=timezone.now() - KEPT).values_list("pk", flat=True)
    return OutgoingCall.objects.filter(pk__in=list(old[:limit])).delete()[0]


def _keep(invocation: Invocation, outcome: str, started: float) -> None:
    """The call has ended as it did, whether that can be kept or not; a transaction around it stays usable."""
    seconds = time.perf_counter() - started
    try:
        with _savepoint():
            OutgoingCall.objects.create(
                at=timezone.now() - timedelta(seconds=seconds),
                method=invocation.method.name,
                company_id=invocation.company_id,
                outcome=outcome,
                ms=round(seconds * 1000),
                correlation_id=invocation.context.correlation_id,
            )
    except AnyDatabaseError as error:
        log_failure(logger, f"That {invocation.method.name} went out was not kept", error)


def _savepoint() -> AbstractContextManager[object]:
    """Within a transaction, that it stays usable; one of its own would be three round trips more."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
