"""The vendor as a client of MCP servers: what an agent's `mcps` name is listed, and called in a conversation.

Every question is a visit of its own: initialize, notifications/initialized, then tools/list or tools/call. Nothing is
signed, and nothing tells the server which call it is. How answers are read is known from the field only: some found
that the vendor understands nothing but an event stream, and that everything else (plain JSON, an HTML page, a 429)
surfaces as the same sentence. The status under which `get-mcp-tools` passes it on is a guess of ours.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from mcp_gateway.sandbox import Reply, Request
from retell.sandbox.agents import engine_of, find_agent
from retell.sandbox.base import RetellRooms, endpoint
from retell.sandbox.checks import required
from retell.sandbox.errors import refuse, refuse_asset
from retell.sandbox.functions import fill
from retell.sandbox.state import Json, Workspace

REVISION = "2025-06-18"
EVENTS = "text/event-stream"
UNREADABLE = "error parsing json response from mcp server"
DEFAULT_TIMEOUT_MS = 120_000
CLIENT = {"name": "retell", "version": "1.0.0"}


class McpFailure(Exception):
    """What the vendor says when a server can't be asked or its answer not be read."""


@dataclass(frozen=True, kw_only=True)
class McpClient:
    """`server` is an entry of `mcps`; `variables` fill in its headers and query parameters."""

    server: Json
    variables: dict[str, str]
    insists_on_sse: bool

    def tools(self) -> list[Json]:
        tools = self._visit("tools/list", {}).get("tools") or []
        return [
            {
                "name": tool["name"],
                "description": tool.get("description", ""),
                "inputSchema": tool.get("inputSchema", {}),
            }
            for tool in tools
        ]

    def call(self, name: str, arguments: Json) -> tuple[str, bool]:
        """What the model gets to read, and whether the tool succeeded."""
        result = self._visit("tools/call", {"name": name, "arguments": arguments})
        texts = [part["text"] for part in result.get("content") or [] if part.get("type") == "text"]
        return "\n".join(texts), not result.get("isError", False)

    def _visit(self, method: str, params: Json) -> Json:
        with requests.Session() as session:
            session.trust_env = False
            session.headers.update({"Accept": f"application/json, {EVENTS}", "Content-Type": "application/json"})
            session.headers.update(self._filled("headers"))
            hello = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": CLIENT}
            agreed = self._ask(session, 1, "initialize", hello)
            session.headers["MCP-Protocol-Version"] = str(agreed.get("protocolVersion", REVISION))
            self._post(session, {"jsonrpc": "2.0", "method": "notifications/initialized"})
            return self._ask(session, 2, method, params)

    def _ask(self, session: requests.Session, number: int, method: str, params: Json) -> Json:
        response = self._post(session, {"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        if session_id := response.headers.get("Mcp-Session-Id"):
            session.headers["Mcp-Session-Id"] = session_id
        answer = next((message for message in self._messages(response) if message.get("id") == number), None)
        if answer is None:
            raise McpFailure(UNREADABLE)
        if "error" in answer:
            raise McpFailure(str(answer["error"].get("message", UNREADABLE)))
        result: Json = answer.get("result") or {}
        return result

    def _post(self, session: requests.Session, message: Json) -> requests.Response:
        timeout = self.server.get("timeout_ms", DEFAULT_TIMEOUT_MS) / 1000
        try:
            return session.post(
                self.server["url"], json.dumps(message), params=self._filled("query_params"), timeout=timeout
            )
        except requests.RequestException as error:
            raise McpFailure(f"failed to connect to mcp server {self.server['name']}") from error

    def _messages(self, response: requests.Response) -> list[Json]:
        is_stream = response.headers.get("Content-Type", "").startswith(EVENTS)
        if not response.ok or (self.insists_on_sse and not is_stream):
            raise McpFailure(UNREADABLE)
        text = response.content.decode("utf-8", "replace")
        try:
            messages = [json.loads(part) for part in (_event_data(text) if is_stream else [text])]
        except ValueError as error:
            raise McpFailure(UNREADABLE) from error
        return [message for message in messages if isinstance(message, dict)]

    def _filled(self, name: str) -> dict[str, str]:
        return {key: fill(value, self.variables) for key, value in (self.server.get(name) or {}).items()}


def _event_data(stream: str) -> Iterator[str]:
    """The data of each event: its lines joined."""
    for event in stream.replace("\r\n", "\n").split("\n\n"):
        lines = [line.removeprefix("data:").strip() for line in event.split("\n") if line.startswith("data:")]
        if lines:
            yield "\n".join(lines)


def find_server(servers: Any, wanted: str) -> Json | None:
    """An entry of `mcps` by its id; a guide of others binds by name."""
    return next((server for server in servers or () if wanted in (server["id"], server["name"])), None)


class McpRooms(RetellRooms):
    @endpoint("GET", "/get-mcp-tools/{agent_id}", query=("mcp_id", "version", "component_id"), holds_lock=False)
    def get_mcp_tools(self, workspace: Workspace, request: Request, agent_id: str) -> Reply:
        """The tools of one of the agent's servers, asked now."""
        required(request.query, "mcp_id")
        with self.lock:
            _, version = find_agent(workspace, agent_id, request.query.get("version"))
            engine = engine_of(workspace, version.fields)
            held = engine[1].versions.get(version.number, engine[1].latest) if engine else None
            server = find_server(held.fields.get("mcps") if held else None, request.query["mcp_id"])
        if server is None:
            refuse_asset(404)
        client = McpClient(server=server, variables={}, insists_on_sse=workspace.insists_on_sse)
        try:
            return Reply(body=client.tools())
        except McpFailure as failure:
            refuse(500, str(failure))
