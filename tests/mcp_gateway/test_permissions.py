"""Every method against everybody who may not call it, and one who may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from appointments.models import Company
from mcp_gateway.models import ApiToken
from mcp_gateway.registry import registry
from mcp_gateway.tokens import create_token, revoke_token

GATEWAY = "/api/mcp/gateway"
METHODS = sorted(registry.methods)
OF_A_COMPANY = [name for name in METHODS if registry.methods[name].declaration.needs_company]
OF_NO_COMPANY = [name for name in METHODS if name not in OF_A_COMPANY]

Call = Callable[..., Any]


@pytest.fixture
def call(client: Client) -> Call:
    """One JSON-RPC call with a token, or with the client's session; returns (HTTP status, error or None)."""

    def call(method: str, token: str = "", client: Client = client, **params: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = client.post(GATEWAY, body, content_type="application/json", headers=headers)
        return response.status_code, response.json().get("error")

    return call


def token_of(company: Company | None, *scopes: str, **columns: Any) -> tuple[ApiToken, str]:
    return create_token(name="matrix", company=company, scopes=scopes or ["*"], **columns)


def staff(username: str, *companies: Company, **columns: Any) -> Client:
    """A browser of a member of staff, without Django's CSRF check switched on."""
    user = User.objects.create_user(username, password="x", is_staff=True, **columns)
    user.groups.add(Group.objects.get(name="admin"))
    for company in companies:
        company.staff.add(user)
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.django_db
@pytest.mark.parametrize("method", METHODS)
def test_nobody(call: Call, method: str) -> None:
    status, error = call(method)
    assert (status, error["code"]) == (401, 1401)


@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_token(call: Call, company: Company, method: str) -> None:
    status, error = call(method, "mcp_00000000_made-up")
    assert (status, error["code"]) == (401, 1401)


@pytest.mark.parametrize("method", METHODS)
def test_an_expired_token(call: Call, company: Company, method: str) -> None:
    _, text = token_of(company, expires_at=timezone.now() - timedelta(seconds=1))
    status, error = call(method, text)
    assert (status, error["code"]) == (401, 1401)


@pytest.mark.parametrize("method", METHODS)
def test_a_revoked_token(call: Call, company: Company, method: str) -> None:
    token, text = token_of(company)
    revoke_token(token)
    status, error = call(method, text)
    assert (status, error["code"]) == (401, 1401)


@pytest.mark.parametrize("method", METHODS)
def test_a_token_with_another_scope(call: Call, company: Company, method: str) -> None:
    other = next(name for name in METHODS if name != method)
    _, text = token_of(company, other)
    status, error = call(method, text, company_id=company.pk)
    assert (status, error["code"]) == (200, 1403)


@pytest.mark.parametrize("method", OF_A_COMPANY)
def test_a_token_of_another_company_hears_the_same_as_of_one_that_is_not_there(
    call: Call, company: Company, other_company: Company, method: str
) -> None:
    _, text = token_of(other_company)
    answers = [call(method, text, company_id=pk) for pk in (company.pk, 999_999)]
    for answer in answers:
        del answer[1]["data"]["request_id"]
    assert answers[0] == answers[1]
    assert answers[0][1]["code"] == 1404


@pytest.mark.parametrize("method", OF_A_COMPANY)
def test_a_token_of_all_companies_has_to_say_which(call: Call, company: Company, method: str) -> None:
    _, text = token_of(None)
    assert call(method, text)[1]["code"] == -32602


@pytest.mark.parametrize("method", OF_A_COMPANY)
def test_staff_without_the_company(call: Call, company: Company, other_company: Company, method: str) -> None:
    browser = staff("stranger", other_company)
    status, error = call(method, client=browser, company_id=company.pk)
    assert (status, error["code"]) == (200, 1404)


@pytest.mark.parametrize("method", OF_A_COMPANY)
def test_staff_without_a_role_may_call_nothing_of_a_company(call: Call, company: Company, method: str) -> None:
    browser = staff("new", company)
    User.objects.get(username="new").groups.clear()
    assert call(method, client=browser, company_id=company.pk)[1]["code"] == 1403


@pytest.mark.parametrize("method", OF_A_COMPANY)
def test_a_company_that_is_not_active(call: Call, company: Company, method: str) -> None:
    _, text = token_of(company)
    Company.objects.filter(pk=company.pk).update(is_active=False)
    assert call(method, text)[1]["code"] == 1404


@pytest.mark.parametrize("method", OF_NO_COMPANY)
def test_a_method_of_no_company_takes_none(call: Call, company: Company, method: str) -> None:
    _, text = token_of(company)
    assert call(method, text, company_id=company.pk)[1]["code"] == -32602


@pytest.mark.parametrize("method", METHODS)
def test_a_superuser_gets_to_the_method(call: Call, company: Company, method: str) -> None:
    browser = staff("root", is_superuser=True)
    named = {"company_id": company.pk} if method in OF_A_COMPANY else {}
    status, error = call(method, client=browser, **named)
    assert status == 200
    assert error is None or (error["code"] not in (1401, 1403) and error["message"] != "No such company")


@pytest.mark.parametrize("method", METHODS)
def test_a_session_without_the_csrf_token(call: Call, company: Company, method: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("root"))
    status, error = call(method, client=browser, company_id=company.pk)
    assert (status, error["code"]) == (403, 1403)
