"""A disk that is full where the embedded default keeps its broker's files."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_gateway.models import WebhookEvent
from tests.faults.calls import call_id, wishing_call
from tests.faults.conftest import a_world
from tests.faults.ends import each_is_booked_once, nothing_waits
from tests.faults.world import FaultyWorld
from tests.servers import MariaDB, Redis

pytestmark = [pytest.mark.processes, pytest.mark.servers]

CALLS = 5


class SmallDisk:
    """A small disk, which can be filled up."""

    def __init__(self, folder: Path) -> None:
        self.ballast = folder / "ballast"

    def fill(self) -> None:
        with self.ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def clear(self) -> None:
        self.ballast.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Where the broker's files are, when there is neither Redis nor RabbitMQ."""
    folder = tmp_path / "broker" / "messages"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("Only root may mount a disk that can be filled up")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def world(
    own_database: None, mariadb: MariaDB, redis: Redis, tmp_path: Path, small_disk: SmallDisk
) -> Iterator[FaultyWorld]:
    redis.flush()
    with a_world(mariadb, redis, tmp_path, broker_url="filesystem://") as world:
        yield world


def test_bookings_wait_until_there_is_room_again(world: FaultyWorld, small_disk: SmallDisk) -> None:
    company = world.company()
    small_disk.fill()
    for number in range(CALLS):
        report = world.play(wishing_call(company, number))
        assert [step["status"] for step in report["steps"]] == [204, 200, 204, 204]
    assert WebhookEvent.objects.count() == 3 * CALLS
    assert "its sweep takes over" in world.web.log(1000)  # no bell could be rung
    small_disk.clear()
    nothing_waits()
    each_is_booked_once(world, [call_id(company, number) for number in range(CALLS)])
