"""Celery tasks of the business: thin, the work is in the modules that they name."""

from contextlib import suppress

from celery import shared_task

from appointments import availability, booking, changes, holds, intents
from appointments.calendar import CalendarError
from appointments.models import Appointment, Call, Company


@shared_task
def book_call(call_id: int) -> None:
    """Book the wish of one call, given by primary key."""
    intents.book_wish(Call.objects.select_related("company", "customer").get(pk=call_id))


@shared_task
def book_appointment(appointment_id: int) -> None:
    """Book one appointment that waits for it, given by primary key."""
    rows = Appointment.objects.select_related("company", "service", "call")
    booking.book(rows.get(pk=appointment_id))


@shared_task
def settle_change(appointment_id: int) -> None:
    """Find out what became of one appointment's change; what can't be known yet is tried by the next sweep."""
    with suppress(changes.NotChangeable, CalendarError):
        changes.settle(
            Appointment.objects.select_related("company", "service", "customer", "call").get(pk=appointment_id)
        )


@shared_task
def sweep_bookings() -> int:
    """Book what should have been booked by now; one that breaks does not hold up the others."""
    calls, appointments, doubtful = intents.calls_to_book(), booking.waiting_appointments(), changes.changes_in_doubt()
    for call_id in calls:
        book_call.delay(call_id)
    for appointment_id in appointments:
        book_appointment.delay(appointment_id)
    for appointment_id in doubtful:
        settle_change.delay(appointment_id)
    return len(calls) + len(appointments) + len(doubtful)


@shared_task
def sweep_holds() -> int:
    """Renew the holds of calls that go on, let those go that run out, and forget old offers."""
    running_out = holds.holds_running_out()
    for appointment_id in running_out:
        renew_or_let_go.delay(appointment_id)
    holds.forget_old_offers()
    return len(running_out)


@shared_task
def renew_or_let_go(appointment_id: int) -> None:
    """Look after one hold, given by primary key."""
    holds.renew_or_let_go(appointment_id)


@shared_task
def warm_availability(company_id: int) -> None:
    """Somebody is calling: read what is free before it is asked for."""
    company = Company.objects.filter(pk=company_id, is_active=True).first()
    if company is not None:
        availability.warm(company)
