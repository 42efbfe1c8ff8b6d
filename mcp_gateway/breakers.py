"""Circuit breakers: a service that keeps failing is left alone for a while, instead of making every caller wait.

One for each server; where the server reaches the company's own account at a vendor (`reaches_vendor`), one for each
company: "calcom:12". pybreaker is the breaker; its `call()` is not used, because it holds its lock while the call
runs, lets every process through when half open, and counts failures in a row only.

    closed     calls pass; FAIL_MAX failures in a row, or half of at least RATE_CALLS calls in the last minute, open it
    open       calls are refused for OPEN_SECONDS
    half-open  one call at a time, over all processes, is let through as a probe: its success closes, its failure opens

How a call's end is counted:

    success    the method returned
    failure    InternalError, and any exception that is none of the gateway's; DeadlineExceeded; UpstreamError of a
               kind in VENDOR_FAILURES, unless the vendor answered 4xx, and any with a vendor's 5xx
    neutral    every other GatewayError: wrong parameters, business answers, and UpstreamErrors of the company's own
               set-up (unauthorised, rate_limited, not_configured); ServiceUnavailable of a breaker further in; what
               is no Exception (KeyboardInterrupt); a failure after a guarded call made by this one has failed, and
               a DeadlineExceeded after any: one company's dead or slow vendor must not open what all companies share

Breakers share their state through Redis; without REDIS_URL each process has its own. While Redis is away, calls pass.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.conf import settings

from mcp_gateway.breaker_storage import Lease, MemoryStorage, RedisStorage, StorageAway, known_breakers, redis_link
from mcp_gateway.circuit import Circuit, Outcome, StateChange, on_change, retry_after
from mcp_gateway.errors import DeadlineExceeded, GatewayError, InternalError, ServiceUnavailable, UpstreamError
from mcp_gateway.invocation import Invocation

__all__ = [
    "BreakerState",
    "StateChange",
    "StorageAway",
    "UnknownBreaker",
    "all_states",
    "guarded",
    "local_states",
    "on_change",
    "outcome_of",
    "reset",
    "reset_all",
    "shared_states",
]

# A lease outlives the call it was taken for, but not by much, in case its holder dies.
LEASE_MARGIN_SECONDS = 1.0
MAX_LEASE_SECONDS = 60.0

VENDOR_FAILURES = {"unreachable", "unknown_outcome", "timeout", UpstreamError.kind}


@dataclass(frozen=True)
class BreakerState:
    """`state` is "closed", "open" or "half-open"; `failures` are those in a row or of the last minute, if more.

    `opened_at` (UTC) is the last time it opened; `retry_after` in seconds, 0 where a call may pass.
    """

    name: str
    state: str
    failures: int
    opened_at: datetime | None
    retry_after: int


class UnknownBreaker(LookupError):
    """No breaker of this name is known to Redis or to this process."""


@dataclass
class _Inside:
    """What became of the guarded calls that a guarded call has made itself."""

    called: bool = False
    failed: bool = False

    def excuses(self, error: Exception) -> bool:
        """Whether a breaker further in has counted the trouble already, or its service has used up the time."""
        return self.failed or (self.called and isinstance(error, DeadlineExceeded))


_inside: ContextVar[_Inside | None] = ContextVar("inside", default=None)
_circuits: dict[tuple[str, str], Circuit] = {}


@contextmanager
def guarded(invocation: Invocation) -> Iterator[None]:
    """Around the method's run: raises ServiceUnavailable with `retry_after` (seconds) while its breaker is open."""
    circuit = _circuit_of(invocation)
    outcome = Outcome.NEUTRAL
    with _nested() as inside:
        lease = _admitted(circuit, invocation)
        try:
            yield
            outcome = Outcome.SUCCESS
        except Exception as error:
            outcome = Outcome.NEUTRAL if inside.excuses(error) else outcome_of(error)
            raise
        finally:
            with suppress(StorageAway):
                circuit.settle(outcome, lease)


def _admitted(circuit: Circuit, invocation: Invocation) -> Lease | None:
    left = max(invocation.context.deadline - time.monotonic(), 0)
    with suppress(StorageAway):
        return circuit.admit(min(left + LEASE_MARGIN_SECONDS, MAX_LEASE_SECONDS))
    return None


@contextmanager
def _nested() -> Iterator[_Inside]:
    """Tell the guarded call around this one, if there is one, how this one ends."""
    around, inside = _inside.get(), _Inside()
    token = _inside.set(inside)
    try:
        yield inside
    except Exception as error:
        inside.failed |= isinstance(error, ServiceUnavailable) or outcome_of(error) is Outcome.FAILURE
        raise
    finally:
        _inside.reset(token)
        if around:
            around.called = True
            around.failed |= inside.failed


def outcome_of(error: Exception) -> Outcome:
    """How a call that ended with this error is counted; the table stands at the top."""
    if isinstance(error, UpstreamError):
        is_failure = _blames_vendor(error)
    else:
        is_failure = isinstance(error, InternalError | DeadlineExceeded) or not isinstance(error, GatewayError)
    return Outcome.FAILURE if is_failure else Outcome.NEUTRAL


def all_states() -> list[BreakerState]:
    """Local and shared breakers by name; while Redis is away the local ones only."""
    states = local_states()
    with suppress(StorageAway):
        states += shared_states()
    return sorted(states, key=attrgetter("name"))


def local_states() -> list[BreakerState]:
    """The breakers that this process has used and keeps the state of."""
    return [_state_of(circuit) for (url, _), circuit in sorted(_circuits.items()) if not url]


def shared_states() -> list[BreakerState]:
    """The breakers in Redis that have ever counted a failure; none without REDIS_URL. Raises StorageAway."""
    return [_state_of(_circuit(name, settings.REDIS_URL)) for name in _shared_names()]


def reset(name: str) -> None:
    """Close a breaker and forget its failures; raises UnknownBreaker, and StorageAway while Redis is."""
    if ("", name) in _circuits:
        _circuits["", name].reset()
    elif name in _shared_names():
        _circuit(name, settings.REDIS_URL).reset()
    else:
        raise UnknownBreaker(name)


def reset_all() -> None:
    """Close every breaker and forget all failures; raises StorageAway."""
    for state in local_states():
        reset(state.name)
    for name in _shared_names():
        reset(name)


def _circuit_of(invocation: Invocation) -> Circuit:
    server, company = invocation.method.server, invocation.company_id
    is_of_company = server.reaches_vendor and company is not None
    return _circuit(f"{server.name}:{company}" if is_of_company else server.name, settings.REDIS_URL)


def _circuit(name: str, redis_url: str = "") -> Circuit:
    key = (redis_url, name)
    if key not in _circuits:
        storage = RedisStorage(redis_link(redis_url), name) if redis_url else MemoryStorage()
        _circuits.setdefault(key, Circuit(name, storage))  # another thread may have been quicker
    return _circuits[key]


def _shared_names() -> list[str]:
    return known_breakers(redis_link(settings.REDIS_URL)) if settings.REDIS_URL else []


def _state_of(circuit: Circuit) -> BreakerState:
    reading = circuit.reading()
    failures = max(reading.consecutive_failures, reading.failures)
    return BreakerState(circuit.name, reading.state, failures, reading.opened_at, retry_after(reading))


def _blames_vendor(error: UpstreamError) -> bool:
    status = error.data.get("vendor_status", 0)
    return status >= 500 or (error.kind in VENDOR_FAILURES and not 400 <= status < 500)
