"""What every test may use."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from pytest_django import Settings

from appointments.models import Company
from calcom import budget
from config.celery import app
from mcp_gateway import bell, breakers, outages, rate_limits, tokens, viewing
from retell import intake
from retell.roles import make_roles
from tests import bells
from tests.factories import make_company
from tests.waiting import eventually


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file: threads and processes share it, as they share a server's database."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _bells_ring_in_this_process() -> Iterator[None]:
    """No test reaches a broker, nor leaves it a message; processes of their own have their own settings."""
    with pytest.MonkeyPatch.context() as patch:
        # Celery reads this variable over its configuration.
        patch.delenv("CELERY_BROKER_URL", raising=False)
        app.conf.broker_url = bells.BROKER_URL
        yield


@pytest.fixture
def company(db: None) -> Company:
    return make_company()


@pytest.fixture
def other_company(db: None) -> Company:
    return make_company()


@pytest.fixture(autouse=True)
def _roles_are_there(request: pytest.FixtureRequest) -> None:
    """A test whose transactions are real ends with empty tables: what migrations had put there is gone for the next."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        if not Group.objects.exists():
            make_roles(apps, connection.alias)


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """The database rolls back after each test; a cache on Redis does not."""
    if {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("db")
        cache.clear()


@pytest.fixture
def in_memory(settings: Settings) -> None:
    """A cache that is no query, and whose clock is the test's: Redis has its own."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tests"}}
    cache.clear()


@pytest.fixture(autouse=True)
def _fresh_guards() -> None:
    """Nothing of the test before: no open breaker, no remembered token or key, no counted call, no silent bell."""
    # A Redis that was slow once, on a busy machine, is left alone for some seconds.
    eventually(_reset_breakers, what="breakers reset")
    tokens.forget_remembered()
    intake.forget_remembered()
    budget.forget_all()
    outages.forget()
    viewing.forget_remembered()
    # Counts by keys of rows, which begin anew with each test on SQLite.
    rate_limits._memory.cache_clear()
    bell._silent_until = 0.0


def _reset_breakers() -> bool:
    breakers.reset_all()
    return True
