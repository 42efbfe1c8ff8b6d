"""How many requests each Cal.com key may still send: one budget per key, over all processes.

Cal.com counts the requests of a key in windows of a minute, and blocks it for another minute after one too many. So
each request is counted here before it is sent, and what Cal.com's headers say of its own count is learnt from the
answer: its limit (until then LIMIT), what others have used of it with the same key, and when its window ends. After a
429 nobody sends until its pause is over.

Urgent requests (somebody is on the phone) may use up a budget, and are refused at once when it is. Background work
leaves KEPT_PERCENT of it to them, and waits for the next window where it has the time.

The budgets stand in Redis where REDIS_URL is set; otherwise, and while Redis does not answer, in the memory of each
process, which learns from the headers what the others have sent. Keys are known by their hash only.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from math import ceil
from threading import Lock
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

import requests
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from calcom.errors import BLOCKED_SECONDS, CalcomError, ErrorKind
from mcp_gateway.logs import log_failure

logger = logging.getLogger(__name__)

LIMIT = 120
KEPT_PERCENT = 20
# A window of which no answer has said yet when it ends: a minute from when the slowest request gets there.
WINDOW_SECONDS = 90.0
# Cal.com tells whole seconds, rounded up: only what differs by more is news.
ROUNDING_SECONDS = 1.0
# Whoever tells a longer pause means a moment, not seconds.
MAX_PAUSE_SECONDS = 3600

MAX_WAIT_SECONDS = 65.0
STEP_SECONDS = 0.5

# Half of what a Redis that hangs may cost a request: once to connect, once to ask. Then it is left alone for a while.
REDIS_TIMEOUT_SECONDS = 0.15
REDIS_SILENCE_SECONDS = 5.0
# What has been learnt of a key is forgotten when it was not used for so long.
KEPT_SECONDS = 86_400
PREFIX = "calcom:budget:"

LIMIT_HEADER = "x-ratelimit-limit"

# Both scripts begin with this. KEYS: a hash of `limit`; `window`, a number that grows; what is `used` of it, and when
# it `ends` (milliseconds on Redis's clock); `blocked`, whether Cal.com has said so.
BEGIN = """
local seconds, micros = unpack(redis.call('time'))
local now = seconds * 1000 + math.floor(micros / 1000)
local values = redis.call('hmget', KEYS[1], 'limit', 'window', 'used', 'ends', 'blocked')
local limit, window, used, ends, blocked = tonumber(values[1] or ARGV[1]), tonumber(values[2] or 0),
    tonumber(values[3] or 0), tonumber(values[4] or 0), tonumber(values[5] or 0)
local function keep()
    redis.call('hset', KEYS[1], 'limit', limit, 'window', window, 'used', used, 'ends', ends, 'blocked', blocked)
    redis.call('expire', KEYS[1], ARGV[2])
end
"""
# ARGV: LIMIT, KEPT_SECONDS, the percentage to leave, WINDOW_SECONDS in milliseconds.
TAKE = (
    BEGIN
    + """
if now >= ends then
    window, used, ends, blocked = window + 1, 0, now + ARGV[4], 0
end
local is_taken = 0
if blocked == 0 and used < limit - math.floor(limit * ARGV[3] / 100) then
    is_taken, used = 1, used + 1
    keep()
end
return {is_taken, limit, window, used, ends - now}
"""
)
# ARGV: LIMIT, KEPT_SECONDS, the request's window; of the reading: limit, used, reset in milliseconds, is_exhausted.
LEARN = (
    BEGIN
    + """
limit = tonumber(ARGV[4])
if window == tonumber(ARGV[3]) then
    used = math.max(used, ARGV[5])
    if ARGV[7] == '1' or now + ARGV[6] < ends then ends = now + ARGV[6] end
end
keep()
"""
)
# ARGV: LIMIT, KEPT_SECONDS, the pause in milliseconds. Answers 1 unless the key was known to be blocked.
BLOCK = (
    BEGIN
    + """
local is_news = 1
if blocked == 1 and now < ends then
    is_news, ends = 0, math.max(ends, now + ARGV[3])
else
    window, blocked, ends = window + 1, 1, now + ARGV[3]
end
keep()
return is_news
"""
)

Found = TypeVar("Found")


@dataclass(frozen=True)
class Reading:
    """What an answer says of one of the key's limits; `reset` in seconds from now."""

    limit: int
    remaining: int
    reset: float

    @property
    def used(self) -> int:
        return self.limit - self.remaining


@dataclass(frozen=True)
class Standing:
    """How a budget stands after a request was counted (`is_taken`) or refused; `ends_at` by time.monotonic()."""

    is_taken: bool
    limit: int
    window: int
    used: int
    ends_at: float

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.ends_at - monotonic())

    def expects(self, reading: Reading) -> bool:
        return (
            reading.limit == self.limit
            and reading.remaining > 0
            and reading.used <= self.used
            and self.seconds_left <= reading.reset + ROUNDING_SECONDS
        )


class Storage(Protocol):
    def take(self, name: str, kept_percent: int) -> Standing:
        """Count a request, unless that would leave less than `kept_percent` of the limit."""

    def learn(self, name: str, window: int, reading: Reading) -> None:
        """What a request counted in `window` has learnt; of an earlier window only its limit is worth knowing."""

    def block(self, name: str, seconds: float) -> bool:
        """Refuse everything for so long; whether that was news."""


class KeyBudget:
    """The budget of one key, for urgent or for background requests."""

    def __init__(self, api_key: str, *, is_urgent: bool) -> None:
        self.name = sha256(api_key.encode(errors="replace")).hexdigest()[:32]
        self.kept_percent = 0 if is_urgent else KEPT_PERCENT

    def take(self, patience: float) -> Standing:
        """Count a request that is about to be sent, at most `patience` seconds from now.

        Raises CalcomError (RATE_LIMITED, `retry_after`), at once where waiting would take longer than that.
        """
        given_up_at = monotonic() + patience
        is_waiting = False
        while not (standing := self._asked()).is_taken:
            wait = standing.seconds_left
            if monotonic() + wait > given_up_at:
                raise CalcomError(ErrorKind.RATE_LIMITED, retry_after=max(1, ceil(wait)))
            if not is_waiting:
                logger.info("Cal.com: work with the key %s… waits %.0f s for its budget", self.name[:8], wait)
                is_waiting = True
            sleep(min(wait, STEP_SECONDS))
        return standing

    def learn(self, standing: Standing, response: requests.Response) -> None:
        """What the answer to the request that was counted says of the budget. Raises nothing."""
        reading = _reading(response)
        if reading and not standing.expects(reading):
            _on_storage(lambda storage: storage.learn(self.name, standing.window, reading))
        if response.status_code == requests.codes.too_many_requests:
            self._block(_pause(response, reading))

    def _asked(self) -> Standing:
        return _on_storage(lambda storage: storage.take(self.name, self.kept_percent))

    def _block(self, seconds: int) -> None:
        is_news = _on_storage(lambda storage: storage.block(self.name, seconds))
        # Remembered here too, in case that Redis goes meanwhile.
        _memory.block(self.name, seconds)
        if is_news:
            logger.warning("Cal.com: the key %s… is blocked for %d s", self.name[:8], seconds)


def forget_all() -> None:
    """Forget every budget, of this process and in Redis. Raises RedisError."""
    _memory.forget()
    if settings.REDIS_URL:
        _redis(settings.REDIS_URL).forget()


@dataclass
class _Budget:
    """As in Redis; `ends` by time.monotonic()."""

    limit: int = field(default_factory=lambda: LIMIT)
    window: int = 0
    used: int = 0
    ends: float = 0.0
    is_blocked: bool = False


class MemoryStorage:
    """The budgets that this process knows of."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._budgets: dict[str, _Budget] = {}

    def take(self, name: str, kept_percent: int) -> Standing:
        with self._lock:
            budget = self._budget(name)
            if monotonic() >= budget.ends:
                budget.window, budget.used, budget.is_blocked = budget.window + 1, 0, False
                budget.ends = monotonic() + WINDOW_SECONDS
            is_taken = not budget.is_blocked and budget.used < budget.limit - budget.limit * kept_percent // 100
            budget.used += is_taken
            return Standing(is_taken, budget.limit, budget.window, budget.used, budget.ends)

    def learn(self, name: str, window: int, reading: Reading) -> None:
        with self._lock:
            budget = self._budget(name)
            budget.limit = reading.limit
            if budget.window == window:
                ends = monotonic() + reading.reset
                budget.used = max(budget.used, reading.used)
                budget.ends = min(budget.ends, ends) if reading.remaining else ends

    def block(self, name: str, seconds: float) -> bool:
        with self._lock:
            budget, ends = self._budget(name), monotonic() + seconds
            if budget.is_blocked and monotonic() < budget.ends:
                budget.ends = max(budget.ends, ends)
                return False
            budget.window, budget.is_blocked, budget.ends = budget.window + 1, True, ends
            return True

    def forget(self) -> None:
        with self._lock:
            self._budgets.clear()

    def _budget(self, name: str) -> _Budget:
        return self._budgets.setdefault(name, _Budget())


class RedisStorage:
    """The budgets that all processes share. Raises RedisError."""

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(
            url,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._take, self._learn, self._block = map(self._client.register_script, (TAKE, LEARN, BLOCK))

    def take(self, name: str, kept_percent: int) -> Standing:
        is_taken, limit, window, used, left = self._run(self._take, name, kept_percent, _milliseconds(WINDOW_SECONDS))
        return Standing(bool(is_taken), limit, window, used, monotonic() + left / 1000)

    def learn(self, name: str, window: int, reading: Reading) -> None:
        reset = _milliseconds(reading.reset)
        self._run(self._learn, name, window, reading.limit, reading.used, reset, int(not reading.remaining))

    def block(self, name: str, seconds: float) -> bool:
        return bool(self._run(self._block, name, _milliseconds(seconds)))

    def forget(self) -> None:
        for key in self._client.scan_iter(f"{PREFIX}*", count=1000):
            self._client.delete(key)

    def _run(self, script: Any, name: str, *args: int) -> Any:
        return script([PREFIX + name], [LIMIT, KEPT_SECONDS, *args])


_memory = MemoryStorage()
_redis_silent_until = 0.0


@lru_cache(maxsize=4)
def _redis(url: str) -> RedisStorage:
    return RedisStorage(url)


def _on_storage(act: Callable[[Storage], Found]) -> Found:
    global _redis_silent_until
    if settings.REDIS_URL and monotonic() >= _redis_silent_until:
        try:
            return act(_redis(settings.REDIS_URL))
        except RedisError as error:
            _redis_silent_until = monotonic() + REDIS_SILENCE_SECONDS
            log_failure(logger, "No Redis for Cal.com's limits; each process counts for itself", error)
    return act(_memory)


def _milliseconds(seconds: float) -> int:
    return ceil(seconds * 1000)


def _reading(response: requests.Response) -> Reading | None:
    """The limit that matters: Cal.com refuses only what all of them refuse, so the next one that is not used up."""
    readings = list(_readings(response))
    open_ones = [reading for reading in readings if reading.remaining]
    if open_ones:
        return min(open_ones, key=lambda reading: reading.remaining)
    return min(readings, key=lambda reading: reading.reset, default=None)


def _readings(response: requests.Response) -> Iterator[Reading]:
    for header in response.headers:
        if header.lower().startswith(LIMIT_HEADER):
            suffix = header[len(LIMIT_HEADER) :]
            names = (header, f"X-RateLimit-Remaining{suffix}", f"X-RateLimit-Reset{suffix}")
            limit, remaining, reset = (_number(response, name) for name in names)
            if limit is not None and remaining is not None and reset is not None and reset <= MAX_PAUSE_SECONDS:
                # A limit of nothing could never be unlearnt.
                yield Reading(max(1, limit), min(remaining, max(1, limit)), reset)


def _pause(response: requests.Response, reading: Reading | None) -> int:
    told = _number(response, "Retry-After")
    if told is None or told > MAX_PAUSE_SECONDS:
        told = ceil(reading.reset) if reading else None
    return told or BLOCKED_SECONDS


def _number(response: requests.Response, header: str) -> int | None:
    value = response.headers.get(header, "").strip()
    return int(value) if value.isdecimal() else None
