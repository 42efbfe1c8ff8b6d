"""Breakers in memory and on a Redis of their own."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from mcp_gateway import breakers
from tests.mcp_gateway.breakers.calls import NOON, as_new_process, fail
from tests.servers import Redis


@pytest.fixture(scope="package")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def alone(settings: Any) -> Iterator[None]:
    """No Redis."""
    settings.REDIS_URL = ""
    as_new_process()
    yield
    as_new_process()


@pytest.fixture
def shared(settings: Any, redis: Redis) -> Iterator[Redis]:
    """An empty Redis, and a process that has never asked it for anything."""
    redis.flush()
    settings.REDIS_URL = redis.url
    # A busy machine is no reason to do without it.
    settings.BREAKER_REDIS_TIMEOUT_SECONDS = 1
    as_new_process()
    yield redis
    as_new_process()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def storage(request: pytest.FixtureRequest) -> None:
    """Both places where a breaker's state may be."""
    request.getfixturevalue("alone" if request.param == "memory" else "shared")


@pytest.fixture
def changes() -> Iterator[list[tuple[str, str]]]:
    """Old and new state of every change."""
    seen: list[tuple[str, str]] = []

    def hook(change: breakers.StateChange) -> None:
        seen.append((change.old_state, change.new_state))

    breakers.on_change.append(hook)
    yield seen
    breakers.on_change.remove(hook)


@pytest.fixture(params=["down", "hanging"])
def no_redis(request: pytest.FixtureRequest, shared: Redis) -> Iterator[Redis]:
    """A Redis that has just gone, after it was in use."""
    fail()
    if request.param == "down":
        shared.kill()
        yield shared
        shared.start()
    else:
        os.kill(shared.pid, signal.SIGSTOP)
        yield shared
        os.kill(shared.pid, signal.SIGCONT)
