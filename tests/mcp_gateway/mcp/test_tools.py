"""The registry's methods as tools."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pytest_django import Settings

from appointments.models import Company
from mcp_gateway.registry import registry
from mcp_gateway.tokens import create_token
from tests.mcp_gateway.conftest import TestingMCPServer
from tests.mcp_gateway.mcp.conftest import META, Mcp, error, result


def with_scopes(mcp: Mcp, company: Company | None, *scopes: str) -> Mcp:
    """The same client with another token."""
    _, text = create_token(name="other", company=company, scopes=scopes)
    return Mcp(mcp.client, {"Authorization": f"Bearer {text}"})


def test_every_method_is_a_tool_under_a_name_that_clients_take(mcp: Mcp) -> None:
    published = [m for m in registry.methods.values() if not getattr(m.server, "needs_signed_call", False)]
    assert mcp.tools().keys() == {f"{method.server.name}_{method.declaration.name}" for method in published}


def test_tools_come_in_the_order_of_their_names(mcp: Mcp) -> None:
    names = list(mcp.tools())
    assert names == sorted(names)


def test_a_token_sees_only_the_tools_of_its_scopes(mcp: Mcp, company: Company) -> None:
    assert list(with_scopes(mcp, company, "testing.s*", "nothing.*").tools()) == ["testing_subtract"]


def test_a_token_of_an_inactive_company_sees_only_what_needs_none(mcp: Mcp, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(is_active=False)
    assert "testing_subtract" in mcp.tools()
    assert "testing_whose" not in mcp.tools()


def test_tools_that_need_a_signed_call_are_not_offered(mcp: Mcp) -> None:
    assert "signed_speak" not in mcp.tools()
    assert error(mcp.modern("tools/call", {"name": "signed_speak"})) == (400, -32602)


def test_there_is_one_page(mcp: Mcp) -> None:
    assert "nextCursor" not in result(mcp.modern("tools/list"))
    assert error(mcp.modern("tools/list", {"cursor": "2"})) == (400, -32602)


def test_a_tool_says_what_it_takes(mcp: Mcp) -> None:
    tool = mcp.tools()["testing_subtract"]
    assert tool["description"] == "The difference of two numbers."
    assert tool["inputSchema"]["required"] == ["minuend"]
    assert tool["inputSchema"]["properties"]["subtrahend"]["type"] == "integer"


def test_the_company_is_optional(mcp: Mcp) -> None:
    schema = mcp.tools()["testing_whose"]["inputSchema"]
    assert "company_id" in schema["properties"]
    assert "company_id" not in schema.get("required", ())


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("testing_subtract", (True, False, True)),
        ("testing_note", (False, False, False)),
        ("tooling_destroy", (False, True, True)),
    ],
)
def test_a_tool_says_what_it_does_to_the_world(mcp: Mcp, name: str, hints: tuple[bool, bool, bool]) -> None:
    found = mcp.tools()[name]["annotations"]
    assert (found["readOnlyHint"], found["destructiveHint"], found["idempotentHint"]) == hints


def test_schemas_are_valid_json_schema(mcp: Mcp) -> None:
    for tool in mcp.tools().values():
        assert tool["inputSchema"]["type"] == "object"
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator.check_schema(tool.get("outputSchema", {}))


def test_only_objects_have_an_output_schema(mcp: Mcp) -> None:
    tools = mcp.tools()
    assert tools["tooling_object"]["outputSchema"]["type"] == "object"
    assert "outputSchema" not in tools["testing_subtract"]


@pytest.mark.parametrize("call", [("tooling_object", {"word": "hi"}), ("tooling_object", {}), ("tooling_limited", {})])
def test_results_and_errors_conform_to_the_output_schema(mcp: Mcp, call: tuple[str, dict[str, Any]]) -> None:
    name, arguments = call
    schema = mcp.tools()[name]["outputSchema"]
    Draft202012Validator(schema).validate(mcp.call(name, arguments)["structuredContent"])


def test_the_output_schema_refuses_other_objects(mcp: Mcp) -> None:
    schema = mcp.tools()["tooling_object"]["outputSchema"]
    assert not Draft202012Validator(schema).is_valid({"inner": {}})


def test_a_result_is_structured_and_repeated_as_text(mcp: Mcp) -> None:
    found = mcp.call("tooling_object", {"word": "Größe"})
    assert found["isError"] is False
    assert found["structuredContent"] == {"inner": {"number": 7}, "word": "Größe"}
    assert found["content"] == [{"type": "text", "text": '{"inner": {"number": 7}, "word": "Größe"}'}]


def test_arguments_may_be_left_out(mcp: Mcp, company: Company) -> None:
    found = result(mcp.modern("tools/call", {"name": "testing_whose"}))
    assert found["structuredContent"] == company.pk


def test_wrong_arguments_are_a_result_that_names_them(mcp: Mcp) -> None:
    found = mcp.call("testing_subtract", {"minuend": "much"})
    assert found["isError"] is True
    assert found["structuredContent"]["kind"] == "invalid_params"
    assert [error["parameter"] for error in found["structuredContent"]["errors"]] == ["minuend"]


def test_a_refusal_of_the_application_is_a_result(mcp: Mcp) -> None:
    found = mcp.call("testing_refuse")
    content = found["structuredContent"]
    assert found["isError"] is True
    assert (content["kind"], content["message"], content["retryable"]) == ("taken", "Taken already", False)
    assert json.loads(found["content"][0]["text"]) == content


def test_an_error_bears_the_id_of_its_log_lines(mcp: Mcp) -> None:
    response = mcp.modern("tools/call", {"name": "testing_refuse"})
    assert result(response)["structuredContent"]["request_id"] == response["X-Correlation-ID"]


@pytest.mark.parametrize("tool", ["testing_break", "testing_infinity", "testing_object"])
def test_what_breaks_inside_is_not_told(mcp: Mcp, tool: str) -> None:
    arguments = {"secret": "geheim"} if tool == "testing_break" else {}
    found = mcp.call(tool, arguments)
    assert found["structuredContent"]["kind"] == "internal_error"
    assert "geheim" not in json.dumps(found)


def test_an_unknown_and_a_forbidden_tool_sound_the_same(mcp: Mcp, company: Company, server: TestingMCPServer) -> None:
    limited = with_scopes(mcp, company, "testing.subtract")
    forbidden, unknown = (
        json.loads(limited.modern("tools/call", {"name": name, "arguments": {"value": 1}}).content)["error"]
        for name in ("testing_note", "testing_nothing")
    )
    for answer in (forbidden, unknown):
        assert answer["data"].pop("request_id")
    assert forbidden == unknown
    assert forbidden["code"] == -32602
    assert server.noted == []


def test_the_classic_name_of_a_method_is_no_tool(mcp: Mcp) -> None:
    assert error(mcp.modern("tools/call", {"name": "testing.subtract"})) == (400, -32602)


@pytest.mark.parametrize("params", [{"name": 7}, {"name": "testing_note", "arguments": [1]}])
def test_a_malformed_call_is_an_error_of_the_protocol(mcp: Mcp, params: dict[str, Any]) -> None:
    assert error(mcp.legacy("tools/call", params)) == (200, -32602)


def test_another_company_is_not_reached(mcp: Mcp, other_company: Company) -> None:
    assert mcp.call("testing_whose", {"company_id": other_company.pk})["structuredContent"]["kind"] == "not_found"


def test_a_token_of_all_companies_names_one(mcp: Mcp, other_company: Company) -> None:
    everywhere = with_scopes(mcp, None, "*")
    assert everywhere.call("testing_whose", {"company_id": other_company.pk})["structuredContent"] == other_company.pk


@pytest.mark.parametrize("key", [7, "other"])
def test_the_two_places_for_an_idempotency_key_must_agree(mcp: Mcp, key: Any) -> None:
    params = {"name": "testing_note", "_meta": {**META, "mcp-gateway/idempotencyKey": key}}
    assert error(mcp.modern("tools/call", params, Idempotency_Key="one")) == (400, -32602)


@pytest.mark.parametrize(
    ("meta", "headers"),
    [(META, {"Idempotency_Key": "one"}), ({**META, "mcp-gateway/idempotencyKey": "one"}, {})],
    ids=["header", "_meta"],
)
def test_a_call_repeated_with_its_key_runs_once(
    mcp: Mcp, server: TestingMCPServer, meta: dict[str, Any], headers: dict[str, str]
) -> None:
    params = {"name": "testing_note", "arguments": {"value": "cut"}, "_meta": meta}
    answers = [result(mcp.modern("tools/call", params, **headers))["structuredContent"] for _ in range(2)]
    assert answers == ["cut", "cut"]
    assert server.noted == ["cut"]


def test_without_a_key_every_call_counts(mcp: Mcp, server: TestingMCPServer) -> None:
    for _ in range(2):
        mcp.call("testing_note", {"value": "cut"})
    assert server.noted == ["cut", "cut"]


def test_a_rate_limit_is_no_failure_of_the_transport(mcp: Mcp, settings: Settings) -> None:
    settings.RATE_LIMIT_CALLER = 1
    answers = [mcp.call("testing_lenient")["structuredContent"] for _ in range(2)]
    assert answers[0] == ""
    assert answers[1]["kind"] == "rate_limited"
    assert answers[1]["retry_after"] > 0
