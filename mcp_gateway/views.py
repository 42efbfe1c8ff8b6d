"""The gateway's URLs: thin, all the work is in `jsonrpc` and `gateway`."""

import json

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from mcp_gateway import health, jsonrpc
from mcp_gateway.errors import Forbidden, GatewayError, InvalidRequest, Unauthorised
from mcp_gateway.http import principal_of


@csrf_exempt  # principal_of checks the CSRF token of sessions; tokens need none
def gateway(request: HttpRequest) -> HttpResponse:
    """`POST /api/mcp/gateway`: JSON-RPC 2.0, single or batch; 204 when nothing asks for an answer."""
    if request.method != "POST":
        return _refusal(InvalidRequest("Use POST"), 405, Allow="POST")
    if request.content_type not in ("application/json", "application/json-rpc"):
        return _refusal(InvalidRequest("Content-Type must be application/json"), 415)
    try:
        if int(request.headers.get("Content-Length") or 0) > settings.GATEWAY_MAX_BODY_BYTES:
            raise RequestDataTooBig
        principal = principal_of(request)
        answer = jsonrpc.respond(request.body, principal)
    except RequestDataTooBig:
        return _refusal(InvalidRequest(f"At most {settings.GATEWAY_MAX_BODY_BYTES} bytes"), 413)
    except Unauthorised as error:
        return _refusal(error, 401, **{"WWW-Authenticate": "Bearer"})
    except Forbidden as error:
        return _refusal(error, 403)
    return HttpResponse(status=204) if answer is None else HttpResponse(answer, content_type="application/json")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def health_of_servers(request: HttpRequest) -> HttpResponse:
    """The overall word for everybody, each server's verdict for those with a token; 503 when one is down."""
    report = health.overall()
    try:
        principal_of(request)
    except GatewayError:
        report = {"status": report["status"]}
    return JsonResponse(report, status=503 if report["status"] == "down" else 200)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    is_ready = health.ready()
    return JsonResponse({"status": "ok" if is_ready else "down"}, status=200 if is_ready else 503)


def _refusal(error: GatewayError, status: int, **headers: str) -> HttpResponse:
    """An HTTP error with a JSON-RPC body."""
    content = json.dumps(jsonrpc.error_answer(error))
    return HttpResponse(content, status=status, content_type="application/json", headers=headers)
