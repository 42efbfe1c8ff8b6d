"""Which `cal-api-version` leads to which controller. Cal.com decides this before it looks at the key."""

import re
from dataclasses import replace

from calcom.sandbox.errors import no_such_route
from mcp_gateway.sandbox import Request

HEADER = "cal-api-version"
LEGACY = "2024-04-15"
# In front of the paths of the old controllers.
LEGACY_PREFIX = "/_legacy"
# What the open community edition knows, and what the hosted service has added since.
OPEN = frozenset({LEGACY, "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04"})
CURSOR_LIST = "2026-05-01"
HOST_FLAGS = "2026-02-25"
HOSTED = OPEN | {HOST_FLAGS, CURSOR_LIST}

# Method ("" for any), path, the versions that are served, and those that an old controller serves. Paths that aren't
# here answer whatever the header says.
OLD_BOOKINGS = frozenset({LEGACY, "2024-06-11", "2024-06-14"})
OLD_EVENT_TYPES = frozenset({LEGACY, "2024-06-11"})
NONE: frozenset[str] = frozenset()
ROUTES = (
    ("GET", r"/v2/bookings", {"2024-08-13", HOST_FLAGS, CURSOR_LIST}, OLD_BOOKINGS),
    ("POST", r"/v2/bookings", {"2024-08-13", HOST_FLAGS}, OLD_BOOKINGS),
    ("GET", r"/v2/bookings/[^/]+", {"2024-08-13", HOST_FLAGS}, OLD_BOOKINGS),
    ("POST", r"/v2/bookings/[^/]+/cancel", {"2024-08-13", HOST_FLAGS}, OLD_BOOKINGS),
    ("", r"/v2/bookings(/.*)?", {"2024-08-13", HOST_FLAGS}, NONE),
    # The old controller of slots has other paths, which nobody asks for any more.
    ("", r"/v2/slots(/.*)?", {"2024-09-04"}, NONE),
    ("", r"/v2/event-types/[^/]+/webhooks", HOSTED, NONE),
    ("GET", r"/v2/event-types(/[^/]+)?", {"2024-06-14"}, OLD_EVENT_TYPES),
    ("", r"/v2/event-types(/.*)?", {"2024-06-14"}, NONE),
    ("", r"/v2/schedules(/.*)?", {"2024-06-11", "2024-06-14"}, NONE),
)


def version_of(request: Request, *, is_self_hosted: bool = False) -> str:
    """The version asked for; what is missing or unknown counts as the oldest."""
    asked = request.headers.get(HEADER, LEGACY)
    return asked if asked in (OPEN if is_self_hosted else HOSTED) else LEGACY


def routed(request: Request, *, is_self_hosted: bool) -> Request:
    """The request on its way to the controller of its version; raises 404 where no controller has both."""
    version = version_of(request, is_self_hosted=is_self_hosted)
    for method, path, served, old in ROUTES:
        if method in ("", request.method) and re.fullmatch(path, request.path):
            if version in served:
                return request
            if version in old:
                return replace(request, path=LEGACY_PREFIX + request.path)
            raise no_such_route(request)
    if request.path.startswith(LEGACY_PREFIX):
        raise no_such_route(request)
    return request
