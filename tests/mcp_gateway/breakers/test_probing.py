"""One call at a time finds out whether the service is back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from mcp_gateway.errors import DeadlineExceeded, NotFound
from tests.mcp_gateway.breakers.calls import NOON, call, fail, is_refused, state
from tests.waiting import eventually


def test_a_successful_probe_closes_it(
    storage: None, clock: time_machine.Traveller, changes: list[tuple[str, str]]
) -> None:
    fail(times=5)
    clock.shift(30)
    call()
    assert changes == [("closed", "open"), ("open", "half-open"), ("half-open", "closed")]
    fail(times=4)
    assert not is_refused()


def test_a_failing_probe_opens_it_again(storage: None, clock: time_machine.Traveller) -> None:
    fail(times=5)
    clock.shift(30)
    fail()
    assert state().opened_at == NOON + timedelta(seconds=30)
    assert is_refused()


@pytest.mark.parametrize("error", [NotFound(), KeyboardInterrupt()], ids=repr)
def test_a_neutral_probe_makes_way_for_the_next(
    storage: None, clock: time_machine.Traveller, error: BaseException
) -> None:
    fail(times=5)
    clock.shift(30)
    fail(error)
    assert state().state == "half-open"
    assert not is_refused()
    assert state().state == "closed"


def test_while_one_probes_others_are_refused(storage: None, clock: time_machine.Traveller) -> None:
    fail(times=5)
    clock.shift(30)
    assert call(is_refused) is True


def test_a_probe_that_outlives_its_lease_has_nothing_to_say(storage: None, clock: time_machine.Traveller) -> None:
    def too_long() -> None:
        with ThreadPoolExecutor(1) as another:
            eventually(lambda: not another.submit(is_refused).result(), what="the end of the lease")
        raise DeadlineExceeded

    fail(times=5)
    clock.shift(30)
    with pytest.raises(DeadlineExceeded):
        call(too_long, seconds=0)
    assert state().state == "closed"


def test_what_opened_it_is_forgotten_when_it_closes(storage: None, clock: time_machine.Traveller) -> None:
    for _ in range(15):
        call()
    fail(times=4)
    call()
    fail(times=4)
    call()
    fail(times=4)
    call()
    fail(times=5)
    clock.shift(30)
    call()
    fail()
    assert state().state == "closed"
