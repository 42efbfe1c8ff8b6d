"""Where breakers keep their state: pybreaker's storages, made to answer in one step.

Beside pybreaker's state, counter and opening time a storage counts the calls of the last minute (in buckets of ten
seconds) and lends a lease: whoever wants to change the state, or to be the probe, must hold it.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from pybreaker import STATE_CLOSED, CircuitMemoryStorage, CircuitRedisStorage
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import LockError, LockNotOwnedError, RedisError
from redis.lock import Lock
from redis.retry import Retry

logger = logging.getLogger(__name__)

BUCKET_SECONDS = 10
BUCKETS = 6

# What a Redis that is dead or hangs may cost a call (BREAKER_REDIS_TIMEOUT_SECONDS overrides it), and for how long it
# is left alone afterwards.
REDIS_TIMEOUT_SECONDS = 0.05
SILENCE_SECONDS = 5.0

# The set of breakers that have ever counted a failure.
KNOWN = "mcp:breakers"


class StorageAway(Exception):
    """Redis can't be asked at the moment."""


@dataclass(frozen=True)
class Reading:
    """One look at a breaker; `failures` and `successes` are those counted in the last minute."""

    state: str = STATE_CLOSED
    consecutive_failures: int = 0
    opened_at: datetime | None = None
    failures: int = 0
    successes: int = 0

    @property
    def calls(self) -> int:
        return self.failures + self.successes

    @property
    def has_failures(self) -> bool:
        return bool(self.consecutive_failures or self.failures)


class Lease(Protocol):
    """The right to change a breaker's state; it ends by itself when its holder has died."""

    def is_held(self) -> bool: ...

    def release(self) -> None: ...


def bucket_now() -> int:
    return int(time.time() // BUCKET_SECONDS)


def recent_buckets() -> range:
    """The present bucket and those before it: between 50 and 60 seconds."""
    now = bucket_now()
    return range(now - BUCKETS + 1, now + 1)


class MemoryStorage(CircuitMemoryStorage):
    """The state of a breaker in this process."""

    def __init__(self) -> None:
        super().__init__(STATE_CLOSED)
        self._lock = threading.Lock()
        self._failures = Counter[int]()
        self._successes = Counter[int]()
        self._lease: _MemoryLease | None = None

    def read(self) -> Reading:
        with self._lock:
            return self._reading()

    def count(self, successes: Mapping[int, int], *, failed: bool) -> Reading:
        """Count a call and earlier successes (by bucket); a call that did not fail ends a row of failures."""
        with self._lock:
            self._successes.update(successes)
            if failed:
                self._failures[bucket_now()] += 1
                self.increment_counter()
            else:
                self.reset_counter()
            return self._reading()

    def lease(self, seconds: float) -> Lease | None:
        """The lease for so long, or None where somebody else has it."""
        with self._lock:
            if self._lease and time.monotonic() < self._lease.until:
                return None
            self._lease = _MemoryLease(self, time.monotonic() + seconds)
            return self._lease

    def has_lease(self, lease: "_MemoryLease") -> bool:
        return self._lease is lease

    def end_lease(self, lease: "_MemoryLease") -> None:
        with self._lock:
            if self._lease is lease:
                self._lease = None

    def forget_calls(self) -> None:
        with self._lock:
            self._failures.clear()
            self._successes.clear()

    def forget(self) -> None:
        """Forget everything: no failures, closed, no lease."""
        self.forget_calls()
        with self._lock:
            self.reset_counter()
            self.state = STATE_CLOSED
            self._lease = None

    def _reading(self) -> Reading:
        buckets = recent_buckets()
        for counter in (self._failures, self._successes):
            for old in [bucket for bucket in counter if bucket < buckets.start]:
                del counter[old]
        return Reading(self.state, self.counter, self.opened_at, self._failures.total(), self._successes.total())


class _MemoryLease:
    def __init__(self, storage: MemoryStorage, until: float) -> None:
        self.until = until  # on the clock of time.monotonic()
        self._storage = storage

    def is_held(self) -> bool:
        return self._storage.has_lease(self)

    def release(self) -> None:
        self._storage.end_lease(self)


class RedisLink:
    """A client that gives up quickly, and leaves Redis alone for some seconds after a failure."""

    def __init__(self, url: str) -> None:
        seconds = getattr(settings, "BREAKER_REDIS_TIMEOUT_SECONDS", REDIS_TIMEOUT_SECONDS)
        self.client = Redis.from_url(
            url,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._silent_until = 0.0  # on the clock of time.monotonic()

    @contextmanager
    def reached(self) -> Iterator[Redis]:
        """The client; raises StorageAway instead of Redis's errors."""
        if time.monotonic() < self._silent_until:
            raise StorageAway
        try:
            yield self.client
        except RedisError as error:
            self._silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning("Circuit breakers let every call through: %s from Redis", type(error).__qualname__)
            raise StorageAway from error


@cache
def redis_link(url: str) -> RedisLink:
    return RedisLink(url)


class RedisStorage(CircuitRedisStorage):
    """The state of a breaker that every process shares. Its own methods raise StorageAway.

    Those of pybreaker swallow Redis's errors. They are used under a lease only, so theirs needn't be atomic:
    `cluster_mode` spares them a transaction.
    """

    def __init__(self, link: RedisLink, breaker: str) -> None:
        self._link = link
        self._breaker = breaker
        super().__init__(STATE_CLOSED, link.client, namespace=f"mcp:breaker:{breaker}", cluster_mode=True)

    def _initialize_redis_state(self, state: str) -> None:
        """What is missing is closed: nothing to write, and no Redis needed to make a breaker."""

    def read(self) -> Reading:
        with self._link.reached() as client:
            return _reading(client.mget(self._keys()))  # type: ignore[arg-type]

    def count(self, successes: Mapping[int, int], *, failed: bool) -> Reading:
        """Count a call and earlier successes (by bucket); a call that did not fail ends a row of failures."""
        with self._link.reached() as client, client.pipeline() as pipe:
            for bucket, number in successes.items():
                self._add(pipe, "succeeded", bucket, number)
            if failed:
                pipe.sadd(KNOWN, self._breaker)
                self._add(pipe, "failed", bucket_now(), 1)
                pipe.incr(self._namespace("fail_counter"))
            else:
                pipe.set(self._namespace("fail_counter"), 0)
            pipe.mget(self._keys())
            return _reading(pipe.execute()[-1])

    def lease(self, seconds: float) -> Lease | None:
        """The lease for so long, or None where somebody else has it."""
        with self._link.reached() as client:
            lock = client.lock(self._namespace("lease"), timeout=seconds, thread_local=False)
            return _RedisLease(self._link, lock) if lock.acquire(blocking=False) else None

    def forget_calls(self) -> None:
        with self._link.reached() as client:
            client.delete(*self._call_keys())

    def forget(self) -> None:
        """Forget everything: no failures, closed, no lease."""
        with self._link.reached() as client:
            client.delete(*self._keys(), self._namespace("success_counter"), self._namespace("lease"))
            client.srem(KNOWN, self._breaker)

    def _add(self, pipe: Pipeline, outcome: str, bucket: int, number: int) -> None:
        key = self._namespace(f"{outcome}:{bucket}")
        pipe.incrby(key, number)
        pipe.expire(key, BUCKET_SECONDS * (BUCKETS + 1))

    def _keys(self) -> list[str]:
        """As `_reading` wants their values."""
        return [*(self._namespace(key) for key in ("state", "fail_counter", "opened_at")), *self._call_keys()]

    def _call_keys(self) -> list[str]:
        return [
            self._namespace(f"{outcome}:{bucket}") for outcome in ("failed", "succeeded") for bucket in recent_buckets()
        ]


class _RedisLease:
    def __init__(self, link: RedisLink, lock: Lock) -> None:
        self._link = link
        self._lock = lock

    def is_held(self) -> bool:
        """Whether it has not run out; if so it starts anew, so that there is time to make use of it."""
        with self._link.reached():
            try:
                return bool(self._lock.reacquire())
            except LockNotOwnedError:
                return False

    def release(self) -> None:
        with self._link.reached(), suppress(LockError):  # ran out, and may be somebody else's by now
            self._lock.release()


def known_breakers(link: RedisLink) -> list[str]:
    """Names of the shared breakers that have ever counted a failure; raises StorageAway."""
    with link.reached() as client:
        return sorted(name.decode() for name in client.smembers(KNOWN))  # type: ignore[union-attr]


def _reading(values: Sequence[bytes | None]) -> Reading:
    state, consecutive, opened_at, *counts = values
    numbers = [int(count or 0) for count in counts]
    return Reading(
        state=state.decode() if state else STATE_CLOSED,
        consecutive_failures=int(consecutive or 0),
        opened_at=datetime.fromtimestamp(int(opened_at), UTC) if opened_at else None,
        failures=sum(numbers[:BUCKETS]),
        successes=sum(numbers[BUCKETS:]),
    )
