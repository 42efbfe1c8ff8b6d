"""The portal's first page: every company that one may see, and how it fares."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import worker_queue
from mcp_gateway.models import WebhookEvent
from retell.models import IntegrationCheck
from tests.factories import make_call, make_company, make_configuration, make_service
from tests.retell.portal.conftest import OVERVIEW, Portal


def test_it_has_the_address_that_the_customer_knows(superuser: Portal, company: Company) -> None:
    assert superuser.client.get("/admin/company-integration-portal", follow=True).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_every_role_sees_the_own_companies_only(
    as_role: Callable[[str], Portal], company: Company, other_company: Company, role: str
) -> None:
    page = as_role(role).overview()
    assert company.name in page
    assert other_company.name not in page


def test_a_superuser_sees_all(superuser: Portal, company: Company, other_company: Company) -> None:
    page = superuser.overview()
    assert company.name in page
    assert other_company.name in page


def test_staff_without_a_role_may_not_see_it(client: Client, company: Company) -> None:
    user = User.objects.create_user("ben", is_staff=True)
    company.staff.add(user)
    client.force_login(user)
    assert client.get(OVERVIEW).status_code == 403


def test_strangers_are_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.get(OVERVIEW)["Location"].startswith("/admin/login/")


def test_it_is_in_the_menu_once(superuser: Portal, company: Company) -> None:
    assert superuser.client.get("/admin/").text.count(f'href="{OVERVIEW}"') >= 1


def test_an_empty_installation_shows_the_first_step(superuser: Portal) -> None:
    assert "Add your first company" in superuser.overview()


def test_who_may_add_no_company_is_told_whom_to_ask(viewing: Portal, company: Company) -> None:
    company.staff.clear()
    page = viewing.overview()
    assert "Ask an administrator" in page
    assert "Add your first company" not in page


def test_a_new_company_is_not_set_up(superuser: Portal, db: None) -> None:
    make_company(calcom_api_key="", retell_webhook_key="")
    page = superuser.overview()
    assert "not set up" in page
    assert "API key missing" in page


def test_a_half_finished_one_says_what_is_missing(superuser: Portal, company: Company) -> None:
    page = superuser.overview()
    assert "needs attention" in page
    assert "Store the Retell API key" in page


def test_one_that_has_everything_is_ready(superuser: Portal) -> None:
    finished_company()
    assert "ready" in superuser.overview()


def test_a_failed_test_needs_attention(superuser: Portal) -> None:
    company = finished_company()
    IntegrationCheck.objects.create(
        company=company, what="calcom", kind="unauthorised", duration_ms=3, at=timezone.now()
    )
    page = superuser.overview()
    assert "needs attention" in page
    assert "Cal.com: the key is not accepted" in page


def test_a_company_that_is_switched_off_is_not_called_ready(superuser: Portal) -> None:
    Company.objects.filter(pk=finished_company().pk).update(is_active=False)
    assert "switched off" in superuser.overview()


@pytest.mark.parametrize("search", ["Eva", "eva", "+49 30 99887766", "030 99887766", "salon-eva"])
def test_a_company_is_found_by_name_and_number(superuser: Portal, company: Company, search: str) -> None:
    make_company(name="Salon Eva", slug="salon-eva", phone_number="+493099887766")
    page = superuser.overview(q=search)
    assert "Salon Eva" in page
    assert company.name not in page


def test_a_search_that_finds_nothing_says_so(superuser: Portal, company: Company) -> None:
    assert "No company of yours has this name or number." in superuser.overview(q="nobody")


def test_many_companies_are_paged(superuser: Portal, db: None) -> None:
    for number in range(25):
        make_company(name=f"Salon {number:02d}", slug=f"s{number}")
    assert "Page 1 of 2" in superuser.overview()
    assert "Salon 24" in superuser.overview(page="2")


@pytest.mark.parametrize("number", [1, 20])
def test_many_companies_need_no_more_queries_than_one(
    as_role: Callable[[str], Portal], company: Company, number: int, django_assert_max_num_queries: Any
) -> None:
    portal = as_role("admin")
    for _ in range(number):
        another = make_company()
        another.staff.add(portal.user)
        make_configuration(another)
        make_call(another)
    portal.overview()
    with django_assert_max_num_queries(12):
        portal.overview()


def test_a_strangers_text_stays_text(superuser: Portal, db: None) -> None:
    make_company(name="<script>alert(1)</script>")
    assert "<script>alert" not in superuser.client.get(OVERVIEW).text


def test_it_speaks_german(superuser: Portal, company: Company) -> None:
    superuser.client.cookies["django_language"] = "de"
    page = superuser.overview()
    assert "braucht Aufmerksamkeit" in page
    assert "needs attention" not in page


def test_a_worker_is_asked_by_a_button_too(
    superuser: Portal, company: Company, in_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_queue, "_ask", lambda *_args, **_options: {"worker@here": {"ok": "pong"}})
    assert "Worker: not asked just now" in superuser.overview()
    response = superuser.client.post(f"{OVERVIEW}workers/", follow=True)
    assert "Worker: answers" in response.text


def test_asking_a_worker_is_no_reading(superuser: Portal) -> None:
    assert superuser.client.get(f"{OVERVIEW}workers/").status_code == 405


def test_a_clock_that_stands_still_is_told(
    superuser: Portal, company: Company, in_memory: None, time_machine: Any
) -> None:
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    worker_queue.note_sweep()
    assert "Clock (beat): runs" in superuser.overview()
    time_machine.move_to("2026-11-25T10:10:00Z", tick=False)
    assert "Clock (beat): stands still" in superuser.overview()


def finished_company() -> Company:
    company = make_company(retell_api_key="key_rest")
    make_service(company, calcom_event_type_id=1)
    company.calcom_event_types.create(
        event_type_id=1, title="Cut", slug="cut", length_minutes=30, last_synced_at=timezone.now()
    )
    make_configuration(
        company, deployed_version=3, last_test_at=timezone.now(), last_test_outcome="ok: HTTP 204, 12 ms"
    )
    WebhookEvent.objects.create(provider="calcom", company=company, event="PING", dedupe_key="1", payload={})
    return company
