"""Event types with seats: several people share one booking, each with a seat of their own."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from calcom.sandbox.booking_desk import BookingDesk
from calcom.sandbox.errors import ApiError, CoreError, bad_request
from calcom.sandbox.state import Attendee, Booking, EventType
from calcom.sandbox.times import now


class SeatDesk(BookingDesk):
    """Rules of seats. Everything here runs under the lock; joining a booking is never raced, making one is."""

    def join(self, event_type: EventType, attendee: Attendee, start: datetime) -> Booking | None:
        """The booking with one seat more; None where nobody has booked that time yet, or there are no seats at all."""
        shared = self.shared_booking(event_type, start)
        if shared is None or event_type.seats_per_time_slot is None:
            return None
        if any(other.email == attendee.email for other in shared.attendees):
            raise CoreError(409, "already_signed_up_for_this_booking_error")
        if len(shared.attendees) >= event_type.seats_per_time_slot:
            raise ApiError(409, "No more seats left at this seated booking.")
        return self.change(shared.uid, attendees=(*shared.attendees, attendee))

    def seat(self, uid: str, seat_uid: str) -> Attendee:
        """Whoever sits there; an unknown seat is told before an unknown booking."""
        for booking in self.state.bookings.all():
            for attendee in booking.attendees:
                if attendee.seat_uid == seat_uid and not booking.is_over:
                    if booking.uid != uid:
                        raise bad_request("Invalid seatUid: this seat does not belong to this booking.")
                    return attendee
        raise bad_request("Invalid seatUid: this seat does not exist or has already been cancelled.")

    def leave(self, booking: Booking, attendee: Attendee, **ending: Any) -> Booking:
        """The booking without that seat; with the last one the booking ends as `ending` says."""
        others = tuple(other for other in booking.attendees if other.seat_uid != attendee.seat_uid)
        if others:
            return self.change(booking.uid, attendees=others)
        return self.change(booking.uid, status="cancelled", **ending)

    def move_seat(self, original: Booking, attendee: Attendee, start: datetime, plan: Booking | None) -> Booking:
        """The booking that the seat is in afterwards: one that is there, or `plan` with that seat alone."""
        event_type = self.state.event_types[original.event_type_id]
        joined = self.join(event_type, attendee, start)
        if joined is None:
            assert plan is not None
            joined = self.store(replace(plan, attendees=(attendee,)))
        self.leave(original, attendee, rescheduled_to_uid=joined.uid)
        return joined


def seated(attendee: Attendee, event_type: EventType, responses: dict[str, Any], metadata: dict[str, str]) -> Attendee:
    """The attendee with a seat and what they said themselves, where the event type has seats."""
    if event_type.seats_per_time_slot is None:
        return attendee
    return replace(attendee, seat_uid=str(uuid.uuid4()), responses=responses, metadata=metadata)


def as_seat_sees_it(booking: Booking, attendee: Attendee) -> Booking:
    """What is announced about one seat: its own person, answers and metadata."""
    return replace(
        booking, attendees=(attendee,), responses=attendee.responses, metadata=attendee.metadata, updated_at=now()
    )
