"""How much the gateway does in a minute for a company, for a caller, and for the phone calls of a company.

A token or a member of staff counts on a limit of its own and on its company's (a method without a company: on its
own only). A signed vendor counts on a limit of its own per company: somebody is on the phone, and no integrator's
script may starve them. Tasks are never limited: bookings must go through.

A minute begins with the first call in it, so up to twice a limit can pass around the end of one. The counters stand
in Redis where REDIS_URL is set; otherwise, and while Redis does not answer, in the memory of each process.

The strategies of `limits` take from one counter at a time and don't say what is left: four round trips, and a call
that the second limit refuses has used up the first. Here its storages take from all counters of a call or from none,
in one script, under one lock: a refused call uses up nothing, and there is never anything to give back.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from threading import Lock
from time import monotonic, time
from typing import Any, NamedTuple

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from mcp_gateway.errors import RateLimited
from mcp_gateway.invocation import Invocation
from mcp_gateway.logs import log_failure
from mcp_gateway.principal import Kind

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# A Redis that hangs costs a call no more than this, and then is left alone for a while.
REDIS_TIMEOUT_SECONDS = 0.3
REDIS_SILENCE_SECONDS = 5.0

# KEYS: counters. ARGV: the cost, the window in milliseconds, the limit of each counter.
# Answers 1 if the cost was taken, 0 if not; then what is used of each counter, and for how many milliseconds.
TAKE_ALL_OR_NONE = b"""
local cost = tonumber(ARGV[1])
local taken = 1
for i, key in ipairs(KEYS) do
    if tonumber(redis.call('get', key) or 0) + cost > tonumber(ARGV[i + 2]) then taken = 0 end
end
local answer = {taken}
for _, key in ipairs(KEYS) do
    if taken == 1 and redis.call('incrby', key, cost) == cost then redis.call('pexpire', key, ARGV[2]) end
    table.insert(answer, tonumber(redis.call('get', key) or 0))
    table.insert(answer, redis.call('pttl', key))
end
return answer
"""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How a limit stands: `remaining` of `limit`; in `reset` seconds the whole of it is free again."""

    limit: int
    remaining: int
    reset: int


class _Bucket(NamedTuple):
    key: str
    limit: int


class _Taken(NamedTuple):
    """Whether the cost was taken, and how each bucket stands now."""

    is_taken: bool
    usages: list[Usage]


_seen: ContextVar[list[Usage] | None] = ContextVar("rate_limits_seen", default=None)
_memory_lock = Lock()
_redis_silent_until = 0.0


def check(invocation: Invocation) -> None:
    """Count the call on its limits.

    Raises RateLimited where one is used up, with `data.retry_after` in whole seconds, at least 1; the call then
    counts on none of them. It is `retryable` unless a limit is less than what the call costs.
    """
    buckets = _buckets_of(invocation)
    if not buckets:
        return
    cost = invocation.method.declaration.cost
    is_taken, usages = _take(buckets, cost)
    _note(usages)
    if not is_taken:
        raise RateLimited(
            retryable=all(bucket.limit >= cost for bucket in buckets),
            retry_after=max(usage.reset for usage in usages if usage.remaining < cost),
        )


@contextmanager
def fresh_usage() -> Iterator[None]:
    """Watch the limits of the calls made inside, for one HTTP request."""
    token = _seen.set([])
    try:
        yield
    finally:
        _seen.reset(token)


def usage() -> Usage | None:
    """The tightest limit that calls have met inside `fresh_usage`; None if they met none."""
    return min(_seen.get() or (), key=lambda seen: (seen.remaining, -seen.reset), default=None)


def headers() -> dict[str, str]:
    """`usage` as HTTP headers; none where there is none."""
    tightest = usage()
    if tightest is None:
        return {}
    return {
        "X-RateLimit-Limit": str(tightest.limit),
        "X-RateLimit-Remaining": str(tightest.remaining),
        "X-RateLimit-Reset": str(tightest.reset),
    }


def _buckets_of(invocation: Invocation) -> list[_Bucket]:
    principal, company = invocation.principal, invocation.company
    if principal.kind is Kind.TASK:
        return []
    if principal.kind is Kind.VENDOR:
        companies = sorted(principal.companies or ())
        return [_bucket(getattr(settings, "RATE_LIMIT_VENDOR", 1200), "vendor", *companies)]
    buckets = [_bucket(getattr(settings, "RATE_LIMIT_CALLER", 300), "caller", principal.name)]
    if company is not None:
        buckets.append(_bucket(_company_limit(company), "company", company.pk))
    return buckets


def _bucket(limit: int, *whose: str | int) -> _Bucket:
    return _Bucket(RateLimitItemPerMinute(limit).key_for(*whose), limit)


def _company_limit(company: Any) -> int:
    own: int | None = getattr(company, "rate_limit_per_minute", None)
    return getattr(settings, "RATE_LIMIT_COMPANY", 600) if own is None else own


def _note(usages: list[Usage]) -> None:
    seen = _seen.get()
    if seen is not None:
        seen.extend(usages)


def _take(buckets: Sequence[_Bucket], cost: int) -> _Taken:
    global _redis_silent_until
    if settings.REDIS_URL and monotonic() >= _redis_silent_until:
        try:
            return _take_from_redis(buckets, cost)
        except Exception as error:
            _redis_silent_until = monotonic() + REDIS_SILENCE_SECONDS
            log_failure(logger, "No Redis for rate limits; each process counts for itself", error)
    return _take_from_memory(buckets, cost)


def _take_from_redis(buckets: Sequence[_Bucket], cost: int) -> _Taken:
    storage, take = _redis(settings.REDIS_URL)
    keys = [storage.prefixed_key(bucket.key) for bucket in buckets]
    is_taken, *counts = take(keys, [cost, WINDOW_SECONDS * 1000, *(bucket.limit for bucket in buckets)])
    stands = zip(buckets, counts[::2], counts[1::2], strict=True)
    return _Taken(bool(is_taken), [_usage(bucket, used, left / 1000) for bucket, used, left in stands])


def _take_from_memory(buckets: Sequence[_Bucket], cost: int) -> _Taken:
    with _memory_lock:
        storage = _memory()
        is_taken = all(storage.get(bucket.key) + cost <= bucket.limit for bucket in buckets)
        if is_taken:
            for bucket in buckets:
                storage.incr(bucket.key, WINDOW_SECONDS, cost)
        stands = [(bucket, storage.get(bucket.key), storage.get_expiry(bucket.key) - time()) for bucket in buckets]
    return _Taken(is_taken, [_usage(*stand) for stand in stands])


def _usage(bucket: _Bucket, used: int, seconds_left: float) -> Usage:
    # A limit too small for the call is refused before anything was counted on it: no window has begun.
    seconds = ceil(seconds_left) if used else WINDOW_SECONDS
    return Usage(limit=bucket.limit, remaining=max(0, bucket.limit - used), reset=max(1, seconds))


@lru_cache(maxsize=1)
def _memory() -> MemoryStorage:
    return MemoryStorage()


@lru_cache(maxsize=4)
def _redis(url: str) -> tuple[RedisStorage, Any]:
    """The storage behind a URL, and our script on it. Nothing is repeated: memory answers instead."""
    options: dict[str, Any] = {
        "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
        "socket_timeout": REDIS_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    storage = RedisStorage(url, **options)
    return storage, storage.get_connection().register_script(TAKE_ALL_OR_NONE)
