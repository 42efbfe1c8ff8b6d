"""Debian's Chromium in front of a whole installation of real processes, as staff have it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, sync_playwright

from appointments.models import Company, Customer, FollowUp
from tests.browser.desk import PASSWORD, Desk
from tests.journeys.conftest import running_world, world  # noqa: F401  (fixtures)
from tests.journeys.world import World
from tests.servers import find_program

# Chromium as root, without what it would ask of hosts that tests never reach.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


# Not for the whole session: while Playwright runs, nothing else can start an event loop in this thread.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, beside which the database is used one thing at a time.
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        path = find_program("chromium", package="chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=["de", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def desk(chromium: Browser, world: World, language: str, theme: Any) -> Iterator[Desk]:  # noqa: F811
    """A browser window of a member of staff; it must have had nothing to complain of when the test is over."""
    with Desk.opened(chromium, world.app_url, language=language, theme=theme) as desk:
        yield desk
        assert desk.complaints == []


@pytest.fixture
def rows(world: World) -> dict[str, Any]:  # noqa: F811
    """Who may do all, and a company with what there is to do and to look at."""
    User.objects.create_superuser("root", password=PASSWORD)
    company: Company = world.company()
    follow_ups = [
        FollowUp.objects.create(company=company, kind="callback", what_to_do=f"Frau {name} anrufen")
        for name in ("Arndt", "Behrens", "Claasen")
    ]
    customers = [Customer.objects.create(company=company, name=name) for name in ("Doppelt", "Einzig")]
    return {"follow_ups": follow_ups, "customers": customers}
