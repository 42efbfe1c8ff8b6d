"""One company's page: what everybody sees of it, who may press what, and the way to a first booked call."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Company
from mcp_gateway import breakers
from mcp_gateway.breakers import BreakerState
from mcp_gateway.models import WebhookEvent
from retell.portal.actions import ACTIONS
from tests.factories import make_call, make_configuration, make_service
from tests.retell.portal.conftest import Portal, page_of

# What each role may press, where the system can do it at all.
PRESSES = {
    "viewer": {"test_calcom", "test_retell", "drift"},
    "operator": {"test_calcom", "test_retell", "drift"},
    "admin": set(ACTIONS) - {"call"},
}


def book(company: Company) -> Appointment:
    start = datetime(2027, 1, 11, 10, tzinfo=UTC)
    return Appointment.objects.create(
        company=company,
        service=company.services.get(),
        starts_at=start,
        ends_at=start.replace(minute=30),
        status="scheduled",
        calcom_booking_uid="uid1",
    )


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_every_role_can_read_it_in_both_languages(
    as_role: Callable[[str], Portal], company: Company, role: str, language: str
) -> None:
    portal = as_role(role)
    portal.client.cookies["django_language"] = language
    page = portal.page(company)
    assert ("Verbindungen" if language == "de" else "Connections") in page


def test_another_companys_is_not_there(portal: Portal, other_company: Company) -> None:
    assert portal.client.get(page_of(other_company)).status_code == 404


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_nothing_can_be_done_for_another_company(portal: Portal, other_company: Company, action: str) -> None:
    assert portal.post(other_company, action).status_code == 404


@pytest.mark.parametrize("role", sorted(PRESSES))
def test_what_a_role_may_not_do_is_neither_shown_nor_done(
    as_role: Callable[[str], Portal], company: Company, role: str
) -> None:
    portal = as_role(role)
    html = portal.html(company)
    for action in set(ACTIONS) - PRESSES[role]:
        assert reverse("admin:portal_action", args=(company.pk, action)) not in html, action
        assert portal.post(company, action).status_code == 403, action


@pytest.mark.parametrize("action", ["keys", "test_calcom", "sync", "agent", "token"])
def test_what_an_administrator_may_do_is_shown(portal: Portal, company: Company, action: str) -> None:
    assert reverse("admin:portal_action", args=(company.pk, action)) in portal.html(company)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_reading_changes_nothing(portal: Portal, company: Company, action: str) -> None:
    assert portal.client.get(reverse("admin:portal_action", args=(company.pk, action))).status_code == 405


def test_an_action_that_is_none_is_not_found(portal: Portal, company: Company) -> None:
    assert portal.post(company, "explode").status_code == 404


def test_the_page_needs_few_queries(
    portal: Portal, company: Company, in_memory: None, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        make_configuration(company)
        make_service(company, name=f"Service {number}", calcom_event_type_id=number + 1)
        company.calcom_event_types.create(
            event_type_id=number + 1, title="Cut", slug="cut", length_minutes=30, last_synced_at=timezone.now()
        )
    portal.page(company)
    with django_assert_max_num_queries(12):
        portal.page(company)


def test_strangers_texts_stay_texts(portal: Portal, company: Company) -> None:
    evil = "<script>alert(1)</script>"
    company.calcom_event_types.create(
        event_type_id=1, title=evil, slug="x", length_minutes=30, last_synced_at=timezone.now()
    )
    make_service(company, name=evil, calcom_event_type_id=1, aliases=[evil])
    assert evil not in portal.html(company)


def test_each_step_ticks_itself(portal: Portal, company: Company) -> None:
    assert "Set-up: 3 of 11 steps done" in portal.page(company)
    Company.objects.filter(pk=company.pk).update(retell_api_key="encrypted")
    assert "Set-up: 4 of 11 steps done" in portal.page(company)
    company.calcom_event_types.create(
        event_type_id=1, title="Cut", slug="x", length_minutes=30, last_synced_at=timezone.now()
    )
    assert "Set-up: 5 of 11 steps done" in portal.page(company)
    make_service(company, calcom_event_type_id=1)
    assert "Set-up: 6 of 11 steps done" in portal.page(company)
    configuration = make_configuration(company)
    assert "Set-up: 7 of 11 steps done" in portal.page(company)
    configuration.deployed_version, configuration.last_test_outcome = 1, "ok: HTTP 204, 9 ms"
    configuration.save()
    assert "Set-up: 9 of 11 steps done" in portal.page(company)
    make_call(company)
    assert "First call received" in portal.page(company)
    book(company)
    assert "Set-up: 11 of 11 steps done" in portal.page(company)


def test_a_held_time_is_no_booking(portal: Portal, company: Company) -> None:
    make_service(company, calcom_event_type_id=1)
    Appointment.objects.filter(pk=book(company).pk).update(calcom_booking_uid=None, status="held")
    assert "Book a first appointment" in portal.page(company)


def test_another_companys_rows_tick_nothing(portal: Portal, company: Company, other_company: Company) -> None:
    make_configuration(other_company)
    make_call(other_company)
    assert "Set-up: 3 of 11 steps done" in portal.page(company)


def test_the_addresses_are_those_of_the_agent(portal: Portal, company: Company, settings: Any) -> None:
    settings.APP_URL = "https://phone.example"
    assert "https://phone.example/api/mcp/retell/webhook " in portal.page(company)
    configuration = make_configuration(company)
    page = portal.page(company)
    for path in ("webhook", "custom-function", "inbound"):
        assert f"https://phone.example/api/mcp/retell/{path}/{configuration.pk} " in page
    assert f"https://phone.example/api/mcp/calcom/webhook/{company.pk} " in page


def test_what_came_in_is_told(portal: Portal, company: Company) -> None:
    assert "nothing received yet" in portal.page(company)
    make_call(company)
    for provider in ("retell", "calcom"):
        WebhookEvent.objects.create(provider=provider, company=company, event="x", dedupe_key=provider, payload={})
    assert "nothing received yet" not in portal.page(company)


def test_an_open_breaker_of_the_company_is_told(
    portal: Portal, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = BreakerState(f"calcom:{company.pk}", "open", 5, timezone.now(), 20)
    monkeypatch.setattr(breakers, "all_states", lambda: [state])
    assert "calcom: open" in portal.page(company)


def test_another_companys_open_breaker_is_not(
    portal: Portal, company: Company, other_company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = BreakerState(f"calcom:{other_company.pk}", "open", 5, timezone.now(), 20)
    monkeypatch.setattr(breakers, "all_states", lambda: [state])
    assert "calcom: open" not in portal.page(company)
