"""Making and reading bookings."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from calcom.sandbox import payloads
from calcom.sandbox.booking_desk import location_of
from calcom.sandbox.booking_input import (
    check_core_schema,
    check_length,
    check_location,
    check_responses,
    create_shape,
)
from calcom.sandbox.booking_list import cursor_page, listed, offset_page
from calcom.sandbox.core import success
from calcom.sandbox.errors import CoreError, forbidden, not_found, unauthorized
from calcom.sandbox.rendering import booking_output
from calcom.sandbox.seats import SeatDesk, as_seat_sees_it, seated
from calcom.sandbox.state import Account, Attendee, Booking, EventType
from calcom.sandbox.times import checked_moment, now
from calcom.sandbox.validation import check_strictly
from calcom.sandbox.versions import CURSOR_LIST, version_of
from mcp_gateway.sandbox import Reply, Request, route

NEEDS_AUTHENTICATION = "checkBookingRequiresAuthentication - "


class BookingRoutes(SeatDesk):
    @route("POST", "/v2/bookings", holds_lock=False)
    def create_booking(self, request: Request) -> Reply:
        body = check_strictly(self.body_of(request), create_shape(version_of(request)))
        with self.lock:
            event_type = self._booked_event_type(body)
            caller = self._permitted_booker(request, event_type)
            self.check_bookable(event_type)
            check_against(body, event_type)
            attendee, start = attendee_of(body, event_type), checked_moment(body["start"])
            repeated = self.same_request(event_type, attendee, start)
            if repeated is not None:
                return self.answer_with(repeated, status=201)
            attendee = seated(attendee, event_type, responses_of(body, attendee), body.get("metadata") or {})
            joined = self.join(event_type, attendee, start)
        booking = joined or self.write(lambda: self._plan(body, event_type, attendee, caller))
        self.announce_new(as_seat_sees_it(booking, attendee) if attendee.seat_uid else booking)
        return self.answer_with(booking, caller, status=201, seat_uid=attendee.seat_uid)

    @route("GET", "/v2/bookings/{uid}")
    def get_booking(self, request: Request, uid: str) -> Reply:
        visible = {booking.uid: booking for booking in self._readable_bookings()}
        if uid not in visible:
            raise not_found(f"Booking with uid={uid} was not found in the database")
        return self.answer_with(visible[uid], self.caller(request))

    @route("GET", "/v2/bookings/by-seat/{seat_uid}")
    def get_booking_by_seat(self, request: Request, seat_uid: str) -> Reply:
        for booking in self._readable_bookings():
            for attendee in booking.attendees:
                if attendee.seat_uid == seat_uid:
                    return self.answer_with(booking, self.caller(request), own_seat=seat_uid)
        raise not_found(f"Booking with seatUid={seat_uid} was not found in the database")

    @route("GET", "/v2/bookings")
    def list_bookings(self, request: Request) -> Reply:
        caller = self.permitted_caller(request)
        own = [booking for booking in self._readable_bookings() if is_involved(caller, booking)]
        if version_of(request) == CURSOR_LIST:
            page, pagination = cursor_page(own, request.query)
        else:
            page, pagination = offset_page(*listed(own, request.query))
        return success([booking_output(booking, self.state) for booking in page], pagination=pagination)

    def answer_with(
        self,
        booking: Booking,
        caller: Account | None = None,
        *,
        status: int = 200,
        seat_uid: str | None = None,
        own_seat: str | None = None,
    ) -> Reply:
        """`seat_uid` is the seat just taken; who else sits there only the host sees, or who asks by `own_seat`."""
        with self.lock:
            if status == 201 and self.state.settings.answers_lag and booking.uid not in self._readable_uids():
                raise CoreError(500, "Internal server error")
            event_type = self.state.event_types[booking.event_type_id]
            if event_type.seats_per_time_slot and not (
                event_type.seats_show_attendees or self._is_host(caller, event_type)
            ):
                seats = tuple(attendee for attendee in booking.attendees if own_seat and attendee.seat_uid == own_seat)
                booking = replace(booking, attendees=seats)
            output = booking_output(booking, self.state)
        if seat_uid:
            output["seatUid"] = seat_uid
        if status == 201:
            output["isPlatformManagedUserBooking"] = False
        return success(output, status=status)

    def announce_new(self, booking: Booking) -> None:
        trigger = "BOOKING_REQUESTED" if booking.status == "pending" else "BOOKING_CREATED"
        self.announce(trigger, booking, payloads.created(booking, self.state))

    def _readable_bookings(self) -> list[Booking]:
        """Reads go to a copy of the data that may lag behind."""
        lag = self.state.settings.read_lag_seconds
        return self.state.bookings.as_of(now() - timedelta(seconds=lag)) if lag else self.state.bookings.all()

    def _readable_uids(self) -> set[str]:
        return {booking.uid for booking in self._readable_bookings()}

    def _booked_event_type(self, body: dict[str, Any]) -> EventType:
        if event_type_id := body.get("eventTypeId"):
            event_type = self.event_type(event_type_id)
            missing = f"Event type with id {event_type_id} not found."
        elif username := body.get("username"):
            event_type = self.event_type_by_name(username, body["eventTypeSlug"])
            missing = f"Event type with slug {body['eventTypeSlug']} belonging to user {username} not found."
        else:
            raise not_found(f"Team with slug {body['teamSlug']} not found")
        if event_type is None:
            raise not_found(missing)
        return event_type

    def _permitted_booker(self, request: Request, event_type: EventType) -> Account | None:
        caller = self.caller(request)
        if event_type.booking_requires_authentication and caller is None:
            raise unauthorized(
                f"{NEEDS_AUTHENTICATION}request must be authenticated by passing credentials belonging to event type "
                "owner, host or team or org admin or owner."
            )
        if event_type.booking_requires_authentication and not self._is_host(caller, event_type):
            raise forbidden(
                f"{NEEDS_AUTHENTICATION}user is not authorized to access this event type. User has to be either event "
                "type owner, host, team admin or owner or org admin or owner."
            )
        return caller

    def _is_host(self, caller: Account | None, event_type: EventType) -> bool:
        return caller is not None and (caller.id == event_type.owner_id or caller in self.state.hosts_of(event_type))

    def _plan(self, body: dict[str, Any], event_type: EventType, attendee: Attendee, caller: Account | None) -> Booking:
        """The booking that the request asks for, once the calendar allows it."""
        start = checked_moment(body["start"])
        length = timedelta(minutes=body.get("lengthInMinutes") or event_type.length_minutes)
        # The flags of newer versions; from anyone but a host they are ignored in silence.
        flags = body if self._is_host(caller, event_type) else {}
        self.check_time(event_type, start, bounds_ignored=flags.get("allowBookingOutOfBounds", False))
        if not flags.get("skipBookingLimits"):
            self.check_active_bookings(event_type, attendee.email)
        host = self.free_host(event_type, start, start + length)
        if host is None and flags.get("allowConflicts"):
            host = caller
        if host is None:
            raise self.unavailable(event_type)
        booking = self.draft(
            event_type,
            host,
            attendee,
            start,
            length,
            responses=responses_of(body, attendee),
            metadata=body.get("metadata") or {},
            guests=tuple(body.get("guests") or ()),
        )
        return with_location(booking, event_type, body.get("location") or body.get("meetingUrl"))


def is_involved(account: Account, booking: Booking) -> bool:
    """Organiser or attendee."""
    return booking.host_id == account.id or any(guest.email == account.email for guest in booking.attendees)


def check_against(body: dict[str, Any], event_type: EventType) -> None:
    check_responses(body, event_type)
    check_length(body, event_type)
    check_location(body.get("location"), event_type)
    check_core_schema(body, event_type)


def attendee_of(body: dict[str, Any], event_type: EventType) -> Attendee:
    """The attendee; with a phone number only, or where the e-mail field is hidden, the address is made of it."""
    given = body["attendee"]
    phone_number = given.get("phoneNumber") or None
    email = given.get("email") or ""
    if phone_number and (not email or event_type.email_hidden):
        digits = "".join(filter(str.isdigit, phone_number))
        email = f"{digits}@sms.cal.com"
    return Attendee(
        name=given["name"],
        email=email,
        time_zone=given["timeZone"],
        language=given.get("language") or "en",
        phone_number=phone_number,
    )


def responses_of(body: dict[str, Any], attendee: Attendee) -> dict[str, Any]:
    own = {
        slug: "" if answer is None else answer for slug, answer in (body.get("bookingFieldsResponses") or {}).items()
    }
    responses = {**own, "name": attendee.name, "email": attendee.email, "displayEmail": attendee.email}
    if attendee.phone_number:
        responses["attendeePhoneNumber"] = attendee.phone_number
    if body.get("guests"):
        responses["guests"] = body["guests"]
    return responses


def with_location(booking: Booking, event_type: EventType, chosen: Any) -> Booking:
    return replace(booking, location=location_of(event_type, booking.uid, chosen))
