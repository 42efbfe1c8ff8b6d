"""The list of bookings: filters, statuses, order and the two kinds of pages."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from calcom.sandbox.errors import bad_request
from calcom.sandbox.state import Booking
from calcom.sandbox.times import now, parse_moment
from calcom.sandbox.validation import DATE, STRING, Field, Shape, at_least, at_most, check_loosely, one_of, rule

STATUSES = ("upcoming", "recurring", "past", "cancelled", "unconfirmed")
DEFAULT_TAKE = 100
MAX_TAKE = 250
DEFAULT_LIMIT = 50
MAX_LIMIT = 100
DATE_FILTERS: dict[str, Callable[[Booking, datetime], bool]] = {
    "afterStart": lambda booking, moment: booking.start >= moment,
    "beforeEnd": lambda booking, moment: booking.end <= moment,
    "afterCreatedAt": lambda booking, moment: booking.created_at >= moment,
    "beforeCreatedAt": lambda booking, moment: booking.created_at <= moment,
    "afterUpdatedAt": lambda booking, moment: booking.updated_at >= moment,
    "beforeUpdatedAt": lambda booking, moment: booking.updated_at <= moment,
}
SORTS: dict[str, Callable[[Booking], datetime]] = {
    "sortStart": lambda booking: booking.start,
    "sortEnd": lambda booking: booking.end,
    "sortCreated": lambda booking: booking.created_at,
    "sortUpdatedAt": lambda booking: booking.updated_at,
}

IS_STATUS_LIST = rule(
    "isEnum",
    f"Invalid status. Allowed are {', '.join(STATUSES)}",
    lambda value: all(status in STATUSES for status in value),
)
IS_ID_LIST = rule(
    "isNumber",
    "each value in {property} must be a number conforming to the specified constraints",
    lambda value: all(isinstance(item, int) for item in value),
)
IS_NUMBER = rule(
    "isNumber",
    "{property} must be a number conforming to the specified constraints",
    lambda value: isinstance(value, int),
)
FILTER_FIELDS = {
    "status": Field((IS_STATUS_LIST,)),
    "attendeeEmail": Field((STRING,)),
    "attendeeName": Field((STRING,)),
    "bookingUid": Field((STRING,)),
    "eventTypeIds": Field((IS_ID_LIST,)),
    "eventTypeId": Field((IS_NUMBER,)),
    "teamsIds": Field((IS_ID_LIST,)),
    "teamId": Field((IS_NUMBER,)),
    **{name: Field((DATE,)) for name in DATE_FILTERS},
}
OFFSET_LIST = Shape(
    {
        **FILTER_FIELDS,
        **{name: Field((one_of(["asc", "desc"]),)) for name in SORTS},
        "take": Field((at_most(MAX_TAKE), at_least(1))),
        "skip": Field((at_least(0),)),
    }
)
CURSOR_LIST = Shape({**FILTER_FIELDS, "limit": Field((at_most(MAX_LIMIT), at_least(1))), "cursor": Field((STRING,))})


def listed(bookings: list[Booking], query: dict[str, str]) -> tuple[list[Booking], int, int]:
    """The bookings that match, in order, with `take` and `skip`."""
    given = check_loosely(_typed(query), OFFSET_LIST)
    found = [booking for booking in bookings if matches(booking, given)]
    return _sorted(found, given), given.get("take") or DEFAULT_TAKE, given.get("skip") or 0


def offset_page(found: list[Booking], take: int, skip: int) -> tuple[list[Booking], dict[str, Any]]:
    page = found[skip : skip + take]
    total_pages = -(-len(found) // take)
    current_page = skip // take + 1
    return page, {
        "returnedItems": len(page),
        "totalItems": len(found),
        "itemsPerPage": take,
        "remainingItems": max(0, len(found) - skip - take),
        "currentPage": current_page,
        "totalPages": total_pages,
        "hasNextPage": current_page < total_pages,
        "hasPreviousPage": current_page > 1,
    }


def cursor_page(bookings: list[Booking], query: dict[str, str]) -> tuple[list[Booking], dict[str, Any]]:
    """The pages of 2026-05-01: one status at most; what lies ahead is walked forwards, the rest backwards."""
    given = check_loosely(_typed(query), CURSOR_LIST)
    statuses = given.get("status") or []
    if len(statuses) > 1:
        raise bad_request("Only one status can be provided when using cursor pagination.")
    backwards = not statuses or statuses[0] in ("past", "cancelled")
    found = sorted((booking for booking in bookings if matches(booking, given)), key=_place, reverse=backwards)
    if cursor := given.get("cursor"):
        last = _read_cursor(cursor)
        found = [booking for booking in found if (_place(booking) < last if backwards else _place(booking) > last)]
    limit = given.get("limit") or DEFAULT_LIMIT
    has_more = len(found) > limit
    return found[:limit], {"nextCursor": _cursor(found[limit - 1]) if has_more else None, "hasMore": has_more}


def matches(booking: Booking, given: dict[str, Any]) -> bool:
    statuses = given.get("status") or []
    if statuses and not any(has_status(booking, status) for status in statuses):
        return False
    event_type_ids = given.get("eventTypeIds") or ([given["eventTypeId"]] if given.get("eventTypeId") else [])
    if event_type_ids and booking.event_type_id not in event_type_ids:
        return False
    # Nobody here has a team.
    if given.get("teamsIds") or given.get("teamId"):
        return False
    if "bookingUid" in given and booking.uid != given["bookingUid"]:
        return False
    return _has_attendee(booking, given) and _is_in_time(booking, given)


def has_status(booking: Booking, status: str) -> bool:
    """Status as the list means it: cancelled takes in declined and moved bookings, upcoming those that wait."""
    if status == "cancelled":
        return booking.is_over
    if status == "upcoming":
        return not booking.is_over and booking.end >= now()
    if status == "past":
        return not booking.is_over and booking.end < now()
    return status == "unconfirmed" and booking.status == "pending" and booking.end >= now()


def _has_attendee(booking: Booking, given: dict[str, Any]) -> bool:
    """Exact matches; a space in the address was a plus sign that nobody encoded."""
    email = given.get("attendeeEmail", "").strip().replace(" ", "+")
    name = given.get("attendeeName", "").strip()
    return any(
        (not email or attendee.email == email) and (not name or attendee.name == name) for attendee in booking.attendees
    )


def _is_in_time(booking: Booking, given: dict[str, Any]) -> bool:
    for name, holds in DATE_FILTERS.items():
        moment = parse_moment(given.get(name))
        if moment is not None and not holds(booking, moment):
            return False
    return True


def _sorted(found: list[Booking], given: dict[str, Any]) -> list[Booking]:
    """The first sort of the query wins; without one by start, the past latest first."""
    for name in given:
        if name in SORTS:
            return sorted(found, key=SORTS[name], reverse=given[name] == "desc")
    backwards = given.get("status") in (["past"], ["cancelled"])
    return sorted(found, key=_place, reverse=backwards)


def _place(booking: Booking) -> tuple[str, int]:
    return booking.start.isoformat(), booking.id


def _cursor(booking: Booking) -> str:
    start, number = _place(booking)
    return base64.urlsafe_b64encode(f"{start}|{number}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[str, int]:
    try:
        start, number = base64.urlsafe_b64decode(cursor).decode().split("|")
        return start, int(number)
    except ValueError as error:
        raise bad_request("Invalid cursor") from error


def _typed(query: dict[str, str]) -> dict[str, Any]:
    """Query texts as the lists and numbers they stand for, where they do."""
    typed: dict[str, Any] = dict(query)
    if "status" in query:
        typed["status"] = [status.strip() for status in query["status"].split(",")]
    for name in ("eventTypeIds", "teamsIds"):
        if name in query:
            typed[name] = [to_number(part) for part in query[name].split(",")]
    for name in ("eventTypeId", "teamId", "take", "skip", "limit"):
        if name in query:
            typed[name] = to_number(query[name])
    return typed


def to_number(text: str) -> int | str:
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() else text
