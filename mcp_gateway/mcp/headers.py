"""What HTTP headers say of an MCP request: where it comes from, how to frame the answer, which tool it means."""

import base64
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from mcp_gateway.errors import Forbidden

JSON = "application/json"
EVENTS = "text/event-stream"
ENCODED = re.compile(r"=\?base64\?(.*)\?=")


def check_origin(request: HttpRequest) -> None:
    """Only browsers send an origin; pages of strangers must not reach the tools. Raises Forbidden.

    Allowed are the origin of `APP_URL` and those of `MCP_ALLOWED_ORIGINS`.
    """
    origin = request.headers.get("Origin")
    own = urlsplit(settings.APP_URL)
    allowed = {f"{own.scheme}://{own.netloc}", *settings.MCP_ALLOWED_ORIGINS}
    if origin is not None and origin.lower() not in {entry.lower() for entry in allowed}:
        raise Forbidden("This origin is not allowed")


def wants_events(request: HttpRequest) -> bool:
    """Whether the answer is framed as a server-sent event.

    It is where the client names the event stream and does not rank JSON above it. Every revision has clients name
    both and take both, yet Retell's has been seen to fail on plain JSON: naming is what counts, not the order.
    """
    qualities = {f"{kind.main_type}/{kind.sub_type}".lower(): kind.quality for kind in request.accepted_types}
    return EVENTS in qualities and qualities[EVENTS] >= qualities.get(JSON, 0)


def decoded(value: str) -> str | None:
    """A header's value, out of its Base64 wrapping if it has one; None when that is broken."""
    encoded = ENCODED.fullmatch(value)
    if encoded is None:
        return value if value.isascii() else None
    try:
        content = base64.b64decode(encoded[1])
        # Python forgives much that is not Base64; written back, it is not the same any more.
        return content.decode() if base64.b64encode(content).decode() == encoded[1] else None
    except ValueError:
        return None
