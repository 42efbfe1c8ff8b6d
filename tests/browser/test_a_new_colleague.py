"""A new member of staff sets a company up and sees a first call become a booking, with nothing but the browser."""

from typing import Any

import pytest
from django.urls import reverse

from appointments.models import Appointment, Company
from mcp_gateway import staff_pages
from tests.browser.desk import Desk, member_of_staff
from tests.journeys.world import World
from tests.waiting import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(staff_pages.page("portal") is None, reason="this version has no integration portal"),
]
SERVICE = "Herrenhaarschnitt"
BOOKED = {"de": "in Cal.com gebucht", "en": "booked in Cal.com"}


@pytest.fixture
def set_up_at_the_vendors(world: World) -> dict[str, str]:
    """Accounts, event types and an agent are at both vendors; here is no more than a name. What staff were given."""
    company = world.company("neu")
    given = {
        "retell_api_key": company.retell_api_key,
        "retell_webhook_key": company.retell_webhook_key,
        "calcom_api_key": company.calcom_api_key,
        "agent_id": company.retell_configurations.get().agent_id,
    }
    company.services.all().delete()
    company.retell_configurations.all().delete()
    company.retell_api_key = company.retell_webhook_key = company.calcom_api_key = ""
    company.save()
    return given


class Portal:
    """A company's page: one form for each thing that can be done."""

    def __init__(self, desk: Desk, company: Company) -> None:
        self.desk, self.page = desk, desk.page
        self.path = reverse("admin:portal_company", args=[company.pk])

    def fill(self, name: str, value: str) -> None:
        self.page.locator(f"[name={name}]").fill(value)

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
def test_a_new_colleague_sets_a_company_up_and_hears_a_call_booked(
    desk: Desk, world: World, set_up_at_the_vendors: dict[str, str], language: str
) -> None:
    company = Company.objects.get(slug="neu")
    member_of_staff("neuling", "admin", company)
    portal = Portal(desk, company)
    desk.log_in("neuling")
    desk.open(portal.path)
    for name in ("retell_api_key", "retell_webhook_key", "calcom_api_key"):
        portal.fill(name, set_up_at_the_vendors[name])
    portal.press("keys")
    portal.press("test_calcom")
    portal.press("test_retell")
    assert portal.is_green("connections")
    portal.press("sync")
    portal.page.locator("#services tr", has_text=SERVICE).locator("select").first.select_option(index=1)
    portal.press("services")
    portal.fill("agent_id", set_up_at_the_vendors["agent_id"])
    portal.press("agent")
    portal.press("deploy")
    portal.press("test_webhook")
    assert portal.is_green("functions")
    portal.press("call")
    booked: Any = eventually(
        lambda: Appointment.objects.filter(company=company, status="scheduled").first(), what="the call is booked"
    )
    portal.page.reload()
    desk.says(BOOKED[language])
    assert [booking["uid"] for booking in world.bookings()] == [booked.calcom_booking_uid]
