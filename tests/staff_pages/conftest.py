"""The staff's place full of made-up rows, and who looks at it."""

from collections.abc import Iterator

import pytest
import responses
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.config.admin_places import Rows
from tests.staff_pages.every_page import made_up_rows, staff


@pytest.fixture
def rows(db: None, settings: Settings) -> Iterator[Rows]:
    """The vendors can't be reached: pages say so."""
    settings.DEBUG = True
    with responses.RequestsMock(assert_all_requests_are_fired=False):
        yield made_up_rows()


@pytest.fixture
def root(db: None) -> User:
    """Who may do everything sees most."""
    return User.objects.create_superuser("root")


@pytest.fixture(params=["de", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(root: User, language: str) -> Client:
    return staff(language, root)
