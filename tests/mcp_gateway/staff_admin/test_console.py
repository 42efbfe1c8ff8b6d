"""The gateway's console: methods that are open, forms from their schemas, answers and errors."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from mcp_gateway.registry import Access, registry
from mcp_gateway.schema_forms import form_for
from tests.mcp_gateway.conftest import TestingMCPServer
from tests.mcp_gateway.staff_admin.conftest import As

PAGE = reverse("admin:console")
ENGLISH = {"Accept-Language": "en"}


def call(client: Client, method: str, **entered: Any) -> Any:
    return client.post(f"{PAGE}?method={method}", entered, headers=ENGLISH)


@pytest.fixture
def root(as_role: As, server: TestingMCPServer) -> Client:
    return as_role("root")


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 403), ("admin", 200), ("root", 200)])
def test_who_may_use_it(as_role: As, role: str, status: int) -> None:
    client = as_role(role)
    assert client.get(PAGE).status_code == status
    assert call(client, "queue.getWorkers").status_code == status
    assert (PAGE in client.get("/admin/appointments/call/").text) is (status == 200)


def test_only_what_is_open_is_offered(admin: Client, server: TestingMCPServer) -> None:
    text = admin.get(PAGE).text
    assert "queue.retryJob" in text
    assert "testing.note" not in text
    assert "retell_custom." not in text
    assert call(admin, "testing.note", value='"x"', _confirmed="1").status_code == 403
    assert server.noted == []


def test_an_unknown_method_is_not_found(admin: Client) -> None:
    assert admin.get(PAGE, {"method": "no.such"}).status_code == 404


def test_a_result_is_shown_with_time_and_correlation_id(root: Client) -> None:
    response = call(root, "testing.subtract", minuend=5, subtrahend=3)
    assert response.context["answer"].text == "2"
    assert f"<code>{response['X-Correlation-ID']}</code>" in response.text
    assert " ms</dd>" in response.text


def test_what_writes_is_asked_about_first(root: Client, server: TestingMCPServer) -> None:
    asked = call(root, "testing.note", value='{"name": "<script>"}')
    assert "Do you want to go on?" in asked.text
    assert '<script>"' not in asked.text
    assert server.noted == []
    call(root, "testing.note", value='{"name": "<script>"}', _confirmed="1", _key=asked.context["key"])
    assert server.noted == [{"name": "<script>"}]


def test_sent_twice_it_writes_once(root: Client, server: TestingMCPServer) -> None:
    for _ in range(2):
        call(root, "testing.note", value='"x"', _confirmed="1", _key="5a0b1a4e-2b0f-4c1c-9a56-0c7d5c1f0a11")
    assert server.noted == ["x"]


def test_what_was_written_is_in_the_audit_trail_without_its_words(root: Client) -> None:
    call(root, "testing.note", value='"said by a caller"', _confirmed="1", _key="k")
    entry = AuditEntry.objects.get(action="console.called")
    assert (entry.object_id, entry.after) == ("testing.note", {"parameters": ["value"]})


def test_reading_is_not_noted(root: Client) -> None:
    call(root, "testing.subtract", minuend=5)
    assert not AuditEntry.objects.exists()


def test_an_error_tells_its_kind_and_what_to_do(root: Client) -> None:
    text = call(root, "testing.break", secret="s3cret").text
    assert "internal_error" in text
    assert "the log has it under the correlation id" in text
    assert "s3cret" not in text.partition('role="status"')[2].partition("answer")[2]


def test_wrong_input_is_told_at_its_field(root: Client) -> None:
    form = call(root, "testing.subtract", minuend="many").context["form"]
    assert form.errors["minuend"]


def test_a_company_is_chosen_among_the_own(admin: Client, company: Company, other_company: Company) -> None:
    text = admin.get(PAGE, {"method": "queue.getOverview"}).text
    assert company.name in text
    assert other_company.name not in text
    form = call(admin, "queue.getOverview", company_id=other_company.pk).context["form"]
    assert form.errors["company_id"]


def test_the_call_is_made_for_the_chosen_company(root: Client, company: Company, other_company: Company) -> None:
    assert call(root, "testing.whose", company_id=other_company.pk).context["answer"].text == str(other_company.pk)


def test_german_staff_read_german(root: Client) -> None:
    assert "Gateway-Konsole" in root.get(PAGE, headers={"Accept-Language": "de"}).text


@pytest.mark.parametrize("name", sorted(registry.methods))
def test_every_method_has_a_form_that_can_be_shown(name: str) -> None:
    method = registry.methods[name]
    form = form_for(method, [(1, "Salon")])()
    assert set(form.fields) == set(method.parameter_names)
    assert all(str(field) for field in form)


def test_every_method_that_is_offered_opens(root: Client) -> None:
    for server, methods in root.get(PAGE).context["servers"]:
        for method in methods:
            assert root.get(PAGE, {"method": method.name}).status_code == 200, (server, Access.READ)
