"""One circuit breaker: when it opens, whom it lets through, and who is told. `breakers` has the rules in words."""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from pybreaker import STATE_CLOSED, STATE_OPEN, CircuitBreaker, CircuitBreakerListener, CircuitBreakerState

from mcp_gateway.breaker_storage import BUCKETS, Lease, MemoryStorage, Reading, RedisStorage, bucket_now, recent_buckets
from mcp_gateway.errors import ServiceUnavailable
from mcp_gateway.logs import log_failure

logger = logging.getLogger(__name__)
external_logger = logging.getLogger("mcp-external")

FAIL_MAX = 5
RATE_CALLS = 20
OPEN_SECONDS = 30
# While another call probes: its outcome is near.
PROBE_RETRY_SECONDS = 1
# For so long a process may take a breaker for closed without looking.
CLOSED_SECONDS = 1.0
# To open a breaker takes much less.
CHANGE_SECONDS = 1.0


class Outcome(Enum):
    SUCCESS = auto()
    FAILURE = auto()
    NEUTRAL = auto()


@dataclass(frozen=True)
class StateChange:
    name: str
    old_state: str
    new_state: str


# Called once for each change, in the process that made it; what they raise is logged and does no harm.
on_change: list[Callable[[StateChange], None]] = []


class _Announcer(CircuitBreakerListener):
    """Tells of state changes; pybreaker lets a listener's exception break the call."""

    def state_change(
        self, cb: CircuitBreaker, old_state: CircuitBreakerState | None, new_state: CircuitBreakerState
    ) -> None:
        change = StateChange(cb.name or "", old_state.name if old_state else "", new_state.name)
        external_logger.warning(
            "Circuit breaker %s: %s, was %s",
            change.name,
            change.new_state,
            change.old_state,
            extra={"breaker": change.name, "old_state": change.old_state, "new_state": change.new_state},
        )
        for hook in on_change:
            try:
                hook(change)
            except Exception as error:
                log_failure(logger, "A hook of the circuit breakers failed", error)


class Circuit:
    """One breaker, as this process sees it."""

    def __init__(self, name: str, storage: MemoryStorage | RedisStorage) -> None:
        self.name = name
        self._storage = storage
        self._closed_until = 0.0  # on the clock of time.monotonic()
        self._has_failures = False
        # Successes by bucket that the storage does not know: they only matter beside failures.
        self._untold = Counter[int]()
        self._lock = threading.Lock()

    def admit(self, lease_seconds: float) -> Lease | None:
        """Let a call pass, as the probe where a lease is returned.

        Raises ServiceUnavailable, and StorageAway where the state can't be known.
        """
        if time.monotonic() < self._closed_until or self._lets_pass(self._look()):
            return None
        lease = self._storage.lease(lease_seconds)
        if lease is None:
            raise ServiceUnavailable(retry_after=PROBE_RETRY_SECONDS)
        with ExitStack() as unless_probe:
            unless_probe.callback(lease.release)
            # Another probe may have ended between the look and the lease.
            reading = self._look()
            if self._lets_pass(reading):
                return None
            if reading.state == STATE_OPEN:
                self._breaker().half_open()
            unless_probe.pop_all()
        return lease

    def settle(self, outcome: Outcome, lease: Lease | None) -> None:
        """Count how an admitted call has ended; raises StorageAway."""
        if lease is not None:
            self._settle_probe(outcome, lease)
        elif outcome is Outcome.FAILURE:
            self._count_failure()
        elif outcome is Outcome.SUCCESS:
            self._count_success()

    def reading(self) -> Reading:
        return self._storage.read()

    def reset(self) -> None:
        """Close it and forget its failures, whoever holds the lease; raises StorageAway."""
        if self._storage.read().state != STATE_CLOSED:
            self._breaker().close()
        self._storage.forget()
        self._told()
        self._closed_until = 0.0

    def _breaker(self) -> CircuitBreaker:
        """pybreaker's, made for one change: it starts from the shared state, so that it tells the right old one."""
        return CircuitBreaker(
            fail_max=FAIL_MAX,
            reset_timeout=OPEN_SECONDS,
            listeners=[_Announcer()],
            state_storage=self._storage,
            name=self.name,
        )

    def _look(self) -> Reading:
        reading = self._storage.read()
        self._remember(reading)
        return reading

    def _remember(self, reading: Reading) -> None:
        self._has_failures = reading.has_failures
        self._closed_until = time.monotonic() + CLOSED_SECONDS if reading.state == STATE_CLOSED else 0.0

    def _lets_pass(self, reading: Reading) -> bool:
        """Whether any call may pass; False when a probe is due. Raises ServiceUnavailable."""
        if wait := retry_after(reading):
            raise ServiceUnavailable(retry_after=wait)
        return reading.state == STATE_CLOSED

    def _count_success(self) -> None:
        with self._lock:
            self._untold[bucket_now()] += 1
            if len(self._untold) > BUCKETS:
                del self._untold[min(self._untold)]
        if self._has_failures:
            self._remember(self._storage.count(self._told(), failed=False))

    def _count_failure(self) -> None:
        reading = self._storage.count(self._told(), failed=True)
        self._remember(reading)
        if reading.state == STATE_CLOSED and _is_too_much(reading):
            self._open()

    def _told(self) -> Counter[int]:
        with self._lock:
            told, self._untold = self._untold, Counter()
        return Counter({bucket: told[bucket] for bucket in recent_buckets() if told[bucket]})

    def _open(self) -> None:
        lease = self._storage.lease(CHANGE_SECONDS)
        if lease is None:  # somebody else is just opening it
            return
        try:
            breaker = self._breaker()
            if breaker.current_state == STATE_CLOSED:
                breaker.open()
        finally:
            self._closed_until = 0.0
            lease.release()

    def _settle_probe(self, outcome: Outcome, lease: Lease) -> None:
        try:
            # A probe that took longer than its lease has been replaced: it has nothing to say any more.
            if outcome is Outcome.NEUTRAL or not lease.is_held():
                return
            if outcome is Outcome.FAILURE:
                self._breaker().open()
            else:
                self._storage.forget_calls()
                self._breaker().close()
        finally:
            lease.release()


def retry_after(reading: Reading) -> int:
    """Seconds until an open breaker lets a probe through, rounded up; 0 where nothing is to be waited for."""
    if reading.state != STATE_OPEN or reading.opened_at is None:
        return 0
    left = reading.opened_at + timedelta(seconds=OPEN_SECONDS) - datetime.now(UTC)
    return max(0, math.ceil(left.total_seconds()))


def _is_too_much(reading: Reading) -> bool:
    in_a_row = reading.consecutive_failures >= FAIL_MAX
    return in_a_row or (reading.calls >= RATE_CALLS and reading.failures * 2 >= reading.calls)
