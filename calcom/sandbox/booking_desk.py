"""The booking core: who takes a meeting, whether they are free, and the one place that writes bookings down."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from calcom.sandbox.availability import is_free, is_out_of_bounds
from calcom.sandbox.core import SandboxCore
from calcom.sandbox.errors import CalcomError, CoreError, bad_request, unprocessable
from calcom.sandbox.state import Account, Attendee, Booking, EventType, new_uid
from calcom.sandbox.times import now

USER_UNAVAILABLE = "User either already has booking at this time or is not available"
HOSTS_UNAVAILABLE = "One of the hosts either already has booking at this time or is not available"
OUT_OF_BOUNDS = (
    "The event type can't be booked at the \"start\" time provided. This could be because it's too soon (violating the "
    "minimum booking notice) or too far in the future (outside the event's scheduling window). Try fetching available "
    'slots first using the GET /v2/slots endpoint and then make a booking with "start" time equal to one of the '
    "available slots: https://cal.com/docs/api-reference/v2/slots"
)
TOO_MANY_ACTIVE = "Attendee with this email can't book because the maximum number of active bookings has been reached."
VIDEO_PAGES = "https://app.cal.com/video"


class BookingDesk(SandboxCore):
    """Rules of the booking core. Everything here runs under the lock."""

    def check_bookable(self, event_type: EventType) -> None:
        """Some event types nobody can book."""
        if event_type.scheduling_type == "managed":
            raise bad_request(
                f"Event type with id={event_type.id} is the parent managed event type that can't be booked. You have "
                "to provide the child event type id aka id of event type that has been assigned to one of the users."
            )
        if not self.state.hosts_of(event_type):
            raise unprocessable(
                "Can't book this team event type because it has no hosts. Please, add at least 1 host to event type "
                f"with id={event_type.id} belonging to team with id=null and try again."
            )

    def check_time(self, event_type: EventType, start: datetime, *, bounds_ignored: bool = False) -> None:
        if start < now():
            raise bad_request("Attempting to book a meeting in the past.")
        if not bounds_ignored and is_out_of_bounds(event_type, start):
            raise bad_request(OUT_OF_BOUNDS)

    def free_host(
        self, event_type: EventType, start: datetime, end: datetime, *, ignored_uid: str | None = None
    ) -> Account | None:
        """The first who is free; somebody to whom a booking is on its way comes last, as round robins do it."""
        hosts = sorted(self.state.hosts_of(event_type), key=lambda host: host.id in self.state.being_booked)
        return next(
            (host for host in hosts if is_free(self.state, host, event_type, start, end, ignored_uid)),
            None,
        )

    def unavailable(self, event_type: EventType) -> CalcomError:
        """The refusal of a taken time; a round robin without a free host may even be a server error."""
        if not event_type.is_team_event:
            return bad_request(USER_UNAVAILABLE)
        if self.state.settings.round_robin_unavailable_status == 500:
            return CoreError(500, "Internal server error")
        return bad_request(HOSTS_UNAVAILABLE)

    def same_request(self, event_type: EventType, attendee: Attendee, start: datetime) -> Booking | None:
        """Round robins and requests for confirmation take a repeat for the booking that they have already."""
        if not (event_type.is_team_event or event_type.requires_confirmation):
            return None
        return next(
            (
                booking
                for booking in self.state.bookings.all()
                if booking.event_type_id == event_type.id
                and booking.start == start
                and not booking.is_over
                and (event_type.is_team_event or booking.status == "pending")
                and booking.attendees[0].email == attendee.email
                and booking.attendees[0].phone_number == attendee.phone_number
            ),
            None,
        )

    def check_active_bookings(self, event_type: EventType, email: str) -> None:
        limit = event_type.booker_active_bookings_limit
        if limit is None:
            return
        active = [
            booking
            for booking in self.state.bookings.all()
            if booking.event_type_id == event_type.id
            and not booking.is_over
            and booking.start > now()
            and booking.attendees[0].email == email
        ]
        if len(active) < limit:
            return
        hint = f" You can reschedule your existing booking ({active[-1].uid}) to a new timeslot instead."
        raise bad_request(TOO_MANY_ACTIVE + hint if event_type.booker_limit_offers_move else TOO_MANY_ACTIVE)

    def draft(
        self,
        event_type: EventType,
        host: Account,
        attendee: Attendee,
        start: datetime,
        length: timedelta,
        **more: Any,
    ) -> Booking:
        """A booking that isn't written down yet."""
        uid, moment = new_uid(), now()
        return Booking(
            id=next(self.state.booking_ids),
            uid=uid,
            host_id=host.id,
            event_type_id=event_type.id,
            title=f"{event_type.title} between {host.name} and {attendee.name}",
            status="pending" if event_type.requires_confirmation else "accepted",
            start=start,
            end=start + length,
            attendees=(attendee,),
            created_at=moment,
            updated_at=moment,
            ics_uid=f"{uid}@Cal.com",
            **{"location": location_of(event_type, uid), **more},
        )

    def write(self, plan: Callable[[], Booking], *, replacing: Booking | None = None) -> Booking:
        """Check and write: in one go, or with the vendor's race in between when the settings ask for it."""
        with self.lock:
            booking = plan()
            window = self.state.settings.race_window_seconds
            if not window:
                return self.store(booking, replacing=replacing)
            self.state.being_booked.append(booking.host_id)
        time.sleep(window)
        with self.lock:
            self.state.being_booked.remove(booking.host_id)
            return self.store(booking, replacing=replacing)

    def store(self, booking: Booking, *, replacing: Booking | None = None) -> Booking:
        """Write a booking down; the database knows only one accepted meeting of a host from start to end."""
        replaced_uid = replacing.uid if replacing else None
        for other in self.state.bookings.all():
            if other.uid not in (booking.uid, replaced_uid) and same_place_in_calendar(booking, other):
                raise CoreError(409, "booking_conflict_error")
        if replacing is not None:
            self.change(
                replacing.uid,
                status="cancelled",
                rescheduled_to_uid=booking.uid,
                rescheduled_by=booking.rescheduled_by,
            )
        return self.state.bookings.put(booking)

    def change(self, uid: str, **changes: Any) -> Booking:
        """A new version of a booking."""
        booking = self.state.bookings.get(uid)
        assert booking is not None, uid
        return self.state.bookings.put(replace(booking, updated_at=now(), **changes))


def same_place_in_calendar(one: Booking, other: Booking) -> bool:
    return one.status == other.status == "accepted" and (one.host_id, one.start, one.end) == (
        other.host_id,
        other.start,
        other.end,
    )


def location_of(event_type: EventType, uid: str, chosen: Any = None) -> str:
    """Where the meeting is: what the booker chose, else the event type's first location."""
    if isinstance(chosen, str):
        return chosen
    location = {**(event_type.locations[0] if event_type.locations else {}), **(chosen or {})}
    if location.get("type") == "integration":
        return f"{VIDEO_PAGES}/{uid}"
    details = (location.get(name) for name in ("address", "link", "phone", "location"))
    return next((detail for detail in details if detail), str(location.get("type", "")))
