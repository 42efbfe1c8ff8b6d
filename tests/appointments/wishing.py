"""Calls with a wish, and a calendar without patience."""

import math
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from appointments.calendar import Booking, BookingRequest
from appointments.models import Appointment, Call, Company, Service
from appointments.phones import to_e164
from appointments.wishes import Wish, note_wish
from calcom.calendar import CalcomCalendar
from tests.calcom.conftest import SLOT
from tests.factories import make_call

CALLER = "+4915112345678"


class HastyCalendar(CalcomCalendar):
    def __init__(self, company: Company, *, deadline: float = math.inf) -> None:
        super().__init__(company, deadline=min(deadline, monotonic() + 0.5))


class BrokenCalendar(CalcomCalendar):
    """A fault that nobody thought of, with one name."""

    def book(self, request: BookingRequest) -> Booking:
        if request.attendee_name == "Zero":
            raise ZeroDivisionError
        return super().book(request)


def a_wish(service: Service, **changes: Any) -> Wish:
    starts_at = changes.pop("starts_at", SLOT)
    local = starts_at.astimezone(service.company.zone)
    columns = {
        "customer_name": "Erika Beispiel",
        "appointment_date": local.date(),
        "appointment_time": local.time(),
        "service_type": service.name,
        "collected_at": datetime.now(UTC),
        "service_id": service.pk,
        "starts_at": starts_at,
        "language": "de",
    }
    return Wish.model_validate({**columns, **changes})


def an_ended_call(
    service: Service, *, from_number: str = CALLER, call: dict[str, Any] | None = None, **wish: Any
) -> Call:
    """A call that is over and wished this service; `wish` changes the wish."""
    columns = {"status": Call.Status.ENDED, "from_number": from_number, "caller_phone": to_e164(from_number)}
    made = make_call(service.company, **{**columns, **(call or {})})
    note_wish(made, a_wish(service, **wish))
    return made


def free_lease(appointment: Appointment) -> None:
    """The time to try again has come, or the worker that had it is long dead."""
    Appointment.objects.filter(pk=appointment.pk).update(leased_until=None)
    appointment.refresh_from_db()
