"""Servers that are gone for a while in the middle of many calls: what was accepted is done when they are back."""

import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from time import sleep
from typing import Any

import pytest
from django.db import connection

from appointments.models import Company
from tests.faults.calls import call_id, wishing_call
from tests.faults.ends import each_is_booked_once, leases_run_out, nothing_waits, ours
from tests.faults.line import Line
from tests.faults.world import IN_EARNEST, FaultyWorld
from tests.servers import MariaDB, Redis
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.servers]

AWAY_SECONDS = 60 if IN_EARNEST else 20
LINES = 8
DELAY_MS = 500  # between what happens in a call
# Retell tries three times more; how long it waits in between is not documented.
RETELL_TRIES_AGAIN = {"webhook_retries": 3, "retry_backoff_ms": 4000}


@dataclass
class Traffic:
    """Callers who come in one after the other, LINES of them at a time, while something breaks."""

    calls: dict[str, Future[dict[str, Any]]]

    def wait_for(self, share: float) -> None:
        """Until that share of the calls is over, and others are not."""
        enough = share * len(self.calls)
        eventually(
            lambda: sum(call.done() for call in self.calls.values()) >= enough, what=f"{share:.0%} over", seconds=300
        )
        assert not all(call.done() for call in self.calls.values())

    def reports(self) -> dict[str, dict[str, Any]]:
        return {call_id: call.result() for call_id, call in self.calls.items()}


@contextmanager
def traffic(world: FaultyWorld, companies: list[Company], calls_each: int) -> Iterator[Traffic]:
    """The companies' callers take turns; at the end of the block all have hung up."""
    scripts = {
        call_id(company, number): wishing_call(company, number, delay_ms=DELAY_MS, **RETELL_TRIES_AGAIN)
        for number, company in product(range(calls_each), companies)
    }
    with ThreadPoolExecutor(LINES) as pool:
        yield Traffic({call_id: pool.submit(world.play, script) for call_id, script in scripts.items()})


def ten_companies(world: FaultyWorld) -> list[Company]:
    """Cal.com takes two requests a second of each."""
    return [world.company(f"salon-{number}", f"+49301234{number:04}") for number in range(10)]


def answers(reports: dict[str, dict[str, Any]]) -> set[int | None]:
    """With which statuses we have answered Retell."""
    return {step["status"] for report in reports.values() for step in report["steps"]}


def test_a_minute_without_redis_costs_no_answer_and_no_booking(world: FaultyWorld, redis: Redis) -> None:
    with traffic(world, ten_companies(world), 10) as calls:
        calls.wait_for(0.2)
        redis.kill()
        sleep(AWAY_SECONDS)
        redis.start()  # and it knows nothing of before
    assert answers(calls.reports()) == {200, 204}
    nothing_waits()
    each_is_booked_once(world, calls.reports())


def test_a_redis_that_hangs_costs_no_booking(world: FaultyWorld, redis: Redis) -> None:
    with traffic(world, ten_companies(world), 4) as calls:
        calls.wait_for(0.2)
        os.kill(redis.pid, signal.SIGSTOP)
        sleep(AWAY_SECONDS)
        os.kill(redis.pid, signal.SIGCONT)
    assert answers(calls.reports()) == {200, 204}
    nothing_waits()
    each_is_booked_once(world, calls.reports())


def test_whoever_calls_while_the_database_dies_is_booked_as_promised_or_called_back(
    world: FaultyWorld, mariadb: MariaDB
) -> None:
    with traffic(world, ten_companies(world), 6) as calls:
        calls.wait_for(0.3)
        mariadb.kill()
        sleep(3)
        mariadb.start()
    connection.close()
    leases_run_out()
    nothing_waits()
    reports = calls.reports()
    assert {answer["status"] for report in reports.values() for answer in last_answers(report)} == {200, 204}
    booked = set(ours().values_list("call__call_id", flat=True))  # also whose answer was lost on its way
    assert {call_id for call_id, report in reports.items() if was_promised(report)} <= booked
    each_is_booked_once(world, booked, called_back=set(reports) - booked)


def test_each_worker_may_die_amid_the_calls(world: FaultyWorld) -> None:
    with traffic(world, ten_companies(world), 4) as calls:
        for number, worker in enumerate(world.workers, start=1):
            calls.wait_for(0.3 * number)
            world.strike(worker)
    assert answers(calls.reports()) == {200, 204}
    leases_run_out()
    nothing_waits()
    each_is_booked_once(world, calls.reports())


def test_what_was_said_while_cal_com_was_out_of_reach_is_booked_when_it_is_back(world: FaultyWorld) -> None:
    companies = ten_companies(world)
    with Line(world.calcom_url) as line:
        Company.objects.update(calcom_base_url=line.url)
        with traffic(world, companies, 4) as calls:
            calls.wait_for(0.2)
            line.cut()
            sleep(AWAY_SECONDS)
            line.mend()
        assert answers(calls.reports()) == {200, 204}
        nothing_waits()
    each_is_booked_once(world, calls.reports())


def last_answers(report: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """How each event and function call was answered in the end."""
    return {step["what"]: step for step in report["steps"]}.values()


def was_promised(report: dict[str, Any]) -> bool:
    """Whether the caller heard that the wish is noted."""
    (answer,) = [step["body"] for step in report["steps"] if step["what"].startswith("function:")]
    return answer["status"] in ("collected", "collected_unchecked")
