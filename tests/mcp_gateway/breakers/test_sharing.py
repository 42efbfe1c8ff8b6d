"""One breaker over threads and processes."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from mcp_gateway.errors import DeadlineExceeded, ServiceUnavailable
from tests.mcp_gateway.breakers.calls import call, fail, is_refused, state
from tests.servers import Redis
from tests.waiting import eventually

processes = multiprocessing.get_context("fork")


def test_calls_through_one_breaker_run_at_the_same_time(storage: None) -> None:
    all_inside = threading.Barrier(8, timeout=10)
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda _: call(all_inside.wait), range(8)))
    assert sorted(places) == list(range(8))


def test_failures_of_many_threads_open_it_once(storage: None, changes: list[tuple[str, str]]) -> None:
    all_inside = threading.Barrier(8, timeout=10)

    def method() -> None:
        all_inside.wait()
        raise DeadlineExceeded

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call, method) for _ in range(8)]
    assert {type(each.exception()) for each in calls} == {DeadlineExceeded}
    assert changes == [("closed", "open")]


@pytest.mark.servers
def test_six_processes_send_one_probe(shared: Redis) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=31)):
        fail(times=5)
    together = processes.Barrier(6, timeout=20)
    answers = processes.SimpleQueue()
    workers = [processes.Process(target=_probe, args=(together, answers)) for _ in range(6)]
    for worker in workers:
        worker.start()
    assert sorted(answers.get() for _ in workers) == ["probed"] + ["refused"] * 5
    for worker in workers:
        worker.join()
    assert state().state == "closed"


def _probe(together: Any, answers: Any) -> None:
    together.wait()
    try:
        call(together.wait)  # the probe lasts until all others were refused
    except ServiceUnavailable:
        together.wait()
        answers.put("refused")
    else:
        answers.put("probed")


@pytest.mark.servers
def test_what_one_process_opens_is_open_for_others(shared: Redis) -> None:
    worker = processes.Process(target=fail, kwargs={"times": 5})
    worker.start()
    worker.join()
    assert is_refused()


@pytest.mark.servers
def test_the_lease_of_a_dead_probe_runs_out(shared: Redis) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=31)):
        fail(times=5)
    worker = processes.Process(target=call, args=(lambda: os.kill(os.getpid(), signal.SIGKILL),), kwargs={"seconds": 2})
    worker.start()
    worker.join()
    assert state().state == "half-open"
    assert is_refused()
    eventually(lambda: not is_refused(), what="the next probe")
