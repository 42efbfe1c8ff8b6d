"""Whoever looks at personal data stands in the trail, once an hour."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from mcp_gateway import audit, gateway, viewing
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.tokens import create_token
from mcp_gateway.viewing import LISTED, VIEWED
from tests.factories import make_call, make_customer
from tests.mcp_gateway.rows import rows_of
from tests.mcp_gateway.staff_admin.conftest import As

PERSONAL = [Call, Customer, Appointment, FollowUp, WebhookEvent]


def url(row: Model, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def views() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=VIEWED))


@pytest.mark.parametrize("page", ["change", "history"])
@pytest.mark.parametrize("model", PERSONAL)
def test_looking_at_a_row_is_noted_with_who_what_and_when(
    viewer: Client, company: Company, model: type[Model], page: str
) -> None:
    row = rows_of(company)[model]
    assert viewer.get(url(row, page)).status_code == 200
    (entry,) = views()
    assert (entry.actor, entry.actor_kind) == (f"staff:{viewer.session['_auth_user_id']}", "staff")
    assert (entry.object_type, entry.object_id, entry.company) == (model.__name__, str(row.pk), company)
    assert entry.correlation_id


def test_it_is_noted_once_an_hour_for_each_person_and_row(as_role: As, company: Company) -> None:
    viewer, operator = as_role("viewer"), as_role("operator")
    one, other = make_customer(company), make_customer(company)
    for client, row in ((viewer, one), (viewer, one), (operator, one), (viewer, other), (viewer, other)):
        client.get(url(row))
    assert len(views()) == 3
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        viewer.get(url(one))
    assert len(views()) == 3
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        viewer.get(url(one))
    assert len(views()) == 4


def test_booking_again_in_place_of_an_appointment_is_noted(admin: Client, company: Company) -> None:
    appointment = rows_of(company)[Appointment]
    assert admin.get(f"{reverse('admin:appointments_appointment_book')}?like={appointment.pk}").status_code == 200
    assert [(entry.object_type, entry.object_id) for entry in views()] == [("Appointment", str(appointment.pk))]


LISTS = [Call, Customer, Appointment, FollowUp]


def listed() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=LISTED).order_by("pk"))


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", LISTS)
def test_looking_at_a_list_is_noted_with_what_was_asked_by_but_not_what(
    viewer: Client, company: Company, model: type[Model]
) -> None:
    rows_of(company)
    assert viewer.get(list_url(model), {"q": "Erika", "company__id__exact": company.pk}).status_code == 200
    (entry,) = listed()
    assert (entry.actor, entry.actor_kind) == (f"staff:{viewer.session['_auth_user_id']}", "staff")
    assert (entry.object_type, entry.object_id, entry.company) == (model.__name__, "", company)
    assert entry.after == {"filter": ["company__id__exact", "q"]}
    assert "Erika" not in str(entry.after)


def test_a_list_is_noted_once_an_hour_for_each_person(as_role: As, company: Company) -> None:
    viewer, operator = as_role("viewer"), as_role("operator")
    for client, model in ((viewer, Call), (viewer, Call), (operator, Call), (viewer, Customer), (viewer, Customer)):
        client.get(list_url(model))
    assert len(listed()) == 3
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        viewer.get(list_url(Call))
    assert len(listed()) == 4


def test_what_another_process_has_noted_is_noted(viewer: Client, company: Company) -> None:
    viewer.get(list_url(Call))
    viewing.forget_remembered()
    viewer.get(list_url(Call))
    assert len(listed()) == 1


def test_an_hour_is_one_also_where_another_process_has_noted_it(viewer: Client, company: Company) -> None:
    viewer.get(list_url(Call))
    viewing.forget_remembered()
    for minutes in (59, 61):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            viewer.get(list_url(Call))
    assert len(listed()) == 2


def test_lists_without_personal_data_are_looked_at_freely(viewer: Client, company: Company) -> None:
    assert viewer.get(list_url(Service)).status_code == 200
    assert listed() == []


def test_the_trail_tells_of_lists_in_words(admin: Client, company: Company) -> None:
    admin.get(list_url(Customer), {"q": "Erika"})
    for language, words in (("en", "</b> looked at the list Customer"), ("de", "</b> hat die Liste")):
        trail = admin.get(reverse("admin:mcp_gateway_auditentry_changelist"), headers={"Accept-Language": language})
        assert words in trail.text


def test_looking_at_a_trace_is_noted_where_it_shows_something(admin: Client, company: Company) -> None:
    entry = audit.record_by(
        Principal.of_task("x"), action="changed", object_type="Customer", object_id=7, company_id=company.pk
    )
    for correlation_id in ("nothing", entry.correlation_id, entry.correlation_id):
        assert admin.get(reverse("admin:trace", args=[correlation_id])).status_code == 200
    assert [(entry.object_type, entry.object_id) for entry in views()] == [("Trace", entry.correlation_id)]


def test_who_is_refused_has_seen_nothing(as_role: As, company: Company, other_company: Company) -> None:
    theirs = make_call(other_company)
    assert as_role("viewer").get(url(theirs)).status_code == 404
    assert views() == []


def test_rows_without_personal_data_are_looked_at_freely(viewer: Client, company: Company) -> None:
    assert viewer.get(url(rows_of(company)[Service])).status_code == 200
    assert views() == []


def test_it_is_no_change_of_the_row(viewer: Client, company: Company) -> None:
    appointment = rows_of(company)[Appointment]
    for _ in range(2):
        page = viewer.get(url(appointment, "history"), headers={"Accept-Language": "en"}).text
    assert "knows of no change" in page


def test_the_trail_tells_it_in_words(admin: Client, company: Company) -> None:
    customer = make_customer(company)
    admin.get(url(customer))
    for language, words in (("en", "</b> looked at <a"), ("de", "angesehen")):
        trail = admin.get(reverse("admin:mcp_gateway_auditentry_changelist"), headers={"Accept-Language": language})
        assert words in trail.text
    assert f">Customer {customer.pk}</a>" not in trail.text
    assert f">Kunde {customer.pk}</a>" in trail.text or f">Kundin {customer.pk}</a>" in trail.text


READ: tuple[str, dict[str, Any]] = ("database.search", {"text": "Erika"})
METHODS: list[tuple[str, dict[str, Any]]] = [
    READ,
    ("database.query", {"report": "frequent_customers"}),
    ("database.getFailedAppointments", {}),
    ("appointment_mgmt.findAppointments", {"phone": "+4930111222"}),
]


@pytest.mark.parametrize(("method", "params"), METHODS)
def test_reading_by_the_gateway_is_noted_too(company: Company, superuser: User, method: str, params: Any) -> None:
    for _ in range(2):
        gateway.call(method, {"company_id": company.pk, **params}, principal=Principal.of_staff(superuser))
    (entry,) = views()
    assert (entry.object_type, entry.object_id, entry.company) == ("Method", method, company)


@pytest.mark.parametrize(("method", "params"), METHODS)
def test_a_program_that_reads_is_noted_once_an_hour(company: Company, method: str, params: Any) -> None:
    token, _ = create_token(name="till", company=None, scopes=["*"])
    for _ in range(2):
        gateway.call(method, {"company_id": company.pk, **params}, principal=Principal.of_token(token))
    (entry,) = views()
    assert (entry.actor, entry.actor_kind) == (f"token:{token.prefix}", "token")
    assert (entry.object_type, entry.object_id, entry.company) == ("Method", method, company)


def test_a_program_is_noted_for_each_company_and_method(company: Company, other_company: Company) -> None:
    token, _ = create_token(name="till", company=None, scopes=["*"])
    for one in (company, other_company):
        for method, params in METHODS:
            gateway.call(method, {"company_id": one.pk, **params}, principal=Principal.of_token(token))
    assert len(views()) == 2 * len(METHODS)


def test_a_program_that_was_noted_costs_no_query_more(company: Company) -> None:
    token, _ = create_token(name="till", company=company, scopes=["*"])
    costs = {}
    for by in (Principal.of_token(token), Principal.of_task("test", company.pk, home=company)):
        gateway.call(*READ, principal=by)
        with CaptureQueriesContext(connection) as captured:
            gateway.call(*READ, principal=by)
        costs[by.kind] = len(captured)
    assert costs["token"] == costs["task"]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_told_during_a_call_is_noted_nowhere(company: Company, method: tuple[str, Any]) -> None:
    gateway.call(*method, principal=Principal.of_vendor("retell", company.pk))
    assert views() == []


def test_a_task_of_our_own_sees_nobody(company: Company) -> None:
    gateway.call("database.search", {"company_id": company.pk, "text": "Erika"}, principal=Principal.of_task("test"))
    assert views() == []
