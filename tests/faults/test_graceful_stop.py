"""Processes that are asked to end in the middle of their work, as a deployment does it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from appointments.models import Appointment
from mcp_gateway.models import WebhookEvent
from tests.faults.calls import call_id, wishing_call
from tests.faults.conftest import a_world
from tests.faults.ends import each_is_booked_once
from tests.faults.world import FaultyWorld
from tests.servers import MariaDB, Redis
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.servers]

STOP_SECONDS = 40


@pytest.fixture
def unwatched(
    own_database: None, mariadb: MariaDB, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FaultyWorld]:
    """Nobody starts again what has ended."""
    redis.flush()
    with a_world(mariadb, redis, tmp_path_factory.mktemp("var"), supervised=False, worker_count=1) as world:
        yield world


def was_asked(world: FaultyWorld, method: str, path: str) -> bool:
    """Whether such a request has reached Cal.com."""
    rows = requests.get(f"{world.calcom_url}/_sandbox/requests", timeout=10).json()
    return any((row["method"], row["path"]) == (method, path) for row in rows)


def test_a_worker_finishes_the_booking_that_it_has_begun(unwatched: FaultyWorld) -> None:
    company = unwatched.company()
    unwatched.fault(method="POST", path="/v2/bookings", action="delay", seconds=3)
    unwatched.play(wishing_call(company, 0))
    eventually(lambda: was_asked(unwatched, "POST", "/v2/bookings"), what="the worker is booking")
    (worker,) = unwatched.workers
    assert not Appointment.objects.filter(status=Appointment.Status.SCHEDULED).exists()
    worker.stop(STOP_SECONDS)
    assert worker.exit_code == 0
    each_is_booked_once(unwatched, [call_id(company, 0)])
    assert WebhookEvent.objects.get(event="call_ended").state == WebhookEvent.State.DONE


def test_a_web_server_answers_the_function_call_that_it_has_begun(unwatched: FaultyWorld) -> None:
    company = unwatched.company()
    unwatched.workers[0].stop()  # or it reads the free times before the caller asks for one
    unwatched.fault(method="GET", path="/v2/slots", action="delay", seconds=1)
    events = ["call_started", "call_ended", "call_analyzed"]
    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(unwatched.play, wishing_call(company, 0, skip_events=events))
        eventually(lambda: was_asked(unwatched, "GET", "/v2/slots"), what="the function asks for free times")
        unwatched.web.stop(STOP_SECONDS)
        (step,) = playing.result()["steps"]
    assert unwatched.web.exit_code == 0
    assert (step["status"], step["body"]["status"]) == (200, "collected")
