"""The bell on a broker of its own: the connection it keeps, and what becomes of that."""

import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.celery import app
from mcp_gateway import bell
from tests.servers import Redis

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

TASK = "tests.nothing"


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    with Redis() as server:
        monkeypatch.setenv("CELERY_BROKER_URL", server.url)
        monkeypatch.setattr(bell, "_idle", defaultdict(list))
        monkeypatch.setattr(bell, "_silent_until", 0.0)
        yield server


def rings(broker: Redis) -> int:
    with broker.connect() as client:
        return client.llen(app.conf.task_default_queue)


def connections(broker: Redis) -> int:
    """How many were opened so far, without the one that asks."""
    with broker.connect() as client:
        return int(client.info("stats")["total_connections_received"])


def test_rings_share_a_connection(broker: Redis) -> None:
    bell.ring_on_commit(TASK)
    before = connections(broker)
    for _ in range(3):
        bell.ring_on_commit(TASK)
    assert connections(broker) == before + 1  # the one that asked before
    assert rings(broker) == 4


def test_no_two_threads_ring_at_once_on_one_connection(broker: Redis) -> None:
    with ThreadPoolExecutor(8) as pool:
        for ring in [pool.submit(bell.ring_on_commit, TASK) for _ in range(200)]:
            ring.result()
    assert rings(broker) == 200


def test_the_bell_rings_on_a_broker_that_was_restarted(broker: Redis, caplog: pytest.LogCaptureFixture) -> None:
    bell.ring_on_commit(TASK)
    broker.stop()
    broker.start()
    bell.ring_on_commit(TASK)
    assert rings(broker) == 1
    assert caplog.text == ""


def test_the_bell_rings_again_after_a_failure(broker: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    bell.ring_on_commit(TASK)
    broker.stop()
    bell.ring_on_commit(TASK)
    broker.start()
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    bell.ring_on_commit(TASK)
    assert rings(broker) == 1


def test_a_child_opens_a_connection_of_its_own(broker: Redis) -> None:
    bell.ring_on_commit(TASK)
    opened = {id(producer) for producer in bell._idle[os.getpid()]}
    child = os.fork()
    if child == 0:
        bell._ring(TASK, (), 0)
        os._exit(bool(opened & {id(producer) for producer in bell._idle[os.getpid()]}))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    bell.ring_on_commit(TASK)
    assert rings(broker) == 3
