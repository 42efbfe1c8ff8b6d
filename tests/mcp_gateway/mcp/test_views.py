"""The endpoint as an HTTP server sees it, whatever the era."""

import json

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.mcp_gateway.mcp.conftest import URL, Mcp, error, request, result

BOTH = "application/json, text/event-stream"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD", "OPTIONS"])
def test_only_post_is_allowed(mcp: Mcp, method: str) -> None:
    response = mcp.client.generic(method, URL, headers=mcp.headers)
    assert response.status_code == 405
    assert response["Allow"] == "POST"


def test_a_slash_at_the_end_changes_nothing(mcp: Mcp) -> None:
    response = mcp.client.post(f"{URL}/", request("ping"), content_type="application/json", headers=mcp.headers)
    assert result(response) == {}


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Bearer mcp_wrong_token", "Basic bWU6bWU="])
def test_without_a_valid_token_nobody_gets_in(mcp: Mcp, authorization: str | None) -> None:
    response = mcp.modern("tools/list", Authorization=authorization)
    assert error(response) == (401, 1401)
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_session_of_the_admin_is_no_token(mcp: Mcp, superuser: User) -> None:
    mcp.client.force_login(superuser)
    for authorization in (None, ""):
        assert error(mcp.modern("tools/list", Authorization=authorization)) == (401, 1401)


def test_a_strange_origin_is_forbidden(mcp: Mcp) -> None:
    for origin in ("https://evil.example.com", "null", "", "http://127.0.0.1:8000.evil.example.com"):
        assert error(mcp.legacy("ping", Origin=origin)) == (403, 1403)


def test_the_origin_is_checked_before_anything_else(mcp: Mcp) -> None:
    response = mcp.client.get(URL, headers={"Origin": "https://evil.example.com"})
    assert error(response) == (403, 1403)


def test_our_own_origin_may_call(mcp: Mcp, settings: Settings) -> None:
    settings.APP_URL = "https://salon.example.com/some/path"
    assert result(mcp.legacy("ping", Origin="https://salon.example.com")) == {}


def test_origins_in_the_settings_may_call(mcp: Mcp, settings: Settings) -> None:
    settings.MCP_ALLOWED_ORIGINS = ["https://tools.example.com"]
    assert result(mcp.legacy("ping", Origin="https://tools.example.com")) == {}


def test_a_foreign_host_gets_nothing(mcp: Mcp) -> None:
    assert mcp.legacy("ping", Host="evil.example.com").status_code == 400


@pytest.mark.parametrize("body", ["", "{", "[NaN]", '{"jsonrpc": "2.0", "id": 1, "method": NaN}', b"\xff", "[" * 1000])
def test_what_is_not_json_is_a_parse_error(mcp: Mcp, body: str | bytes) -> None:
    assert error(mcp.send(body)) == (400, -32700)


def test_deep_nesting_is_refused(mcp: Mcp) -> None:
    deep = "[" * 70 + "]" * 70
    assert error(mcp.send('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":' + deep + "}}")) == (400, -32700)


def test_a_body_that_is_too_large_is_refused(mcp: Mcp, settings: Settings) -> None:
    body = json.dumps(request("ping"))
    settings.GATEWAY_MAX_BODY_BYTES = len(body)
    assert result(mcp.send(body)) == {}
    assert error(mcp.send(f"{body} ")) == (413, -32600)


@pytest.mark.parametrize("body", [[], [request("ping")], [request("ping"), request("ping", id=2)]])
def test_batches_are_refused(mcp: Mcp, body: list[object]) -> None:
    assert error(mcp.send(body)) == (400, -32600)
    assert error(mcp.send(body, MCP_Protocol_Version="2025-03-26")) == (400, -32600)


@pytest.mark.parametrize("value", [1, "text", None, True])
def test_json_that_is_no_message_is_refused(mcp: Mcp, value: object) -> None:
    assert error(mcp.send(json.dumps(value))) == (400, -32600)


@pytest.mark.parametrize("request_id", [None, 1.5, True, [], {}])
def test_an_id_is_a_string_or_an_integer(mcp: Mcp, request_id: object) -> None:
    response = mcp.send(request("ping", id=request_id))
    assert error(response) == (400, -32600)
    assert "id" not in json.loads(response.content)


@pytest.mark.parametrize("request_id", [0, -7, 2**80, "", "seven"])
def test_the_answer_carries_the_id(mcp: Mcp, request_id: object) -> None:
    assert json.loads(mcp.send(request("ping", id=request_id)).content)["id"] == request_id


@pytest.mark.parametrize("member", [{"jsonrpc": "1.0"}, {"jsonrpc": None}, {"method": 7}, {"params": []}])
def test_a_malformed_request_is_refused_under_its_own_id(mcp: Mcp, member: dict[str, object]) -> None:
    response = mcp.send({**request("ping"), **member})
    assert error(response) == (400, -32600)
    assert json.loads(response.content)["id"] == 1


def test_responses_are_not_taken(mcp: Mcp) -> None:
    assert error(mcp.send({"jsonrpc": "2.0", "id": 1, "result": {}})) == (400, -32600)


def test_a_request_without_an_id_is_not_swallowed_as_a_notification(mcp: Mcp) -> None:
    assert error(mcp.send({"jsonrpc": "2.0", "method": "tools/call"})) == (400, -32600)


@pytest.mark.parametrize("version", [None, "2025-06-18", "2026-07-28"])
def test_a_notification_is_accepted_without_an_answer(mcp: Mcp, version: str | None) -> None:
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    response = mcp.send(notification, MCP_Protocol_Version=version)
    assert response.status_code == 202
    assert response.content == b""


def test_a_null_id_does_not_make_a_notification(mcp: Mcp) -> None:
    assert error(mcp.send(request("notifications/initialized") | {"id": None})) == (400, -32600)


def test_a_notification_of_an_unknown_revision_is_refused(mcp: Mcp) -> None:
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert error(mcp.send(notification, MCP_Protocol_Version="2019-01-01")) == (400, -32022)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json; charset=utf-8", "multipart/form-data"])
def test_any_content_type_will_do(mcp: Mcp, content_type: str) -> None:
    response = mcp.client.generic("POST", URL, json.dumps(request("ping")), content_type, headers=mcp.headers)
    assert result(response) == {}


@pytest.mark.parametrize(
    "accept", [BOTH, "text/event-stream, application/json", "text/event-stream", "*/*, text/event-stream;q=0.5"]
)
def test_who_names_event_streams_gets_one(mcp: Mcp, accept: str) -> None:
    response = mcp.legacy("ping", Accept=accept)
    assert response["Content-Type"] == "text/event-stream"
    assert response.content == b'event: message\ndata: {"jsonrpc": "2.0", "id": 1, "result": {}}\n\n'


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "text/html", "application/json, text/event-stream;q=0.9"]
)
def test_everybody_else_gets_json(mcp: Mcp, accept: str | None) -> None:
    response = mcp.legacy("ping", Accept=accept)
    assert response["Content-Type"] == "application/json"
    assert result(response) == {}


def test_http_errors_are_never_framed_as_events(mcp: Mcp) -> None:
    assert error(mcp.modern("ping", Accept="text/event-stream")) == (404, -32601)
    assert error(mcp.send("{", Accept="text/event-stream")) == (400, -32700)
    assert error(mcp.legacy("ping", Accept="text/event-stream", Authorization=None)) == (401, 1401)


def test_a_failure_of_ours_is_json_without_its_text(mcp: Mcp, broken: None) -> None:
    response = mcp.modern("tools/list")
    assert error(response) == (500, -32603)
    assert b"Callable" not in response.content


def test_there_are_no_sessions(mcp: Mcp) -> None:
    response = mcp.legacy("initialize", {"protocolVersion": "2025-11-25"}, Mcp_Session_Id="abc")
    assert "Mcp-Session-Id" not in response
    assert not response.cookies
