"""JSON-RPC 2.0 on the wire: jsonrpcserver dispatches, this closes its gaps.

It would run no member of a batch that has one bad member, take and give NaN, send exception texts to the client
and lose a batch over one result that can't be serialised. So: the body is parsed strictly here, a batch is split
before dispatch, each member is validated and written on its own, and every exception is mapped before the library
sees it.
"""

import json
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from jsonrpcserver import Error, Result, Success, dispatch_to_serializable

from mcp_gateway import correlation, gateway, openrpc, strict_json
from mcp_gateway.errors import GatewayError, InternalError, InvalidParams, InvalidRequest, ParseError, RateLimited
from mcp_gateway.principal import Principal

MAX_BATCH = 100
BATCH_SECONDS = 20.0
VERSION = "2.0"


class Answer(NamedTuple):
    """What goes back: no text for notifications; `retry_after` in seconds where a rate limit refused the one call."""

    text: str | None
    retry_after: int | None = None


def respond(body: bytes, principal: Principal, *, idempotency_key: str = "") -> Answer:
    """The answer to a request body. An idempotency key goes with one call: a batch with a key is refused."""
    try:
        request = _parsed(body)
        if not isinstance(request, list):
            wire = Wire(principal, idempotency_key)
            return Answer(_answered(request, wire), wire.retry_after)
        if not 1 <= len(request) <= MAX_BATCH:
            raise InvalidRequest(f"A batch has 1 to {MAX_BATCH} members")
        if idempotency_key:
            raise InvalidRequest("An Idempotency-Key goes with a single call, not with a batch")
    except GatewayError as error:
        return Answer(json.dumps(error_answer(error)))
    wire = Wire(principal, deadline=time.monotonic() + BATCH_SECONDS)
    answers = [answer for member in request if (answer := _answered(member, wire)) is not None]
    return Answer(f"[{', '.join(answers)}]" if answers else None)


def error_answer(error: GatewayError, request_id: Any = None) -> dict[str, Any]:
    """A whole response object for an error."""
    content = {"code": error.code, "message": error.message, "data": data_of(error)}
    return {"jsonrpc": VERSION, "error": content, "id": request_id}


def data_of(error: GatewayError) -> dict[str, Any]:
    """What a program may know of an error beyond its code."""
    return {"kind": error.kind, "retryable": error.retryable, "request_id": correlation.current(), **error.data}


class Wire(dict[str, Callable[..., Result]]):
    """The library's table of methods: every name leads through the gateway's own pipeline."""

    def __init__(self, principal: Principal, idempotency_key: str = "", deadline: float = math.inf) -> None:
        super().__init__()
        self.principal = principal
        self.idempotency_key = idempotency_key
        self.deadline = deadline
        self.retry_after: int | None = None

    def __missing__(self, name: str) -> Callable[..., Result]:
        def method(*args: Any, **kwargs: Any) -> Result:
            try:
                return Success(self._call(name, kwargs or args))
            except GatewayError as error:
                if isinstance(error, RateLimited):
                    self.retry_after = error.data["retry_after"]
                return Error(code=error.code, message=error.message, data=data_of(error))

        return method

    def _call(self, name: str, params: Any) -> Any:
        if name == openrpc.METHOD:
            if params:
                raise InvalidParams(f"{openrpc.METHOD} takes no parameters")
            return openrpc.document(self.principal)
        return gateway.call(
            name,
            params,
            principal=self.principal,
            idempotency_key=self.idempotency_key,
            deadline=self.deadline,
        )


def _parsed(body: bytes) -> Any:
    try:
        return strict_json.loads(body)
    except strict_json.NotStrictJson as error:
        raise ParseError(str(error)) from None


def _answered(request: Any, wire: Wire) -> str | None:
    """The answer to one member as JSON; None for a notification."""
    if not _is_valid(request):
        return json.dumps(error_answer(InvalidRequest()))
    # Members that the specification does not know are none of the dispatcher's business.
    known = {name: request[name] for name in ("jsonrpc", "method", "params", "id") if name in request}
    answer = dispatch_to_serializable(known, methods=wire, deserializer=_as_it_is, validator=_as_it_is)
    if answer is None:
        return None
    try:
        return json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(error_answer(InternalError(), request.get("id")))


def _is_valid(request: Any) -> bool:
    return (
        isinstance(request, dict)
        and request.get("jsonrpc") == VERSION
        and isinstance(request.get("method"), str)
        and isinstance(request.get("params", []), list | dict)
        and _is_id(request.get("id"))
    )


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _as_it_is(value: Any) -> Any:
    return value
