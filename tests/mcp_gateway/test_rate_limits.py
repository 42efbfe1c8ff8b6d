"""How much the gateway does in a minute, counted in Redis and in memory alike."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count, takewhile
from typing import Any

import pytest
import time_machine

from appointments.models import Company
from mcp_gateway import rate_limits
from mcp_gateway.errors import RateLimited
from mcp_gateway.invocation import Invocation
from mcp_gateway.principal import Kind, Principal
from mcp_gateway.rate_limits import check, fresh_usage, headers, usage
from mcp_gateway.registry import Access, Context, MCPServer, Method, rpc
from tests.servers import Redis

_numbers = count(1)


class Counted(MCPServer):
    name = "counted"

    @rpc("cheap", Access.READ)
    def cheap(self, context: Context) -> None:
        """Costs one."""

    @rpc("dear", Access.READ, cost=3)
    def dear(self, context: Context) -> None:
        """Costs three."""


def call(caller: Principal, company: Company | None, function: str = "cheap") -> None:
    server = Counted()
    method = Method(server, getattr(server, function).declaration, getattr(server, function))
    check(Invocation(method=method, context=Context(principal=caller, company=company), arguments={}))


def passes(caller: Principal, company: Company | None, function: str = "cheap") -> bool:
    try:
        call(caller, company, function)
    except RateLimited:
        return False
    return True


def passed(calls: int, caller: Principal, company: Company | None) -> int:
    return sum(passes(caller, company) for _ in range(calls))


def passed_at_once(calls: int, name: str) -> int:
    """How many calls of one token pass, made by eight threads."""
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda _: passes(token(name), None), range(calls)))


def token(name: str = "") -> Principal:
    return Principal(kind=Kind.TOKEN, name=name or f"token:{next(_numbers)}", companies=None)


def staff() -> Principal:
    return Principal(kind=Kind.STAFF, name=f"staff:{next(_numbers)}", companies=None)


def a_company(limit: int | None = None) -> Company:
    """One that is in no database: nothing here needs any."""
    made = Company(pk=next(_numbers))
    made.rate_limit_per_minute = limit
    return made


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def mortal_redis() -> Iterator[Redis]:
    """One that a test may stop."""
    with Redis() as server:
        yield server


@pytest.fixture(autouse=True)
def _limits(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = ""
    settings.RATE_LIMIT_COMPANY, settings.RATE_LIMIT_CALLER, settings.RATE_LIMIT_VENDOR = 5, 3, 4
    monkeypatch.setattr(rate_limits, "_redis_silent_until", 0.0)
    # A test machine that is busy is no Redis that hangs.
    monkeypatch.setattr(rate_limits, "REDIS_TIMEOUT_SECONDS", 5.0)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def storage(request: pytest.FixtureRequest, settings: Any) -> None:
    """The test runs once on each storage."""
    if request.param == "redis":
        server = request.getfixturevalue("redis")
        server.flush()
        settings.REDIS_URL = server.url


@pytest.mark.parametrize("caller", [token(), staff()], ids=["token", "staff"])
def test_a_caller_has_a_limit(storage: None, caller: Principal) -> None:
    assert passed(4, caller, a_company()) == 3


def test_callers_of_one_company_share_its_limit(storage: None) -> None:
    company = a_company()
    assert passed(3, token(), company) + passed(3, staff(), company) == 5


def test_companies_have_limits_of_their_own(storage: None, settings: Any) -> None:
    settings.RATE_LIMIT_CALLER = 100
    caller = token()
    assert [passed(6, caller, company) for company in (a_company(), a_company())] == [5, 5]


@pytest.mark.parametrize(("limit", "expected"), [(2, 2), (0, 0), (None, 5)])
def test_a_company_may_have_another_limit(storage: None, settings: Any, limit: int | None, expected: int) -> None:
    settings.RATE_LIMIT_CALLER = 100
    assert passed(9, token(), a_company(limit)) == expected


def test_a_call_without_a_company_counts_on_its_caller(storage: None) -> None:
    assert passed(4, token(), None) == 3


def test_a_call_costs_what_its_method_says(storage: None) -> None:
    caller, company = token(), a_company()
    assert [passes(caller, company, "dear"), passes(caller, company)] == [True, False]


def test_a_call_that_is_too_dear_leaves_room_for_a_cheaper_one(storage: None) -> None:
    caller, company = token(), a_company()
    call(caller, company)
    assert [passes(caller, company, "dear"), passed(3, caller, company)] == [False, 2]


def test_a_call_that_the_company_may_not_make_costs_its_caller_nothing(storage: None) -> None:
    caller = token()
    assert passed(5, caller, a_company(0)) == 0
    assert passed(5, caller, a_company()) == 3


def test_a_call_that_its_caller_may_not_make_costs_the_company_nothing(storage: None) -> None:
    company = a_company()
    assert passed(50, token(), company) == 3
    assert passed(50, token(), company) == 2


def test_tasks_are_never_limited(storage: None) -> None:
    assert passed(20, Principal.of_task("bookings"), a_company(0)) == 20


def test_phone_calls_have_a_limit_of_their_own(storage: None) -> None:
    company = a_company()
    passed(9, token(), company)
    passed(9, token(), company)
    assert passed(9, Principal.of_vendor("retell", company.pk), company) == 4


def test_phone_calls_of_one_company_leave_those_of_another_alone(storage: None) -> None:
    vendors = [(Principal.of_vendor("retell", company.pk), company) for company in (a_company(), a_company())]
    assert [passed(9, vendor, company) for vendor, company in vendors] == [4, 4]


def test_phone_calls_use_up_nothing_of_their_company(storage: None) -> None:
    company = a_company()
    passed(4, Principal.of_vendor("retell", company.pk), company)
    assert passed(3, token(), company) == 3


def test_a_refusal_says_when_to_come_again(storage: None) -> None:
    caller = token()
    passed(3, caller, None)
    with pytest.raises(RateLimited) as refused:
        call(caller, None)
    assert refused.value.data["retry_after"] in range(1, 61)


def test_a_limit_that_nothing_fits_into_sends_away_for_a_minute(storage: None) -> None:
    with pytest.raises(RateLimited) as refused:
        call(token(), a_company(0))
    assert refused.value.data["retry_after"] == 60


def test_everything_is_free_again_after_a_minute() -> None:
    caller = token()
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        passed(3, caller, None)
        clock.shift(59)
        assert not passes(caller, None)
        clock.shift(2)
        assert passed(4, caller, None) == 3


def test_the_time_to_wait_gets_shorter() -> None:
    caller = token()
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        passed(3, caller, None)
        clock.shift(42.5)
        with pytest.raises(RateLimited) as refused:
            call(caller, None)
    assert refused.value.data["retry_after"] == 18


def test_the_tightest_limit_is_told(storage: None) -> None:
    with fresh_usage():
        call(token(), a_company())
        assert (headers()["X-RateLimit-Limit"], headers()["X-RateLimit-Remaining"]) == ("3", "2")
        assert int(headers()["X-RateLimit-Reset"]) in range(1, 61)


def test_of_many_calls_the_one_with_the_least_left_is_told(storage: None) -> None:
    caller, company = token(), a_company()
    passed(1, caller, company)
    with fresh_usage():
        call(token(), company)
        call(caller, company)
        call(token(), a_company())
        assert (told := usage())
        assert (told.limit, told.remaining) == (3, 1)


def test_a_refused_call_tells_its_limit(storage: None) -> None:
    caller = token()
    passed(3, caller, None)
    with fresh_usage():
        passes(caller, None)
        assert (told := usage())
        assert (told.limit, told.remaining) == (3, 0)


@pytest.mark.parametrize(("limit", "is_retryable"), [(3, True), (2, False)])
def test_what_costs_more_than_a_limit_is_not_worth_another_try(limit: int, is_retryable: bool, storage: None) -> None:
    caller, company = token(), a_company(limit)
    call(caller, company)
    with pytest.raises(RateLimited) as refused:
        call(caller, company, "dear")
    assert refused.value.retryable is is_retryable


def test_one_request_tells_nothing_of_another() -> None:
    with fresh_usage():
        call(token(), None)
    with fresh_usage():
        assert usage() is None
        assert headers() == {}


def test_outside_of_requests_nothing_is_noted() -> None:
    call(token(), None)
    assert usage() is None


def test_threads_share_what_is_left(storage: None, settings: Any) -> None:
    settings.RATE_LIMIT_CALLER = 100
    assert passed_at_once(200, token().name) == 100


@pytest.mark.servers
def test_processes_share_what_is_left(redis: Redis, settings: Any) -> None:
    settings.REDIS_URL, settings.RATE_LIMIT_CALLER = redis.url, 100
    # Forked, so that they have the settings of this test.
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        shares = list(pool.map(passed_at_once, [100, 100], ["token:shared"] * 2))
    assert sum(shares) == 100


@pytest.mark.servers
def test_a_call_is_one_command_to_redis(redis: Redis, settings: Any) -> None:
    settings.REDIS_URL = redis.url
    caller, company = token(), a_company()
    call(caller, company)
    with redis.connect() as client, redis.connect() as watcher:
        client.ping()
        with watcher.monitor() as monitor:
            call(caller, company)
            client.ping()
            seen = list(takewhile(lambda told: told["command"] != "PING", monitor.listen()))
    assert [told["command"].split()[0] for told in seen if told["client_type"] != "lua"] == ["EVALSHA"]


@pytest.mark.servers
def test_no_counter_stays_in_redis_for_longer_than_its_minute(redis: Redis, settings: Any) -> None:
    redis.flush()
    settings.REDIS_URL = redis.url
    caller, company = token(), a_company()
    passed(2, caller, company)
    with redis.connect() as client:
        lives = [client.pttl(key) for key in client.scan_iter()]
    assert len(lives) == 2
    assert all(0 < life <= 60_000 for life in lives)


@pytest.mark.servers
def test_a_redis_that_is_down_breaks_no_call(mortal_redis: Redis, settings: Any) -> None:
    settings.REDIS_URL = mortal_redis.url
    mortal_redis.stop()
    assert passed(4, token(), None) == 3


@pytest.mark.servers
def test_a_redis_that_hangs_breaks_no_call(mortal_redis: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = mortal_redis.url
    monkeypatch.setattr(rate_limits, "REDIS_TIMEOUT_SECONDS", 0.1)
    caller = token()
    call(caller, None)
    os.kill(mortal_redis.pid, signal.SIGSTOP)
    assert passed(4, caller, None) == 3
    mortal_redis.kill()  # which a stopped process obeys too


@pytest.mark.servers
def test_a_redis_that_is_back_counts_again(mortal_redis: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = mortal_redis.url
    monkeypatch.setattr(rate_limits, "REDIS_SILENCE_SECONDS", 0.0)
    mortal_redis.stop()
    call(token(), None)
    mortal_redis.start()
    call(token(), None)
    with mortal_redis.connect() as client:
        assert client.dbsize() == 1


@pytest.mark.servers
def test_a_redis_that_failed_is_left_alone_for_a_while(mortal_redis: Redis, settings: Any) -> None:
    settings.REDIS_URL = mortal_redis.url
    mortal_redis.stop()
    call(token(), None)
    mortal_redis.start()
    call(token(), None)
    with mortal_redis.connect() as client:
        assert client.dbsize() == 0
