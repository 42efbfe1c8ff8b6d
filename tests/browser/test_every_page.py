"""Every page of the staff's place in Chromium: usable by all, in both languages, light and dark, wide and narrow."""

import json
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Browser

from mcp_gateway import staff_pages
from tests.browser.desk import PASSWORD, Desk
from tests.journeys.world import World
from tests.mcp_gateway.rows import rows_of, shared_rows

pytestmark = pytest.mark.processes
PHONE_WIDTH = 375


@pytest.fixture
def rows(world: World, django_user_model: type[Model]) -> dict[type[Model], Model]:
    """One row of every kind, whose names try to be more than text."""
    company = world.company()
    company.name = "<script>alert(1)</script>"
    company.save()
    django_user_model.objects.create_superuser("root", password=PASSWORD)  # type: ignore[attr-defined]
    return {**rows_of(company), **shared_rows()}


def pages(rows: dict[type[Model], Model]) -> Iterator[str]:
    yield reverse("admin:index")
    for page in staff_pages.pages():
        try:
            yield reverse(f"admin:{page.name}")
        except NoReverseMatch:  # the front page, and pages about one object
            continue
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[rows[model].pk])


def test_axe_finds_nothing_serious_and_the_console_stays_empty(desk: Desk, rows: dict[type[Model], Model]) -> None:
    desk.log_in("root")
    found = {}
    for path in pages(rows):
        assert desk.open(path) == 200, path
        if findings := desk.serious_findings():
            found[path] = findings
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("language", ["de"], indirect=True)
@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_on_a_phone_no_page_scrolls_sideways(
    chromium: Browser, world: World, language: str, theme: str, rows: dict[type[Model], Model]
) -> None:
    with Desk.opened(chromium, world.app_url, language="de", theme="light", width=PHONE_WIDTH) as desk:
        desk.log_in("root")
        too_wide = {path: desk.sideways_scroll() for path in pages(rows) if desk.open(path)}
        assert {path: pixels for path, pixels in too_wide.items() if pixels > 0} == {}
