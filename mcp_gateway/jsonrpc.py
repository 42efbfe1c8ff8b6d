"""JSON-RPC 2.0 on the wire: jsonrpcserver dispatches, this closes its gaps.

It would run no member of a batch that has one bad member, take and give NaN, send exception texts to the client
and lose a batch over one result that can't be serialised. So: the body is parsed strictly here, a batch is split
before dispatch, each member is validated on its own, and every exception is mapped before the library sees it.
"""

import json
import logging
from collections.abc import Callable
from typing import Any, cast

from jsonrpcserver import Error, Result, Success, dispatch_to_serializable

from mcp_gateway import correlation, gateway, strict_json
from mcp_gateway.errors import GatewayError, InternalError, InvalidRequest, ParseError
from mcp_gateway.logs import log_failure
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

MAX_BATCH = 100
VERSION = "2.0"


def respond(body: bytes, principal: Principal) -> str | None:
    """The answer to a request body; None when nothing in it asks for one."""
    try:
        request = _parsed(body)
        if not isinstance(request, list):
            return _one(request, principal)
        if not 1 <= len(request) <= MAX_BATCH:
            raise InvalidRequest(f"A batch has 1 to {MAX_BATCH} members")
    except GatewayError as error:
        return json.dumps(error_answer(error))
    answers = [answer for member in request if (answer := _one(member, principal)) is not None]
    return f"[{', '.join(answers)}]" if answers else None


def error_answer(error: GatewayError, request_id: Any = None) -> dict[str, Any]:
    """A whole response object for an error."""
    content = {"code": error.code, "message": error.message, "data": _data_of(error)}
    return {"jsonrpc": VERSION, "error": content, "id": request_id}


def _parsed(body: bytes) -> Any:
    try:
        return strict_json.loads(body)
    except strict_json.NotStrictJson as error:
        raise ParseError(str(error)) from None


def _one(request: Any, principal: Principal) -> str | None:
    """The answer to one member; None for a notification."""
    if not _is_valid(request):
        return json.dumps(error_answer(InvalidRequest()))
    # Members that the specification does not know are none of the dispatcher's business.
    known = {name: request[name] for name in ("jsonrpc", "method", "params", "id") if name in request}
    answer = dispatch_to_serializable(known, methods=_Methods(principal), deserializer=_as_it_is, validator=_as_it_is)
    return None if answer is None else _encoded(cast(dict[str, Any], answer))


def _encoded(answer: dict[str, Any]) -> str:
    """An answer as strict JSON; a result that holds NaN or Infinity is an error of ours."""
    try:
        return json.dumps(answer, allow_nan=False)
    except ValueError as error:
        log_failure(logger, "A result is not JSON", error)
        return json.dumps(error_answer(InternalError(), answer["id"]))


class _Methods(dict[str, Callable[..., Result]]):
    """The library's table of methods: every name leads through the gateway's own pipeline."""

    def __init__(self, principal: Principal) -> None:
        super().__init__()
        self.principal = principal

    def __missing__(self, name: str) -> Callable[..., Result]:
        def method(*args: Any, **kwargs: Any) -> Result:
            try:
                return Success(gateway.call(name, kwargs or args, principal=self.principal))
            except GatewayError as error:
                return Error(code=error.code, message=error.message, data=_data_of(error))

        return method


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


def _data_of(error: GatewayError) -> dict[str, Any]:
    return {
        "kind": error.kind,
        "retryable": error.retryable,
        "request_id": correlation.current(),
        **error.data,
    }


def _as_it_is(value: Any) -> Any:
    return value
