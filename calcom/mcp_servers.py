"""Cal.com behind the gateway: every request to a company's Cal.com account passes here."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Annotated, Any

from django.db.models.functions import Length
from django.utils.translation import gettext_noop
from pydantic import BaseModel, Field

from appointments import availability
from appointments.models import Appointment, Company
from calcom.client import CalcomClient
from calcom.errors import CalcomError, ErrorKind
from calcom.event_types import SyncedEventTypes, sync_event_types
from calcom.mirroring import Mirror
from calcom.syncing import SyncedBookings, sync_bookings
from calcom.types import (
    BOOKING_KEY,
    LIVE,
    Account,
    Booking,
    EventType,
    FreeStarts,
    Instant,
    NewBooking,
    Reservation,
    Status,
    Uid,
)
from mcp_gateway.errors import Conflict, DeadlineExceeded, GatewayError, InvalidParams, NotFound, UpstreamError
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc

# Cal.com wants a reason from the host, whose key cancels.
NO_REASON = "No reason given"
# So often a booking is followed to where it was moved.
MAX_MOVES = 10
# Whose reservation may still be wanted; without a status all appointments would have to be searched.
MAY_RESERVE = (Appointment.Status.HELD, Appointment.Status.BOOKING)
# Time for the slow write itself and for the look after it.
WRITE_DEADLINE = 32.0
# For the pages of a busy account, and a look at each booking that is not where it should be.
SYNC_DEADLINE = 90.0
# Time for a quick request, and to wait for its turn before.
READ_DEADLINE = 15.0
# Who has no more time than this has somebody on the phone; shorter than our own deadlines, which are for the others.
URGENT_SECONDS = 10.0

EventTypeId = Annotated[int, Field(gt=0)]
Text = Annotated[str, Field(max_length=5000)]
Seconds = Annotated[float, Field(gt=0, le=60, description="How long the caller can wait; default: Cal.com's usual.")]
MovingUid = Annotated[Uid | None, Field(description="A booking that would move away: it counts as not there.")]
FollowMoves = Annotated[bool, Field(description="Off: a booking that was moved stays the cancelled one that it is.")]
Minutes = Annotated[int, Field(ge=1, le=120, description="Cal.com makes it five for all but the event type's owner.")]
Statuses = Annotated[tuple[Status, ...], Field(min_length=1)]

# Cal.com takes 50 entries, one of which is our key.
Metadata = Annotated[dict[str, str], Field(max_length=49)]

# What callers of the gateway see of each kind: the error's type, our sentence, whether repeating is safe and useful.
ERRORS: dict[ErrorKind, tuple[type[GatewayError], str, bool]] = {
    ErrorKind.SLOT_TAKEN: (Conflict, gettext_noop("This time is not available in Cal.com"), False),
    ErrorKind.ALREADY_CANCELLED: (Conflict, gettext_noop("This booking has been cancelled in Cal.com"), False),
    ErrorKind.RESCHEDULED_ALREADY: (Conflict, gettext_noop("This booking has been moved in Cal.com"), False),
    ErrorKind.NOT_FOUND: (NotFound, gettext_noop("Cal.com knows no such object"), False),
    ErrorKind.REFUSED: (Conflict, gettext_noop("Cal.com does not accept this request"), False),
    ErrorKind.UNAUTHORISED: (UpstreamError, gettext_noop("Cal.com does not accept the company's API key"), False),
    ErrorKind.RATE_LIMITED: (UpstreamError, gettext_noop("Cal.com asks for a pause"), True),
    ErrorKind.UNREACHABLE: (UpstreamError, gettext_noop("Cal.com can't be reached"), True),
    ErrorKind.UNKNOWN_OUTCOME: (
        UpstreamError,
        gettext_noop("Cal.com did not say whether it did that: look before repeating"),
        False,
    ),
}


class Attendee(BaseModel):
    """Who comes; `phone` reaches Cal.com only as E.164, `language` has two letters."""

    name: Annotated[str, Field(min_length=1, max_length=150)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    phone: str | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "de"


@register
class CalcomMCPServer(MCPServer):
    name = "calcom"
    read_permission = "appointments.view_company"
    write_permission = "appointments.change_company"
    reaches_vendor = True

    def health(self) -> Health:
        """Whether anybody could book; Cal.com itself is not asked, because each company has an account of its own."""
        companies = Company.objects.filter(is_active=True).annotate(key_length=Length("calcom_api_key"))
        if companies.filter(key_length__gt=0).exists():
            return Health()
        return Health(status="degraded", reason="no company has a Cal.com API key")

    @rpc("testConnection", Access.READ, deadline_seconds=READ_DEADLINE)
    def test_connection(self, context: Context) -> Account:
        """Whom the company's Cal.com API key belongs to."""
        with _calcom(context) as client:
            return client.me()

    @rpc("getEventTypes", Access.READ, deadline_seconds=READ_DEADLINE)
    def get_event_types(self, context: Context) -> list[EventType]:
        """The event types of the company's Cal.com account, hidden ones included."""
        with _calcom(context) as client:
            return client.event_types()

    @rpc("checkAvailability", Access.READ, deadline_seconds=READ_DEADLINE)
    def check_availability(
        self,
        context: Context,
        event_type_id: EventTypeId,
        start: Instant,
        end: Instant,
        time_zone: str = "",
        moving_uid: MovingUid = None,
        timeout_seconds: Seconds | None = None,
    ) -> FreeStarts:
        """Bookable starts from `start` until before `end`. An error never means "none are free"."""
        if end <= start:
            raise InvalidParams(gettext_noop("end must be after start"))
        with _calcom(context, timeout_seconds) as client:
            starts = client.free_starts(event_type_id, start, end, time_zone=time_zone, moving_uid=moving_uid or "")
            return FreeStarts(starts=starts)

    @rpc("reserveSlot", Access.WRITE, is_noted=True, cost=2, deadline_seconds=READ_DEADLINE)
    def reserve_slot(
        self,
        context: Context,
        event_type_id: EventTypeId,
        start: Instant,
        minutes: Minutes = 5,
        timeout_seconds: Seconds | None = None,
    ) -> Reservation:
        """Hide a time for some minutes from people who look for a free one. It books nothing and stops no booking.

        What is remembered of the slots stays: who reserves knows of it, and for others it is no promise.
        """
        with _calcom(context, timeout_seconds) as client:
            return client.reserve(event_type_id, start, minutes)

    @rpc("releaseSlot", Access.WRITE, is_noted=True, is_idempotent=True, cost=2, deadline_seconds=READ_DEADLINE)
    def release_slot(self, context: Context, uid: Uid, timeout_seconds: Seconds | None = None) -> None:
        """Give a reservation back before its time is up. Gone already counts as done."""
        _refuse_anothers(context, reservation_uid=uid, status__in=MAY_RESERVE)
        with _writing(context, timeout_seconds) as client:
            try:
                client.release(uid)
            except CalcomError as error:
                if error.kind is not ErrorKind.NOT_FOUND:
                    raise

    @rpc("createBooking", Access.WRITE, is_noted=True, cost=2, deadline_seconds=WRITE_DEADLINE)
    def create_booking(
        self,
        context: Context,
        event_type_id: EventTypeId,
        start: Instant,
        attendee: Attendee,
        booking_key: Annotated[str, Field(min_length=1, max_length=100)],
        notes: Text = "",
        metadata: Metadata | None = None,
        timeout_seconds: Seconds | None = None,
    ) -> Booking:
        """Book a time. `booking_key` travels in the metadata: look for it before repeating an unclear booking."""
        new = NewBooking(
            event_type_id=event_type_id,
            start=start,
            **attendee.model_dump(),
            time_zone=context.company.timezone,
            notes=notes,
            metadata={**(metadata or {}), BOOKING_KEY: booking_key},
        )
        with _writing(context, timeout_seconds) as client:
            booking = client.book(new)
            if booking.booking_key != booking_key:
                # Cal.com answers with the older booking where the same attendee had this time already.
                raise CalcomError(ErrorKind.SLOT_TAKEN)
            return booking

    @rpc("rescheduleBooking", Access.WRITE, is_noted=True, is_idempotent=True, cost=2, deadline_seconds=WRITE_DEADLINE)
    def reschedule_booking(
        self, context: Context, uid: Uid, start: Instant, reason: Text = "", timeout_seconds: Seconds | None = None
    ) -> Booking:
        """Move a booking: the answer has a new uid. Moved to that start already counts as done."""
        _refuse_anothers(context, calcom_booking_uid=uid)
        with _writing(context, timeout_seconds) as client:
            try:
                return client.reschedule(uid, start, reason.strip() or NO_REASON)
            except CalcomError as error:
                if not error.rescheduled_to:
                    raise
                moved = _seen(client, error.rescheduled_to)
                if moved.is_over or moved.start != start:
                    raise
                return moved

    @rpc(
        "cancelBooking",
        Access.WRITE,
        is_noted=True,
        is_destructive=True,
        is_idempotent=True,
        cost=2,
        deadline_seconds=WRITE_DEADLINE,
    )
    def cancel_booking(
        self, context: Context, uid: Uid, reason: Text = "", timeout_seconds: Seconds | None = None
    ) -> Booking:
        """Cancel a booking. Cancelled already counts as done, moved to another time does not."""
        _refuse_anothers(context, calcom_booking_uid=uid)
        with _writing(context, timeout_seconds) as client:
            try:
                booking = client.cancel(uid, reason.strip() or NO_REASON)
            except CalcomError as error:
                if error.kind is not ErrorKind.ALREADY_CANCELLED:
                    raise
                booking = _seen(client, uid)
            if booking.rescheduled_to_uid:
                raise CalcomError(ErrorKind.RESCHEDULED_ALREADY, rescheduled_to=booking.rescheduled_to_uid)
            if not booking.is_over:
                raise CalcomError(ErrorKind.UNKNOWN_OUTCOME)
            return booking

    @rpc("confirmBooking", Access.WRITE, is_noted=True, is_idempotent=True, cost=2, deadline_seconds=WRITE_DEADLINE)
    def confirm_booking(self, context: Context, uid: Uid, timeout_seconds: Seconds | None = None) -> Booking:
        """Accept a booking that waits for confirmation. Accepted already counts as done."""
        _refuse_anothers(context, calcom_booking_uid=uid)
        with _writing(context, timeout_seconds) as client:
            booking = client.booking(uid)
            return booking if booking.status == "accepted" else client.confirm(uid)

    @rpc("syncEventTypes", Access.WRITE, is_idempotent=True, cost=2, deadline_seconds=READ_DEADLINE)
    def sync_event_types(self, context: Context) -> SyncedEventTypes:
        """Bring our copy of the account's event types up to date; services keep what is set for them here."""
        return sync_event_types(context.company, self.get_event_types(context), by=context.principal)

    @rpc("syncBookings", Access.WRITE, is_noted=True, is_idempotent=True, cost=10, deadline_seconds=SYNC_DEADLINE)
    def sync_bookings(self, context: Context, everything: bool = False) -> SyncedBookings:
        """Bring our appointments up to what was booked, moved and cancelled in Cal.com itself since the last time.

        `everything` compares all bookings of the days around, which also finds what a lost change has left behind.
        """
        with _calcom(context) as client:
            look = partial(_look, context, client)
            mirror = Mirror(context.company, by=context.principal, look=look)
            return sync_bookings(context.company, client, mirror, everything=everything)

    @rpc("getBooking", Access.READ, deadline_seconds=READ_DEADLINE, tells_personal_data=True)
    def get_booking(
        self, context: Context, uid: Uid, follow_moves: FollowMoves = True, timeout_seconds: Seconds | None = None
    ) -> Booking:
        """A booking as it is now; one that was moved, as what it has become."""
        with _calcom(context, timeout_seconds) as client:
            return _look(context, client, uid, follow_moves=follow_moves)

    @rpc("getBookings", Access.READ, deadline_seconds=READ_DEADLINE, tells_personal_data=True)
    def get_bookings(
        self,
        context: Context,
        event_type_id: EventTypeId | None = None,
        attendee_email: str = "",
        start: Instant | None = None,
        end: Instant | None = None,
        status: Statuses = LIVE,
        timeout_seconds: Seconds | None = None,
    ) -> list[Booking]:
        """Bookings that lie between `start` and `end`; without `status` all but cancelled ones."""
        with _calcom(context, timeout_seconds) as client:
            return client.bookings(
                event_type_id=event_type_id, attendee_email=attendee_email, start=start, end=end, status=status
            )


@contextmanager
def _calcom(context: Context, timeout: float | None = None) -> Iterator[CalcomClient]:
    """The client with the company's key; errors leave as GatewayErrors. Raises Conflict where there is no key."""
    company: Company = context.company
    if not company.calcom_api_key.strip():
        raise Conflict(gettext_noop("No Cal.com API key is stored for this company"), kind="not_configured")
    try:
        yield CalcomClient(
            company.calcom_url,
            company.calcom_api_key,
            timeout=timeout,
            seconds_left=context.seconds_left,
            is_urgent=min(timeout or math.inf, context.deadline - monotonic()) <= URGENT_SECONDS,
        )
    except CalcomError as error:
        raise gateway_error(error) from None


@contextmanager
def _writing(context: Context, timeout: float | None) -> Iterator[CalcomClient]:
    """The same for what changes who is free when: afterwards, however it ended, no remembered slot holds any more."""
    try:
        with _calcom(context, timeout) as client:
            yield client
    finally:
        availability.forget(context.company.pk)


def _look(context: Context, client: CalcomClient, uid: str, *, follow_moves: bool = True) -> Booking:
    """A booking; its errors are GatewayErrors already."""
    _refuse_anothers(context, calcom_booking_uid=uid)
    try:
        booking = client.booking(uid)
        for _ in range(MAX_MOVES if follow_moves else 0):
            if not booking.rescheduled_to_uid:
                break
            booking = client.booking(booking.rescheduled_to_uid)
    except CalcomError as error:
        raise gateway_error(error) from None
    return booking


def _seen(client: CalcomClient, uid: str) -> Booking:
    """A booking that Cal.com says was changed already; who can't see how knows nothing."""
    try:
        return client.booking(uid)
    except (CalcomError, DeadlineExceeded):
        raise CalcomError(ErrorKind.UNKNOWN_OUTCOME) from None


def gateway_error(error: CalcomError) -> GatewayError:
    """What callers of the gateway see; Cal.com's own words only as a short excerpt in the data."""
    error_type, sentence, is_retryable = ERRORS[error.kind]
    told = {
        "vendor_status": error.status,
        "vendor_message": error.message,
        "vendor_request_id": error.x_request_id,
        "retry_after": error.retry_after,
        "booking_uid": error.rescheduled_to,
    }
    data = {name: value for name, value in told.items() if value}
    return error_type(sentence, kind=error.kind, retryable=is_retryable, **data)


def _refuse_anothers(context: Context, **columns: Any) -> None:
    """Cal.com lets whoever knows a uid change what it names: what we know to be another company's is not found."""
    if Appointment.objects.filter(**columns).exclude(company=context.company).exists():
        raise NotFound(gettext_noop("Cal.com knows no such object"), kind=ErrorKind.NOT_FOUND)
