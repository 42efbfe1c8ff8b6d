"""Lists as CSV: who may, what is in it, and what spreadsheets make of it."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appointments.models import Company
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.staff_admin import export
from tests.factories import make_customer
from tests.mcp_gateway.rows import rows_of, shared_rows
from tests.mcp_gateway.staff_admin.conftest import As

Events = Callable[..., list[WebhookEvent]]
EVENTS = reverse("admin:mcp_gateway_webhookevent_export")
CUSTOMERS = reverse("admin:appointments_customer_export")
COMPANIES = reverse("admin:appointments_company_export")


def exported(client: Client, url: str, language: str = "en", **form: str) -> str:
    response = client.post(url, form, headers={"Accept-Language": language})
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def rows(client: Client, url: str, language: str = "en") -> list[dict[str, str]]:
    text = exported(client, url, language)
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if language == "de" else ","))


def test_it_has_the_rows_of_the_filter_on_all_pages(operator: Client, events: Events) -> None:
    events(60, state="dead")
    events(2)
    assert len(rows(operator, f"{EVENTS}?state__exact=dead&p=2")) == 60


def test_it_has_the_own_companies_rows_only(operator: Client, events: Events, other_company: Company) -> None:
    events(2)
    events(3, company=other_company)
    assert len(rows(operator, EVENTS)) == 2


def test_pieces_join_without_a_gap_or_a_double(
    operator: Client, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PIECE", 4)
    made = events(11)
    ids = [row["ID"] for row in rows(operator, EVENTS)]
    assert len(ids) == len(set(ids)) == len(made)


def test_no_more_than_a_piece_is_read_at_once(
    operator: Client, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PIECE", 4)
    events(11)
    with CaptureQueriesContext(connection) as queries:
        exported(operator, EVENTS)
    assert sum("LIMIT 4" in query["sql"] for query in queries) == 4


def test_times_are_utc_and_states_are_words(operator: Client, events: Events) -> None:
    events(1, received_at="2026-11-22T17:19:00Z", state="dead")
    (row,) = rows(operator, EVENTS)
    assert (row["received at"], row["state"]) == ("2026-11-22T17:19:00Z", "given up")
    (row,) = rows(operator, EVENTS, "de")
    assert row["Status"] == "aufgegeben"


def test_german_gets_semicolons(operator: Client, events: Events) -> None:
    events()
    assert exported(operator, EVENTS, "de").splitlines()[0].count(";") == 9
    assert exported(operator, EVENTS, "en").splitlines()[0].count(",") == 9


def test_a_byte_order_mark_comes_when_asked_for(operator: Client, events: Events) -> None:
    events()
    assert exported(operator, EVENTS, bom="1").startswith("\ufeffID")
    assert exported(operator, EVENTS).startswith("ID")


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1234", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    assert export.cell(text, "en") == f"'{text}"


@pytest.mark.parametrize("text", ["Anna", "", "1=1", "a+b", "Müller; Söhne", '"quoted"'])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert export.cell(text, "en") == text


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (-5, "-5", "-5"),
        (12.5, "12.5", "12,5"),
        (Decimal("-0.50"), "-0.50", "-0,50"),
        (True, "true", "true"),
        (None, "", ""),
        (datetime(2026, 11, 22, 17, 19, tzinfo=UTC), "2026-11-22T17:19:00Z", "2026-11-22T17:19:00Z"),
        (["ä"], '["ä"]', '["ä"]'),
    ],
)
def test_numbers_and_times_have_their_own_form(value: Any, english: str, german: str) -> None:
    assert (export.cell(value, "en"), export.cell(value, "de")) == (english, german)


def test_a_phone_number_survives_as_text(operator: Client, company: Company) -> None:
    make_customer(company, phone="+493012345678")
    (row,) = rows(operator, CUSTOMERS)
    assert row["phone"] == "'+493012345678"


def test_a_formula_in_a_name_is_harmless(operator: Client, company: Company) -> None:
    make_customer(company, name='=HYPERLINK("http://evil.example";"x")')
    (row,) = rows(operator, CUSTOMERS)
    assert row["name"].startswith("'=")


def test_it_is_in_the_audit_trail_with_its_filter(operator: Client, events: Events, company: Company) -> None:
    events(3, state="dead")
    events(1)
    exported(operator, f"{EVENTS}?state__exact=dead")
    entry = AuditEntry.objects.get(action="list.exported")
    assert (entry.object_type, entry.company) == ("WebhookEvent", company)
    assert entry.after == {"rows": 3, "filter": {"state__exact": "dead"}}


def test_it_is_noted_even_if_nobody_reads_it_to_the_end(operator: Client, events: Events) -> None:
    events()
    operator.post(EVENTS)
    assert AuditEntry.objects.filter(action="list.exported").exists()


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 200), ("admin", 200), ("root", 200)])
def test_who_may_export(as_role: As, role: str, status: int, events: Events) -> None:
    events()
    client = as_role(role)
    list_url = reverse("admin:mcp_gateway_webhookevent_changelist")
    assert (f'action="{EVENTS}' in client.get(list_url).text) is (status == 200)
    assert client.post(EVENTS).status_code == status


def test_who_may_not_see_a_list_may_not_export_it(operator: Client) -> None:
    assert operator.post(reverse("admin:mcp_gateway_apitoken_export")).status_code == 403


def test_looking_at_the_address_exports_nothing(operator: Client) -> None:
    assert operator.get(EVENTS).status_code == 405
    assert not AuditEntry.objects.exists()


def test_no_list_has_a_secret(operator: Client, company: Company) -> None:
    text = exported(operator, COMPANIES)
    assert company.name in text
    assert company.calcom_api_key not in text


def test_a_filter_that_makes_no_sense_exports_nothing(operator: Client) -> None:
    assert operator.post(f"{EVENTS}?received_at__gte=x").status_code == 404
    assert not AuditEntry.objects.exists()


def test_strangers_are_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.post(EVENTS).status_code == 302


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model.__name__)
def test_every_list_can_be_exported(as_role: As, company: Company, model: type[Model]) -> None:
    rows_of(company)
    shared_rows()
    text = exported(as_role("root"), reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export"))
    assert len(text.splitlines()) > 1
