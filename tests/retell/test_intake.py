"""Who is let in at Retell's door; whoever is not leaves nothing behind."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from pytest_django import Settings

from appointments.models import Call
from mcp_gateway.models import WebhookEvent
from retell.sandbox.signing import HEADER, sign
from tests.factories import make_configuration
from tests.retell.door import COLLECT, WISH, Door, now_ms

PATHS = ["webhook", "custom-function", "inbound"]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def body(door: Door) -> dict[str, Any]:
    """What every one of the paths would take, were it signed."""
    return {"event": "call_started", "name": COLLECT, "args": WISH, "call": door.call_object()}


@pytest.fixture
def refused(door: Door) -> Iterator[list[HttpResponse]]:
    """Responses put in here must say why, and nothing may be stored."""
    responses: list[HttpResponse] = []
    yield responses
    assert responses
    for response in responses:
        assert json.loads(response.content)["error"]
    assert not WebhookEvent.objects.exists()
    assert not Call.objects.exists()


Refusals = list[HttpResponse]


def test_an_unsigned_request_is_refused(door: Door, path: str, body: dict[str, Any], refused: Refusals) -> None:
    refused.append(door.post_as_it_is(path, json.dumps(body).encode(), {}))
    assert refused[0].status_code == 401


def test_an_empty_signature_is_refused(door: Door, path: str, body: dict[str, Any], refused: Refusals) -> None:
    refused.append(door.post_as_it_is(path, json.dumps(body).encode(), {HEADER: ""}))
    assert refused[0].status_code == 401


def test_a_signature_with_a_wrong_key_is_refused(
    door: Door, path: str, body: dict[str, Any], refused: Refusals
) -> None:
    refused.append(door.post(path, body, key="key_of_somebody"))
    assert refused[0].status_code == 401


@pytest.mark.parametrize("skew_ms", [-301_000, 301_000])
def test_a_signature_from_another_time_is_refused(
    door: Door, path: str, body: dict[str, Any], refused: Refusals, skew_ms: int
) -> None:
    refused.append(door.post(path, body, skew_ms=skew_ms))
    assert refused[0].status_code == 401


@pytest.mark.parametrize("skew_ms", [-290_000, 290_000])
def test_clocks_may_differ_a_little(door: Door, skew_ms: int) -> None:
    assert door.post("webhook", door.event("call_started"), skew_ms=skew_ms).status_code == 204


def test_an_altered_body_is_refused(door: Door, path: str, body: dict[str, Any], refused: Refusals) -> None:
    signature = sign(json.dumps(body), door.company.retell_webhook_key, now_ms())
    altered = json.dumps({**body, "name": "cancel_appointment"}).encode()
    refused.append(door.post_as_it_is(path, altered, {HEADER: signature}))
    assert refused[0].status_code == 401


def test_a_body_that_is_not_utf8_is_refused(door: Door, path: str, refused: Refusals) -> None:
    raw = b'{"call": {"agent_id": "\xe9"}}'
    refused.append(door.post(path, raw))
    refused.append(door.post(f"{path}/{door.configuration.pk}", raw))
    assert [response.status_code for response in refused] == [401, 401]


def test_a_company_without_a_key_lets_nobody_in(door: Door, path: str, body: dict[str, Any], refused: Refusals) -> None:
    door.company.retell_webhook_key = ""
    door.company.save()
    refused.append(door.post(path, body, key=""))
    assert refused[0].status_code == 401


def test_the_rest_key_does_not_open_the_door_beside_a_webhook_key(
    door: Door, path: str, body: dict[str, Any], refused: Refusals
) -> None:
    door.company.retell_api_key = "key_rest"
    door.company.save()
    refused.append(door.post(path, body, key="key_rest"))
    assert refused[0].status_code == 401


def test_a_workspace_with_a_single_key_needs_it_stored_only_once(door: Door, body: dict[str, Any]) -> None:
    door.company.retell_api_key, door.company.retell_webhook_key = "key_single", ""
    door.company.save()
    assert door.post("webhook", body, key="key_single").status_code == 204


def test_another_companys_key_does_not_open_the_door(
    door: Door, other_door: Door, path: str, body: dict[str, Any], refused: Refusals
) -> None:
    key = other_door.company.retell_webhook_key
    refused.append(door.post(path, body, key=key))
    refused.append(door.post(f"{path}/{door.configuration.pk}", body, key=key))
    assert [response.status_code for response in refused] == [401, 401]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"call": {"agent_id": "', b"[1, 2]", b'"text"', b"null", b'{"cost": NaN}', b'{"text": "\\ud800"}'],
)
def test_a_body_that_is_no_json_object_is_refused(door: Door, path: str, refused: Refusals, raw: bytes) -> None:
    refused.append(door.post(path, raw))
    refused.append(door.post(f"{path}/{door.configuration.pk}", raw))
    assert [response.status_code for response in refused] == [400, 400]


def test_a_body_nested_without_end_is_refused(door: Door, path: str, refused: Refusals) -> None:
    refused.append(door.post(path, b'{"call":' * 100_000))
    assert refused[0].status_code == 400


def test_a_body_beyond_the_limit_is_refused(
    door: Door, path: str, body: dict[str, Any], refused: Refusals, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    refused.append(door.post(path, body))
    assert refused[0].status_code == 413


@pytest.mark.parametrize("call", [{}, {"agent_id": "agent_unknown"}, {"agent_id": ["x"], "to_number": 5}, "text", None])
def test_a_call_of_nobody_known_is_refused(door: Door, path: str, refused: Refusals, call: Any) -> None:
    refused.append(door.post(path, {"event": "call_started", "call": call}))
    assert refused[0].status_code == 404


@pytest.mark.parametrize("configuration_id", [0, 999_999_999, 2**63, 10**30])
def test_an_unknown_configuration_is_refused(
    door: Door, path: str, body: dict[str, Any], refused: Refusals, configuration_id: int
) -> None:
    refused.append(door.post(f"{path}/{configuration_id}", body))
    assert refused[0].status_code == 404


def test_an_inactive_company_is_refused(door: Door, path: str, body: dict[str, Any], refused: Refusals) -> None:
    door.company.is_active = False
    door.company.save()
    refused.append(door.post(path, body))
    refused.append(door.post(f"{path}/{door.configuration.pk}", body))
    assert [response.status_code for response in refused] == [404, 404]


def test_an_agent_of_two_companies_is_nobodys(
    door: Door, other_door: Door, path: str, body: dict[str, Any], refused: Refusals
) -> None:
    make_configuration(other_door.company, agent_id=door.configuration.agent_id)
    refused.append(door.post(path, body))
    assert refused[0].status_code == 404


def test_an_agent_of_two_companies_is_told_apart_by_the_url(door: Door, other_door: Door, body: dict[str, Any]) -> None:
    make_configuration(other_door.company, agent_id=door.configuration.agent_id)
    assert door.post(f"webhook/{door.configuration.pk}", body).status_code == 204
    assert WebhookEvent.objects.get().company == door.company


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method_but_post_is_refused(door: Door, path: str, method: str) -> None:
    signature = sign(b"", door.company.retell_webhook_key, now_ms())
    response = door.client.generic(method, f"/api/mcp/retell/{path}", headers={HEADER: signature})
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_the_company_is_known_by_its_agent(door: Door, body: dict[str, Any]) -> None:
    del body["call"]["to_number"]
    assert door.post("webhook", body).status_code == 204
    assert WebhookEvent.objects.get().company == door.company


@pytest.mark.parametrize("agent_id", ["", "agent_swapped_in"])
def test_the_company_of_an_unknown_agent_is_known_by_the_number_that_was_called(
    door: Door, body: dict[str, Any], agent_id: str
) -> None:
    body["call"]["agent_id"] = agent_id
    assert door.post("webhook", body).status_code == 204
    assert WebhookEvent.objects.get().company == door.company


def test_an_agent_not_made_yet_takes_no_calls_from_others(door: Door, other_door: Door, body: dict[str, Any]) -> None:
    make_configuration(other_door.company, agent_id="")
    body["call"]["agent_id"] = ""
    assert door.post("webhook", body).status_code == 204


def test_a_company_that_calls_out_is_known_by_its_own_number(door: Door, body: dict[str, Any]) -> None:
    call = body["call"]
    call |= {"agent_id": "", "direction": "outbound"}
    call["from_number"], call["to_number"] = call["to_number"], call["from_number"]
    assert door.post("webhook", body).status_code == 204
    assert WebhookEvent.objects.get().company == door.company


def test_two_configurations_of_one_company_are_no_contradiction(door: Door, body: dict[str, Any]) -> None:
    make_configuration(door.company)
    assert door.post("webhook", body).status_code == 204


def test_with_the_configuration_in_the_url_the_body_need_name_nobody(door: Door) -> None:
    assert door.post(f"webhook/{door.configuration.pk}", {"event": "something_new"}).status_code == 204


def test_a_refused_signature_is_in_the_log_without_the_body(
    door: Door, body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    door.post("webhook", body, key="key_of_somebody")
    assert f"company {door.company.pk}" in caplog.text
    assert "badge" in caplog.text
    assert WISH["name"] not in caplog.text
    assert door.company.retell_webhook_key not in caplog.text


@pytest.fixture
def remembered(door: Door) -> str:
    """The path of a configuration whose last event was taken a moment ago."""
    path = f"webhook/{door.configuration.pk}"
    assert door.post(path, door.event("call_started")).status_code == 204
    return path


def test_a_key_that_has_just_signed_is_not_looked_up_again(
    door: Door, remembered: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):  # the event's row between a savepoint and its end
        assert door.post(remembered, door.event("call_ended")).status_code == 204


def test_a_remembered_key_lets_nobody_else_in(door: Door, remembered: str) -> None:
    assert door.post(remembered, door.event("call_ended"), key="key_of_somebody").status_code == 401


def test_a_new_key_is_good_at_once(door: Door, remembered: str) -> None:
    door.company.retell_webhook_key = "key_new"
    door.company.save()
    assert door.post(remembered, door.event("call_ended"), key="key_new").status_code == 204


def test_an_old_key_is_good_no_longer_than_it_is_remembered(door: Door, settings: Settings) -> None:
    settings.TOKEN_CACHE_SECONDS = 0
    path, old = f"webhook/{door.configuration.pk}", door.company.retell_webhook_key
    assert door.post(path, door.event("call_started"), key=old).status_code == 204
    door.company.retell_webhook_key = "key_new"
    door.company.save()
    assert door.post(path, door.event("call_ended"), key=old).status_code == 401


def test_a_function_always_sees_the_company_as_it_is(door: Door, remembered: str) -> None:
    door.company.is_active = False
    door.company.save()
    path = remembered.replace("webhook", "custom-function")
    assert door.post(path, {"name": COLLECT, "args": WISH, "call": door.call_object()}).status_code == 404
