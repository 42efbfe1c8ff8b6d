"""What happens to a booking later: cancelled, moved, confirmed, declined, not shown up."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from calcom.sandbox import payloads
from calcom.sandbox.booking_desk import USER_UNAVAILABLE
from calcom.sandbox.booking_input import CANCEL, CANCEL_SEAT, MOVE_SEAT, RESCHEDULE
from calcom.sandbox.bookings import BookingRoutes
from calcom.sandbox.core import success
from calcom.sandbox.errors import ApiError, CoreError, bad_request, not_found, trpc_error
from calcom.sandbox.rendering import booking_output
from calcom.sandbox.seats import as_seat_sees_it
from calcom.sandbox.state import Account, Attendee, Booking
from calcom.sandbox.times import checked_moment, iso_utc, now
from calcom.sandbox.validation import BOOLEAN, LIST, STRING, Field, Shape, check_loosely, check_strictly
from mcp_gateway.sandbox import Reply, Request, route

DECLINE = Shape({"reason": Field((STRING,))})
MARK_ABSENT = Shape({"host": Field((BOOLEAN,)), "attendees": Field((LIST,))})


class BookingChangeRoutes(BookingRoutes):
    @route("POST", "/v2/bookings/{uid}/cancel", holds_lock=False)
    def cancel_booking(self, request: Request, uid: str) -> Reply:
        body = self.body_of(request) or {}
        seat_uid = body.get("seatUid") if isinstance(body, dict) else None
        reason = check_strictly(body, CANCEL_SEAT if seat_uid else CANCEL).get("cancellationReason") or ""
        with self.lock:
            caller = self.caller(request)
            seat = self.seat(uid, seat_uid) if seat_uid else None
            booking = self.booking(uid, f"Booking with uid={uid} not found")
            self._check_cancellable(booking, caller, reason, seat)
        return self.answer_with(self.cancel(booking, caller, reason, seat=seat), caller)

    def cancel(
        self,
        booking: Booking,
        caller: Account | None,
        reason: str,
        *,
        seat: Attendee | None = None,
        asks_to_move: bool = False,
    ) -> Booking:
        """The webhooks go out before the booking changes: whoever reads at once still sees it as it was."""
        by = caller.email if caller else ""
        told = as_seat_sees_it(booking, seat) if seat else booking
        payload = payloads.cancelled(told, self.state, reason=reason, by=by, asks_to_move=asks_to_move)
        self.announce("BOOKING_CANCELLED", booking, payload)
        with self.lock:
            if seat:
                return self.leave(booking, seat, cancellation_reason=reason, cancelled_by=by)
            return self.change(booking.uid, status="cancelled", cancellation_reason=reason, cancelled_by=by)

    @route("POST", "/v2/bookings/{uid}/reschedule", holds_lock=False)
    def reschedule_booking(self, request: Request, uid: str) -> Reply:
        body = self.body_of(request)
        seat_uid = body.get("seatUid") if isinstance(body, dict) else None
        body = check_strictly(body, MOVE_SEAT if seat_uid else RESCHEDULE)
        with self.lock:
            caller = self.caller(request)
            original = self.booking(uid, f"Booking with uid={uid} was not found in the database")
            self._check_movable(original, caller, seat_uid)
            seat = self.seat(uid, seat_uid) if seat_uid else None
        start = checked_moment(body["start"])
        if seat:
            with self.lock:
                moved = self._move_seat(original, seat, start, body)
            self.announce_moved(as_seat_sees_it(moved, seat), original)
        else:
            moved = self.write(lambda: self._plan_move(original, start, body), replacing=original)
            self.announce_moved(moved, original)
        return self.answer_with(moved, caller, status=201, seat_uid=seat_uid)

    def announce_moved(self, moved: Booking, original: Booking) -> None:
        """Where the host must say yes again, a move is only a request."""
        if moved.status == "pending":
            self.announce_new(moved)
        else:
            self.announce("BOOKING_RESCHEDULED", moved, payloads.rescheduled(moved, original, self.state))

    @route("POST", "/v2/bookings/{uid}/confirm", holds_lock=False)
    def confirm_booking(self, request: Request, uid: str) -> Reply:
        with self.lock:
            pending = self._pending_booking(request, uid)
            booking = self.store(replace(pending, status="accepted", updated_at=now()))
        self.announce_new(booking)
        return self.answer_with(booking)

    @route("POST", "/v2/bookings/{uid}/decline", holds_lock=False)
    def decline_booking(self, request: Request, uid: str) -> Reply:
        reason = check_loosely(self.body_of(request), DECLINE).get("reason") or ""
        with self.lock:
            self._pending_booking(request, uid)
            booking = self.change(uid, status="rejected", rejection_reason=reason)
        self.announce("BOOKING_REJECTED", booking, payloads.rejected(booking, self.state))
        return self.answer_with(booking)

    @route("POST", "/v2/bookings/{uid}/mark-absent", holds_lock=False)
    def mark_absent(self, request: Request, uid: str) -> Reply:
        body = check_loosely(self.body_of(request), MARK_ABSENT)
        with self.lock:
            booking = self._hosted_booking(request, uid)
            if now() < booking.start:
                raise bad_request(
                    "Bookings can only be marked as absent after their scheduled start time. Current time in UTC+0: "
                    f"{iso_utc(now())}, Booking start time in UTC+0: {iso_utc(booking.start)}"
                )
            booking = self._with_absences(booking, body)
        self.announce("BOOKING_NO_SHOW_UPDATED", booking, payloads.no_show(booking))
        return success(booking_output(booking, self.state))

    def _check_cancellable(self, booking: Booking, caller: Account | None, reason: str, seat: Attendee | None) -> None:
        event_type = self.state.event_types[booking.event_type_id]
        if booking.status == "cancelled":
            raise bad_request(
                f"Can't cancel booking with uid={booking.uid} because it has been cancelled already. Please provide "
                "uid of a booking that is not cancelled."
            )
        if booking.is_over:
            raise CoreError(400, "This booking has already been cancelled.")
        is_host = caller is not None and caller.id == booking.host_id
        if event_type.seats_per_time_slot and not seat and not is_host:
            raise CoreError(401, "User not a host of this event")
        if event_type.disable_cancelling:
            raise CoreError(400, "This event type does not allow cancellations")
        if is_host and event_type.cancellation_reason_required and not reason.strip():
            raise CoreError(400, "Cancellation reason is required")
        if booking.end < now():
            raise CoreError(400, "Cannot cancel a booking that has already ended")

    def _check_movable(self, booking: Booking, caller: Account | None, seat_uid: str | None) -> None:
        refused = f"Can't reschedule booking with uid={booking.uid} because it has been cancelled"
        if successor := booking.rescheduled_to_uid:
            raise bad_request(
                f"{refused} and rescheduled already to booking with uid={successor}. You probably want to reschedule "
                f"{successor} instead by passing it within the request URL."
            )
        if booking.status == "cancelled":
            raise bad_request(f"{refused}. Please provide uid of a booking that is not cancelled.")
        if booking.status == "rejected":
            raise CoreError(404, "Could not find original booking")
        event_type = self.state.event_types[booking.event_type_id]
        notice = timedelta(minutes=event_type.minimum_reschedule_notice_minutes)
        is_host = caller is not None and caller.id == booking.host_id
        if event_type.seats_per_time_slot and not seat_uid and not is_host:
            # Cal.com stumbles over the caller that it misses.
            raise CoreError(500, "Internal server error")
        if not is_host and now() <= booking.start < now() + notice:
            raise CoreError(403, "Rescheduling is not allowed within the minimum notice period before the event")

    def _plan_move(self, original: Booking, start: datetime, body: dict[str, Any]) -> Booking:
        """The booking that takes the place of another; the old time doesn't stand in its way."""
        event_type = self.state.event_types[original.event_type_id]
        self.check_time(event_type, start)
        host = self.free_host(event_type, start, start + original.length, ignored_uid=original.uid)
        if host is None:
            raise bad_request(USER_UNAVAILABLE)
        return self.moved(original, start, body, host)

    def _move_seat(self, original: Booking, seat: Attendee, start: datetime, body: dict[str, Any]) -> Booking:
        event_type = self.state.event_types[original.event_type_id]
        plan = None if self.shared_booking(event_type, start) else self._plan_move(original, start, body)
        return self.move_seat(original, seat, start, plan)

    def moved(self, original: Booking, start: datetime, body: dict[str, Any], host: Account) -> Booking:
        """The new booking: new uid and host, everything else as it was."""
        event_type = self.state.event_types[original.event_type_id]
        rescheduled_by = body.get("rescheduledBy")
        reason = body.get("reschedulingReason")
        draft = self.draft(event_type, host, original.attendees[0], start, original.length)
        return replace(
            draft,
            status="accepted" if rescheduled_by == host.email else draft.status,
            attendees=original.attendees,
            guests=original.guests,
            metadata=original.metadata,
            responses={**original.responses, "rescheduledReason": reason} if reason else original.responses,
            ics_uid=original.ics_uid,
            rescheduled_from_uid=original.uid,
            rescheduling_reason=reason,
            rescheduled_by=rescheduled_by,
        )

    def _hosted_booking(self, request: Request, uid: str) -> Booking:
        """A booking that only its host may touch."""
        caller = self.known_caller(request)
        booking = self.state.bookings.get(uid)
        if booking is None:
            raise not_found(f"Booking with uid={uid} not found.")
        if booking.host_id != caller.id:
            raise ApiError(403, "BookingUidGuard - user is not allowed to access this booking")
        return booking

    def _pending_booking(self, request: Request, uid: str) -> Booking:
        """A booking to which the host may still say yes or no."""
        caller = self.known_caller(request)
        booking = self.booking(uid, f"Booking with uid={uid} not found")
        if booking.host_id != caller.id:
            raise trpc_error(401, "User is not authorized to confirm this booking")
        if booking.status == "accepted":
            raise trpc_error(400, "Booking already confirmed")
        if booking.is_over:
            raise trpc_error(400, f"Booking is {booking.status} already")
        return booking

    def _with_absences(self, booking: Booking, body: dict[str, Any]) -> Booking:
        absences = {row.get("email"): bool(row.get("absent")) for row in body.get("attendees") or []}
        attendees = tuple(
            replace(attendee, absent=absences.get(attendee.email, attendee.absent)) for attendee in booking.attendees
        )
        return self.change(booking.uid, attendees=attendees, absent_host=body.get("host", booking.absent_host))
