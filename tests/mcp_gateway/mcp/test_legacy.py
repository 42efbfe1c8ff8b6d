"""The handshake era, revisions 2025-06-18 and 2025-11-25."""

import pytest

from tests.mcp_gateway.mcp.conftest import Mcp, error, error_data, result


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_initialize_agrees_to_a_revision_that_we_have(mcp: Mcp, version: str) -> None:
    assert result(mcp.legacy("initialize", {"protocolVersion": version}))["protocolVersion"] == version


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2026-07-28", "2099-01-01", 7, None, {}])
def test_initialize_offers_the_newest_handshake_revision_otherwise(mcp: Mcp, version: object) -> None:
    response = mcp.legacy("initialize", {"protocolVersion": version}, MCP_Protocol_Version=None)
    assert result(response)["protocolVersion"] == "2025-11-25"


def test_initialize_tells_of_the_server_and_its_tools(mcp: Mcp) -> None:
    found = result(mcp.legacy("initialize", {"protocolVersion": "2025-11-25"}))
    assert found["capabilities"] == {"tools": {}}
    assert found["serverInfo"]["name"] == "mcp-gateway"
    assert found["serverInfo"]["version"]


@pytest.mark.parametrize("version", [None, "2025-03-26", "2025-06-18", "2025-11-25"])
def test_ping_is_answered_in_every_handshake_revision(mcp: Mcp, version: str | None) -> None:
    assert result(mcp.legacy("ping", MCP_Protocol_Version=version)) == {}


@pytest.mark.parametrize("version", ["2024-11-05", "2019-01-01", "2025-11-25,2025-11-25", ""])
def test_other_revisions_are_refused(mcp: Mcp, version: str) -> None:
    response = mcp.legacy("ping", MCP_Protocol_Version=version)
    assert error(response) == (400, -32022)
    assert error_data(response)["requested"] == version


def test_tools_are_listed_without_the_marks_of_the_modern_era(mcp: Mcp) -> None:
    found = result(mcp.legacy("tools/list"))
    assert list(found) == ["tools"]
    assert found["tools"] == list(mcp.tools().values())


def test_a_tool_can_be_called_without_a_handshake(mcp: Mcp) -> None:
    found = result(mcp.legacy("tools/call", {"name": "tooling_object", "arguments": {"word": "hi"}}))
    assert found["structuredContent"] == {"inner": {"number": 7}, "word": "hi"}
    assert "resultType" not in found


def test_structured_content_is_left_out_unless_it_is_an_object(mcp: Mcp) -> None:
    found = result(mcp.legacy("tools/call", {"name": "testing_subtract", "arguments": {"minuend": 5}}))
    assert found == {"content": [{"type": "text", "text": "5"}], "isError": False}


def test_unknown_methods_are_answers_of_http(mcp: Mcp) -> None:
    assert error(mcp.legacy("resources/list")) == (200, -32601)


def test_an_unknown_tool_is_an_error_of_the_protocol(mcp: Mcp) -> None:
    assert error(mcp.legacy("tools/call", {"name": "nothing"})) == (200, -32602)


def test_discovery_belongs_to_the_modern_era(mcp: Mcp) -> None:
    assert error(mcp.legacy("server/discover")) == (200, -32601)
