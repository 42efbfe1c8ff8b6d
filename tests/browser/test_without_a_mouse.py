"""All of a day's work with the keyboard alone, in Chromium."""

from typing import Any

import pytest
from django.urls import reverse

from appointments.models import FollowUp
from tests.browser.desk import Desk

pytestmark = pytest.mark.processes
# More stops than any page of a test has before what is looked for.
MOST_STOPS = 150
HAS_FRAME = """element => {
  const style = getComputedStyle(element);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""

in_german = pytest.mark.parametrize("language", ["de"], indirect=True)
in_light = pytest.mark.parametrize("theme", ["light"], indirect=True)


class Keyboard:
    """Hands that have no mouse."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.page = desk, desk.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def follow(self, key: str = "Enter") -> None:
        """A key that opens another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def go_to(self, selector: str) -> None:
        """By tab, from where one is; each stop on the way is seen to have the focus."""
        for _stop in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            focused = self.page.locator(":focus")
            if focused.count() == 0:
                continue
            assert focused.evaluate(HAS_FRAME), f"no frame: {focused.evaluate('one => one.outerHTML')[:200]}"
            if focused.evaluate("(one, selector) => one.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is not reached by tab on {self.page.url}")

    def focused(self) -> str:
        """What has the focus: its id, its text, or its name."""
        return str(
            self.page.evaluate(
                "() => { const one = document.activeElement; return one.id || one.textContent.trim() || one.name; }"
            )
        )

    def choose(self, label: str) -> None:
        """In a list of choices that has the focus."""
        self.page.keyboard.type(label)


@in_german
@in_light
def test_the_first_stops_lead_past_the_menu_and_through_the_head(desk: Desk, rows: dict[str, Any]) -> None:
    desk.log_in("root")
    keyboard = Keyboard(desk)
    desk.open(reverse("admin:appointments_followup_changelist"))
    stops = []
    for _stop in range(4):
        keyboard.press("Tab")
        stops.append(keyboard.focused())
    assert stops == ["Zum Hauptinhalt springen", "Telefon und Kalender", "Meine Einstellungen", "Passwort ändern"]
    desk.open(reverse("admin:appointments_followup_changelist"))
    keyboard.press("Tab", "Enter")
    assert keyboard.focused() == "content-start"


@in_german
@in_light
def test_a_list_is_searched_filtered_and_worked_through(desk: Desk, rows: dict[str, Any]) -> None:
    desk.log_in("root")
    keyboard = Keyboard(desk)
    desk.open(reverse("admin:appointments_followup_changelist"))
    keyboard.press("/")
    assert keyboard.focused() == "searchbar"
    keyboard.choose("anrufen")
    keyboard.follow()
    keyboard.go_to("#changelist-filter a[href*='callback']")
    keyboard.follow()
    assert desk.page.locator("#result_list tbody tr").count() == 3

    keyboard.go_to("select[name=action]")
    keyboard.choose("Erledigt")
    for _row in range(2):
        keyboard.go_to("input.action-select")
        keyboard.press("Space")
    desk.page.keyboard.press("Shift+Tab")
    while not desk.page.locator("button[name=index]:focus").count():
        keyboard.press("Shift+Tab")
    keyboard.follow()
    keyboard.go_to("main [type=submit]")
    keyboard.follow()
    desk.says("Erledigt bei 2 Aufgaben.")
    assert FollowUp.objects.filter(status=FollowUp.Status.DONE).count() == 2


@in_german
@in_light
def test_one_thing_is_closed_on_its_page(desk: Desk, rows: dict[str, Any]) -> None:
    desk.log_in("root")
    keyboard = Keyboard(desk)
    desk.open(reverse("admin:appointments_followup_changelist"))
    keyboard.go_to("#result_list tbody th a")
    keyboard.follow()
    keyboard.go_to("form[action$='/finish/'] button")
    keyboard.follow()
    assert FollowUp.objects.filter(status=FollowUp.Status.DONE).count() == 1


@in_german
@in_light
def test_what_is_dangerous_is_confirmed(desk: Desk, rows: dict[str, Any]) -> None:
    desk.log_in("root")
    keyboard = Keyboard(desk)
    customer = rows["customers"][0]
    desk.open(reverse("admin:appointments_customer_delete", args=[customer.pk]))
    assert "Doppelt" in desk.page.locator("main").inner_text()
    keyboard.go_to("main [type=submit]")
    keyboard.follow()
    desk.open(reverse("admin:appointments_customer_changelist"))
    assert desk.page.locator("#result_list tbody").inner_text().count("Doppelt") == 0


@in_german
@in_light
def test_the_focus_goes_into_a_dialog_and_back(desk: Desk, rows: dict[str, Any]) -> None:
    desk.log_in("root")
    keyboard = Keyboard(desk)
    desk.open(reverse("admin:appointments_followup_changelist"))
    keyboard.go_to("#result_list tbody th a")
    before = keyboard.focused()
    keyboard.press("?")
    assert desk.page.evaluate("document.activeElement.closest('dialog[open]') !== null")
    keyboard.press("Escape")
    assert desk.page.locator("dialog[open]").count() == 0
    assert keyboard.focused() == before


@in_german
@in_light
def test_a_key_that_is_typed_into_a_field_is_text(desk: Desk, rows: dict[str, Any]) -> None:
    desk.log_in("root")
    desk.open(reverse("admin:appointments_followup_changelist"))
    search = desk.page.locator("#searchbar")
    search.focus()
    desk.page.keyboard.type("/?gh")
    assert search.input_value() == "/?gh"
    assert desk.page.locator("dialog[open]").count() == 0
