"""Which `cal-api-version` each group of paths serves. Cal.com decides this before it looks at the key."""

import re

from calcom.sandbox.errors import ApiError, no_such_route
from mcp_gateway.sandbox import Request

HEADER = "cal-api-version"
LEGACY = "2024-04-15"
KNOWN = {LEGACY, "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04", "2026-02-25", "2026-05-01"}
CURSOR_LIST = "2026-05-01"
HOST_FLAGS = "2026-02-25"
# Versions in which the create route of bookings is the old controller with other fields.
LEGACY_BOOKINGS = {LEGACY, "2024-06-11", "2024-06-14"}

# Paths that aren't here answer whatever the header says. Of the old controllers only the create route is played:
# a client that forgets the header is to be told so, not to be served.
SERVED = (
    ("GET", r"/v2/bookings", {"2024-08-13", HOST_FLAGS, CURSOR_LIST}),
    ("", r"/v2/bookings(/.*)?", {"2024-08-13", HOST_FLAGS}),
    ("", r"/v2/slots(/.*)?", {"2024-09-04"}),
    ("", r"/v2/event-types/[^/]+/webhooks", KNOWN),
    ("", r"/v2/event-types(/.*)?", {"2024-06-14"}),
    ("", r"/v2/schedules(/.*)?", {"2024-06-11", "2024-06-14"}),
)


def version_of(request: Request) -> str:
    """The version asked for; what is missing or unknown counts as the oldest."""
    asked = request.headers.get(HEADER, LEGACY)
    return asked if asked in KNOWN else LEGACY


def check_version(request: Request) -> None:
    """Refuse what Cal.com routes elsewhere because of the version."""
    version = version_of(request)
    for method, path, versions in SERVED:
        if method in ("", request.method) and re.fullmatch(path, request.path):
            if version in versions:
                return
            if request.method == "POST" and request.path == "/v2/bookings" and version in LEGACY_BOOKINGS:
                raise legacy_create_error(request)
            raise no_such_route(request)


def legacy_create_error(request: Request) -> ApiError:
    """The old create route wants `timeZone`, `language` and `metadata` beside `start` and `eventTypeId`."""
    try:
        body = request.json()
    except ValueError:
        body = None
    given = body if isinstance(body, dict) else {}
    wanted = {
        "timeZone": {"isTimeZone": "timeZone must be a valid IANA time-zone"},
        "language": {"isString": "language must be a string"},
        "metadata": {"isObject": "metadata must be an object"},
    }
    errors = [
        {"property": name, "children": [], "constraints": texts} for name, texts in wanted.items() if name not in given
    ]
    return ApiError(400, "Bad Request Exception", details={"errors": errors})
