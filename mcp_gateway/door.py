"""The door for what vendors send: each vendor's app checks its own signature, what is refused is answered here.

A refused request is stored nowhere. Its answer is for whoever debugs it.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from mcp_gateway import strict_json

View = Callable[..., HttpResponse]


class Refused(Exception):
    """The request is not taken: an HTTP status and a sentence for whoever debugs it."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)


def vendors_door(view: View) -> View:
    """A view that vendors post to; it may raise Refused."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refusal:
            headers: dict[str, Any] = {"Allow": "POST"} if refusal.status == 405 else {}
            return JsonResponse({"error": refusal.message}, status=refusal.status, headers=headers)

    return guarded


def posted_body(request: HttpRequest, signature_header: str) -> tuple[bytes, str]:
    """The raw body, which is UTF-8, and its signature; raises Refused (401, 405, 413)."""
    if request.method != "POST":
        # A signature of an empty body would fit any path and query.
        raise Refused(405, "Use POST.")
    signature = request.headers.get(signature_header)
    if not signature:
        raise Refused(401, f"The {signature_header} header is missing.")
    try:
        raw = request.body
        raw.decode("utf-8")
    except RequestDataTooBig:
        raise Refused(413, f"At most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.") from None
    except UnicodeDecodeError:
        raise Refused(401, "The body is not UTF-8: no signature can fit it.") from None
    return raw, signature


def json_object(raw: bytes) -> Mapping[str, Any]:
    """The body as a JSON object; raises Refused (400)."""
    try:
        body = strict_json.loads(raw)
    except strict_json.NotStrictJson as reason:
        raise Refused(400, f"{reason}.") from None
    if not isinstance(body, Mapping):
        raise Refused(400, "The body must be a JSON object.")
    return body
