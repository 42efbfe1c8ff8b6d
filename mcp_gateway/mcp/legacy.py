"""The handshake era, revisions 2025-06-18 and 2025-11-25.

Clients open with `initialize`, but there is no session: every later request is served on its own.
"""

from collections.abc import Mapping
from typing import Any

from mcp_gateway.errors import GatewayError, MethodNotFound
from mcp_gateway.mcp import tools
from mcp_gateway.mcp.messages import Message
from mcp_gateway.principal import Principal

# Oldest first. 2025-03-26 is not offered, for it demands batches, but its clients are served without them.
VERSIONS = ("2025-06-18", "2025-11-25")
SERVED = ("2025-03-26", *VERSIONS)


def result(message: Message, headers: Mapping[str, str], principal: Principal) -> dict[str, Any] | None:
    """The result of a request, None for a notification; raises GatewayError."""
    if message.is_notification:
        return None
    match message.method:
        case "initialize":
            return _initialized(message.params.get("protocolVersion"))
        case "ping":
            return {}
        case "tools/list":
            return {"tools": tools.listed(message, principal)}
        case "tools/call":
            return _with_object(tools.called(message, headers, principal))
    raise MethodNotFound


def status(error: GatewayError) -> int:
    """In this era an error is an answer like any other."""
    return 200


def _initialized(wanted: Any) -> dict[str, Any]:
    """The handshake: the client's revision if we have it, or else our newest, which the client may turn down."""
    version = wanted if wanted in VERSIONS else VERSIONS[-1]
    return {"protocolVersion": version, "capabilities": tools.CAPABILITIES, "serverInfo": tools.SERVER_INFO}


def _with_object(called: dict[str, Any]) -> dict[str, Any]:
    """In this era structured content is an object; anything else is in the text only."""
    if not isinstance(called["structuredContent"], dict):
        del called["structuredContent"]
    return called
