"""Free slots and their reservations."""

import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calcom.sandbox.availability import Period, overlap, slot_starts
from calcom.sandbox.booking_list import IS_NUMBER, to_number
from calcom.sandbox.core import SandboxCore, success
from calcom.sandbox.errors import bad_request, forbidden, not_found, unauthorized, unprocessable
from calcom.sandbox.rendering import MINUTE
from calcom.sandbox.state import Account, EventType, Reservation
from calcom.sandbox.times import checked_moment, iso_in_zone, iso_utc, now
from calcom.sandbox.validation import (
    DATE,
    INTEGER,
    STRING,
    TIME_ZONE,
    Field,
    Shape,
    at_least,
    check_loosely,
    check_strictly,
    one_of,
    rule,
)
from mcp_gateway.sandbox import Reply, Request, route

DEFAULT_RESERVATION_MINUTES = 5
BY_WHAT = rule(
    "isArray",
    "{property} must be an array",
    lambda query: "eventTypeId" in query or ("eventTypeSlug" in query and ("username" in query or "teamSlug" in query)),
)
SLOTS = Shape(
    {
        "start": Field((DATE,), required=True),
        "end": Field((DATE,), required=True),
        "eventTypeId": Field((IS_NUMBER,)),
        "eventTypeSlug": Field((STRING,)),
        "username": Field((STRING,)),
        "teamSlug": Field((STRING,)),
        "organizationSlug": Field((STRING,)),
        "timeZone": Field((TIME_ZONE,)),
        "duration": Field((IS_NUMBER,)),
        "format": Field((one_of(["range", "time"]),)),
        "bookingUidToReschedule": Field((STRING,)),
    },
    rules=(("usernames", BY_WHAT),),
)
RESERVATION = Shape(
    {
        "eventTypeId": Field((INTEGER,), required=True),
        "slotStart": Field((DATE,), required=True),
        "slotDuration": Field((at_least(1), INTEGER)),
        "reservationDuration": Field((at_least(1), INTEGER)),
    }
)


class SlotRoutes(SandboxCore):
    @route("GET", "/v2/slots")
    def list_slots(self, request: Request) -> Reply:
        self.caller(request)
        query = check_strictly(_typed(request.query), SLOTS)
        event_type = self._searched_event_type(query)
        searched = searched_period(query["start"], query["end"])
        length = timedelta(minutes=query.get("duration") or event_type.length_minutes)
        ignored_uid = query.get("bookingUidToReschedule")
        starts = {
            start
            for host in self.state.hosts_of(event_type)
            for start in slot_starts(self.state, host, event_type, searched, length, ignored_uid)
        }
        slots = [(start, self._seats(event_type, start)) for start in sorted(starts)]
        data = by_day(slots, length, query.get("timeZone", "UTC"), with_ends=query.get("format") == "range")
        status = {"status": "success"} if self.state.settings.slots_have_status else {}
        return Reply(body={"data": data, **status})

    def _seats(self, event_type: EventType, start: datetime) -> dict[str, Any]:
        """What a slot says about its seats, nothing where there are none."""
        total = event_type.seats_per_time_slot
        if total is None:
            return {}
        shared = self.shared_booking(event_type, start)
        taken = len(shared.attendees) if shared else 0
        seats = {"seatsBooked": taken, "seatsRemaining": total - taken, "seatsTotal": total}
        return {**seats, "bookingUid": shared.uid} if shared else seats

    def _searched_event_type(self, query: dict[str, Any]) -> EventType:
        if "eventTypeId" in query:
            event_type = self.event_type(query["eventTypeId"])
        elif "username" in query:
            event_type = self.event_type_by_name(query["username"], query["eventTypeSlug"])
        else:
            raise not_found(f"Team with slug {query['teamSlug']} not found")
        if event_type is None:
            raise not_found("Event Type not found")
        return event_type

    @route("POST", "/v2/slots/reservations")
    def create_reservation(self, request: Request) -> Reply:
        caller = self.caller(request)
        body = check_loosely(self.body_of(request), RESERVATION)
        self._check_reservation_length(body, caller)
        reservation = self._plan_reservation(body, str(uuid.uuid4()))
        self.state.reservations[reservation.uid] = reservation
        return success(reservation_output(reservation, body), status=201)

    @route("GET", "/v2/slots/reservations/{uid}")
    def get_reservation(self, request: Request, uid: str) -> Reply:
        reservation = self._live_reservation(uid)
        return success(reservation_output(reservation, None) if reservation else None)

    @route("PATCH", "/v2/slots/reservations/{uid}")
    def update_reservation(self, request: Request, uid: str) -> Reply:
        self.caller(request)
        body = check_loosely(self.body_of(request), RESERVATION)
        if self._live_reservation(uid) is None:
            raise not_found(f"Slot with uid={uid} not found")
        reservation = self._plan_reservation(body, uid)
        self.state.reservations[uid] = reservation
        return success(reservation_output(reservation, body))

    @route("DELETE", "/v2/slots/reservations/{uid}")
    def delete_reservation(self, request: Request, uid: str) -> Reply:
        self.state.reservations.pop(uid, None)
        return Reply(body={"status": "success"})

    def _live_reservation(self, uid: str) -> Reservation | None:
        reservation = self.state.reservations.get(uid)
        return reservation if reservation and reservation.until > now() else None

    def _check_reservation_length(self, body: dict[str, Any], caller: Account | None) -> None:
        """Only the owner may say how long a reservation lives."""
        if body.get("reservationDuration") is None:
            return
        if caller is None:
            raise unauthorized(
                "reservationDuration can only be used for authenticated requests - use access token, api key or OAuth "
                "credentials"
            )
        event_type = self._reserved_event_type(body)
        if caller.id != event_type.owner_id:
            raise forbidden(
                "authenticated user is not owner of event type, does not have memberships in common with owner of the "
                "event type, nor does belong to event type's team or org."
            )

    def _reserved_event_type(self, body: dict[str, Any]) -> EventType:
        event_type = self.event_type(body["eventTypeId"])
        if event_type is None:
            raise not_found(f"Event Type with ID={body['eventTypeId']} not found")
        return event_type

    def _plan_reservation(self, body: dict[str, Any], uid: str) -> Reservation:
        """A soft hold: whether the host works at that time nobody asks."""
        event_type = self._reserved_event_type(body)
        check_slot_length(body, event_type)
        start = checked_moment(body["slotStart"])
        end = start + timedelta(minutes=body.get("slotDuration") or event_type.length_minutes)
        self._check_seats_left(event_type, start, body["slotStart"])
        self._check_unreserved(event_type, (start, end))
        minutes = body.get("reservationDuration") or DEFAULT_RESERVATION_MINUTES
        hosts = self.state.hosts_of(event_type)
        if not hosts:
            raise bad_request("Cannot reserve a slot for a team event without any hosts")
        return Reservation(
            uid=uid,
            event_type_id=event_type.id,
            host_id=hosts[0].id,
            start=start,
            end=end,
            until=now() + timedelta(minutes=minutes),
        )

    def _check_seats_left(self, event_type: EventType, start: datetime, as_written: str) -> None:
        shared = self.shared_booking(event_type, start)
        if shared and len(shared.attendees) >= (event_type.seats_per_time_slot or 0):
            raise unprocessable(f"Booking with id={event_type.id} at {as_written} has no more seats left.")

    def _check_unreserved(self, event_type: EventType, period: Period) -> None:
        booked = [
            (booking.start, booking.end)
            for booking in self.state.bookings.all()
            if booking.event_type_id == event_type.id and not booking.is_over and not event_type.seats_per_time_slot
        ]
        if any(overlap(other, period) for other in booked):
            raise unprocessable("Can't reserve a slot if the event is already booked.")
        reserved = [
            (other.start, other.end)
            for other in self.state.reservations.values()
            if other.event_type_id == event_type.id and other.until > now()
        ]
        if any(overlap(other, period) for other in reserved):
            raise unprocessable("This time slot is already reserved by another user. Please choose a different time.")


def check_slot_length(body: dict[str, Any], event_type: EventType) -> None:
    length = body.get("slotDuration")
    if length is None:
        return
    if not event_type.length_options:
        raise bad_request("You passed 'slotDuration' but this event type is not a variable length event type.")
    if length not in event_type.length_options:
        lengths = ", ".join(map(str, event_type.length_options))
        raise bad_request(
            "Provided 'slotDuration' is not one of the possible lengths for the event type. The possible lengths for "
            f"this variable length event type are: {lengths}"
        )


def searched_period(start: str, end: str) -> Period:
    """The range of a search: an end at midnight UTC means the end of that day, even when the time is given."""
    opens, closes = checked_moment(start), checked_moment(end)
    if (closes.hour, closes.minute, closes.second) == (0, 0, 0):
        closes = closes.replace(hour=23, minute=59, second=59)
    if closes < opens:
        raise bad_request("Invalid time range given - check the 'start' and 'end' query parameters.")
    return opens, closes


def by_day(
    slots: list[tuple[datetime, dict[str, Any]]], length: timedelta, zone: str, *, with_ends: bool
) -> dict[str, list[dict[str, Any]]]:
    """Slots, each with what it says about its seats, under their day in the zone; days without any are missing."""
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    local_zone = UTC if zone == "UTC" else ZoneInfo(zone)
    for start, seats in slots:
        slot = {"start": iso_in_zone(start, zone), **seats}
        if with_ends:
            slot["end"] = iso_in_zone(start + length, zone)
        days[start.astimezone(local_zone).date().isoformat()].append(slot)
    return days


def reservation_output(reservation: Reservation, body: dict[str, Any] | None) -> dict[str, Any]:
    """`reservationDuration` is told to whoever makes or changes a reservation only."""
    output = {
        "eventTypeId": reservation.event_type_id,
        "slotStart": iso_utc(reservation.start),
        "slotEnd": iso_utc(reservation.end),
        "slotDuration": (reservation.end - reservation.start) // MINUTE,
        "reservationUid": reservation.uid,
        "reservationUntil": iso_utc(reservation.until),
    }
    if body is not None:
        output["reservationDuration"] = body.get("reservationDuration") or DEFAULT_RESERVATION_MINUTES
    return output


def _typed(query: dict[str, str]) -> dict[str, Any]:
    return {name: to_number(text) if name in ("eventTypeId", "duration") else text for name, text in query.items()}
