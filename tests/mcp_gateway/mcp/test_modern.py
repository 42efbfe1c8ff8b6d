"""Revision 2026-07-28: requests that tell everything about themselves."""

import base64
import json
from typing import Any

import pytest

from tests.mcp_gateway.mcp.conftest import (
    CLIENT_CAPABILITIES,
    META,
    MODERN,
    PROTOCOL_VERSION,
    Mcp,
    error,
    error_data,
    result,
)


def encoded(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def test_discovery_tells_revisions_and_capabilities(mcp: Mcp) -> None:
    found = result(mcp.modern("server/discover"))
    assert found["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18"]
    assert found["capabilities"] == {"tools": {}}


@pytest.mark.parametrize("method", ["server/discover", "tools/list"])
def test_lists_are_for_this_caller_only_and_for_a_while(mcp: Mcp, method: str) -> None:
    found = result(mcp.modern(method))
    assert found["cacheScope"] == "private"
    assert found["ttlMs"] > 0


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
def test_every_result_is_complete_and_names_the_server(mcp: Mcp, method: str) -> None:
    params = {"name": "testing_lenient"} if method == "tools/call" else {}
    found = result(mcp.modern(method, params))
    assert found["resultType"] == "complete"
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "mcp-gateway"


@pytest.mark.parametrize("missing", [PROTOCOL_VERSION, CLIENT_CAPABILITIES])
def test_a_required_field_that_is_missing_is_named(mcp: Mcp, missing: str) -> None:
    response = mcp.modern("tools/list", {"_meta": {key: META[key] for key in META if key != missing}})
    assert error(response) == (400, -32602)
    assert missing in json.loads(response.content)["error"]["message"]


@pytest.mark.parametrize("meta", [None, [], {}, {**META, PROTOCOL_VERSION: 7}, {**META, CLIENT_CAPABILITIES: []}])
def test_fields_of_the_wrong_type_are_refused(mcp: Mcp, meta: Any) -> None:
    assert error(mcp.modern("tools/list", {"_meta": meta})) == (400, -32602)


def test_an_unknown_revision_is_answered_with_those_that_we_have(mcp: Mcp) -> None:
    params = {"_meta": {**META, PROTOCOL_VERSION: "2099-01-01"}}
    response = mcp.modern("server/discover", params, MCP_Protocol_Version="2099-01-01")
    assert error(response) == (400, -32022)
    data = error_data(response)
    assert data["requested"] == "2099-01-01"
    assert data["supported"] == result(mcp.modern("server/discover"))["supportedVersions"]


@pytest.mark.parametrize("version", [None, "", "2025-11-25", "2099-01-01", f"{MODERN},{MODERN}"])
def test_the_version_header_must_repeat_the_body(mcp: Mcp, version: str | None) -> None:
    assert error(mcp.modern("tools/list", MCP_Protocol_Version=version)) == (400, -32020)


@pytest.mark.parametrize("method", [None, "", "tools/call", "TOOLS/LIST", "tools/list,tools/list"])
def test_the_method_header_must_repeat_the_body(mcp: Mcp, method: str | None) -> None:
    assert error(mcp.modern("tools/list", Mcp_Method=method)) == (400, -32020)


def test_only_names_may_be_encoded(mcp: Mcp) -> None:
    assert error(mcp.modern("tools/list", Mcp_Method=encoded("tools/list"))) == (400, -32020)


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "testing_subtract",
        "TESTING_LENIENT",
        "testing_lenient,testing_lenient",
        encoded("testing_subtract"),
        "=?base64?dGVzdGluZ19sZW5pZW50?",
        "=?BASE64?dGVzdGluZ19sZW5pZW50?=",
        "=?base64?dGVzdGluZ19sZW5pZW5?=",
        "=?base64?dGVzdGlu!!!Z19sZW5pZW50?=",
        "=?base64?/w==?=",
    ],
)
def test_the_name_header_must_repeat_the_body(mcp: Mcp, name: str | None) -> None:
    assert error(mcp.modern("tools/call", {"name": "testing_lenient"}, Mcp_Name=name)) == (400, -32020)


def test_a_name_may_be_encoded(mcp: Mcp) -> None:
    response = mcp.modern("tools/call", {"name": "testing_lenient"}, Mcp_Name=encoded("testing_lenient"))
    assert result(response)["isError"] is False


def test_an_encoded_name_is_decoded_before_it_is_compared(mcp: Mcp) -> None:
    """The tool is unknown, which is only said once the header is found to be right."""
    assert error(mcp.modern("tools/call", {"name": "größe"}, Mcp_Name=encoded("größe"))) == (400, -32602)


def test_a_name_outside_of_ascii_must_be_encoded(mcp: Mcp) -> None:
    assert error(mcp.modern("tools/call", {"name": "größe"}, Mcp_Name="größe")) == (400, -32020)


def test_base64_is_written_in_one_way_only(mcp: Mcp) -> None:
    assert error(mcp.modern("tools/call", {"name": "abcd"}, Mcp_Name="=?base64?YWJjZB==?=")) == (400, -32020)


def test_a_header_without_anything_to_repeat_is_refused(mcp: Mcp) -> None:
    assert error(mcp.modern("tools/call", {}, Mcp_Name="testing_lenient")) == (400, -32020)


def test_a_broken_header_repeats_nothing(mcp: Mcp) -> None:
    assert error(mcp.modern("tools/call", {}, Mcp_Name="=?base64?!?=")) == (400, -32020)


def test_both_values_of_a_mismatch_are_logged(mcp: Mcp, caplog: pytest.LogCaptureFixture) -> None:
    mcp.modern("server/discover", Mcp_Method="initialize")
    assert "Mcp-Method is 'initialize', the body says 'server/discover'" in caplog.text


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "resources/list", "unknown/method"])
def test_methods_that_the_revision_or_we_do_not_have_are_not_found(mcp: Mcp, method: str) -> None:
    assert error(mcp.modern(method)) == (404, -32601)


def test_errors_carry_the_id(mcp: Mcp) -> None:
    assert json.loads(mcp.modern("unknown/method").content)["id"] == 1


def test_any_value_is_structured_content(mcp: Mcp) -> None:
    assert mcp.call("testing_subtract", {"minuend": 5})["structuredContent"] == 5
    assert mcp.call("tooling_destroy")["structuredContent"] is None
