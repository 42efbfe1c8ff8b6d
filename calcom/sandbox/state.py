"""What the sandbox remembers: accounts, event types, bookings with their history, reservations, webhooks."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

BASE58 = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
UID_LENGTH = 22

WORKING_HOURS = [
    {
        "days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
        "startTime": "09:00",
        "endTime": "17:00",
    }
]
CAL_VIDEO = {"type": "integration", "integration": "cal-video"}


def new_uid() -> str:
    """22 characters in base 58, as Cal.com's booking uids are."""
    number = uuid.uuid4().int
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return digits.rjust(UID_LENGTH, BASE58[0])


@dataclass(kw_only=True)
class Account:
    """A user with a key. `schedule` and `overrides` are Cal.com's `availability` and `overrides`."""

    id: int
    api_key: str
    username: str
    email: str
    name: str
    time_zone: str = "Europe/Berlin"
    schedule: list[dict[str, Any]] = field(default_factory=lambda: [dict(hours) for hours in WORKING_HOURS])
    overrides: list[dict[str, str]] = field(default_factory=list)
    api_key_expired: bool = False


@dataclass(kw_only=True)
class EventType:
    """What can be booked. Minutes are minutes.

    `scheduling_type` is "roundRobin", whose `hosts` are usernames, or "managed", the parent of others that can't be
    booked itself. `booker_limit_offers_move`: whether the refusal of one booking too many names one to move instead.
    """

    id: int
    owner_id: int
    title: str
    slug: str
    length_minutes: int = 30
    length_options: list[int] = field(default_factory=list)
    description: str = ""
    slot_interval: int | None = None
    minimum_notice_minutes: int = 120
    minimum_reschedule_notice_minutes: int = 0
    booking_window_days: int | None = None
    before_buffer_minutes: int = 0
    after_buffer_minutes: int = 0
    requires_confirmation: bool = False
    pending_blocks_slot: bool = False
    scheduling_type: str = ""
    hosts: list[str] = field(default_factory=list)
    hidden: bool = False
    email_required: bool = True
    email_hidden: bool = False
    phone_required: bool = False
    booking_fields: list[dict[str, Any]] = field(default_factory=list)
    locations: list[dict[str, Any]] = field(default_factory=lambda: [dict(CAL_VIDEO)])
    disable_cancelling: bool = False
    cancellation_reason_required: bool = True
    booking_requires_authentication: bool = False
    booker_active_bookings_limit: int | None = None
    booker_limit_offers_move: bool = False
    seats_per_time_slot: int | None = None
    seats_show_attendees: bool = False
    is_deleted: bool = False

    @property
    def is_team_event(self) -> bool:
        return self.scheduling_type == "roundRobin"


@dataclass(frozen=True, kw_only=True)
class Attendee:
    name: str
    email: str
    time_zone: str
    language: str = "en"
    phone_number: str | None = None
    absent: bool = False
    # Of a seat only: elsewhere answers and metadata belong to the booking.
    seat_uid: str | None = None
    responses: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Booking:
    """One version of a booking: a change makes a new one with a later `updated_at`."""

    id: int
    uid: str
    host_id: int
    event_type_id: int
    title: str
    status: str
    start: datetime
    end: datetime
    attendees: tuple[Attendee, ...]
    created_at: datetime
    updated_at: datetime
    ics_uid: str
    location: str
    responses: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    guests: tuple[str, ...] = ()
    cancellation_reason: str = ""
    cancelled_by: str = ""
    rejection_reason: str = ""
    rescheduling_reason: str | None = None
    rescheduled_from_uid: str | None = None
    rescheduled_to_uid: str | None = None
    rescheduled_by: str | None = None
    absent_host: bool = False

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def is_over(self) -> bool:
        return self.status in ("cancelled", "rejected")


class Bookings:
    """All bookings with all their versions, so that a lagging replica can be played."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Booking]] = {}

    def put(self, booking: Booking) -> Booking:
        self._versions.setdefault(booking.uid, []).append(booking)
        return booking

    def get(self, uid: str) -> Booking | None:
        versions = self._versions.get(uid)
        return versions[-1] if versions else None

    def all(self) -> list[Booking]:
        return [versions[-1] for versions in self._versions.values()]

    def as_of(self, moment: datetime) -> list[Booking]:
        """What a reader sees whose copy of the data is as old as `moment`."""
        seen = [
            [version for version in versions if version.updated_at <= moment] for versions in self._versions.values()
        ]
        return [versions[-1] for versions in seen if versions]


@dataclass(kw_only=True)
class Reservation:
    uid: str
    event_type_id: int
    host_id: int
    start: datetime
    end: datetime
    until: datetime


@dataclass(kw_only=True)
class Webhook:
    """`event_type_id` None: all event types of the user."""

    id: str
    account_id: int
    event_type_id: int | None
    subscriber_url: str
    triggers: list[str]
    active: bool
    secret: str | None = None
    payload_template: str | None = None


@dataclass(kw_only=True)
class Settings:
    """Switches of the control API.

    `rate_limit` is per key and minute, None for none. Reads see the data as it was `read_lag_seconds` ago. Between
    check and write of a booking lie `race_window_seconds`: parallel requests then collide as they do at the vendor,
    the same start and end with 409, anything else by being booked twice. With `answers_lag` the answers of create and
    reschedule come from the same lagging copy and are 500 although the booking is made. `is_self_hosted` is the open
    community edition, which knows no version of 2026. Cal.com tries to deliver a webhook `webhook_attempts` times.
    """

    rate_limit: int | None = 120
    read_lag_seconds: float = 0.0
    race_window_seconds: float = 0.0
    round_robin_unavailable_status: int = 400
    slots_have_status: bool = True
    answers_lag: bool = False
    is_self_hosted: bool = False
    webhook_attempts: int = 1
    allow_private_webhook_urls: bool = True


class State:
    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.event_types: dict[int, EventType] = {}
        self.bookings = Bookings()
        self.reservations: dict[str, Reservation] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.settings = Settings()
        # Hosts between the check and the writing of a booking.
        self.being_booked: list[int] = []
        self.account_ids = count(1)
        self.event_type_ids = count(1001)
        self.booking_ids = count(1)

    def account_by_key(self, api_key: str) -> Account | None:
        return next((known for known in self.accounts.values() if secrets.compare_digest(known.api_key, api_key)), None)

    def account_by_username(self, username: str) -> Account | None:
        return next((known for known in self.accounts.values() if known.username == username), None)

    def living_event_types(self) -> list[EventType]:
        return [known for known in self.event_types.values() if not known.is_deleted]

    def event_type_by_slug(self, account: Account, slug: str) -> EventType | None:
        return next(
            (known for known in self.living_event_types() if known.owner_id == account.id and known.slug == slug), None
        )

    def hosts_of(self, event_type: EventType) -> list[Account]:
        """Who can hold the meeting: the owner, or the named hosts of a round robin."""
        if not event_type.is_team_event:
            return [self.accounts[event_type.owner_id]]
        return [host for host in map(self.account_by_username, event_type.hosts) if host is not None]
