"""What opens a breaker, and whom it then refuses."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import time_machine

from mcp_gateway import breakers
from mcp_gateway.errors import (
    Conflict,
    DeadlineExceeded,
    GatewayError,
    InternalError,
    InvalidParams,
    NotFound,
    RateLimited,
    ServiceUnavailable,
    UpstreamError,
)
from tests.mcp_gateway.breakers.calls import NOON, A, B, call, fail, is_refused, raising, state


def test_five_failures_in_a_row_open_it(storage: None) -> None:
    fail(times=4)
    assert not is_refused()
    fail(times=5)
    assert is_refused()


def test_a_success_ends_the_row(storage: None) -> None:
    for _ in range(2):
        fail(times=4)
        call()
    assert state().state == "closed"


def test_alternating_failures_open_it_by_their_rate(storage: None) -> None:
    for _ in range(9):
        fail()
        call()
    assert state().state == "closed"
    fail()
    call()
    fail()
    assert state().state == "open"


def test_successes_from_before_the_first_failure_count_for_the_rate(storage: None) -> None:
    for _ in range(15):
        call()
    for _ in range(12):
        fail()
        call()
    assert state().state == "closed"


def test_calls_of_more_than_a_minute_ago_do_not_count(storage: None, clock: time_machine.Traveller) -> None:
    for _ in range(9):
        fail()
        call()
    clock.shift(61)
    for _ in range(3):
        fail()
        call()
    assert state().state == "closed"


def test_the_call_that_opens_it_raises_its_own_error(storage: None) -> None:
    fail(times=4)
    with pytest.raises(UpstreamError):
        call(partial(raising, UpstreamError(kind="unreachable")))
    assert state().state == "open"


@pytest.mark.parametrize(
    "error",
    [
        InternalError(),
        RuntimeError(),
        DeadlineExceeded(),
        UpstreamError(),
        UpstreamError(kind="unreachable"),
        UpstreamError(kind="unknown_outcome"),
        UpstreamError(kind="timeout"),
        UpstreamError(kind="anything", vendor_status=503),
    ],
    ids=repr,
)
def test_failures_open_it(alone: None, error: Exception) -> None:
    fail(error, times=5)
    assert is_refused()


@pytest.mark.parametrize(
    "error",
    [
        InvalidParams(),
        NotFound(),
        Conflict(kind="slot_taken"),
        Conflict(kind="not_configured"),
        RateLimited(),
        ServiceUnavailable(),
        UpstreamError(kind="unauthorised", vendor_status=401),
        UpstreamError(kind="rate_limited", vendor_status=429),
        UpstreamError(kind="not_configured"),
        UpstreamError(kind="unknown_outcome", vendor_status=409),
        KeyboardInterrupt(),
        SystemExit(),
    ],
    ids=repr,
)
def test_neutral_ends_neither_count_nor_end_a_row(alone: None, error: BaseException) -> None:
    fail(times=4)
    fail(error, times=30)
    assert not breakers.all_states()[0].retry_after
    fail()
    assert is_refused()


def test_it_refuses_with_the_seconds_that_are_left(storage: None, clock: time_machine.Traveller) -> None:
    fail(times=5)
    clock.shift(11)
    with pytest.raises(ServiceUnavailable) as refused:
        call()
    assert (refused.value.code, refused.value.message) == (-32603, "Service temporarily unavailable")
    assert refused.value.data == {"retry_after": 19}


def test_its_state_can_be_read(storage: None, clock: time_machine.Traveller) -> None:
    fail(times=5)
    clock.shift(29)
    assert breakers.all_states() == [breakers.BreakerState(f"vendor:{A}", "open", 5, NOON, 1)]


def test_one_company_s_dead_vendor_leaves_others_alone(storage: None) -> None:
    fail(times=5, company=A)
    assert is_refused(company=A)
    assert not is_refused(company=B)


def test_a_local_server_has_one_breaker_for_all_companies(alone: None) -> None:
    fail(times=5, server="local", company=A)
    assert is_refused(server="local", company=B)


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: RuntimeError(), lambda error: DeadlineExceeded()])
def test_a_dead_vendor_does_not_open_the_server_that_asks_it(storage: None, wrap: Callable[[Any], Exception]) -> None:
    def ask_the_vendor() -> None:
        try:
            call(partial(raising, UpstreamError(kind="unreachable")))
        except GatewayError as error:
            raise wrap(error) from None

    for _ in range(30):
        with suppress(Exception):
            call(ask_the_vendor, server="local")
    assert is_refused(company=A)
    assert not is_refused(server="local", company=B)


def test_a_slow_vendor_does_not_open_the_server_that_asks_it(storage: None) -> None:
    def ask_the_vendor() -> None:
        call()
        raise DeadlineExceeded

    for _ in range(5):
        with suppress(DeadlineExceeded):
            call(ask_the_vendor, server="local")
    assert not is_refused(server="local")


def test_a_reset_closes_it(storage: None) -> None:
    fail(times=5)
    breakers.reset(f"vendor:{A}")
    assert not is_refused()
    fail(times=4)
    assert not is_refused()


def test_an_unknown_name_can_not_be_reset(storage: None) -> None:
    with pytest.raises(breakers.UnknownBreaker):
        breakers.reset("vendor:99")
