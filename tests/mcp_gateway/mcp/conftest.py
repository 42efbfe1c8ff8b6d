"""A client of `POST /mcp` for both eras, and tools that show what happens to their results."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pydantic import BaseModel

from mcp_gateway.errors import RateLimited
from mcp_gateway.registry import Access, Context, MCPServer, registry, rpc
from tests.mcp_gateway.conftest import TestingMCPServer

URL = "/mcp"
MODERN = "2026-07-28"
PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META: dict[str, Any] = {PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: {}}


class Inner(BaseModel):
    number: int


class Outer(BaseModel):
    inner: Inner
    word: str = ""


class ToolsMCPServer(MCPServer):
    name = "tooling"

    @rpc("object", Access.READ, needs_company=False)
    def an_object(self, context: Context, word: str) -> Outer:
        """An object with an object in it."""
        return Outer(inner=Inner(number=7), word=word)

    @rpc("limited", Access.READ, needs_company=False)
    def limited(self, context: Context) -> Outer:
        """Refuse, as the rate limit does."""
        raise RateLimited(retry_after=2.5)

    @rpc("destroy", Access.WRITE, needs_company=False, is_destructive=True, is_idempotent=True)
    def destroy(self, context: Context) -> None:
        """Destroy something."""


class SignedMCPServer(MCPServer):
    name = "signed"
    needs_signed_call = True

    @rpc("speak", Access.READ)
    def speak(self, context: Context) -> str:
        """Works inside a signed phone call only."""
        return "hello"


class BrokenMCPServer(MCPServer):
    name = "broken"

    @rpc("schema", Access.READ)
    def schema(self, context: Context) -> Callable[[], None]:
        """What it gives back has no JSON schema."""
        raise NotImplementedError


def registered(*servers: MCPServer) -> Iterator[None]:
    """Register servers until the generator goes on."""
    for server in servers:
        registry.add(server)
    yield
    for server in servers:
        del registry.servers[server.name]
    for name in [name for name, method in registry.methods.items() if method.server in servers]:
        del registry.methods[name]


@pytest.fixture
def tooling() -> Iterator[None]:
    """More servers, for the length of a test."""
    yield from registered(ToolsMCPServer(), SignedMCPServer())


@pytest.fixture
def broken() -> Iterator[None]:
    yield from registered(BrokenMCPServer())


@dataclass
class Mcp:
    """Says all that a client must, until told otherwise.

    A header's name is written with `_` for `-`; None leaves the header out.
    """

    client: Client
    headers: dict[str, str]

    def send(self, body: Any, *, content_type: str = "application/json", **headers: str | None) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        merged = {name: value for name, value in {**self.headers, **named}.items() if value is not None}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(URL, text, content_type=content_type, headers=merged)

    def modern(self, method: str, params: dict[str, Any] | None = None, **headers: str | None) -> HttpResponse:
        """A request of revision 2026-07-28 with its headers; `params` may bring another `_meta`."""
        params = {"_meta": META, **(params or {})}
        routing: dict[str, str | None] = {"MCP_Protocol_Version": MODERN, "Mcp_Method": method}
        if "name" in params:
            routing["Mcp_Name"] = params["name"]
        return self.send(request(method, params), **{**routing, **headers})

    def legacy(self, method: str, params: dict[str, Any] | None = None, **headers: str | None) -> HttpResponse:
        return self.send(request(method, params or {}), **{"MCP_Protocol_Version": "2025-11-25", **headers})

    def call(self, tool: str, arguments: dict[str, Any] | None = None, **headers: str | None) -> dict[str, Any]:
        """What a tool answers in the modern era."""
        return result(self.modern("tools/call", {"name": tool, "arguments": arguments or {}}, **headers))

    def tools(self) -> dict[str, dict[str, Any]]:
        """The tools by name, in their order."""
        return {tool["name"]: tool for tool in result(self.modern("tools/list"))["tools"]}


@pytest.fixture
def mcp(server: TestingMCPServer, tooling: None, client: Client, bearer: dict[str, str]) -> Mcp:
    return Mcp(client, bearer)


def request(method: str, params: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}, **members}


def result(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    found: dict[str, Any] = json.loads(response.content)["result"]
    return found


def error(response: HttpResponse) -> tuple[int, int]:
    """HTTP status and JSON-RPC code; an error is always JSON."""
    assert response["Content-Type"] == "application/json"
    return response.status_code, json.loads(response.content)["error"]["code"]


def error_data(response: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.content)["error"]["data"]
    return found
