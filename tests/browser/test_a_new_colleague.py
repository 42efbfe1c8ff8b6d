"""A new member of staff sets a company up, sees a first call become a booking and works with what comes of it.

With nothing but the browser: what is looked up in tables and at Cal.com is only whether the pages told the truth.
"""

from typing import Any

import pytest
from django.urls import reverse

from appointments.models import Appointment, Company, FollowUp
from mcp_gateway.models import WebhookEvent
from retell.demo.company import set_up_company
from tests import trail
from tests.browser.desk import Desk, Words, member_of_staff
from tests.journeys.scripts import a_call
from tests.journeys.world import World
from tests.waiting import eventually

pytestmark = pytest.mark.processes
SERVICE = "Herrenhaarschnitt"
PHONE_NUMBER = "+493012345678"
WORDS: dict[str, Words] = {
    "de": {
        "booked": "in Cal.com gebucht",
        "moved": "Verschoben: Erika Beispiel",
        "cancelled": "Abgesagt: Erika Beispiel",
        "replayed": "1 Ereignis wird wiederholt.",
        "noted": "Notiert.",
    },
    "en": {
        "booked": "booked in Cal.com",
        "moved": "Moved: Erika Beispiel",
        "cancelled": "Cancelled: Erika Beispiel",
        "replayed": "1 event is replayed.",
        "noted": "Noted.",
    },
}


@pytest.fixture
def set_up_at_the_vendors(world: World) -> dict[str, str]:
    """Accounts, event types and an agent are at both vendors, nothing is here. What staff were given."""
    company = set_up_company(world.vendors, slug="neu", name="Salon Neu", phone_number=PHONE_NUMBER, deploys=False)
    given = {
        "retell_api_key": company.retell_api_key,
        "retell_webhook_key": company.retell_webhook_key,
        "calcom_api_key": company.calcom_api_key,
        "agent_id": company.retell_configurations.get().agent_id,
    }
    company.delete()
    return given


class Colleague:
    """Who works at the desk, step by step."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.page = desk, desk.page
        self.words = WORDS[desk.language]

    def adds_a_company(self) -> Company:
        """Its short name writes itself."""
        self.desk.open(reverse("admin:appointments_company_add"))
        self.fill("name", "Salon Neu")
        self.fill("phone_number", PHONE_NUMBER)
        with self.page.expect_navigation():
            self.page.click("[name=_save]")
        self.desk.says("Salon Neu")
        return Company.objects.get(name="Salon Neu")

    def finds_an_appointment(self, name: str) -> None:
        self.searches("admin:appointments_appointment_changelist", name)

    def moves_it(self) -> None:
        """From its page, to the last time that its week has free."""
        self.follows("a[href$='/move/']")
        self.follows(".times li:last-child a >> nth=-1")
        self.gives_as_reason("Der Kunde kommt lieber später.")
        self.desk.says(self.words["moved"])

    def cancels_it(self) -> None:
        self.follows("a[href$='/cancel/']")
        self.gives_as_reason("Der Kunde ist krank.")
        self.desk.says(self.words["cancelled"])

    def replays(self, event: WebhookEvent) -> None:
        self.searches("admin:mcp_gateway_webhookevent_changelist", event.dedupe_key)
        self.follows("a[href*='/replay/?ids=']")
        self.gives_as_reason("Cal.com war nicht da.")
        self.desk.says(self.words["replayed"])

    def works_a_follow_up(self) -> None:
        self.desk.open(reverse("admin:appointments_followup_changelist"))
        self.follows("#result_list tbody tr th a")
        self.presses("take")
        self.page.fill("#note", "Mailbox, nach 16 Uhr noch einmal.")
        self.presses("note")
        self.desk.says(self.words["noted"])
        self.presses("finish")

    def searches(self, list_name: str, words: str) -> None:
        """In a list, and open the first row found."""
        self.desk.open(reverse(list_name))
        self.page.fill("#searchbar", words)
        with self.page.expect_navigation():
            self.page.press("#searchbar", "Enter")
        self.follows("#result_list tbody tr th a")

    def gives_as_reason(self, reason: str) -> None:
        self.fill("reason", reason)
        with self.page.expect_navigation():
            self.page.locator("#content-main form, main form", has=self.page.locator("[name=reason]")).locator(
                "[type=submit]"
            ).click()

    def presses(self, step: str) -> None:
        with self.page.expect_navigation():
            self.page.click(f"form[action$='../{step}/'] button")

    def follows(self, link: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(link).first.click()

    def fill(self, name: str, value: str) -> None:
        self.page.locator(f"[name={name}]").fill(value)


class Portal:
    """A company's page: one form for each thing that can be done."""

    def __init__(self, desk: Desk, company: Company) -> None:
        self.desk, self.page = desk, desk.page
        self.path = reverse("admin:portal_company", args=[company.pk])

    def sets_up(self, given: dict[str, str]) -> None:
        """Keys, connections, event types and services, agent and functions."""
        self.desk.open(self.path)
        for name in ("retell_api_key", "retell_webhook_key", "calcom_api_key"):
            self.fill(name, given[name])
        for action in ("keys", "test_calcom", "test_retell"):
            self.press(action)
        assert self.is_green("connections")
        self.press("sync")
        self.page.locator("#services tr", has_text=SERVICE).locator("select").first.select_option(index=1)
        self.press("services")
        self.fill("agent_id", given["agent_id"])
        self.press("agent")
        self.deploys()
        self.press("test_webhook")
        assert self.is_green("functions")

    def fill(self, name: str, value: str) -> None:
        self.page.locator(f"[name={name}]").fill(value)

    def deploys(self) -> None:
        """A worker does it: its page shows that it is over without being loaded anew."""
        self.press("deploy")
        self.page.locator("#long-action:not([data-running])").wait_for()
        assert self.page.locator("#long-action .badge-bad").count() == 0
        self.desk.open(self.path)

    def press(self, action: str) -> None:
        """Without the script that only spares a page: it may have done what the press would do."""
        with self.page.expect_navigation():
            self.page.locator(f"form[action$='/{action}/']").last.evaluate(
                "form => HTMLFormElement.prototype.submit.call(form)"
            )

    def is_green(self, section: str) -> bool:
        self.desk.open(self.path)
        return self.page.locator(f"#{section} .badge-bad").count() == 0 and (
            self.page.locator(f"#{section} .badge-good").count() > 0
        )


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_a_new_colleague_does_everything_in_the_browser(
    desk: Desk, world: World, set_up_at_the_vendors: dict[str, str]
) -> None:
    user = member_of_staff("neuling", "admin")
    colleague = Colleague(desk)
    desk.log_in("neuling")

    company = colleague.adds_a_company()
    assert list(company.staff.all()) == [user]

    portal = Portal(desk, company)
    portal.sets_up(set_up_at_the_vendors)
    portal.press("call")
    booked = first_booked(company)
    portal.page.reload()
    desk.says(colleague.words["booked"])
    assert [booking["uid"] for booking in accepted(world)] == [booked.calcom_booking_uid]

    colleague.finds_an_appointment("Erika Beispiel")
    colleague.moves_it()
    moved = Appointment.objects.get(pk=booked.pk)
    assert moved.starts_at > booked.starts_at
    assert [booking["uid"] for booking in accepted(world)] == [moved.calcom_booking_uid]

    colleague.finds_an_appointment("Erika Beispiel")
    colleague.cancels_it()
    assert Appointment.objects.get(pk=booked.pk).status == Appointment.Status.CANCELLED
    assert accepted(world) == []

    ended = WebhookEvent.objects.get(company=company, event="call_ended")
    colleague.replays(ended)
    eventually(lambda: attempts(ended) == ["done", "done"], what="the event is worked on once more")
    assert accepted(world) == []  # what was cancelled since is not booked anew

    follow_up = asks_to_be_called_back(world, company)
    colleague.works_a_follow_up()
    follow_up.refresh_from_db()
    assert (follow_up.status, follow_up.assignee) == (FollowUp.Status.DONE, user)
    acts = trail.done().filter(object_type="FollowUp", object_id=str(follow_up.pk)).order_by("pk")
    assert [entry.action.partition(".")[2] for entry in acts] == ["opened", "taken", "noted", "done"]


def first_booked(company: Company) -> Appointment:
    booked: Any = eventually(
        lambda: Appointment.objects.filter(company=company, status="scheduled").first(), what="the call is booked"
    )
    assert isinstance(booked, Appointment)
    return booked


def accepted(world: World) -> list[dict[str, Any]]:
    """What stands in Cal.com's calendar."""
    return [booking for booking in world.bookings() if booking["status"] == "accepted"]


def attempts(event: WebhookEvent) -> list[str]:
    event.refresh_from_db()
    return [attempt["outcome"] for attempt in event.attempts]


def asks_to_be_called_back(world: World, company: Company) -> FollowUp:
    """A caller does, and rings off."""
    company.refresh_from_db()
    wish = {"function": "request_callback", "args": {"name": "Max Muster", "reason": "Frage zur Rechnung"}}
    world.play(a_call(company, call_id="call_back", from_number="+4915199999999", script=[wish]))
    row: Any = eventually(lambda: FollowUp.objects.filter(company=company).first(), what="a follow-up")
    assert isinstance(row, FollowUp)
    return row
