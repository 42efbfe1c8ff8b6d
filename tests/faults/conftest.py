"""Servers of their own for these tests: some kill them, which the test run's database must not feel."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler
from environ import Env

from tests.faults.world import FaultyWorld
from tests.servers import PROJECT, MariaDB, Redis
from tests.waiting import eventually

DATABASE = "faults"


@pytest.fixture(scope="package")
def mariadb() -> Iterator[MariaDB]:
    with MariaDB(durable=True) as server:
        with server.connect() as connection:
            connection.cursor().execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        environment = {**os.environ, "DATABASE_URL": server.url(DATABASE), "DEBUG": "on"}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=PROJECT, env=environment, check=True)
        yield server


@pytest.fixture(scope="package")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(scope="module")
def running_world(mariadb: MariaDB, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyWorld]:
    with a_world(mariadb, redis, tmp_path_factory.mktemp("var")) as world:
        yield world


@pytest.fixture
def own_database(mariadb: MariaDB, django_db_blocker: Any) -> Iterator[None]:
    """The models of this process are on the world's database, which is empty."""
    with django_db_blocker.unblock(), connected_to(mariadb.url(DATABASE)):
        # On a busy machine it may wait too long for what a worker or the server itself is doing to a table.
        eventually(_is_emptied, what="the database is empty", seconds=180)
        yield


def _is_emptied() -> bool:
    """No key is given again: what a worker still has in hand of the test before must not fit a row of the next."""
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True, reset_sequences=False)
    return True


@pytest.fixture
def world(own_database: None, redis: Redis, running_world: FaultyWorld) -> FaultyWorld:
    """Everything is up, and empty."""
    redis.flush()
    running_world.forget()
    return running_world


def a_world(mariadb: MariaDB, redis: Redis, folder: Path, **more: Any) -> FaultyWorld:
    return FaultyWorld(folder=folder, database_url=mariadb.url(DATABASE), redis_url=redis.url, **more)


@contextmanager
def connected_to(url: str) -> Iterator[None]:
    options = {"charset": "utf8mb4", "isolation_level": "read committed"}
    database = {**Env.db_url_config(url), "OPTIONS": options}
    ours = connections["default"]
    connections["default"] = theirs = ConnectionHandler({"default": database})["default"]
    try:
        yield
    finally:
        theirs.close()
        connections["default"] = ours
