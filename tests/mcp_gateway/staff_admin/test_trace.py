"""From a correlation id to all that happened under it; from a row to its history, from a person to their acts."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from mcp_gateway import audit, correlation
from mcp_gateway.models import ApiToken, AuditEntry, IdempotentAnswer, OutboxMessage, WebhookEvent
from mcp_gateway.principal import Principal
from retell.models import RetellConfiguration
from tests.mcp_gateway.rows import rows_of
from tests.mcp_gateway.staff_admin.conftest import As

ENGLISH, GERMAN = {"Accept-Language": "en"}, {"Accept-Language": "de"}
ROWS = [
    Company,
    Service,
    Customer,
    Call,
    Appointment,
    FollowUp,
    RetellConfiguration,
    WebhookEvent,
    OutboxMessage,
    ApiToken,
]


def trace(correlation_id: str) -> str:
    return reverse("admin:trace", args=[correlation_id])


def url(row: Model, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def work(company: Company) -> str:
    """Something of everything under one id."""
    correlation_id = str(uuid4())
    now = timezone.now()
    with correlation.bound(correlation_id):
        by = Principal.of_task("test")
        audit.record_by(
            by, action="changed", object_type="Customer", object_id=7, company_id=company.pk, reason="<why>"
        )
        attempt = {"number": 1, "started_at": now.isoformat(), "outcome": "failed", "error": "<line lost>"}
        WebhookEvent.objects.create(
            provider="retell",
            event="call_<b>",
            company=company,
            dedupe_key=correlation_id,
            payload={},
            attempts=[attempt],
            correlation_id=correlation_id,
        )
        OutboxMessage.objects.create(
            company=company, kind="mail.<i>", dedupe_key=correlation_id, payload={}, correlation_id=correlation_id
        )
        IdempotentAnswer.objects.create(
            identity=correlation_id,
            arguments_hash="x",
            leased_until=now,
            principal="token:mcp_x",
            method="calcom.createBooking",
            company=company,
            correlation_id=correlation_id,
        )
    return correlation_id


def test_all_that_happened_under_an_id_is_on_one_page(admin: Client, company: Company) -> None:
    page = admin.get(trace(work(company)), headers=ENGLISH).text
    for told in (
        "retell call_&lt;b&gt;",
        "Attempt 1 at event",
        "&lt;line lost&gt;",
        ">Customer 7</a>",
        "&lt;why&gt;",
        "mail.&lt;i&gt;",
        "calcom.createBooking: token:mcp_x",
    ):
        assert told in page
    assert "the logger mcp-external" in page


def test_it_is_there_in_german(admin: Client, company: Company) -> None:
    assert "Versuch 1 an Ereignis" in admin.get(trace(work(company)), headers=GERMAN).text


def test_who_may_not_see_the_trail_sees_the_rest(viewer: Client, company: Company) -> None:
    page = viewer.get(trace(work(company)), headers=ENGLISH).text
    assert "call_&lt;b&gt;" in page
    assert "Customer 7" not in page


def test_another_companys_work_sounds_like_none(admin: Client, other_company: Company) -> None:
    pages = [admin.get(trace(one), headers=ENGLISH).text for one in (work(other_company), str(uuid4()), "x")]
    assert all("Nothing that you may see is stored under this id" in page for page in pages)
    assert "call_&lt;b&gt;" not in "".join(pages)


def test_who_has_no_role_is_refused(company: Company, client: Client) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))
    assert client.get(trace("x")).status_code == 403


def test_it_takes_few_queries(admin: Client, company: Company, django_assert_max_num_queries: Any) -> None:
    correlation_id = work(company)
    # The first page of a session also writes down when that was.
    admin.get(trace("x"))
    with django_assert_max_num_queries(12):
        admin.get(trace(correlation_id))


@pytest.mark.parametrize("model", [WebhookEvent, OutboxMessage, AuditEntry])
def test_pages_with_an_id_lead_to_it(admin: Client, company: Company, model: type[Model]) -> None:
    correlation_id = work(company)
    row = model._default_manager.get(correlation_id=correlation_id)
    assert trace(correlation_id) in admin.get(url(row)).text


def test_lists_and_histories_lead_to_it(admin: Client, company: Company) -> None:
    customer = rows_of(company)[Customer]
    entry = audit.record_by(
        Principal.of_task("x"), action="changed", object_type="Customer", object_id=customer.pk, company_id=company.pk
    )
    for page in (reverse("admin:mcp_gateway_auditentry_changelist"), url(customer, "history")):
        assert trace(entry.correlation_id) in admin.get(page).text


def test_a_page_that_is_not_there_leads_to_it(viewer: Client) -> None:
    response = viewer.get("/admin/appointments/call/0/change/")
    assert trace(response.headers["X-Correlation-ID"]) in response.text


@pytest.mark.parametrize("model", ROWS)
def test_every_row_leads_to_its_history(admin: Client, company: Company, model: type[Model]) -> None:
    row = rows_of(company)[model]
    assert url(row, "history") in admin.get(url(row)).text
    assert admin.get(url(row, "history")).status_code == 200


def test_the_pages_of_agents_and_companies_lead_to_their_histories(admin: Client, company: Company) -> None:
    agent = rows_of(company)[RetellConfiguration]
    assert url(agent, "history") in admin.get(reverse("admin:retell_agent", args=[agent.pk])).text
    assert url(company, "history") in admin.get(reverse("admin:portal_company", args=[company.pk])).text


def test_a_history_leads_to_the_trail_of_the_row(admin: Client, company: Company) -> None:
    customer = rows_of(company)[Customer]
    page = admin.get(url(customer, "history")).text
    listed = f"{reverse('admin:mcp_gateway_auditentry_changelist')}?object_type=Customer&amp;object_id={customer.pk}"
    assert listed in page
    shown = admin.get(listed.replace("&amp;", "&")).context["cl"].result_list
    assert [entry.action for entry in shown] == ["personal_data.viewed"]


def test_a_person_leads_to_all_their_acts(as_role: As, company: Company) -> None:
    root = as_role("root")
    person = User.objects.get()
    audit.record_by(Principal.of_staff(person), action="changed", object_type="Service", object_id=3)
    audit.record_by(Principal.of_task("x"), action="changed", object_type="Service", object_id=4)
    acts = f"{reverse('admin:mcp_gateway_auditentry_changelist')}?actor=staff:{person.pk}"
    assert acts in root.get(url(person)).text
    assert [entry.object_id for entry in root.get(acts).context["cl"].result_list] == ["3"]
    entry = AuditEntry.objects.get(object_id="3")
    assert acts.replace(":", "%3A") in root.get(url(entry)).text
