"""An appointment that stands in the calendar."""

from appointments.changes import create_appointment
from appointments.models import Appointment, Service
from tests.appointments.talking import CALLER, berlin


def book_by_phone(service: Service, moment: str, *, phone: str | None = CALLER) -> Appointment:
    """Booked in Cal.com for the number, at the moment (Berlin)."""
    return create_appointment(
        company=service.company, service=service, start=berlin(moment), name="Erika Beispiel", phone=phone
    )
