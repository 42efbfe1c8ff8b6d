"""What Redis costs, and what happens without it."""

import pytest

from mcp_gateway import breakers
from mcp_gateway.breaker_storage import SILENCE_SECONDS
from tests.mcp_gateway.breakers.calls import call, fail, is_refused
from tests.servers import Redis
from tests.waiting import eventually


def commands(redis: Redis) -> dict[str, int]:
    """How often each command was sent."""
    with redis.connect() as client:
        statistics = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): numbers["calls"] for name, numbers in statistics.items()}


@pytest.mark.servers
def test_a_success_only_ever_reads(shared: Redis) -> None:
    with shared.connect() as client:
        client.config_resetstat()
    for _ in range(50):
        call()
    sent = commands(shared)
    assert 1 <= sent["mget"] < 50
    assert not {"set", "incr", "incrby", "sadd", "multi"} & set(sent)


@pytest.mark.servers
def test_a_local_servers_breaker_is_shared_too(shared: Redis) -> None:
    fail(times=5, server="local")
    assert [(state.name, state.state) for state in breakers.shared_states()] == [("local", "open")]


@pytest.mark.servers
def test_without_redis_calls_pass(no_redis: Redis) -> None:
    fail(times=10)
    assert call(lambda: "passed") == "passed"
    assert breakers.all_states() == []


@pytest.mark.servers
def test_a_redis_that_failed_is_left_alone(no_redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    for company in range(50):
        call(company=company)
    assert len([record for record in caplog.records if record.name == "mcp_gateway.breaker_storage"]) == 1


@pytest.mark.servers
def test_a_redis_that_dies_during_a_call_does_not_harm_it(shared: Redis) -> None:
    assert call(lambda: shared.kill() or "passed") == "passed"
    fail(times=2)
    shared.start()
    eventually(lambda: fail() or is_refused(), seconds=4 * SILENCE_SECONDS, what="breakers that work again")
