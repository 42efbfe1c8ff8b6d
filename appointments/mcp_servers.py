"""The appointments behind the gateway, for programs and the staff's pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_noop
from pydantic import AwareDatetime, BaseModel, Field

from appointments import changes, desk
from appointments.calendar import BookingRefused, CalendarError, CalendarUnreachable, OutcomeUnknown, SlotTaken
from appointments.models import Appointment, Service
from appointments.phones import to_e164
from mcp_gateway.errors import Conflict, GatewayError, InvalidParams, NotFound, UpstreamError
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc

# Time for a slow booking in the calendar and the look after it.
WRITE_DEADLINE = 45.0

Name = Annotated[str, Field(min_length=1, max_length=150)]
Phone = Annotated[str, Field(max_length=40, description="However it is written; without a country it is German.")]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Notes = Annotated[str, Field(max_length=2000)]

ERRORS: tuple[tuple[type[CalendarError], type[GatewayError], str], ...] = (
    (SlotTaken, Conflict, "slot_taken"),
    (BookingRefused, Conflict, "refused"),
    (CalendarUnreachable, UpstreamError, "unreachable"),
    (OutcomeUnknown, UpstreamError, "unknown_outcome"),
)


class AppointmentRow(BaseModel):
    """An appointment; `date` and `time` are the company's wall clock, `starts_at` and `ends_at` instants."""

    id: int
    status: str
    service: str
    date: str
    time: str
    starts_at: datetime
    ends_at: datetime
    duration_minutes: int
    customer_name: str
    booking_uid: str | None
    last_error: str


class FoundAppointments(BaseModel):
    """The customer's appointments ahead; an unknown number has none."""

    appointments: list[AppointmentRow]


@register
class AppointmentManagementMCPServer(MCPServer):
    name = "appointment_mgmt"
    read_permission = "appointments.view_appointment"
    write_permission = "appointments.change_appointment"

    def health(self) -> Health:
        """Degraded while bookings wait that no worker has taken up."""
        waiting = changes.overdue_bookings()
        return Health(status="degraded", reason=f"{waiting} bookings are overdue") if waiting else Health()

    @rpc("findAppointments", Access.READ, tells_personal_data=True)
    def find_appointments(self, context: Context, phone: Phone) -> FoundAppointments:
        """The upcoming appointments of the customer with this phone number, the next one first."""
        number = _e164(phone)
        return FoundAppointments(appointments=[_row(found) for found in changes.upcoming_of(context.company, number)])

    @rpc("createAppointment", Access.WRITE, cost=2, deadline_seconds=WRITE_DEADLINE)
    def create_appointment(
        self,
        context: Context,
        service_id: int,
        start: AwareDatetime,
        name: Name,
        phone: Phone | None = None,
        email: str | None = None,
        notes: Notes = "",
    ) -> AppointmentRow:
        """Book an appointment in the calendar now. `status` is "booking" while the calendar's answer is not known."""
        service = Service.objects.filter(company=context.company, pk=service_id, is_active=True).first()
        if service is None:
            raise NotFound(gettext_noop("No such service"))
        number, address = _e164(phone) if phone else None, _email(email)
        with _readable_errors():
            made = desk.create(
                service=service,
                start=start,
                name=name,
                phone=number,
                email=address,
                notes=notes,
                by=context.principal,
            )
        return _row(made)

    @rpc("rescheduleAppointment", Access.WRITE, is_idempotent=True, cost=2, deadline_seconds=WRITE_DEADLINE)
    def reschedule_appointment(
        self, context: Context, appointment_id: int, start: AwareDatetime, reason: Reason
    ) -> AppointmentRow:
        """Move a booked appointment, in the calendar and here."""
        with _readable_errors():
            found = _of(context, appointment_id)
            return _row(desk.move(found, start=start, reason=reason, by=context.principal))

    @rpc(
        "cancelAppointment",
        Access.WRITE,
        is_destructive=True,
        is_idempotent=True,
        cost=2,
        deadline_seconds=WRITE_DEADLINE,
    )
    def cancel_appointment(self, context: Context, appointment_id: int, reason: Reason) -> AppointmentRow:
        """Cancel a booked appointment, in the calendar and here."""
        with _readable_errors():
            return _row(desk.cancel(_of(context, appointment_id), reason=reason, by=context.principal))

    @rpc("confirmAppointment", Access.WRITE, is_idempotent=True, cost=2, deadline_seconds=WRITE_DEADLINE)
    def confirm_appointment(self, context: Context, appointment_id: int) -> AppointmentRow:
        """Accept a booking that waits for confirmation in the calendar."""
        with _readable_errors():
            return _row(desk.confirm(_of(context, appointment_id), by=context.principal))


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except changes.NotChangeable as error:
        raise Conflict(str(error), kind="not_changeable") from None
    except CalendarError as error:
        for kind_of_error, answer, kind in ERRORS:
            if isinstance(error, kind_of_error):
                raise answer(str(error), kind=kind, retryable=kind == "unreachable") from None
        raise


def _of(context: Context, appointment_id: int) -> Appointment:
    found = Appointment.objects.select_related("company").filter(company=context.company, pk=appointment_id).first()
    if found is None:
        raise NotFound(gettext_noop("No such appointment"))
    return found


def _row(appointment: Appointment) -> AppointmentRow:
    local = appointment.starts_at.astimezone(appointment.company.zone)
    return AppointmentRow(
        id=appointment.pk,
        status=appointment.status,
        service=appointment.service.name,
        date=f"{local:%Y-%m-%d}",
        time=f"{local:%H:%M}",
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        duration_minutes=int((appointment.ends_at - appointment.starts_at).total_seconds() // 60),
        customer_name=appointment.attendee_name or (appointment.customer.name if appointment.customer else ""),
        booking_uid=appointment.calcom_booking_uid,
        last_error=appointment.last_error,
    )


def _e164(phone: str) -> str:
    number = to_e164(phone)
    if number is None:
        raise InvalidParams(gettext_noop("phone is not a phone number that can be called"))
    return number


def _email(address: str | None) -> str | None:
    if not address:
        return None
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidParams(gettext_noop("email is not an e-mail address")) from None
    return address
