"""Testing a connection: the outcome is kept and told, whoever asked for the test."""

import json

import pytest

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal
from retell.models import IntegrationCheck
from tests.calcom.conftest import CalcomControl
from tests.retell.portal.conftest import Portal
from tests.retell.vendor import Vendor


@pytest.fixture
def calcom(company: Company, control: CalcomControl) -> CalcomControl:
    """The company's account there."""
    control.add_account("anna", company.calcom_api_key, [])
    Company.objects.filter(pk=company.pk).update(calcom_base_url=control.base_url)
    return control


def check(company: Company, what: str) -> IntegrationCheck:
    return IntegrationCheck.objects.get(company=company, what=what)


def test_a_good_connection_to_calcom(portal: Portal, company: Company, calcom: CalcomControl) -> None:
    page = portal.does(company, "test_calcom")
    assert "Cal.com: the connection works." in page
    assert "anna@salon.example" in page
    assert check(company, "calcom").ok


def test_a_good_connection_to_retell(portal: Portal, company: Company, vendor: Vendor) -> None:
    vendor.account_of(company)
    assert "Retell.ai: the connection works." in portal.does(company, "test_retell")
    assert check(company, "retell").told == company.name


def test_a_wrong_key_is_told(portal: Portal, company: Company, control: CalcomControl) -> None:
    Company.objects.filter(pk=company.pk).update(calcom_base_url=control.base_url)
    assert "Cal.com: the key is not accepted" in portal.does(company, "test_calcom")
    assert check(company, "calcom").kind == "unauthorised"


def test_no_key_is_told(portal: Portal, company: Company) -> None:
    assert "Retell.ai: no key is stored" in portal.does(company, "test_retell")
    assert check(company, "retell").kind == "not_configured"


def test_a_vendor_that_is_away_is_told(portal: Portal, company: Company, calcom: CalcomControl) -> None:
    calcom.fault("reset", path=".*")
    assert "Cal.com: can't be reached" in portal.does(company, "test_calcom")


def test_a_second_test_takes_the_place_of_the_first(portal: Portal, company: Company, calcom: CalcomControl) -> None:
    calcom.fault("reset", path=".*")
    portal.post(company, "test_calcom")
    portal.post(company, "test_calcom")
    assert check(company, "calcom").ok


def test_a_viewer_may_test(viewing: Portal, company: Company, calcom: CalcomControl) -> None:
    assert "the connection works" in viewing.does(company, "test_calcom")


def test_the_scripts_way_through_the_gateway_is_kept_too(
    portal: Portal, company: Company, calcom: CalcomControl
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "calcom.testConnection", "params": {"company_id": company.pk}}
    answer = portal.client.post("/api/mcp/gateway", json.dumps(body), content_type="application/json")
    assert answer.json()["result"]["email"] == "anna@salon.example"
    assert check(company, "calcom").ok


def test_a_programs_test_is_kept_too(company: Company) -> None:
    with pytest.raises(GatewayError):
        gateway.call("retell_config.testConnection", principal=Principal.of_task("test", company.pk))
    assert check(company, "retell").kind == "not_configured"


def test_a_test_that_was_not_allowed_tells_nothing(company: Company, other_company: Company) -> None:
    with pytest.raises(GatewayError):
        gateway.call(
            "calcom.testConnection", {"company_id": company.pk}, principal=Principal.of_task("x", other_company.pk)
        )
    assert not IntegrationCheck.objects.exists()


def test_the_page_tells_how_the_last_test_went_and_when(
    portal: Portal, company: Company, calcom: CalcomControl
) -> None:
    assert "never tested" in portal.page(company)
    portal.post(company, "test_calcom")
    page = portal.page(company)
    assert "works" in page
    assert " ms, " in page
