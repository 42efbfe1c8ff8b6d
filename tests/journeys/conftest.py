"""One installation for all journeys of a run; each journey starts with empty vendors and an empty database."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.world import World


@pytest.fixture(scope="session")
def running_world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with django_db_blocker.unblock(), World(folder=tmp_path_factory.mktemp("var")) as world:
        yield world


@pytest.fixture
def world(transactional_db: None, running_world: World) -> World:
    running_world.forget()
    return running_world
