"""What staff delete is gone from everywhere at once, and comes back when it is restored."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Company, Customer, Service
from appointments.service_names import find_service
from mcp_gateway import confirming, deletion, gateway
from mcp_gateway.deletion import KEPT_FOR, SoftlyDeleted
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.principal import Principal
from mcp_gateway.tasks import purge_deleted_rows
from mcp_gateway.tokens import create_token
from retell import configuring
from retell.models import RetellConfiguration
from tests.factories import make_call, make_configuration, make_customer, make_service
from tests.mcp_gateway.staff_admin.conftest import As

MODELS = [Service, Customer, RetellConfiguration]
ENGLISH, GERMAN = {"Accept-Language": "en"}, {"Accept-Language": "de"}
TASK = Principal.of_task("test")


def make(model: type[SoftlyDeleted], company: Company, name: str = "<b>Erika") -> Any:
    makers: dict[Any, Any] = {Service: make_service, Customer: make_customer, RetellConfiguration: make_configuration}
    return makers[model](company, **{"agent_id" if model is RetellConfiguration else "name": name})


def url(row: Any, page: str = "changelist") -> str:
    args = () if page == "changelist" else (row.pk,)
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=args)


def book(company: Company, starts_in: timedelta, **columns: Any) -> Appointment:
    starts_at = timezone.now() + starts_in
    columns.setdefault("service", None)
    columns["service"] = columns["service"] or make_service(company, name=f"Schnitt {starts_in}")
    return Appointment.objects.create(
        company=company, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), status="scheduled", **columns
    )


def shown(client: Client, row: Any, **parameters: str) -> list[Any]:
    return [one.pk for one in client.get(url(row), parameters).context["cl"].result_list]


@pytest.mark.parametrize("model", MODELS)
class TestEach:
    def test_it_is_asked_first(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        page = admin.get(url(row, "delete"), headers=ENGLISH).text
        assert "Delete &lt;b&gt;Erika" in page
        assert "For thirty days it can be restored" in page
        assert model.objects.filter(pk=row.pk).exists()

    def test_deleted_it_is_in_no_list_but_that_of_the_deleted(
        self, admin: Client, company: Company, model: Any
    ) -> None:
        row = make(model, company)
        admin.post(url(row, "delete"), {"post": "yes"})
        assert not model.objects.filter(pk=row.pk).exists()
        assert model.everything.filter(pk=row.pk).exists()
        assert (shown(admin, row), shown(admin, row, deleted="yes")) == ([], [row.pk])

    def test_it_is_undone_from_the_message(self, as_role: As, company: Company, model: Any) -> None:
        row = make(model, company)
        staff = as_role("admin")
        page = staff.post(url(row, "delete"), {"post": "yes"}, follow=True, headers=ENGLISH).text
        undo = re.search(r'<form method="post" action="([^"]+)" class="undo"', page)
        assert undo
        assert "&lt;b&gt;Erika was deleted." in page
        staff.post(undo[1])
        assert shown(staff, row) == [row.pk]

    def test_both_stand_in_the_trail(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        admin.post(url(row, "delete"), {"post": "yes"})
        admin.post(url(row, "restore"))
        restored, deleted = AuditEntry.objects.filter(object_type=model.__name__, object_id=str(row.pk))
        assert deleted.action.endswith(".deleted")
        assert restored.action.endswith(".restored")
        assert deleted.before == {"name": "<b>Erika", "deleted_at": None}
        assert restored.before == deleted.after
        assert {deleted.company_id, restored.company_id} == {company.pk}
        assert deleted.correlation_id

    def test_done_twice_each_acts_once(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        for page, count in (("delete", 1), ("restore", 2)):
            for _ in range(2):
                assert admin.post(url(row, page), {"post": "yes"}).status_code == 302
            assert AuditEntry.objects.filter(object_type=model.__name__).count() == count

    def test_its_page_is_the_one_that_restores_it(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        deletion.delete(row, TASK)
        page = admin.get(url(row, "change"), follow=True, headers=GERMAN).text
        assert "&lt;b&gt;Erika wiederherstellen?" in page
        assert admin.get(url(row, "history")).status_code == 200

    def test_several_are_deleted_and_restored_by_actions(self, admin: Client, company: Company, model: Any) -> None:
        rows = [make(model, company, name) for name in ("a", "b")]
        chosen = {"_selected_action": [row.pk for row in rows]}
        asked = admin.post(url(rows[0]), {**chosen, "action": "delete_selected"}, headers=ENGLISH).text
        assert "These 2 go out of every list" in asked
        admin.post(url(rows[0]), {**chosen, "action": "delete_selected", "post": "yes"})
        assert not model.objects.exists()
        restore = {**chosen, "action": "restore_selected"}
        asked = admin.post(url(rows[0]) + "?deleted=yes", restore, headers=ENGLISH).text
        assert "It would be done with 2 rows." in asked
        assert not model.objects.exists()
        admin.post(url(rows[0]) + "?deleted=yes", {**restore, "confirmed": "yes"})
        assert model.objects.count() == 2

    def test_too_many_at_once_are_neither_deleted_nor_restored(
        self, admin: Client, company: Company, model: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(confirming, "MOST_KEYS", 1)
        rows = [make(model, company, name) for name in ("a", "b")]
        every = {"_selected_action": [rows[0].pk], "select_across": "1", "post": "yes", "confirmed": "yes"}
        said = admin.post(url(rows[0]), {**every, "action": "delete_selected"}, headers=ENGLISH, follow=True).text
        assert "More than 1 rows are chosen: nothing was done." in said
        assert model.objects.count() == 2
        for row in rows:
            deletion.delete(row, TASK)
        restore = {**every, "action": "restore_selected"}
        said = admin.post(url(rows[0]) + "?deleted=yes", restore, headers=ENGLISH, follow=True).text
        assert "More than 1 rows are chosen: nothing was done." in said
        assert not model.objects.exists()

    def test_what_is_deleted_is_in_nobodys_way(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        Customer.objects.update(phone="+4930111222")
        row.refresh_from_db()
        deletion.delete(row, TASK)
        again = make(model, company)
        Customer.objects.update(phone="+4930111222")
        page = admin.post(url(row, "restore"), follow=True, headers=ENGLISH).text
        assert "something new has its place" in page
        assert [one.pk for one in model.objects.all()] == [again.pk]

    def test_two_living_ones_are_refused_in_words(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company, "one")
        Customer.objects.update(phone="+4930111222")
        form = {"company": company.pk, "name": "one", "agent_id": "one", "phone": "+4930111222", "language": ""}
        form |= {"duration_minutes": 30, "parallel_capacity": 1, "aliases": "[]", "webhook_events": "[]"}
        response = admin.post(reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_add"), form, headers=ENGLISH)
        assert response.status_code == 200
        assert "already exists" in response.text
        assert "living" not in response.text

    @pytest.mark.parametrize("page", ["restore", "delete"])
    def test_another_companys_is_not_there(self, admin: Client, other_company: Company, model: Any, page: str) -> None:
        row = make(model, other_company)
        if page == "restore":
            deletion.delete(row, TASK)
        assert [admin.get(url(row, page)).status_code, admin.post(url(row, page)).status_code] == [404, 404]
        assert shown(admin, row, deleted="yes") == []

    def test_who_may_not_delete_may_not_restore(self, viewer: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        assert viewer.post(url(row, "delete"), {"post": "yes"}).status_code == 403
        deletion.delete(row, TASK)
        assert viewer.post(url(row, "restore")).status_code == 403
        assert '<button class="button">' not in viewer.get(url(row, "restore")).text

    def test_it_is_purged_after_thirty_days(self, company: Company, model: Any) -> None:
        row = make(model, company)
        deletion.delete(row, TASK)
        with time_machine.travel(timezone.now() + KEPT_FOR - timedelta(hours=1)):
            assert purge_deleted_rows() == 0
        with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(hours=1)):
            assert purge_deleted_rows() == 1
        assert not model.everything.filter(pk=row.pk).exists()
        entry = AuditEntry.objects.get(action__endswith=".purged")
        assert (entry.actor_kind, entry.object_id) == ("task", str(row.pk))

    def test_lists_ask_few_questions(
        self, admin: Client, company: Company, model: Any, django_assert_max_num_queries: Any
    ) -> None:
        for name in "abcd":
            deletion.delete(make(model, company, name), TASK)
        with django_assert_max_num_queries(12):
            assert len(shown(admin, model(), deleted="yes")) == 4


class TestWhatMustStay:
    @pytest.mark.parametrize("model", [Service, Customer])
    def test_what_appointments_ahead_refer_to_is_not_deleted(self, admin: Client, company: Company, model: Any) -> None:
        row = make(model, company)
        book(company, timedelta(days=1), **{model.__name__.lower(): row})
        for said in ({}, {"post": "yes"}):
            assert "there are appointments ahead" in admin.post(url(row, "delete"), said, headers=ENGLISH).text
        action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        assert "there are appointments ahead" in admin.post(url(row), action, headers=ENGLISH).text
        assert model.objects.filter(pk=row.pk).exists()

    def test_history_keeps_names_and_is_never_purged(self, admin: Client, company: Company) -> None:
        customer, service = make(Customer, company), make_service(company, name="Färben")
        past = book(company, -timedelta(days=1), customer=customer, service=service)
        for row in (customer, service):
            deletion.delete(row, TASK)
        with time_machine.travel(timezone.now() + 2 * KEPT_FOR):
            assert deletion.purge() == 0
        past.refresh_from_db()
        assert (past.customer, past.service) == (customer, service)
        page = admin.get(reverse("admin:appointments_appointment_change", args=[past.pk])).text
        assert "Färben" in page

    def test_a_purged_customers_calls_stay(self, company: Company) -> None:
        call = make_call(company, customer=(customer := make(Customer, company)))
        deletion.delete(customer, TASK)
        with time_machine.travel(timezone.now() + 2 * KEPT_FOR):
            assert deletion.purge() == 1
        call.refresh_from_db()
        assert call.customer is None

    @pytest.mark.parametrize("page", ["appointments_company", "auth_user", "mcp_gateway_apitoken"])
    def test_what_the_trail_names_is_switched_off_instead(self, as_role: As, company: Company, page: str) -> None:
        root = as_role("root")
        token, _ = create_token(name="till", company=company, scopes=["*"])
        keys = {"appointments_company": company.pk, "auth_user": User.objects.get().pk}
        key = keys.get(page, token.pk)
        assert root.post(reverse(f"admin:{page}_delete", args=[key]), {"post": "yes"}).status_code == 403
        action = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
        root.post(reverse(f"admin:{page}_changelist"), action)
        assert (Company.objects.count(), User.objects.count(), ApiToken.objects.count()) == (1, 1, 1)


class TestGone:
    """To programs; for callers see tests/retell/test_deleted.py."""

    def test_a_customer_is_found_by_no_search_and_in_no_report(self, company: Company) -> None:
        customer = make_customer(company, name="Erika", phone="+4930111222")
        make_call(company, customer=customer)
        book(company, -timedelta(days=1), customer=customer)
        asked: list[tuple[str, dict[str, Any]]] = [
            ("database.search", {"text": "Erika"}),
            ("database.query", {"report": "frequent_customers", "parameters": {"at_least": 1}}),
        ]
        assert all("Erika" in str(self.answer(company, *one)) for one in asked)
        deletion.delete(customer, TASK)
        assert not any("Erika" in str(self.answer(company, *one)) for one in asked)

    def test_a_service_is_no_longer_the_companys(self, company: Company) -> None:
        service = make_service(company, name="Färben", aliases=[])
        deletion.delete(service, TASK)
        assert find_service(company, "Färben").candidates == ()
        assert list(company.services.all()) == []

    def test_an_agent_that_is_taken_again_begins_anew(self, company: Company) -> None:
        old = make_configuration(company, agent_id="agent_1")
        deletion.delete(old, TASK)
        assert configuring.add(company, "agent_1", TASK).pk != old.pk

    @staticmethod
    def answer(company: Company, method: str, params: dict[str, Any]) -> Any:
        return gateway.call(method, {"company_id": company.pk, **params}, principal=TASK)
