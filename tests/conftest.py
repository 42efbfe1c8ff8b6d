"""What every test may use."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection

from appointments.models import Company
from tests.factories import make_company


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file: threads and processes share it, as they share a server's database."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture
def company(db: None) -> Company:
    return make_company()


@pytest.fixture
def other_company(db: None) -> Company:
    return make_company()


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """The database rolls back after each test; the cache does not."""
    yield
    if {"db", "transactional_db"} & set(request.fixturenames):
        cache.clear()
