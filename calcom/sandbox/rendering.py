"""Bookings and event types as Cal.com's answers show them."""

from datetime import timedelta
from typing import Any

from calcom.sandbox.state import Account, Attendee, Booking, EventType, State
from calcom.sandbox.times import iso_utc

MINUTE = timedelta(minutes=1)
BOOKING_PAGES = "https://cal.com"


def booking_output(booking: Booking, state: State) -> dict[str, Any]:
    """`data` of a booking; what is absent is left out."""
    event_type = state.event_types[booking.event_type_id]
    output = {
        "id": booking.id,
        "uid": booking.uid,
        "title": booking.title,
        "description": event_type.description,
        "hosts": [host_output(state.accounts[booking.host_id])],
        "status": booking.status,
        "cancellationReason": booking.cancellation_reason,
        "cancelledByEmail": booking.cancelled_by,
        "reschedulingReason": booking.rescheduling_reason,
        "rescheduledFromUid": booking.rescheduled_from_uid,
        "rescheduledToUid": booking.rescheduled_to_uid,
        "rescheduledByEmail": booking.rescheduled_by,
        "start": iso_utc(booking.start),
        "end": iso_utc(booking.end),
        "duration": booking.length // MINUTE,
        "eventType": {"id": event_type.id, "slug": event_type.slug},
        "eventTypeId": event_type.id,
        "attendees": [attendee_output(attendee) for attendee in booking.attendees],
        "guests": list(booking.guests) or None,
        "location": booking.location,
        "meetingUrl": booking.location,
        "absentHost": booking.absent_host,
        "createdAt": iso_utc(booking.created_at),
        "updatedAt": iso_utc(booking.updated_at),
        "icsUid": booking.ics_uid,
    }
    if not event_type.seats_per_time_slot:
        output |= {"bookingFieldsResponses": booking.responses, "metadata": booking.metadata}
    return {**{name: value for name, value in output.items() if value is not None}, "rating": None}


def host_output(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "email": account.email,
        "displayEmail": account.email,
        "username": account.username,
        "timeZone": account.time_zone,
    }


def attendee_output(attendee: Attendee) -> dict[str, Any]:
    output: dict[str, Any] = {
        "name": attendee.name,
        "email": attendee.email,
        "displayEmail": attendee.email,
        "timeZone": attendee.time_zone,
        "language": attendee.language,
        "absent": attendee.absent,
    }
    if attendee.phone_number:
        output["phoneNumber"] = attendee.phone_number
    if attendee.seat_uid:
        # The address isn't among a seat's answers, for privacy.
        answers = {name: answer for name, answer in attendee.responses.items() if name != "email"}
        output |= {"seatUid": attendee.seat_uid, "bookingFieldsResponses": answers, "metadata": attendee.metadata}
    return output


def event_type_output(event_type: EventType, owner: Account) -> dict[str, Any]:
    output = {
        "id": event_type.id,
        "ownerId": owner.id,
        "title": event_type.title,
        "slug": event_type.slug,
        "description": event_type.description,
        "lengthInMinutes": event_type.length_minutes,
        "locations": event_type.locations,
        "bookingFields": booking_fields(event_type),
        "recurrence": None,
        "disableGuests": False,
        "slotInterval": event_type.slot_interval,
        "minimumBookingNotice": event_type.minimum_notice_minutes,
        "beforeEventBuffer": event_type.before_buffer_minutes,
        "afterEventBuffer": event_type.after_buffer_minutes,
        "metadata": {},
        "price": 0,
        "currency": "usd",
        "lockTimeZoneToggleOnBookingPage": False,
        "seatsPerTimeSlot": event_type.seats_per_time_slot,
        "seatsShowAvailabilityCount": True,
        "forwardParamsSuccessRedirect": True,
        "successRedirectUrl": None,
        "isInstantEvent": False,
        "scheduleId": None,
        "bookingWindow": booking_window(event_type),
        "confirmationPolicy": confirmation_policy(event_type),
        "disableCancelling": {"disabled": event_type.disable_cancelling},
        "bookerActiveBookingsLimit": active_bookings_limit(event_type),
        "hidden": event_type.hidden,
        "bookingRequiresAuthentication": event_type.booking_requires_authentication,
        "users": [host_output(owner)],
        "bookingUrl": f"{BOOKING_PAGES}/{owner.username}/{event_type.slug}",
    }
    if event_type.length_options:
        output["lengthInMinutesOptions"] = event_type.length_options
    if event_type.seats_per_time_slot:
        output["seats"] = {
            "seatsPerTimeSlot": event_type.seats_per_time_slot,
            "showAttendeeInfo": event_type.seats_show_attendees,
            "showAvailabilityCount": True,
        }
    if event_type.is_team_event:
        output["schedulingType"] = event_type.scheduling_type
    return output


def booking_window(event_type: EventType) -> list[dict[str, Any]]:
    if event_type.booking_window_days is None:
        return []
    return [{"type": "calendarDays", "value": event_type.booking_window_days, "rolling": True}]


def active_bookings_limit(event_type: EventType) -> dict[str, Any]:
    if event_type.booker_active_bookings_limit is None:
        return {"disabled": True}
    return {
        "maximumActiveBookings": event_type.booker_active_bookings_limit,
        "offerReschedule": event_type.booker_limit_offers_move,
    }


def confirmation_policy(event_type: EventType) -> dict[str, Any]:
    if not event_type.requires_confirmation:
        return {"disabled": True}
    return {"type": "always", "blockUnconfirmedBookingsInBooker": event_type.pending_blocks_slot}


def booking_fields(event_type: EventType) -> list[dict[str, Any]]:
    """The questions that every event type has, then its own."""
    email_is_required = event_type.email_required and not event_type.email_hidden
    fields = [
        _default_field("name", "name", required=True),
        _default_field("email", "email", required=email_is_required, hidden=event_type.email_hidden),
    ]
    if event_type.phone_required or not email_is_required:
        fields.append(_default_field("phone", "attendeePhoneNumber", required=event_type.phone_required))
    fields += [
        _default_field("text", "title", required=True, hidden=True),
        _default_field("textarea", "notes"),
        _default_field("multiemail", "guests"),
        _default_field("textarea", "rescheduleReason"),
    ]
    own = {"label": "", "placeholder": "", "required": False, "hidden": False, "isDefault": False}
    return fields + [{**own, **custom} for custom in event_type.booking_fields]


def _default_field(kind: str, slug: str, *, required: bool = False, hidden: bool = False) -> dict[str, Any]:
    return {"isDefault": True, "type": kind, "slug": slug, "required": required, "hidden": hidden}
