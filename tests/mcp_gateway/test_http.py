"""The gateway's URL: who may call it, and what is refused before any method is looked for."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from appointments.models import Company
from mcp_gateway.tokens import create_token
from tests.mcp_gateway.conftest import GATEWAY, TestingMCPServer, Wire

BODY = '{"jsonrpc": "2.0", "method": "testing.note", "id": 1}'
WHOSE = '{"jsonrpc": "2.0", "method": "testing.whose", "id": 1}'


def refused(response: Any, status: int, code: int) -> Any:
    """The error of a refusal: an HTTP error with a JSON-RPC body."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    answer = response.json()
    assert (answer["jsonrpc"], answer["id"], answer["error"]["code"]) == ("2.0", None, code)
    return answer["error"]


@pytest.fixture
def staff_client(member: User) -> Client:
    """A logged-in browser that checks CSRF as production does."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    return client


def with_csrf(client: Client, body: str = BODY, **headers: str) -> Any:
    client.cookies["csrftoken"] = "a" * 32
    headers = {"X-CSRFToken": "a" * 32, **headers}
    return client.post(GATEWAY, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_other_methods_than_post(wire: Wire, method: str) -> None:
    response = getattr(wire.client, method)(GATEWAY, headers=wire.headers)
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert method == "head" or response.json()["error"]["code"] == -32600


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
def test_other_content_types_than_json(wire: Wire, server: TestingMCPServer, content_type: str) -> None:
    refused(wire.send(BODY, content_type=content_type), 415, -32600)
    assert server.noted == []


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json-rpc"]
)
def test_json_by_its_other_spellings(wire: Wire, content_type: str) -> None:
    assert wire.send(BODY, content_type=content_type).status_code == 200


def test_a_body_beyond_the_limit(wire: Wire, settings: Any) -> None:
    settings.GATEWAY_MAX_BODY_BYTES = len(BODY)
    assert wire.send(BODY).status_code == 200
    refused(wire.send(BODY + " "), 413, -32600)


def test_a_body_beyond_djangos_own_limit(wire: Wire, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    refused(wire.send(BODY), 413, -32600)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer mcp_1_2", "Basic bWNwOm1jcA==", "Token x"])
def test_without_a_good_token(server: TestingMCPServer, db: None, client: Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = client.post(GATEWAY, BODY, content_type="application/json", headers=headers)
    refused(response, 401, 1401)
    assert response["WWW-Authenticate"] == "Bearer"
    assert server.noted == []


def test_a_broken_body_of_a_stranger_is_not_looked_at(server: TestingMCPServer, db: None, client: Client) -> None:
    refused(client.post(GATEWAY, "{", content_type="application/json"), 401, 1401)


def test_the_scheme_is_written_in_any_case(wire: Wire) -> None:
    token = wire.headers["Authorization"].split()[1]
    assert wire.send(BODY, headers={"Authorization": f"bearer   {token} "}).status_code == 200


def test_a_token_acts_for_its_company(wire: Wire, company: Company) -> None:
    assert wire.call("testing.whose")["result"] == company.pk


def test_a_token_for_all_companies_names_one(
    server: TestingMCPServer, client: Client, company: Company, other_company: Company
) -> None:
    _, text = create_token(name="all", company=None, scopes=["*"])
    wire = Wire(client, {"Authorization": f"Bearer {text}"})
    assert wire.call("testing.whose", {"company_id": other_company.pk})["result"] == other_company.pk
    assert wire.call("testing.whose")["error"]["code"] == -32602


def test_a_token_does_not_reach_another_company(wire: Wire, other_company: Company) -> None:
    foreign = wire.call("testing.whose", {"company_id": other_company.pk})["error"]
    unknown = wire.call("testing.whose", {"company_id": 2**40})["error"]
    assert (foreign["code"], foreign["message"]) == (unknown["code"], unknown["message"]) == (1404, "No such company")


def test_a_token_does_not_reach_beyond_its_scopes(server: TestingMCPServer, client: Client, company: Company) -> None:
    _, text = create_token(name="reader", company=company, scopes=["testing.subtract"])
    wire = Wire(client, {"Authorization": f"Bearer {text}"})
    assert wire.call("testing.subtract", [3, 1])["result"] == 2
    assert wire.call("testing.note")["error"]["code"] == 1403
    assert server.noted == []


def test_a_revoked_token_is_refused(server: TestingMCPServer, client: Client, company: Company) -> None:
    token, text = create_token(name="old", company=company, scopes=["*"])
    token.revoked_at = timezone.now() - timedelta(seconds=1)
    token.save()
    refused(Wire(client, {"Authorization": f"Bearer {text}"}).send(BODY), 401, 1401)


def test_staff_call_with_their_session(server: TestingMCPServer, staff_client: Client, company: Company) -> None:
    assert with_csrf(staff_client, WHOSE).json()["result"] == company.pk


def test_a_session_without_csrf_token_is_refused(server: TestingMCPServer, staff_client: Client) -> None:
    refused(staff_client.post(GATEWAY, BODY, content_type="application/json"), 403, 1403)
    refused(with_csrf(staff_client, **{"X-CSRFToken": "b" * 32}), 403, 1403)
    assert server.noted == []


def test_a_session_from_another_origin_is_refused(server: TestingMCPServer, staff_client: Client) -> None:
    refused(with_csrf(staff_client, Origin="https://elsewhere.example"), 403, 1403)
    assert server.noted == []


def test_a_good_token_needs_no_csrf_token(server: TestingMCPServer, bearer: dict[str, str]) -> None:
    assert Wire(Client(enforce_csrf_checks=True), bearer).call("testing.note", [1])["result"] == 1


def test_a_wrong_token_is_not_made_good_by_a_session(server: TestingMCPServer, staff_client: Client) -> None:
    refused(with_csrf(staff_client, Authorization="Bearer mcp_1_2"), 401, 1401)


@pytest.mark.parametrize("change", [{"is_staff": False}, {"is_active": False}])
def test_a_session_of_somebody_else_is_refused(
    server: TestingMCPServer, staff_client: Client, member: User, change: dict[str, bool]
) -> None:
    User.objects.filter(pk=member.pk).update(**change)
    refused(with_csrf(staff_client), 401, 1401)


def test_staff_do_not_reach_another_company(
    server: TestingMCPServer, staff_client: Client, other_company: Company
) -> None:
    request = {**json.loads(WHOSE), "params": {"company_id": other_company.pk}}
    assert with_csrf(staff_client, json.dumps(request)).json()["error"]["code"] == 1404


def test_a_correlation_id_comes_back(wire: Wire) -> None:
    given = "00000000-0000-4000-8000-000000000003"
    response = wire.send(BODY.replace("note", "correlate"), headers={**wire.headers, "X-Correlation-ID": given})
    assert response["X-Correlation-ID"] == response.json()["result"] == given


def test_a_correlation_id_that_is_none_is_replaced(wire: Wire) -> None:
    response = wire.send(BODY, headers={**wire.headers, "X-Correlation-ID": "<script>"})
    assert len(response["X-Correlation-ID"]) == 36
