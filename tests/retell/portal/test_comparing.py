"""Comparing bookings from a company's page: started by the request, done by a worker, read on a page of its own."""

import re

import pytest
from django.urls import reverse

from appointments.models import Appointment, Company
from mcp_gateway import background
from mcp_gateway.models import LongAction
from tests.calcom.conftest import CalcomControl
from tests.calcom.saying import booked_there
from tests.factories import make_configuration, make_service
from tests.retell.portal.conftest import Portal, words


@pytest.fixture(autouse=True)
def _in_calcom(company: Company, control: CalcomControl) -> None:
    """One booking of somebody's in the company's account."""
    Company.objects.filter(pk=company.pk).update(calcom_base_url=control.base_url)
    control.ids = control.add_account(
        "ours", company.calcom_api_key, [{"title": "Cut", "slug": "cut", "length_minutes": 30}]
    )
    make_service(company, calcom_event_type_id=control.ids["cut"])
    booked_there(control, slug="cut")


def pressed(portal: Portal, company: Company) -> dict[str, str]:
    """What the page's form posts."""
    url = reverse("admin:portal_action", args=(company.pk, "compare"))
    (form,) = re.findall(rf'action="{url}">(.*?)</form>', portal.html(company), re.DOTALL)
    return dict(re.findall(r'name="(once)" value="([^"]+)"', form))


def test_the_request_only_starts_it(portal: Portal, company: Company, control: CalcomControl) -> None:
    before = control.requests()
    response = portal.post(company, "compare", **pressed(portal, company))
    action = LongAction.objects.get()
    assert response["Location"] == reverse("admin:mcp_gateway_longaction_change", args=[action.pk])
    assert (action.state, action.company, action.items) == ("waiting", company, [company.pk])
    assert control.requests() == before


def test_its_page_tells_what_it_found(portal: Portal, company: Company) -> None:
    url = portal.post(company, "compare", **pressed(portal, company))["Location"]
    background.run(LongAction.objects.get().pk)
    page = words(portal.client.get(url))
    assert "Comparison of bookings with Cal.com" in page
    assert "Compared: 1. Taken over: 1, moved: 0" in page
    assert Appointment.objects.get().company == company


def test_the_same_form_posted_twice_compares_once(portal: Portal, company: Company) -> None:
    form = pressed(portal, company)
    assert portal.post(company, "compare", **form)["Location"] == portal.post(company, "compare", **form)["Location"]
    assert LongAction.objects.count() == 1


def test_it_is_no_deployment_that_was_started_from_the_same_page(portal: Portal, company: Company) -> None:
    make_configuration(company)
    deploying, comparing = re.findall(r'name="once" value="([^"]+)"', portal.html(company))
    assert deploying != comparing
