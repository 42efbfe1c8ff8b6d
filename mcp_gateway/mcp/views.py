"""`POST /mcp`: one message in, one answer out. Never HTML, never a session."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from mcp_gateway.errors import Forbidden, GatewayError, InternalError, InvalidRequest, ParseError, Unauthorised
from mcp_gateway.http import principal_of
from mcp_gateway.logs import log_failure
from mcp_gateway.mcp import headers, legacy, messages, modern
from mcp_gateway.mcp.messages import Message
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)


class Era(Protocol):
    def result(self, message: Message, headers: Mapping[str, str], principal: Principal) -> dict[str, Any] | None: ...

    def status(self, error: GatewayError) -> int: ...


@csrf_exempt  # tokens only, and browsers don't add those by themselves
def endpoint(request: HttpRequest) -> HttpResponse:
    """The Model Context Protocol; any Content-Type will do, for clients send odd ones."""
    try:
        headers.check_origin(request)
        if request.method != "POST":
            return _refusal(InvalidRequest("Use POST"), 405, Allow="POST")
        if int(request.headers.get("Content-Length") or 0) > settings.GATEWAY_MAX_BODY_BYTES:
            raise RequestDataTooBig
        return _answered(request, _bearer(request))
    except RequestDataTooBig:
        return _refusal(InvalidRequest(f"At most {settings.GATEWAY_MAX_BODY_BYTES} bytes"), 413)
    except Unauthorised as error:
        return _refusal(error, 401, **{"WWW-Authenticate": "Bearer"})
    except Forbidden as error:
        return _refusal(error, 403)
    except Exception as error:
        log_failure(logger, "The MCP endpoint failed", error)
        return _refusal(InternalError(), 500)


def _bearer(request: HttpRequest) -> Principal:
    """The bearer of a token; a session of the admin is none. Raises Unauthorised."""
    if not request.headers.get("Authorization", "").lower().startswith("bearer "):
        raise Unauthorised
    return principal_of(request)


def _answered(request: HttpRequest, principal: Principal) -> HttpResponse:
    try:
        message = messages.read(request.body)
    except ParseError as error:
        return _refusal(error, 400)
    except messages.Malformed as error:
        return _refusal(error, 400, error.request_id)
    era: Era = modern if modern.is_meant(message, request.headers) else legacy
    try:
        result = era.result(message, request.headers, principal)
    except GatewayError as error:
        return _framed(request, messages.error_answer(error, message.id), era.status(error))
    if result is None:
        return HttpResponse(status=202)
    return _framed(request, messages.answer(message, result))


def _framed(request: HttpRequest, answer: dict[str, Any], status: int = 200) -> HttpResponse:
    """JSON or, for an answer that the client can read as such, a stream of one event."""
    content = json.dumps(answer)
    if status != 200 or not headers.wants_events(request):
        return HttpResponse(content, status=status, content_type=headers.JSON)
    event = f"event: message\ndata: {content}\n\n"
    return HttpResponse(event, content_type=headers.EVENTS, headers={"X-Accel-Buffering": "no"})


def _refusal(error: GatewayError, status: int, request_id: messages.Id | None = None, **added: str) -> HttpResponse:
    """An HTTP error with a JSON-RPC body."""
    content = json.dumps(messages.error_answer(error, request_id))
    return HttpResponse(content, status=status, content_type=headers.JSON, headers=added)
