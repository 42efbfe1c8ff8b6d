"""Cal.com as the calendar that appointments are booked in. Every call goes through the gateway."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from pydantic import TypeAdapter

from appointments.calendar import (
    Booking,
    BookingRefused,
    BookingRequest,
    Calendar,
    CalendarError,
    CalendarPaused,
    CalendarUnreachable,
    OutcomeUnknown,
    Reservation,
    SlotTaken,
)
from appointments.models import Company, Service
from appointments.staff_language import for_staff
from calcom import types
from mcp_gateway import gateway
from mcp_gateway.errors import DeadlineExceeded, GatewayError, InvalidParams, ServiceUnavailable
from mcp_gateway.principal import Principal

# What each kind of gateway error says for certain; any other leaves a write's outcome open.
CERTAIN: dict[str, type[CalendarError]] = {
    "slot_taken": SlotTaken,
    "already_cancelled": BookingRefused,
    "rescheduled_already": BookingRefused,
    "not_found": BookingRefused,
    "refused": BookingRefused,
    InvalidParams.kind: BookingRefused,
    # Of the company's set-up, not of the request: it can succeed once staff have mended that.
    "not_configured": CalendarUnreachable,
    "unauthorised": CalendarUnreachable,
    "rate_limited": CalendarUnreachable,
    "unreachable": CalendarUnreachable,
    # The breaker is open: nothing was sent.
    ServiceUnavailable.kind: CalendarUnreachable,
    # The time was up before a request that could have changed anything; one that is cut off is an unknown outcome.
    DeadlineExceeded.kind: CalendarUnreachable,
}
# A booking that Cal.com shifted, or that staff have moved since, still lies near the asked start.
SEARCH_AROUND = timedelta(days=1)

_bookings = TypeAdapter(list[types.Booking])


class CalcomCalendar(Calendar):
    def free_starts(
        self, service: Service, start: datetime, end: datetime, *, moving_uid: str = ""
    ) -> Sequence[datetime]:
        params = {
            "event_type_id": _event_type_id(service),
            "start": start.isoformat(),
            "end": end.isoformat(),
            "moving_uid": moving_uid or None,
        }
        return types.FreeStarts.model_validate(self._read("checkAvailability", params)).starts

    def reserve(self, service: Service, start: datetime, minutes: int) -> Reservation:
        params = {"event_type_id": _event_type_id(service), "start": start.isoformat(), "minutes": minutes}
        reserved = types.Reservation.model_validate(self._write("reserveSlot", params))
        return Reservation(uid=reserved.uid, until=reserved.until)

    def release(self, reservation_uid: str) -> None:
        self._write("releaseSlot", {"uid": reservation_uid})

    def book(self, request: BookingRequest) -> Booking:
        params = {
            "event_type_id": _event_type_id(request.service),
            "start": request.start.isoformat(),
            "attendee": {
                "name": request.attendee_name,
                "email": request.attendee_email,
                "phone": request.phone,
                "language": request.language,
            },
            "notes": request.notes,
            "booking_key": str(request.booking_key),
            "metadata": {"call_id": request.call_id},
        }
        return _booking(self._write("createBooking", params))

    def find(self, request: BookingRequest) -> Booking | None:
        over: types.Booking | None = None
        for found in self._candidates(request):
            if found.booking_key != str(request.booking_key):
                continue
            if not found.is_over:
                return _booking(found)
            if found.start == request.start:
                over = found
        if over is None:
            return None
        # It may have been moved so far away that it is no candidate.
        return self.look(over.uid) if over.rescheduled_to_uid else _booking(over)

    def look(self, uid: str) -> Booking:
        return _booking(self._read("getBooking", {"uid": uid}))

    def move(self, uid: str, start: datetime, reason: str) -> Booking:
        return _booking(self._write("rescheduleBooking", {"uid": uid, "start": start.isoformat(), "reason": reason}))

    def cancel(self, uid: str, reason: str) -> Booking:
        return _booking(self._write("cancelBooking", {"uid": uid, "reason": reason}))

    def confirm(self, uid: str) -> Booking:
        return _booking(self._write("confirmBooking", {"uid": uid}))

    def _candidates(self, request: BookingRequest) -> Iterator[types.Booking]:
        for email in _addresses(request):
            params = {
                "event_type_id": _event_type_id(request.service),
                "attendee_email": email,
                "start": (request.start - SEARCH_AROUND).isoformat(),
                "end": (request.start + SEARCH_AROUND).isoformat(),
                "status": list(types.ANY),
            }
            yield from _bookings.validate_python(self._read("getBookings", params))

    def _read(self, method: str, params: dict[str, Any]) -> Any:
        return self._call(method, params, unclear=CalendarUnreachable)

    def _write(self, method: str, params: dict[str, Any]) -> Any:
        return self._call(method, params, unclear=OutcomeUnknown)

    def _call(self, method: str, params: dict[str, Any], *, unclear: type[CalendarError]) -> Any:
        principal = Principal.of_task("calendar", self.company.pk, home=self.company)
        try:
            return gateway.call(f"calcom.{method}", params, principal=principal, deadline=self.deadline)
        except GatewayError as error:
            told, meaning = _told(error, self.company), CERTAIN.get(error.kind, unclear)
            if meaning is CalendarUnreachable and (pause := error.data.get("retry_after")):
                raise CalendarPaused(told, timedelta(seconds=pause)) from error
            raise meaning(told) from error


def _event_type_id(service: Service) -> int:
    if service.calcom_event_type_id is None:
        told = _("%(service)s has no Cal.com event type: choose one in the service's settings.")
        raise BookingRefused(for_staff(service.company, told, service=service.name))
    return service.calcom_event_type_id


def _addresses(request: BookingRequest) -> Iterator[str]:
    """Where Cal.com may have put the booking: an event type that hides the e-mail makes one of the number."""
    yield request.attendee_email
    if request.phone:
        yield f"{request.phone.removeprefix('+')}@sms.cal.com"


def _told(error: GatewayError, company: Company) -> str:
    """Our own sentence in the company's language; Cal.com's words are as they are."""
    sentence = for_staff(company, _(error.message))
    vendor_message = error.data.get("vendor_message")
    return f"{sentence}: {vendor_message}" if vendor_message else sentence


def _booking(answer: Any) -> Booking:
    found = types.Booking.model_validate(answer)
    return Booking(
        uid=found.uid,
        id=found.id,
        start=found.start,
        end=found.end,
        status=found.status,
        booking_key=found.booking_key,
    )
