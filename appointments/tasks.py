"""Celery tasks of the business: thin, the work is in `booking`."""

from celery import shared_task

from appointments import booking
from appointments.models import Appointment, Call


@shared_task
def book_call(call_id: int) -> None:
    """Book the wish of one call, given by primary key."""
    booking.book_wish(Call.objects.select_related("company", "customer").get(pk=call_id))


@shared_task
def book_appointment(appointment_id: int) -> None:
    """Book one appointment that waits for it, given by primary key."""
    rows = Appointment.objects.select_related("company", "service", "call")
    booking.book(rows.get(pk=appointment_id))


@shared_task
def sweep_bookings() -> int:
    """Book what should have been booked by now; one that breaks does not hold up the others."""
    calls, appointments = booking.calls_to_book(), booking.waiting_appointments()
    for call_id in calls:
        book_call.delay(call_id)
    for appointment_id in appointments:
        book_appointment.delay(appointment_id)
    return len(calls) + len(appointments)
