"""The control API: what tests and demos set up, switch and look at.

    POST   /_sandbox/accounts                   a user: api_key, username, email, name, time_zone, schedule, overrides,
                                                event_types (fields of `EventType`; title and slug are needed)
    PATCH  /_sandbox/accounts/{username}        any of those fields but event_types: another key, other working hours
    POST   /_sandbox/accounts/{username}/event-types   one event type more
    PATCH  /_sandbox/event-types/{id}           any fields of `EventType`
    DELETE /_sandbox/event-types/{id}           the host deletes it; bookings of it stay
    POST   /_sandbox/settings                   any fields of `Settings`; answers all of them
    GET    /_sandbox/bookings                   everybody's bookings, with `accountId`
    POST   /_sandbox/bookings                   somebody books on the web page: event_type_id, start, name, email, ...
    POST   /_sandbox/bookings/{uid}/cancel      the host cancels in Cal.com's own pages: reason, request_reschedule
                                                (true when the host asks for another time)
    POST   /_sandbox/bookings/{uid}/reschedule  the host moves it there: start, reason
    POST   /_sandbox/bookings/{uid}/meeting     its time has come: "trigger" MEETING_STARTED or MEETING_ENDED is sent
    POST   /_sandbox/webhook-mishaps            see `Mishap`
    DELETE /_sandbox/webhook-mishaps            none any more; what was held back is lost
    GET    /_sandbox/deliveries                 attempts to deliver webhooks so far, with the receiver's status

Requests, faults and reset are as in every sandbox. Nothing here asks whether the host is free: in their own calendar
people do as they like.
"""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from calcom.sandbox import payloads
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
        account = Account(id=next(self.state.account_ids), **fields)
        self._check_account(account)
        made = [
            EventType(id=next(self.state.event_type_ids), owner_id=account.id, **event_type)
            for event_type in event_types
        ]
        self.state.accounts[account.id] = account
        self.state.event_types |= {event_type.id: event_type for event_type in made}
        body = {**asdict(account), "event_types": [asdict(event_type) for event_type in made]}
        return Reply(status=201, body=body)

    @route("PATCH", "/_sandbox/accounts/{username}")
    def change_account(self, request: Request, username: str) -> Reply:
        account = replace(self._account(username), **request.json())
        self._check_account(account)
        self.state.accounts[account.id] = account
        return Reply(body=asdict(account))

    @route("POST", "/_sandbox/accounts/{username}/event-types")
    def add_event_type(self, request: Request, username: str) -> Reply:
        owner = self._account(username)
        event_type = EventType(id=next(self.state.event_type_ids), owner_id=owner.id, **request.json())
        self.state.event_types[event_type.id] = event_type
        return Reply(status=201, body=asdict(event_type))

    @route("PATCH", "/_sandbox/event-types/{event_type_id}")
    def change_event_type(self, request: Request, event_type_id: str) -> Reply:
        event_type = replace(self.state.event_types[int(event_type_id)], **request.json())
        self.state.event_types[event_type.id] = event_type
        return Reply(body=asdict(event_type))

    @route("DELETE", "/_sandbox/event-types/{event_type_id}")
    def delete_event_type(self, request: Request, event_type_id: str) -> Reply:
        event_type = self.state.event_types[int(event_type_id)]
        self.state.event_types[event_type.id] = replace(event_type, is_deleted=True)
        return Reply(status=204)

    def _account(self, username: str) -> Account:
        account = self.state.account_by_username(username)
        if account is None:
            raise ValueError(f"no user {username}")
        return account

    def _check_account(self, account: Account) -> None:
        if not account.api_key.startswith(KEY_PREFIX):
            raise ValueError(f"keys start with {KEY_PREFIX}")
        others = [other for other in self.state.accounts.values() if other.id != account.id]
        if any(other.api_key == account.api_key or other.username == account.username for other in others):
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
        body = request.json() or {}
        cancelled = self.cancel(
            booking, host, body.get("reason", ""), asks_to_move=body.get("request_reschedule", False)
        )
        return Reply(body=booking_output(cancelled, self.state))

    @route("POST", "/_sandbox/bookings/{uid}/meeting", holds_lock=False)
    def begin_or_end_meeting(self, request: Request, uid: str) -> Reply:
        trigger = request.json()["trigger"]
        if trigger not in ("MEETING_STARTED", "MEETING_ENDED"):
            raise ValueError(f"no trigger of a meeting: {trigger}")
        booking, _ = self._living_booking(uid)
        self.announce(trigger, booking, payloads.meeting(booking, self.state), flat=True)
        return Reply(status=204)

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
