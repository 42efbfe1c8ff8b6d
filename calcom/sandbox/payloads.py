"""What the webhooks say about a booking."""

from typing import Any

from calcom.sandbox.rendering import BOOKING_PAGES, MINUTE
from calcom.sandbox.state import Account, Attendee, Booking, State
from calcom.sandbox.times import iso_offset, iso_utc, utc_offset_minutes

LABELS = {
    "name": "your_name",
    "email": "email_address",
    "attendeePhoneNumber": "phone_number",
    "guests": "additional_guests",
}


def created(booking: Booking, state: State) -> dict[str, Any]:
    """BOOKING_CREATED and, with status PENDING, BOOKING_REQUESTED."""
    metadata: dict[str, Any] = dict(booking.metadata)
    if booking.location.startswith("http"):
        metadata["videoCallUrl"] = booking.location
    return {
        **_common(booking, state),
        "startTime": iso_utc(booking.start),
        "endTime": iso_utc(booking.end),
        "metadata": metadata,
        "status": booking.status.upper(),
        "price": 0,
        "currency": "usd",
        "requiresConfirmation": state.event_types[booking.event_type_id].requires_confirmation,
    }


def rescheduled(booking: Booking, original: Booking, state: State) -> dict[str, Any]:
    """BOOKING_RESCHEDULED: `uid` is the new booking's, `rescheduleUid` the old one's."""
    return {
        **created(booking, state),
        "rescheduleId": original.id,
        "rescheduleUid": original.uid,
        "rescheduleStartTime": iso_utc(original.start),
        "rescheduleEndTime": iso_utc(original.end),
        "rescheduledBy": booking.rescheduled_by,
    }


def cancelled(booking: Booking, state: State, *, reason: str, by: str, asks_to_move: bool = False) -> dict[str, Any]:
    """BOOKING_CANCELLED: other time format, and no metadata; `asks_to_move` when the host wishes another time."""
    return {
        **_common(booking, state),
        "startTime": iso_offset(booking.start),
        "endTime": iso_offset(booking.end),
        "status": "CANCELLED",
        "cancellationReason": reason,
        "cancelledBy": by,
        "requestReschedule": asks_to_move,
    }


def rejected(booking: Booking, state: State) -> dict[str, Any]:
    return {**created(booking, state), "status": "REJECTED", "rejectionReason": booking.rejection_reason}


def no_show(booking: Booking) -> dict[str, Any]:
    absent = [{"email": attendee.email, "noShow": attendee.absent} for attendee in booking.attendees]
    message = ", ".join(f"{row['email']} marked as {'no-show' if row['noShow'] else 'attended'}" for row in absent)
    return {"message": message, "attendees": absent, "bookingUid": booking.uid, "bookingId": booking.id}


def meeting(booking: Booking, state: State) -> dict[str, Any]:
    """MEETING_STARTED and MEETING_ENDED: the booking as the database has it, with no `payload` around it."""
    return {
        "id": booking.id,
        "uid": booking.uid,
        "userId": booking.host_id,
        "eventTypeId": booking.event_type_id,
        "title": booking.title,
        "startTime": iso_utc(booking.start),
        "endTime": iso_utc(booking.end),
        "createdAt": iso_utc(booking.created_at),
        "updatedAt": iso_utc(booking.updated_at),
        "status": booking.status.upper(),
        "location": booking.location,
        "metadata": booking.metadata,
        "responses": booking.responses,
        "iCalUID": booking.ics_uid,
        "attendees": [_attendee(attendee, booking) for attendee in booking.attendees],
        "user": _organizer(state.accounts[booking.host_id], booking),
    }


def _common(booking: Booking, state: State) -> dict[str, Any]:
    event_type = state.event_types[booking.event_type_id]
    return {
        "bookerUrl": BOOKING_PAGES,
        "type": event_type.slug,
        "title": booking.title,
        "description": event_type.description,
        "customInputs": {},
        "responses": {name: _response(name, value) for name, value in booking.responses.items()},
        "userFieldsResponses": {},
        "organizer": _organizer(state.accounts[booking.host_id], booking),
        "attendees": [_attendee(attendee, booking) for attendee in booking.attendees],
        "uid": booking.uid,
        "bookingId": booking.id,
        "eventTypeId": event_type.id,
        "eventTitle": event_type.title,
        "length": booking.length // MINUTE,
        "location": booking.location,
        "iCalUID": booking.ics_uid,
        "iCalSequence": 0,
        "destinationCalendar": None,
        "appsStatus": [],
    }


def _response(name: str, value: Any) -> dict[str, Any]:
    return {"label": LABELS.get(name, name), "value": value, "isHidden": False}


def _organizer(account: Account, booking: Booking) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "email": account.email,
        "username": account.username,
        "timeZone": account.time_zone,
        "language": {"locale": "en"},
        "timeFormat": "h:mma",
        "utcOffset": utc_offset_minutes(booking.start, account.time_zone),
    }


def _attendee(attendee: Attendee, booking: Booking) -> dict[str, Any]:
    first_name, _, last_name = attendee.name.partition(" ")
    return {
        "email": attendee.email,
        "name": attendee.name,
        "firstName": first_name,
        "lastName": last_name,
        "timeZone": attendee.time_zone,
        "phoneNumber": attendee.phone_number,
        "language": {"locale": attendee.language},
        "utcOffset": utc_offset_minutes(booking.start, attendee.time_zone),
    }
