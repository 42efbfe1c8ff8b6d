"""What is sent to Cal.com stays within its limit, whoever sends it; counted in Redis and in memory alike."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import takewhile
from time import monotonic
from typing import Any

import pytest
import requests

from appointments.calendar import CalendarUnreachable, calendar_of
from appointments.models import Company, Service
from calcom import budget
from calcom.client import READ_SECONDS, CalcomClient
from calcom.errors import CalcomError, ErrorKind
from calcom.sandbox import limits
from tests.calcom.conftest import API_KEY, SLOT, CalcomControl
from tests.servers import Redis
from tests.waiting import eventually

RIVAL_KEY = "cal_live_rival_0123456789"
ME = {"status": "success", "data": {"id": 1, "username": "salon", "email": "a@b.example", "timeZone": "UTC"}}

Client = Callable[..., CalcomClient]


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def mortal_redis(settings: Any) -> Iterator[Redis]:
    """One in use, that a test may stop."""
    with Redis() as server:
        settings.REDIS_URL = server.url
        yield server


@pytest.fixture(autouse=True)
def _alone(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = ""
    monkeypatch.setattr(budget, "_redis_silent_until", 0.0)
    # A test machine that is busy is no Redis that hangs.
    monkeypatch.setattr(budget, "REDIS_TIMEOUT_SECONDS", 5.0)
    as_new_process()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def storage(request: pytest.FixtureRequest, settings: Any) -> None:
    """The test runs once on each storage."""
    if request.param == "redis":
        server = request.getfixturevalue("redis")
        server.flush()
        settings.REDIS_URL = server.url


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cal.com's minutes last a second."""
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 1.0)


@pytest.fixture
def urgent(control: CalcomControl) -> CalcomClient:
    return CalcomClient(control.base_url, API_KEY, is_urgent=True)


@pytest.fixture
def background(control: CalcomControl) -> CalcomClient:
    return CalcomClient(control.base_url, API_KEY, is_urgent=False)


@pytest.fixture
def hasty(control: CalcomControl) -> CalcomClient:
    """In the background too, but without the time to wait for the next minute."""
    return CalcomClient(control.base_url, API_KEY, is_urgent=False, seconds_left=lambda: READ_SECONDS + 1)


def as_new_process() -> None:
    """Forget what this process knows of budgets and of Redis."""
    budget._memory.forget()
    budget._redis.cache_clear()


def send_foreign(control: CalcomControl, times: int = 1) -> None:
    """Requests with the same key that don't come from here."""
    for _ in range(times):
        requests.get(f"{control.base_url}/v2/me", headers={"Authorization": f"Bearer {API_KEY}"}, timeout=5)


def refusal(client: CalcomClient) -> CalcomError | None:
    """The error that the next request ends in; None where it passes."""
    try:
        client.me()
    except CalcomError as error:
        return error
    return None


def passed(times: int, client: CalcomClient) -> int:
    """How many requests pass; the others are refused before they are sent."""
    refusals = [refusal(client) for _ in range(times)]
    assert {(error.kind, error.status) for error in refusals if error} <= {(ErrorKind.RATE_LIMITED, None)}
    return refusals.count(None)


def passed_at_once(times: int, *clients: CalcomClient) -> int:
    """As `passed`, for as many requests of each client, in a thread of its own."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return sum(pool.map(passed, [times] * len(clients), clients))


def reply(control: CalcomControl, status: int = 200, **headers: str) -> None:
    """The next answer's headers; `_` stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    control.fault("reply", "/v2/me", status=status, body=ME if status == 200 else {}, headers=named)


def test_the_limit_is_used_up_and_never_exceeded(storage: None, control: CalcomControl, urgent: CalcomClient) -> None:
    control.post("settings", rate_limit=10)
    another = CalcomClient(control.base_url, API_KEY)
    assert passed_at_once(8, urgent, another, urgent) == 10
    assert len(control.requests()) == 10


def test_background_work_waits_for_the_next_minute(
    storage: None, short_windows: None, control: CalcomControl, background: CalcomClient
) -> None:
    control.post("settings", rate_limit=10)
    another = CalcomClient(control.base_url, API_KEY, is_urgent=False)
    assert passed_at_once(7, background, another, background) == 21
    assert len(control.requests()) == 21


def test_background_work_leaves_a_part_to_the_phone(
    storage: None, control: CalcomControl, hasty: CalcomClient, urgent: CalcomClient
) -> None:
    control.post("settings", rate_limit=10)
    assert (passed(10, hasty), passed(10, urgent)) == (8, 2)


def test_the_phone_gets_through_while_background_work_waits(
    storage: None,
    control: CalcomControl,
    background: CalcomClient,
    urgent: CalcomClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "calcom.budget")
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 3.0)
    control.post("settings", rate_limit=5)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(passed, 5, background)
        eventually(lambda: "waits" in caplog.text, what="background work that waits")
        assert passed(1, urgent) == 1
        assert not waiting.done()
        assert waiting.result(timeout=20) == 5


def test_a_refusal_says_when_the_next_minute_begins(
    storage: None, control: CalcomControl, urgent: CalcomClient
) -> None:
    control.post("settings", rate_limit=1)
    urgent.me()
    error = refusal(urgent)
    assert error
    assert error.status is None
    assert 0 < (error.retry_after or 0) <= 60


def test_keys_have_budgets_of_their_own(storage: None, control: CalcomControl, urgent: CalcomClient) -> None:
    control.add_account("rival", RIVAL_KEY, [])
    control.post("settings", rate_limit=3)
    rival = CalcomClient(control.base_url, RIVAL_KEY)
    assert [passed(5, client) for client in (urgent, rival)] == [3, 3]


def test_without_headers_the_usual_limit_holds(
    storage: None, control: CalcomControl, urgent: CalcomClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "LIMIT", 3)
    control.post("settings", rate_limit=None)
    assert passed(5, urgent) == 3


def test_a_higher_limit_is_used(
    storage: None, control: CalcomControl, urgent: CalcomClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "LIMIT", 3)
    control.post("settings", rate_limit=10)
    assert passed(12, urgent) == 10


def test_what_others_use_of_the_key_counts(storage: None, control: CalcomControl, urgent: CalcomClient) -> None:
    control.post("settings", rate_limit=10)
    send_foreign(control, times=6)
    assert passed(6, urgent) == 4


def test_what_others_use_meanwhile_counts_too(
    storage: None, control: CalcomControl, hasty: CalcomClient, urgent: CalcomClient
) -> None:
    control.post("settings", rate_limit=10)
    assert passed(2, hasty) == 2
    send_foreign(control, times=5)
    assert (passed(3, hasty), passed(3, urgent)) == (1, 2)


def test_after_a_429_nobody_sends(
    storage: None, control: CalcomControl, urgent: CalcomClient, hasty: CalcomClient
) -> None:
    control.post("settings", rate_limit=1)
    send_foreign(control, times=2)
    error = refusal(urgent)
    assert error
    assert error.status == 429
    assert (passed(3, urgent), passed(3, hasty)) == (0, 0)
    assert len(control.requests()) == 3


def test_a_block_ends(storage: None, control: CalcomControl, urgent: CalcomClient) -> None:
    reply(control, 429, Retry_After="1")
    assert refusal(urgent)
    assert passed(1, urgent) == 0
    eventually(lambda: passed(1, urgent), what="the end of the block")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7", "X_RateLimit_Reset_Default": "30"}, 7),
        ({"X_RateLimit_Limit_Api": "5", "X_RateLimit_Remaining_Api": "0", "X_RateLimit_Reset_Api": "30"}, 30),
        ({}, 60),
        ({"Retry_After": "Wed, 25 Nov 2026 12:00:00 GMT"}, 60),
        ({"Retry_After": "1795000000"}, 60),
    ],
)
def test_how_long_a_block_lasts(
    storage: None, control: CalcomControl, urgent: CalcomClient, headers: dict[str, str], seconds: int
) -> None:
    reply(control, 429, **headers)
    refusal(urgent)
    error = refusal(urgent)
    assert error
    assert error.retry_after is not None
    assert seconds - 5 <= error.retry_after <= seconds


def test_of_two_blocks_the_longer_one_holds(storage: None) -> None:
    own = budget.KeyBudget(API_KEY, is_urgent=True)
    for standing, seconds in [(own.take(0), 50), (own.take(0), 20)]:
        own.learn(standing, answer(429, reset=seconds))
    with pytest.raises(CalcomError) as raised:
        own.take(0)
    assert raised.value.retry_after in range(45, 51)


def test_an_answer_from_before_a_block_does_not_end_it(storage: None) -> None:
    """Two requests under way: the one is blocked, the other one's answer comes later."""
    own = budget.KeyBudget(API_KEY, is_urgent=True)
    blocked, late = own.take(0), own.take(0)
    own.learn(blocked, answer(429))
    own.learn(late, answer(200, limit=200, remaining=150, reset=1))
    with pytest.raises(CalcomError) as raised:
        own.take(0)
    assert raised.value.retry_after in range(55, 61)


def answer(status: int, limit: int = 120, remaining: int = 0, reset: int = 60) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(
        {
            "X-RateLimit-Limit-Default": str(limit),
            "X-RateLimit-Remaining-Default": str(remaining),
            "X-RateLimit-Reset-Default": str(reset),
        }
    )
    return response


@pytest.mark.parametrize(("remaining", "expected"), [((0, 3), 3), ((2, 7), 2), ((4, 0), 4), ((0, 0), 0)])
def test_of_several_limits_the_next_one_that_is_open_counts(
    storage: None, control: CalcomControl, urgent: CalcomClient, remaining: tuple[int, int], expected: int
) -> None:
    control.post("settings", rate_limit=None)
    first, second = remaining
    headers = {
        "X_RateLimit_Limit_Short": "5",
        "X_RateLimit_Remaining_Short": str(first),
        "X_RateLimit_Reset_Short": "9",
    }
    headers |= {
        "X_RateLimit_Limit_Long": "9",
        "X_RateLimit_Remaining_Long": str(second),
        "X_RateLimit_Reset_Long": "50",
    }
    reply(control, **headers)
    assert passed(9, urgent) - 1 == expected


def test_a_used_up_limit_may_last_longer_than_a_minute(
    storage: None, control: CalcomControl, urgent: CalcomClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "LIMIT", 1)
    reply(control, X_RateLimit_Limit_Day="1", X_RateLimit_Remaining_Day="0", X_RateLimit_Reset_Day="1800")
    urgent.me()
    error = refusal(urgent)
    assert error
    assert error.retry_after in range(1790, 1801)


@pytest.mark.servers
def test_processes_share_a_budget(redis: Redis, settings: Any, control: CalcomControl, urgent: CalcomClient) -> None:
    redis.flush()
    settings.REDIS_URL = redis.url
    control.post("settings", rate_limit=6)
    assert passed(4, urgent) == 4
    as_new_process()
    assert passed(4, CalcomClient(control.base_url, API_KEY)) == 2


def test_processes_without_redis_learn_of_each_other(control: CalcomControl, urgent: CalcomClient) -> None:
    control.post("settings", rate_limit=6)
    assert passed(4, urgent) == 4
    as_new_process()
    assert passed(4, urgent) == 2


@pytest.mark.servers
@pytest.mark.parametrize("trouble", [signal.SIGKILL, signal.SIGSTOP])
def test_without_redis_the_limit_holds_all_the_same(
    mortal_redis: Redis,
    control: CalcomControl,
    urgent: CalcomClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: int,
) -> None:
    monkeypatch.setattr(budget, "REDIS_TIMEOUT_SECONDS", 0.1)
    control.post("settings", rate_limit=6)
    assert passed(2, urgent) == 2
    os.kill(mortal_redis.pid, trouble)
    assert passed(6, urgent) == 4
    assert len([record for record in caplog.records if "No Redis" in record.message]) == 1
    mortal_redis.kill()  # which a stopped process obeys too


@pytest.mark.servers
def test_a_redis_that_goes_takes_no_block_with_it(
    mortal_redis: Redis, control: CalcomControl, urgent: CalcomClient
) -> None:
    reply(control, 429)
    refusal(urgent)
    mortal_redis.kill()
    assert passed(1, urgent) == 0


@pytest.mark.servers
def test_a_request_that_learns_nothing_is_one_command(
    redis: Redis, settings: Any, control: CalcomControl, urgent: CalcomClient
) -> None:
    redis.flush()
    settings.REDIS_URL = redis.url
    urgent.me()
    with redis.connect() as client, redis.connect() as watcher:
        client.ping()
        with watcher.monitor() as monitor:
            urgent.me()
            client.ping()
            seen = list(takewhile(lambda told: told["command"] != "PING", monitor.listen()))
    assert [told["command"].split()[0] for told in seen if told["client_type"] != "lua"] == ["EVALSHA"]


@pytest.mark.servers
def test_redis_never_sees_the_key_and_forgets_its_hash(
    redis: Redis, settings: Any, control: CalcomControl, urgent: CalcomClient
) -> None:
    redis.flush()
    settings.REDIS_URL = redis.url
    urgent.me()
    with redis.connect() as client:
        (name,) = client.scan_iter()
        assert API_KEY not in f"{name} {client.hgetall(name)}"
        assert 0 < client.ttl(name) <= budget.KEPT_SECONDS


def test_a_block_is_logged_once_and_without_the_key(
    storage: None, control: CalcomControl, urgent: CalcomClient, caplog: pytest.LogCaptureFixture
) -> None:
    own = budget.KeyBudget(API_KEY, is_urgent=True)
    for standing in [own.take(0), own.take(0)]:
        own.learn(standing, answer(429))
    lines = [record.message for record in caplog.records if record.name == "calcom.budget"]
    assert lines == [f"Cal.com: the key {own.name[:8]}… is blocked for 60 s"]


def test_a_caller_hears_at_once_and_no_breaker_opens(control: CalcomControl, service: Service) -> None:
    control.post("settings", rate_limit=1)
    send_foreign(control)
    said = {unreachable(service, seconds=5) for _ in range(10)}
    assert said == {
        "Cal.com bittet um eine Pause: CustomThrottlerGuard - Too many requests. Please try again later.",
        "Cal.com bittet um eine Pause",
    }


def unreachable(service: Service, seconds: float) -> str:
    calendar = calendar_of(service.company, deadline=monotonic() + seconds)
    with pytest.raises(CalendarUnreachable) as raised:
        calendar.free_starts(service, SLOT, SLOT + timedelta(hours=1))
    return str(raised.value)


def test_who_has_a_deadline_of_seconds_is_urgent(control: CalcomControl, company: Company, service: Service) -> None:
    control.post("settings", rate_limit=5)
    send_foreign(control, times=3)
    in_no_hurry = calendar_of(company)
    in_a_hurry = calendar_of(company, deadline=monotonic() + 8)
    hour = (SLOT, SLOT + timedelta(hours=1))
    in_no_hurry.free_starts(service, *hour)
    with pytest.raises(CalendarUnreachable):
        in_no_hurry.free_starts(service, *hour)
    assert in_a_hurry.free_starts(service, *hour)


def test_companies_with_one_key_share_its_budget(control: CalcomControl, service: Service) -> None:
    control.post("settings", rate_limit=2)
    other = Company.objects.create(
        name="Branch", slug="branch", calcom_api_key=f" {API_KEY}\n", calcom_base_url=control.base_url
    )
    for company in (service.company, other):
        calendar = calendar_of(company, deadline=monotonic() + 5)
        calendar.free_starts(service, SLOT, SLOT + timedelta(hours=1))
    assert unreachable(service, seconds=5) == "Cal.com bittet um eine Pause"
    assert len(control.requests()) == 2
