"""Calls that lose Redis in the middle: as cache, and as the broker."""

from collections.abc import Iterator

import pytest

from tests.journeys.scripts import a_call, a_start
from tests.journeys.test_a_call import booked
from tests.journeys.world import World
from tests.servers import Redis

pytestmark = [pytest.mark.processes, pytest.mark.servers]


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def world_on(redis: Redis, transactional_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(folder=tmp_path_factory.mktemp("var"), redis_url=redis.url) as world:
        yield world


def test_a_flushed_cache_loses_no_wish(world_on: World, redis: Redis) -> None:
    company = world_on.company()
    world_on.play(a_call(company, skip_events=["call_ended", "call_analyzed"]))
    redis.flush()
    world_on.play(a_call(company, script=[]))
    assert booked().starts_at == a_start(company)


def test_a_call_that_ends_while_the_broker_is_down_is_booked_when_it_is_back(world_on: World, redis: Redis) -> None:
    company = world_on.company()
    redis.stop()
    report = world_on.play(a_call(company))
    assert [step["status"] for step in report["steps"]] == [204, 200, 204, 204]
    redis.start()
    assert booked().starts_at == a_start(company)
    assert len(world_on.bookings()) == 1
