"""The audit trail in sentences, as every row's history, and what forms write into it."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from appointments.models import Company, Customer
from mcp_gateway import audit
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.principal import Principal
from tests.factories import make_configuration, make_customer, make_service
from tests.mcp_gateway.rows import rows_of, shared_rows
from tests.mcp_gateway.staff_admin.conftest import As

TRAIL = reverse("admin:mcp_gateway_auditentry_changelist")
ENGLISH, GERMAN = {"Accept-Language": "en"}, {"Accept-Language": "de"}


def url(row: Model, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def note(company: Company, **columns: Any) -> AuditEntry:
    anna, _ = User.objects.get_or_create(username="anna", first_name="Anna", last_name="<Berg>")
    defaults = {"action": "customer.changed", "object_type": "Customer", "object_id": 7, "company_id": company.pk}
    return audit.record_by(Principal.of_staff(anna), **{**defaults, **columns})


@pytest.fixture
def customer(company: Company) -> Customer:
    return make_customer(company, name="Erika")


def change(client: Client, customer: Customer, **fields: Any) -> None:
    entered = {"name": customer.name, "company": customer.company_id, "language": customer.language}
    entered |= {"phone": "", "email": ""}
    assert client.post(url(customer), {**entered, **fields}).status_code == 302


def test_an_entry_is_a_sentence_with_the_name_of_who_did_it(admin: Client, company: Company) -> None:
    note(company, before={"name": "A"}, after={"name": "<i>B</i>"}, reason="asked <to>")
    text = admin.get(TRAIL, headers=ENGLISH).text
    assert "<b>Anna &lt;Berg&gt;</b> changed" in text
    assert ">Customer 7</a>: Name: A → &lt;i&gt;B&lt;/i&gt;. Reason: asked &lt;to&gt;" in text
    german = admin.get(TRAIL, headers=GERMAN).text
    assert "<b>Anna &lt;Berg&gt;</b> hat" in german
    assert "geändert" in german


@pytest.mark.parametrize("action", ["no.such.thing", "odd %s %(x)s", "plain"])
def test_an_unknown_action_is_told_by_its_name(admin: Client, company: Company, action: str) -> None:
    note(company, action=action, object_type="Nothing", object_id="x")
    assert f"{action}, Nothing x" in admin.get(TRAIL, headers=ENGLISH).text


def test_times_and_states_are_told_as_people_read_them(admin: Client, company: Company) -> None:
    entry = note(
        company,
        action="appointment.changed_in_calendar",
        object_type="Appointment",
        before={"status": "scheduled", "starts_at": "2026-11-25T09:00:00+00:00"},
        after={"status": "cancelled", "starts_at": "2026-11-25T10:00:00+00:00"},
    )
    text = admin.get(url(entry), headers=GERMAN).text
    assert "25.11.2026 10:00 CET" in text
    assert "25.11.2026 11:00 CET" in text
    assert "aus dem Kalender übernommen" in text
    assert "scheduled" not in text.partition("<tbody>")[2]


def test_whoever_is_gone_keeps_the_name_that_was_written_down(admin: Client, company: Company) -> None:
    note(company)
    User.objects.filter(username="anna").delete()
    assert "<b>staff:" in admin.get(TRAIL).text


def test_it_is_filtered_by_actor_object_and_correlation_id(admin: Client, company: Company) -> None:
    entry = note(company)
    note(company, object_id=8)
    audit.record_by(Principal.of_task("x"), action="a", object_type="Y", object_id=1, company_id=company.pk)
    for query, count in (
        ({"actor": entry.actor}, 2),
        ({"object_type": "Customer", "object_id": "8"}, 1),
        ({"q": entry.correlation_id}, AuditEntry.objects.filter(correlation_id=entry.correlation_id).count()),
    ):
        assert admin.get(TRAIL, query).context["cl"].result_count == count


def test_the_trail_takes_few_queries(admin: Client, company: Company, django_assert_max_num_queries: Any) -> None:
    for number in range(40):
        user = User.objects.create_user(f"user{number}")
        audit.record_by(
            Principal.of_staff(user), action="a.b", object_type="Call", object_id=number, company_id=company.pk
        )
    admin.get(TRAIL)
    with django_assert_max_num_queries(13):
        admin.get(TRAIL)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 403), ("admin", 200), ("root", 200)])
def test_who_may_read_the_trail(as_role: As, company: Company, role: str, status: int) -> None:
    entry = note(company)
    client = as_role(role)
    assert client.get(TRAIL).status_code == status
    assert client.get(url(entry)).status_code == status


def test_nobody_changes_or_deletes_an_entry(as_role: As, company: Company) -> None:
    entry, root = note(company), as_role("root")
    assert root.post(url(entry), {"reason": "x"}).status_code == 403
    assert root.post(url(entry, "delete"), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    root.post(TRAIL, action)
    assert AuditEntry.objects.get().reason == ""


def test_a_form_notes_what_it_changed(operator: Client, customer: Customer) -> None:
    change(operator, customer, name="Erika Neu")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_type, entry.object_id) == ("customer.changed", "Customer", str(customer.pk))
    assert (entry.before, entry.after, entry.company) == ({"name": "Erika"}, {"name": "Erika Neu"}, customer.company)
    assert not LogEntry.objects.exists()


def test_a_form_that_changes_nothing_notes_nothing(operator: Client, customer: Customer) -> None:
    change(operator, customer)
    assert not AuditEntry.objects.exists()


def test_a_form_notes_what_it_added(operator: Client, company: Company) -> None:
    fields = {"name": "Neu", "company": company.pk, "language": "de", "phone": "", "email": ""}
    operator.post(reverse("admin:appointments_customer_add"), fields)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["name"], entry.company) == ("customer.created", "Neu", company)


def test_a_deletion_is_noted_by_form_and_by_selection(admin: Client, company: Company) -> None:
    first, second = make_configuration(company), make_configuration(company)
    admin.post(url(first, "delete"), {"post": "yes"})
    action = {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"}
    admin.post(reverse("admin:retell_retellconfiguration_changelist"), action)
    entries = AuditEntry.objects.filter(action="retell_configuration.deleted")
    assert {entry.object_id for entry in entries} == {str(first.pk), str(second.pk)}
    assert {entry.before["name"] for entry in entries} == {str(first), str(second)}


def test_no_secret_comes_into_the_trail(as_role: As, company: Company) -> None:
    root = as_role("root")
    form = root.get(url(company)).context["adminform"].form
    entered = {name: form.initial.get(name) or "" for name in form.fields}
    entered |= {"staff": [], "opening_hours": "{}", "rejected_numbers": "[]", "calcom_api_key": "cal_live_topsecret"}
    response = root.post(url(company), entered)
    assert response.status_code == 302, response.context["adminform"].form.errors
    entry = AuditEntry.objects.get(action="company.changed")
    assert entry.after["calcom_api_key"] == "••••"
    assert "topsecret" not in str((entry.before, entry.after))


def test_no_password_comes_into_the_trail(as_role: As) -> None:
    root = as_role("root")
    fields = {"username": "new", "usable_password": "true", "password1": "sehr geheim 1", "password2": "sehr geheim 1"}
    assert root.post(reverse("admin:auth_user_add"), fields).status_code == 302
    entry = AuditEntry.objects.get(action="user.created")
    assert "geheim" not in str(entry.after)
    assert entry.after["username"] == "new"


def test_a_token_is_noted_once_in_its_own_words(admin: Client, company: Company) -> None:
    fields = {"name": "till", "company": company.pk, "scopes": '["*"]', "expires_at_0": "", "expires_at_1": ""}
    admin.post(reverse("admin:mcp_gateway_apitoken_add"), fields)
    assert [entry.action for entry in AuditEntry.objects.filter(object_type="ApiToken")] == ["token.created"]


def test_a_rows_history_comes_from_the_trail(viewer: Client, operator: Client, customer: Customer) -> None:
    assert "knows of no change" in viewer.get(url(customer, "history"), headers=ENGLISH).text
    change(operator, customer, name="<b>Neu</b>")
    text = viewer.get(url(customer, "history"), headers=ENGLISH).text
    assert "<b>operator</b> changed" in text
    assert "<td>Erika</td><td>&lt;b&gt;Neu&lt;/b&gt;</td>" in text


def test_a_foreign_rows_history_is_not_told(viewer: Client, other_company: Company) -> None:
    service = make_service(other_company, name="Fremdschnitt")
    assert "Fremdschnitt" not in viewer.get(url(service, "history"), follow=True).text


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model.__name__)
def test_every_row_has_its_history(as_role: As, company: Company, model: type[Model]) -> None:
    row = {**rows_of(company), **shared_rows()}[model]
    note(company, object_type=model.__name__, object_id=row.pk, action="thing.changed")
    assert "Anna" in as_role("root").get(url(row, "history")).text
    assert ApiToken.objects.exists()
