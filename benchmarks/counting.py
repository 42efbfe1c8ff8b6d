"""What a piece of work asks of database, Redis and vendors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.connection import AbstractConnection
from requests.adapters import HTTPAdapter

NOT_WORK = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


@dataclass
class Asked:
    """How often each was asked; transaction control is not counted as a query."""

    queries: int = 0
    redis: int = 0
    vendor: int = 0


@contextmanager
def counted() -> Iterator[Asked]:
    """Count while inside; the result is complete afterwards."""
    asked = Asked()
    with (
        CaptureQueriesContext(connection) as captured,
        _calls(AbstractConnection, "send_packed_command") as redis,
        _calls(HTTPAdapter, "send") as vendor,
    ):
        yield asked
    asked.queries = sum(not row["sql"].startswith(NOT_WORK) for row in captured)
    asked.redis, asked.vendor = len(redis), len(vendor)


@contextmanager
def _calls(owner: type, name: str) -> Iterator[list[str]]:
    """Each call of the method, while inside."""
    calls: list[str] = []
    real: Callable[..., object] = getattr(owner, name)

    def counting(*args: object, **kwargs: object) -> object:
        calls.append(name)
        return real(*args, **kwargs)

    setattr(owner, name, counting)
    try:
        yield calls
    finally:
        setattr(owner, name, real)
