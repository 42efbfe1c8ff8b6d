"""The oldest controllers, where Cal.com sends whoever names no version that it knows, or an old one.

They have other filters and answer in other shapes: a client that forgets the header is served, but not with what it
expects. The list ignores who the attendee is, and a booking has `startTime` and upper-case statuses.
"""

from typing import Any

from calcom.sandbox.account_routes import AccountRoutes
from calcom.sandbox.booking_changes import BookingChangeRoutes
from calcom.sandbox.booking_list import STATUSES, has_status, to_number
from calcom.sandbox.bookings import is_involved
from calcom.sandbox.core import success
from calcom.sandbox.errors import ApiError, bad_request, not_found
from calcom.sandbox.rendering import MINUTE, host_output
from calcom.sandbox.state import Booking, EventType, State
from calcom.sandbox.times import iso_utc
from calcom.sandbox.validation import STRING, Field, Shape, at_least, check_loosely, one_of
from calcom.sandbox.versions import LEGACY_PREFIX
from mcp_gateway.sandbox import Reply, Request, route

DEFAULT_LIMIT = 10
LIST = Shape(
    {
        "filters[status]": Field((one_of(list(STATUSES)),)),
        "limit": Field((at_least(1),)),
        "cursor": Field((at_least(0),)),
    }
)
CANCEL = Shape({"cancellationReason": Field((STRING,))})
WANTED = {
    "timeZone": {"isTimeZone": "timeZone must be a valid IANA time-zone"},
    "language": {"isString": "language must be a string"},
    "metadata": {"isObject": "metadata must be an object"},
}


class LegacyRoutes(BookingChangeRoutes, AccountRoutes):
    """What a version's router leads here has the prefix in its path."""

    @route("POST", f"{LEGACY_PREFIX}/v2/bookings")
    def create_booking_the_old_way(self, request: Request) -> Reply:
        """Refuses always: it wants `timeZone`, `language` and `metadata` at the top, where no client today has them."""
        body = self.body_of(request)
        given = body if isinstance(body, dict) else {}
        errors = [
            {"property": name, "children": [], "constraints": texts}
            for name, texts in WANTED.items()
            if name not in given
        ]
        raise ApiError(400, "Bad Request Exception", details={"errors": errors})

    @route("GET", f"{LEGACY_PREFIX}/v2/bookings")
    def list_bookings_the_old_way(self, request: Request) -> Reply:
        """What is upcoming unless `filters[status]` says otherwise, ten at a time; other filters are unknown here."""
        caller = self.known_caller(request)
        query = check_loosely({name: to_number(text) for name, text in request.query.items()}, LIST)
        status = query.get("filters[status]", "upcoming")
        found = [row for row in self._readable_bookings() if is_involved(caller, row) and has_status(row, status)]
        found.sort(key=lambda booking: booking.start)
        skip, take = query.get("cursor", 0), query.get("limit", DEFAULT_LIMIT)
        page = [booking_info(booking, self.state) for booking in found[skip : skip + take]]
        more = skip + take if len(found) > skip + take else None
        return success({"bookings": page, "recurringInfo": [], "totalCount": len(found), "nextCursor": more})

    @route("GET", f"{LEGACY_PREFIX}/v2/bookings/{{uid}}")
    def get_booking_the_old_way(self, request: Request, uid: str) -> Reply:
        visible = {booking.uid: booking for booking in self._readable_bookings()}
        if uid not in visible:
            raise not_found(f"Booking with UID={uid} does not exist.")
        return success(booking_info(visible[uid], self.state))

    @route("POST", f"{LEGACY_PREFIX}/v2/bookings/{{uid}}/cancel", holds_lock=False)
    def cancel_booking_the_old_way(self, request: Request, uid: str) -> Reply:
        if uid.isdigit():
            raise bad_request("Please provide booking uid instead of booking id.")
        reason = check_loosely(self.body_of(request), CANCEL).get("cancellationReason") or ""
        with self.lock:
            caller = self.caller(request)
            booking = self.booking(uid, f"Booking with UID={uid} does not exist.")
            self._check_cancellable(booking, caller, reason, None)
        self.cancel(booking, caller, reason)
        return success({"bookingId": booking.id, "bookingUid": uid, "onlyRemovedAttendee": False})

    @route("GET", f"{LEGACY_PREFIX}/v2/event-types")
    def list_event_types_the_old_way(self, request: Request) -> Reply:
        """In groups, one for each profile of the user."""
        caller = self.known_caller(request)
        own = [known for known in self.state.living_event_types() if self._is_listed(known, caller, caller)]
        profile = {"slug": caller.username, "name": caller.name, "image": None}
        group = {"teamId": None, "profile": profile, "eventTypes": [event_type_info(known) for known in own]}
        return success({"eventTypeGroups": [group], "profiles": [profile]})

    @route("GET", f"{LEGACY_PREFIX}/v2/event-types/{{event_type_id}}")
    def get_event_type_the_old_way(self, request: Request, event_type_id: str) -> Reply:
        caller = self.known_caller(request)
        return success({"eventType": event_type_info(self.own_event_type(to_id(event_type_id), caller))})


def to_id(text: str) -> int:
    number = to_number(text)
    if not isinstance(number, int):
        raise bad_request("Validation failed (numeric string is expected)")
    return number


def booking_info(booking: Booking, state: State) -> dict[str, Any]:
    """A booking much as the database has it."""
    return {
        "id": booking.id,
        "uid": booking.uid,
        "title": booking.title,
        "startTime": iso_utc(booking.start),
        "endTime": iso_utc(booking.end),
        "status": booking.status.upper(),
        "eventTypeId": booking.event_type_id,
        "user": host_output(state.accounts[booking.host_id]),
        "attendees": [
            {"name": attendee.name, "email": attendee.email, "timeZone": attendee.time_zone}
            for attendee in booking.attendees
        ],
        "length": booking.length // MINUTE,
        "metadata": booking.metadata,
        "cancellationReason": booking.cancellation_reason or None,
        "rescheduled": booking.rescheduled_to_uid is not None,
    }


def event_type_info(event_type: EventType) -> dict[str, Any]:
    return {
        "id": event_type.id,
        "title": event_type.title,
        "slug": event_type.slug,
        "length": event_type.length_minutes,
        "hidden": event_type.hidden,
    }
