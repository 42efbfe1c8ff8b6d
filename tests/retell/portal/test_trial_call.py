"""Playing a whole call where the sandboxes stand in for the vendors, and nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from appointments.models import Appointment, Call, Company
from mcp_gateway import gateway
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.principal import Principal
from retell.demo.company import Vendors, set_up_company
from retell.models import RetellConfiguration
from tests.calcom.conftest import CalcomControl
from tests.factories import make_service
from tests.retell.portal.conftest import Portal, member
from tests.retell.vendor import Vendor


@pytest.fixture
def development(settings: Any) -> None:
    settings.DEBUG = True
    settings.ALLOW_PRIVATE_URLS = True


@pytest.fixture
def salon(
    transactional_db: None,
    live_server: LiveServer,
    vendor: Vendor,
    control: CalcomControl,
    settings: Any,
    development: None,
) -> Company:
    """Set up at both sandboxes, which reach the live server."""
    settings.APP_URL = live_server.url
    vendors = Vendors(calcom_url=control.base_url, retell_url=vendor.base_url, app_url=live_server.url)
    return set_up_company(vendors, slug="demo", name="Salon Beispiel", phone_number="+493012345678")


def test_a_played_call_is_there_with_its_wish(salon: Company) -> None:
    portal = Portal(Client(), member(salon, "admin"))
    page = portal.does(salon, "call")
    call = Call.objects.get()
    assert "The call was played." in page
    assert call.call_id in page
    assert Appointment.objects.get(call=call).company == salon


def test_the_demos_company_is_ready_as_one_that_staff_have_set_up(salon: Company) -> None:
    configuration = RetellConfiguration.objects.get(company=salon)
    assert configuration.deployed_version == 1
    assert AuditEntry.objects.filter(action="retell.agent_deployed", company=salon).count() == 1
    drift = gateway.call("retell_config.getDrift", {}, principal=Principal.of_task("test", salon.pk))
    assert drift["in_sync"], drift
    assert not ApiToken.objects.exists()
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(member(salon, "admin"))
    page = client.get("/admin/retell-webhook-configuration/").text
    assert "an address of its own" not in page


def test_a_company_without_services_is_told_so(
    development: None, portal: Portal, company: Company, vendor: Vendor
) -> None:
    assert "No service is linked to an event type yet." in portal.does(company, "call")


def test_a_company_without_a_key_is_told_so(
    development: None, portal: Portal, company: Company, vendor: Vendor
) -> None:
    make_service(company, calcom_event_type_id=1)
    assert "needs a phone number and a Retell API key" in portal.does(company, "call")


def test_a_calendar_that_is_away_is_told(development: None, portal: Portal, company: Company, vendor: Vendor) -> None:
    vendor.account_of(company)
    Company.objects.filter(pk=company.pk).update(calcom_base_url="http://127.0.0.1:9")
    make_service(company, calcom_event_type_id=1)
    assert "Cal.com: can't be reached" in portal.does(company, "call")


def test_in_production_nothing_is_played(portal: Portal, company: Company, vendor: Vendor, settings: Any) -> None:
    settings.DEBUG = False
    assert portal.post(company, "call").status_code == 403
    assert "Play a call" not in portal.page(company)


def test_with_the_real_retell_nothing_is_played(
    development: None, portal: Portal, company: Company, settings: Any
) -> None:
    settings.RETELL_API_URL = "https://api.retellai.com"
    assert portal.post(company, "call").status_code == 403


def test_who_may_change_nothing_plays_nothing(
    development: None, as_role: Callable[[str], Portal], company: Company, vendor: Vendor
) -> None:
    assert as_role("operator").post(company, "call").status_code == 403


def test_another_companys_call_is_not_shown(portal: Portal, company: Company, other_company: Company) -> None:
    Call.objects.create(company=other_company, call_id="call_theirs")
    assert "call_theirs" not in portal.page(company, call="call_theirs")
