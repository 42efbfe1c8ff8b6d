"""The control API: what tests and demos set up, switch and look at.

    POST   /_sandbox/accounts                   a user: api_key, username, email, name, time_zone, schedule, overrides,
                                                event_types (fields of `EventType`; title and slug are needed)
    POST   /_sandbox/settings                   any fields of `Settings`; answers all of them
    GET    /_sandbox/bookings                   everybody's bookings, with `accountId`
    POST   /_sandbox/bookings                   somebody books on the web page: event_type_id, start, name, email, ...
    POST   /_sandbox/bookings/{uid}/cancel      the host cancels in Cal.com's own pages: reason
    POST   /_sandbox/bookings/{uid}/reschedule  the host moves it there: start, reason
    POST   /_sandbox/webhook-mishaps            see `Mishap`
    DELETE /_sandbox/webhook-mishaps            none any more; what was held back is lost
    GET    /_sandbox/deliveries                 webhooks sent so far, with the receiver's status

Nothing here asks whether the host is free: in their own calendar people do as they like.
"""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from calcom.sandbox.booking_changes import BookingChangeRoutes
from calcom.sandbox.bookings import responses_of
from calcom.sandbox.core import KEY_PREFIX
from calcom.sandbox.delivery import Mishap
from calcom.sandbox.rendering import booking_output
from calcom.sandbox.state import Account, Attendee, Booking, EventType
from calcom.sandbox.times import checked_moment
from mcp_gateway.sandbox import Reply, Request, route


class ControlRoutes(BookingChangeRoutes):
    @route("POST", "/_sandbox/accounts")
    def add_account(self, request: Request) -> Reply:
        fields = dict(request.json())
        event_types = fields.pop("event_types", [])
        self._check_account(fields)
        account = Account(id=next(self.state.account_ids), **fields)
        made = [
            EventType(id=next(self.state.event_type_ids), owner_id=account.id, **event_type)
            for event_type in event_types
        ]
        self.state.accounts[account.id] = account
        self.state.event_types |= {event_type.id: event_type for event_type in made}
        body = {**asdict(account), "event_types": [asdict(event_type) for event_type in made]}
        return Reply(status=201, body=body)

    def _check_account(self, fields: dict[str, Any]) -> None:
        if not str(fields["api_key"]).startswith(KEY_PREFIX):
            raise ValueError(f"keys start with {KEY_PREFIX}")
        if self.state.account_by_key(fields["api_key"]) or self.state.account_by_username(fields["username"]):
            raise ValueError("api_key and username must be new")

    @route("POST", "/_sandbox/settings")
    def change_settings(self, request: Request) -> Reply:
        self.state.settings = replace(self.state.settings, **request.json())
        return Reply(body=asdict(self.state.settings))

    @route("GET", "/_sandbox/bookings")
    def list_all_bookings(self, request: Request) -> Reply:
        rows = [
            {**booking_output(booking, self.state), "accountId": booking.host_id}
            for booking in self.state.bookings.all()
        ]
        return Reply(body=rows)

    @route("POST", "/_sandbox/bookings", holds_lock=False)
    def book_on_the_web(self, request: Request) -> Reply:
        with self.lock:
            booking = self.store(self._web_booking(request.json()))
        self.announce_new(booking)
        return Reply(status=201, body=booking_output(booking, self.state))

    def _web_booking(self, body: dict[str, Any]) -> Booking:
        event_type = self.state.event_types[body["event_type_id"]]
        self.check_bookable(event_type)
        host = self.state.hosts_of(event_type)[0]
        attendee = Attendee(
            name=body.get("name", "Web Booker"),
            email=body.get("email", "web.booker@example.com"),
            time_zone=body.get("time_zone", host.time_zone),
            phone_number=body.get("phone_number"),
        )
        length = timedelta(minutes=body.get("length_minutes", event_type.length_minutes))
        return self.draft(
            event_type,
            host,
            attendee,
            checked_moment(body["start"]),
            length,
            responses=responses_of({}, attendee),
            metadata=body.get("metadata", {}),
        )

    @route("POST", "/_sandbox/bookings/{uid}/cancel", holds_lock=False)
    def cancel_on_the_web(self, request: Request, uid: str) -> Reply:
        booking, host = self._living_booking(uid)
        reason = (request.json() or {}).get("reason", "")
        return Reply(body=booking_output(self.cancel(booking, host, reason), self.state))

    @route("POST", "/_sandbox/bookings/{uid}/reschedule", holds_lock=False)
    def reschedule_on_the_web(self, request: Request, uid: str) -> Reply:
        body = request.json()
        original, host = self._living_booking(uid)
        change = {"rescheduledBy": host.email, "reschedulingReason": body.get("reason")}
        with self.lock:
            moved = self.store(self.moved(original, checked_moment(body["start"]), change, host), replacing=original)
        self.announce_moved(moved, original)
        return Reply(status=201, body=booking_output(moved, self.state))

    def _living_booking(self, uid: str) -> tuple[Booking, Account]:
        with self.lock:
            booking = self.booking(uid, f"no booking {uid}")
            if booking.is_over:
                raise ValueError(f"booking {uid} is {booking.status}")
            return booking, self.state.accounts[booking.host_id]

    @route("POST", "/_sandbox/webhook-mishaps")
    def add_mishap(self, request: Request) -> Reply:
        self.courier.mishaps.append(Mishap(**request.json()))
        return Reply(status=201, body={"mishaps": len(self.courier.mishaps)})

    @route("DELETE", "/_sandbox/webhook-mishaps")
    def drop_mishaps(self, request: Request) -> Reply:
        self.courier.mishaps.clear()
        self.courier.held_back.clear()
        return Reply(status=204)

    @route("GET", "/_sandbox/deliveries")
    def list_deliveries(self, request: Request) -> Reply:
        return Reply(body=self.courier.as_rows())
