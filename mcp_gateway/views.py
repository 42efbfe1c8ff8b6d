"""The gateway's URLs: thin, all the work is in `jsonrpc` and `gateway`."""

import json

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from mcp_gateway import health, jsonrpc, metrics, openrpc, rate_limits
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
        if len(request.body) > settings.GATEWAY_MAX_BODY_BYTES:
            raise RequestDataTooBig
        with rate_limits.fresh_usage():
            key = request.headers.get("Idempotency-Key", "")
            answer = jsonrpc.respond(request.body, principal_of(request), idempotency_key=key)
            return _answered(answer, rate_limits.headers())
    except RequestDataTooBig:
        return _refusal(InvalidRequest(f"At most {settings.GATEWAY_MAX_BODY_BYTES} bytes"), 413)
    except (Unauthorised, Forbidden) as error:
        return _denied(error)


def _answered(answer: jsonrpc.Answer, headers: dict[str, str]) -> HttpResponse:
    if answer.text is None:
        return HttpResponse(status=204, headers=headers)
    if answer.retry_after is not None:
        headers["Retry-After"] = str(answer.retry_after)
    status = 200 if answer.retry_after is None else 429
    return HttpResponse(answer.text, status=status, content_type="application/json", headers=headers)


@require_safe
def openrpc_document(request: HttpRequest) -> HttpResponse:
    """`GET /api/mcp/openrpc.json`: what `rpc.discover` answers, for the same caller."""
    try:
        return JsonResponse(openrpc.document(principal_of(request)))
    except (Unauthorised, Forbidden) as error:
        return _denied(error)


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


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """For Prometheus: with METRICS_TOKEN as bearer, or from an address of METRICS_ALLOWED_ADDRESSES."""
    if not _may_scrape(request):
        return _denied(Unauthorised("The metrics need METRICS_TOKEN as bearer token, or an allowed address"))
    return HttpResponse(metrics.exposition(request), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if settings.METRICS_TOKEN and constant_time_compare(token, settings.METRICS_TOKEN):
        return True
    # Behind a proxy every request comes from its address: then only the token counts.
    is_direct = "X-Forwarded-For" not in request.headers
    return is_direct and request.META["REMOTE_ADDR"] in settings.METRICS_ALLOWED_ADDRESSES


def _denied(error: Unauthorised | Forbidden) -> HttpResponse:
    if isinstance(error, Unauthorised):
        return _refusal(error, 401, **{"WWW-Authenticate": "Bearer"})
    return _refusal(error, 403)


def _refusal(error: GatewayError, status: int, **headers: str) -> HttpResponse:
    """An HTTP error with a JSON-RPC body."""
    content = json.dumps(jsonrpc.error_answer(error))
    return HttpResponse(content, status=status, content_type="application/json", headers=headers)
