"""Events that were given up, and are worked on once more by an operator."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from mcp_gateway.models import WebhookEvent
from tests.faults.calls import call_id, wishing_call
from tests.faults.conftest import a_world
from tests.faults.ends import each_is_booked_once, nothing_waits
from tests.faults.world import FaultyWorld
from tests.servers import MariaDB, Redis

pytestmark = [pytest.mark.processes, pytest.mark.servers]

State = WebhookEvent.State
CALLS = 3


@pytest.fixture(scope="module")
def running_world(mariadb: MariaDB, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyWorld]:
    """Its workers stay away when they are sent away."""
    with a_world(mariadb, redis, tmp_path_factory.mktemp("var"), supervised=False) as world:
        yield world


@pytest.fixture
def call_ids(world: FaultyWorld) -> list[str]:
    """Calls whose events are all dead: every attempt has failed."""
    company = world.mailing_company()
    with world.workers_away():
        for number in range(CALLS):
            world.play(wishing_call(company, number))
        then = timezone.now() - timedelta(hours=9)
        failed = {"started_at": then.isoformat(), "ended_at": then.isoformat(), "error": "OperationalError"}
        attempts = [{"number": number, "outcome": "received", **failed} for number in range(1, 8)]
        WebhookEvent.objects.update(state=State.DEAD, attempts=attempts, processed_at=then)
    return [call_id(company, number) for number in range(CALLS)]


def replay(world: FaultyWorld, *options: str) -> str:
    return world.run("manage.py", "webhook_replay", *options)


def test_a_dry_run_tells_which_and_changes_nothing(world: FaultyWorld, call_ids: list[str]) -> None:
    before = list(WebhookEvent.objects.order_by("pk").values())
    told = replay(world, "--state", "dead", "--dry-run")
    assert told.splitlines()[0] == f"{3 * CALLS} of {3 * CALLS} events to replay"
    assert all(f"{row['id']}: retell {row['event']}" in told for row in before)
    assert list(WebhookEvent.objects.order_by("pk").values()) == before
    assert world.bookings() == []


def test_replayed_they_are_done_on_their_own_rows(world: FaultyWorld, call_ids: list[str]) -> None:
    rows = set(WebhookEvent.objects.values_list("pk", flat=True))
    replay(world, "--state", "dead", "--reason", "The database was away")
    assert set(WebhookEvent.objects.values_list("pk", "state")) == {(row, State.DONE) for row in rows}
    for attempts in WebhookEvent.objects.values_list("attempts", flat=True):
        assert [attempt["number"] for attempt in attempts] == list(range(1, 9))
        assert attempts[6]["replay_reason"] == "The database was away"
        assert attempts[7]["outcome"] == "done"


def test_what_is_replayed_again_and_again_is_booked_and_told_once(world: FaultyWorld, call_ids: list[str]) -> None:
    replay(world, "--state", "dead", "--reason", "The database was away")
    nothing_waits()
    for _ in range(2):
        replay(world, "--state", "done", "--reason", "To be sure")
    nothing_waits()
    each_is_booked_once(world, call_ids)
    assert list(world.mails().values()) == [1] * CALLS
