"""The protocol's official client against a real web server, in both eras."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from pytest_django.live_server_helper import LiveServer

from appointments.models import Company
from mcp_gateway.tokens import create_token
from tests.mcp_gateway.conftest import TestingMCPServer
from tests.mcp_gateway.mcp.conftest import META, MODERN, request

ERAS = ["legacy", "2026-07-28"]
Use = Callable[[Client], Awaitable[Any]]


@pytest.fixture
def connected(
    live_server: LiveServer, company: Company, server: TestingMCPServer, tooling: None
) -> Callable[[str, Use], Any]:
    """Connect in a mode and use the connection."""
    _, token = create_token(name="official client", company=company, scopes=["*"])

    async def main(mode: str, use: Use) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=20) as http,
            Client(streamable_http_client(f"{live_server.url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await use(client)

    return lambda mode, use: asyncio.run(main(mode, use))


@pytest.mark.parametrize(
    ("mode", "revision"), [("auto", "2026-07-28"), ("2026-07-28", "2026-07-28"), ("legacy", "2025-11-25")]
)
def test_client_and_server_agree_on_a_revision(connected: Callable[..., Any], mode: str, revision: str) -> None:
    async def use(client: Client) -> str:
        await client.list_tools()
        return client.protocol_version

    assert connected(mode, use) == revision


@pytest.mark.parametrize("mode", ERAS)
def test_the_client_finds_a_tool_and_calls_it(connected: Callable[..., Any], mode: str) -> None:
    async def use(client: Client) -> Any:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["tooling_object"].output_schema
        return await client.call_tool("tooling_object", {"word": "Größe"})

    found = connected(mode, use)
    assert not found.is_error
    assert found.structured_content == {"inner": {"number": 7}, "word": "Größe"}


@pytest.mark.parametrize("mode", ERAS)
def test_the_client_sees_why_a_tool_refused(connected: Callable[..., Any], mode: str) -> None:
    async def use(client: Client) -> Any:
        await client.list_tools()
        return await client.call_tool("tooling_limited", {})

    found = connected(mode, use)
    assert found.is_error
    assert found.structured_content["retry_after"] == 2.5


@pytest.mark.parametrize("mode", ERAS)
def test_the_client_is_told_that_a_tool_is_unknown(connected: Callable[..., Any], mode: str) -> None:
    async def use(client: Client) -> None:
        with pytest.raises(MCPError) as raised:
            await client.call_tool("nothing", {})
        assert raised.value.code == -32602

    connected(mode, use)


@pytest.mark.parametrize("doubled", [None, "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"])
def test_a_repeated_routing_header_is_refused(
    live_server: LiveServer, bearer: dict[str, str], server: TestingMCPServer, doubled: str | None
) -> None:
    routing = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "testing_lenient"}
    body = json.dumps(request("tools/call", {"name": "testing_lenient", "_meta": META})).encode()
    connection = http.client.HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=20)
    connection.putrequest("POST", "/mcp")
    for name, value in {**bearer, **routing, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    if doubled:
        connection.putheader(doubled, routing[doubled])
    connection.endheaders(body)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status == (400 if doubled else 200)
    assert answer.get("error", {}).get("code") == (-32020 if doubled else None)
