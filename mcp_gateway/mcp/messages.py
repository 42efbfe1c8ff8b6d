"""One JSON-RPC message as the Model Context Protocol has it: never a batch, and an id is never null."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_gateway import jsonrpc, strict_json
from mcp_gateway.errors import GatewayError, InvalidRequest, ParseError

Id = str | int


class Malformed(InvalidRequest):
    """JSON, but not one request or notification; `request_id` where one could still be read."""

    def __init__(self, message: str, request_id: Id | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


@dataclass(frozen=True)
class Message:
    """A request, or a notification if it has no id."""

    method: str
    params: Mapping[str, Any]
    id: Id | None

    @property
    def is_notification(self) -> bool:
        return self.id is None

    @property
    def meta(self) -> Mapping[str, Any]:
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}


def read(body: bytes) -> Message:
    """The message in a request's body; raises ParseError or Malformed."""
    try:
        value = strict_json.loads(body)
    except strict_json.NotStrictJson as error:
        raise ParseError(str(error)) from None
    if not isinstance(value, dict):
        raise Malformed("The body must be a single message: there are no batches")
    request_id = value["id"] if _is_id(value.get("id")) else None
    if "id" in value and request_id is None:
        raise Malformed("An id is a string or an integer")
    method, params = value.get("method"), value.get("params", {})
    if value.get("jsonrpc") != jsonrpc.VERSION or not isinstance(method, str) or not isinstance(params, dict):
        raise Malformed("Not a JSON-RPC 2.0 request or notification", request_id)
    if request_id is None and not method.startswith("notifications/"):
        raise Malformed("A request needs an id")
    return Message(method, params, request_id)


def answer(message: Message, result: Mapping[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": jsonrpc.VERSION, "id": message.id, "result": result}


def error_answer(error: GatewayError, request_id: Id | None = None) -> dict[str, Any]:
    """A whole error response; without an id where none could be read."""
    content = {"code": error.code, "message": error.message, "data": jsonrpc.data_of(error)}
    identity = {} if request_id is None else {"id": request_id}
    return {"jsonrpc": jsonrpc.VERSION, **identity, "error": content}


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
