"""Whoever looks at personal data stands in the trail, once an hour."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from mcp_gateway import gateway
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.viewing import VIEWED
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


METHODS: list[tuple[str, dict[str, Any]]] = [
    ("database.search", {"text": "Erika"}),
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


def test_a_task_of_our_own_sees_nobody(company: Company) -> None:
    gateway.call("database.search", {"company_id": company.pk, "text": "Erika"}, principal=Principal.of_task("test"))
    assert views() == []
