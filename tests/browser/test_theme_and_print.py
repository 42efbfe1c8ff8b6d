"""Light or dark as the system has it or as one sets it, from the first picture on; and a call on paper."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser

from tests.browser.desk import PASSWORD, Desk
from tests.factories import make_call
from tests.journeys.world import World

pytestmark = pytest.mark.processes
# The theme that the page has when its body comes: nothing is drawn before.
WATCH = """new MutationObserver(() => {
  if (document.body && !window.themeAtFirst) {
    window.themeAtFirst = document.documentElement.dataset.theme || "none";
  }
}).observe(document, {childList: true, subtree: true});"""
IS_DARK = """() => {
  const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
  return red + green + blue < 200;
}"""


@pytest.fixture
def night(chromium: Browser, world: World) -> Iterator[Desk]:
    """Before a system that is dark."""
    User.objects.create_superuser("root", password=PASSWORD)
    with Desk.opened(chromium, world.app_url, language="de", theme="dark") as desk:
        desk.page.add_init_script(WATCH)
        desk.log_in("root")
        yield desk
        assert desk.complaints == []


def test_the_theme_is_the_systems_until_one_is_set(night: Desk) -> None:
    assert night.page.evaluate(IS_DARK)
    night.page.emulate_media(color_scheme="light")
    assert not night.page.evaluate(IS_DARK)


def test_what_was_set_is_there_before_anything_is_drawn(night: Desk) -> None:
    night.page.click(".theme-toggle")
    assert not night.page.evaluate(IS_DARK)
    night.open(reverse("admin:appointments_call_changelist"))
    assert night.page.evaluate("window.themeAtFirst") == "light"
    assert not night.page.evaluate(IS_DARK)


def test_a_call_is_printed_on_one_readable_page(night: Desk, world: World) -> None:
    began = timezone.now() - timedelta(hours=1)
    words = "Agent: Guten Tag, was kann ich für Sie tun?\nUser: Ich hätte gern einen Termin."
    call = make_call(
        world.company(), started_at=began, ended_at=began + timedelta(minutes=2), transcript=words, summary="Ein Termin"
    )
    night.open(reverse("admin:appointments_call_change", args=[call.pk]))
    night.page.emulate_media(media="print")
    for hidden in ("#header", "#nav-sidebar", "nav", ".toolbar", "main button", "#footer", ".skip-to-content-link"):
        assert night.page.locator(hidden).locator("visible=true").count() == 0, hidden
    assert night.page.get_by_text("Ich hätte gern einen Termin.").first.is_visible()
    assert not night.page.evaluate(IS_DARK)
    assert night.page.pdf(format="A4").count(b"/Type /Page\n") == 1
