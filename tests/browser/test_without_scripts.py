"""A browser that runs no scripts: a day's work is done all the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser

from appointments.models import Customer, FollowUp
from tests.browser.desk import Desk
from tests.journeys.world import World

pytestmark = pytest.mark.processes


@pytest.fixture
def desk(chromium: Browser, world: World, rows: dict[str, Any]) -> Iterator[Desk]:
    with Desk.opened(chromium, world.app_url, language="de", theme="light", has_scripts=False) as desk:
        desk.log_in("root")
        yield desk
        assert desk.complaints == []


def test_a_list_is_searched_filtered_and_worked_through(desk: Desk) -> None:
    desk.open(reverse("admin:appointments_followup_changelist"))
    desk.page.fill("#searchbar", "anrufen")
    desk.page.press("#searchbar", "Enter")
    desk.page.click("#changelist-filter a[href*='callback']")
    boxes = desk.page.locator("input.action-select")
    assert boxes.count() == 3
    for place in range(2):
        boxes.nth(place).check()
    desk.page.select_option("select[name=action]", label="Erledigt")
    desk.page.click("button[name=index]")
    desk.page.click("main [type=submit]")
    desk.says("Erledigt bei 2 Aufgaben.")
    assert FollowUp.objects.filter(status=FollowUp.Status.DONE).count() == 2


def test_one_thing_is_closed_on_its_page(desk: Desk) -> None:
    desk.open(reverse("admin:appointments_followup_changelist"))
    desk.page.click("#result_list tbody th a")
    desk.page.click("form[action$='/finish/'] button")
    assert FollowUp.objects.filter(status=FollowUp.Status.DONE).count() == 1


def test_a_row_is_changed(desk: Desk, rows: dict[str, Any]) -> None:
    customer = rows["customers"][0]
    desk.open(reverse("admin:appointments_customer_change", args=[customer.pk]))
    desk.page.fill("#id_name", "Doppelt-Neu")
    desk.page.click("[name=_save]")
    assert Customer.objects.get(pk=customer.pk).name == "Doppelt-Neu"
