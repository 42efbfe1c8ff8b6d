"""A slow vendor: each request waits for itself, and the control API for nobody."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

DELAY = 0.3
GRACE = 0.25
CALLERS = 8


def slow_down(client, path="/v2/.*"):
    client.control("faults", {"path": path, "action": "delay", "seconds": DELAY, "times": 1_000_000})


def seconds_of(function) -> float:
    started = monotonic()
    function()
    return monotonic() - started


def test_parallel_requests_are_delayed_in_parallel(client, haircut):
    slow_down(client)
    asked = [lambda: client.slots(haircut), lambda: client.call("GET", "/v2/me")] * (CALLERS // 2)
    with ThreadPoolExecutor(CALLERS) as threads:
        took = seconds_of(lambda: list(threads.map(lambda ask: ask(), asked)))
    assert DELAY <= took < DELAY + GRACE


def test_the_control_api_is_not_slowed_down(client, haircut):
    slow_down(client)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(client.slots, haircut)
        assert seconds_of(lambda: client.control("requests", method="GET")) < DELAY


def test_a_delay_can_be_lifted(client, haircut):
    slow_down(client)
    client.control("faults", method="DELETE")
    assert seconds_of(lambda: client.slots(haircut)) < DELAY
