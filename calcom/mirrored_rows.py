"""Rows made of what was booked in the calendar itself, so that availability and staff see it."""

from django.conf import settings
from django.db import transaction

from appointments.customers import customer_for
from appointments.models import Appointment, Company, Customer, Service
from appointments.notifications import is_mailable
from appointments.phones import region_of, to_e164
from calcom.types import BookedAttendee, Booking
from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal

MAX_EMAIL = 254


def mirror(company: Company, booking: Booking, service: Service, *, by: Principal) -> None:
    """Make the booking's row; raises IntegrityError where it has one."""
    # In a transaction of its own: others may be making the same customer, and must be seen.
    customer = _customer(company, booking, by)
    with transaction.atomic():
        _create(company, booking, service, customer, by)


def phone_of(company: Company, booking: Booking) -> str | None:
    """The customer's number in E.164; None where there is none, or nothing that is one."""
    return to_e164(_attendee(booking).phone_number, region=region_of(company.phone_number))


def _create(company: Company, booking: Booking, service: Service, customer: Customer | None, by: Principal) -> None:
    attendee = _attendee(booking)
    row = Appointment.objects.create(
        company=company,
        service=service,
        customer=customer,
        starts_at=booking.start,
        ends_at=booking.end,
        status=Appointment.Status.SCHEDULED,
        origin=Appointment.Origin.CALENDAR,
        attendee_name=attendee.name[:150],
        attendee_email=_email(attendee),
        language=_language(company, attendee),
        calcom_booking_uid=booking.uid,
        calcom_booking_id=booking.id,
    )
    record_by(
        by,
        action="appointment.mirrored_from_calendar",
        object_type="Appointment",
        object_id=row.pk,
        company_id=company.pk,
        after={"starts_at": row.starts_at.isoformat(), "calcom_booking_uid": row.calcom_booking_uid},
    )


def _customer(company: Company, booking: Booking, by: Principal) -> Customer | None:
    """By the number and by nothing else: without one it stays the name on the appointment."""
    phone, attendee = phone_of(company, booking), _attendee(booking)
    if phone is None:
        return None
    return customer_for(
        company,
        phone=phone,
        name=attendee.name[:150],
        email=_email(attendee),
        language=_language(company, attendee),
        by=by,
    )


def _attendee(booking: Booking) -> BookedAttendee:
    return booking.attendees[0] if booking.attendees else BookedAttendee()


def _language(company: Company, attendee: BookedAttendee) -> str:
    spoken = attendee.language[:2].lower()
    return spoken if spoken in dict(settings.LANGUAGES) else company.default_language


def _email(attendee: BookedAttendee) -> str | None:
    """None for what Cal.com makes of a number, and for placeholders."""
    email = attendee.email.strip()
    return email if is_mailable(email) and len(email) <= MAX_EMAIL else None
