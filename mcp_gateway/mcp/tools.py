"""The registry's methods as MCP tools, named `server_method`, for the caller at hand."""

import json
import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from mcp_gateway import gateway, jsonrpc, openrpc
from mcp_gateway.companies import active_company
from mcp_gateway.errors import GatewayError, InternalError, InvalidParams
from mcp_gateway.logs import log_failure
from mcp_gateway.mcp.messages import Message
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Access, Method, registry

logger = logging.getLogger(__name__)

CAPABILITIES: dict[str, Any] = {"tools": {}}
SERVER_INFO = {"name": "mcp-gateway", "title": "Phone and calendar gateway", "version": openrpc.API_VERSION}
# For clients that can't set a header for each call; they send the same key again when they repeat the call.
IDEMPOTENCY_KEY = "mcp-gateway/idempotencyKey"

# Clients check structured content against the output schema, that of errors as well.
REFUSAL = {
    "title": "Refusal",
    "description": "Instead of the result when `isError` is true. `retry_after` counts seconds.",
    "type": "object",
    "properties": {
        "kind": {"type": "string"},
        "message": {"type": "string"},
        "retryable": {"type": "boolean"},
        "request_id": {"type": "string"},
        "retry_after": {"type": "number"},
    },
    "required": ["kind", "message", "retryable", "request_id"],
}


def listed(message: Message, principal: Principal) -> list[dict[str, Any]]:
    """The definitions of all the caller's tools on one page, ordered by name; raises InvalidParams.

    Without an active company, the tools that need one could only fail: they are left out.
    """
    if message.params.get("cursor") is not None:
        raise InvalidParams("There is no such page")
    has_company = principal.companies is None or any(map(active_company, principal.companies))
    return [
        _definition(method)
        for _, method in sorted(_permitted(principal).items())
        if has_company or not method.declaration.needs_company
    ]


def called(message: Message, headers: Mapping[str, str], principal: Principal) -> dict[str, Any]:
    """The result of a call, be it an error: for MCP, what happens inside a tool is a result.

    So a full rate limit is no HTTP 429 either, which clients would take for a broken transport: `retry_after` is in
    the structured content. Raises InvalidParams for what is wrong with the request itself; a tool that does not
    exist and one that the caller may not use sound the same.
    """
    name, arguments = message.params.get("name"), message.params.get("arguments") or {}
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise InvalidParams("tools/call needs the name of a tool and an object of arguments")
    key = _idempotency_key(message, headers)
    method = _permitted(principal).get(name)
    if method is None:
        logger.info("%s called a tool that it does not have", principal.name)
        raise InvalidParams("Unknown tool")
    try:
        content = gateway.call(method.name, arguments, principal=principal, idempotency_key=key)
        return _result(content, is_error=False)
    except GatewayError as error:
        return _result({"message": error.message, **jsonrpc.data_of(error)}, is_error=True)


def _permitted(principal: Principal) -> dict[str, Method]:
    return {method.tool_name: method for method in registry.methods.values() if _may_use(principal, method)}


def _may_use(principal: Principal, method: Method) -> bool:
    """By scope; what works only within a signed phone call is nobody else's."""
    is_usable = principal.signed_call is not None or not method.server.needs_signed_call
    return method.is_open_to(principal) and is_usable


@cache
def _definition(method: Method) -> dict[str, Any]:
    declaration = method.declaration
    definition: dict[str, Any] = {
        "name": method.tool_name,
        "description": method.description,
        "inputSchema": method.parameters.model_json_schema(),
        "annotations": {
            "readOnlyHint": declaration.access is Access.READ,
            "destructiveHint": declaration.is_destructive,
            "idempotentHint": declaration.is_idempotent,
        },
    }
    output = method.result.json_schema(mode="serialization")
    if output.get("type") == "object":
        definitions = output.pop("$defs", {})
        definition["outputSchema"] = {"type": "object", "anyOf": [output, REFUSAL], "$defs": definitions}
    return definition


def _idempotency_key(message: Message, headers: Mapping[str, str]) -> str:
    """From `_meta` or the header, "" without one; raises InvalidParams."""
    from_header = headers.get("Idempotency-Key", "")
    key = message.meta.get(IDEMPOTENCY_KEY, from_header)
    if not isinstance(key, str) or from_header not in ("", key):
        raise InvalidParams(f"{IDEMPOTENCY_KEY} must be a string, and the same as the Idempotency-Key header")
    return key


def _result(content: Any, *, is_error: bool) -> dict[str, Any]:
    """Raises InternalError when the content is not JSON."""
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        log_failure(logger, "A result is not JSON", error)
        raise InternalError from error
    return {"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": is_error}
