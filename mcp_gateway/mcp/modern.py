"""Revision 2026-07-28: every request says in `_meta` and in headers all that there is to know about it."""

import logging
from collections.abc import Mapping
from typing import Any

from mcp_gateway.errors import GatewayError, InvalidParams, MethodNotFound
from mcp_gateway.mcp import headers as http_headers
from mcp_gateway.mcp import legacy, tools
from mcp_gateway.mcp.messages import Message
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

VERSIONS = ("2026-07-28",)
# Newest first, as `server/discover` and -32022 tell it.
SUPPORTED = [*VERSIONS, *reversed(legacy.VERSIONS)]

VERSION_HEADER = "MCP-Protocol-Version"
PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
SERVER_INFO = "io.modelcontextprotocol/serverInfo"

# The parameter that `Mcp-Name` repeats, by method.
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
# What a token may do can change at any time; a list that is too old costs no more than a refused call.
CACHING = {"ttlMs": 5 * 60 * 1000, "cacheScope": "private"}


class HeaderMismatch(GatewayError):
    """A routing header is missing, broken, repeated, or says something else than the body."""

    code, kind, message = -32020, "header_mismatch", "Header mismatch"


class UnsupportedVersion(GatewayError):
    code, kind, message = -32022, "unsupported_protocol_version", "Unsupported protocol version"

    def __init__(self, requested: str) -> None:
        super().__init__(supported=SUPPORTED, requested=requested)


def is_meant(message: Message, headers: Mapping[str, str]) -> bool:
    """Whether header or body ask for anything but the handshake era, which is also the era of those who don't say."""
    declared = (headers.get(VERSION_HEADER), message.meta.get(PROTOCOL_VERSION))
    return any(version is not None and version not in legacy.SERVED for version in declared)


def result(message: Message, headers: Mapping[str, str], principal: Principal) -> dict[str, Any] | None:
    """The result of a request, None for a notification; raises GatewayError."""
    if message.is_notification:
        # The revision defines none over HTTP, nor what they must say of themselves.
        _check_version(headers.get(VERSION_HEADER, VERSIONS[-1]))
        return None
    _check(message, headers)
    content = _content(message, headers, principal)
    return {"resultType": "complete", **content, "_meta": {SERVER_INFO: tools.SERVER_INFO}}


def status(error: GatewayError) -> int:
    return 404 if isinstance(error, MethodNotFound) else 400


def _content(message: Message, headers: Mapping[str, str], principal: Principal) -> dict[str, Any]:
    match message.method:
        case "server/discover":
            return {"supportedVersions": SUPPORTED, "capabilities": tools.CAPABILITIES, **CACHING}
        case "tools/list":
            return {"tools": tools.listed(message, principal), **CACHING}
        case "tools/call":
            return tools.called(message, headers, principal)
    raise MethodNotFound


def _check(message: Message, headers: Mapping[str, str]) -> None:
    """What every request must say of itself; a client that contradicts itself hears that first."""
    if PROTOCOL_VERSION not in message.meta:
        _check_version(headers[VERSION_HEADER])
    version = message.meta.get(PROTOCOL_VERSION)
    if not isinstance(version, str) or not isinstance(message.meta.get(CLIENT_CAPABILITIES), dict):
        raise InvalidParams(f"params._meta needs {PROTOCOL_VERSION} and {CLIENT_CAPABILITIES}")
    _check_mirrored(VERSION_HEADER, headers.get(VERSION_HEADER), version)
    _check_mirrored("Mcp-Method", headers.get("Mcp-Method"), message.method)
    if message.method in NAMED_BY:
        name = http_headers.decoded(headers.get("Mcp-Name", ""))
        _check_mirrored("Mcp-Name", name, message.params.get(NAMED_BY[message.method]))
    _check_version(version)


def _check_version(version: str) -> None:
    if version not in VERSIONS:
        raise UnsupportedVersion(version)


def _check_mirrored(name: str, header: str | None, value: Any) -> None:
    """Raises HeaderMismatch. Web servers join repeated headers with a comma, so these never match."""
    if header is None or header != value:
        logger.warning("MCP header %s is %.100r, the body says %.100r", name, header, value)
        raise HeaderMismatch(f"Header mismatch: {name} must repeat what the body says")
