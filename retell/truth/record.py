"""What was seen: what callers were told, what Cal.com holds, what our rows say. Plain values, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retell.truth.plan import Deed, PlannedCall

LIVE = ("accepted", "pending")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one function call came to. `wished` and `which` are the planned times as instants.

    `is_heard` is off for what a repeated delivery was answered: the agent never sees that.
    """

    function: str
    status: int | None
    body: Any
    ended_at: datetime
    args: Mapping[str, Any] = field(default_factory=dict)
    wished: datetime | None = None
    which: datetime | None = None
    is_heard: bool = True

    @property
    def told(self) -> str:
        """The business outcome; "" where something broke, or no answer came."""
        is_answer = self.status == 200 and isinstance(self.body, Mapping) and self.body.get("success") is True
        return str(self.body.get("status")) if is_answer else ""

    @property
    def sentence(self) -> str:
        return str(self.body.get("message", self.body)) if isinstance(self.body, Mapping) else str(self.body)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A call event, and whether we acknowledged it."""

    event: str
    is_accepted: bool


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A call as it was played."""

    call: PlannedCall
    call_id: str
    company_id: int
    answers: tuple[Answer, ...] = ()
    events: tuple[Delivered, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Done:
    """A deed in Cal.com that succeeded: `uid` is the booking that it was done to, `new_uid` what came of it."""

    deed: Deed
    uid: str
    new_uid: str = ""
    starts_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A booking as Cal.com holds it at the end. `call_id` and `key` are what we wrote into its metadata."""

    uid: str
    account_id: int
    event_type_id: int
    start: datetime
    end: datetime
    status: str
    created_at: datetime
    updated_at: datetime
    key: str = ""
    call_id: str = ""
    moved_to: str = ""

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_ours(self) -> bool:
        return bool(self.key)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An appointment of ours. `is_waiting`: something is still to be done with it, or known of it."""

    pk: int
    company_id: int
    call_id: str
    status: str
    starts_at: datetime
    uid: str | None
    origin: str = "call"
    is_waiting: bool = False
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A follow-up; `call_id` is that of its call, or of its appointment's."""

    call_id: str
    kind: str
    status: str
    what_to_do: str
    appointment: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status != "done"


@dataclass(frozen=True, kw_only=True)
class Event:
    """A webhook event in our inbox."""

    pk: int
    provider: str
    event: str
    call_id: str
    state: str
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message in our outbox."""

    pk: int
    kind: str
    state: str
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail to a customer: what it says has happened (`scheduled`, `moved`, `cancelled`) to which appointment."""

    appointment: int
    news: str
    starts_at: datetime
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """A call of ours. `wish` is the state of its wish, "" without one."""

    call_id: str
    status: str
    is_over: bool
    wish: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    conversations: Mapping[int, Conversation]
    done: tuple[Done, ...] = ()
    bookings: tuple[Booking, ...] = ()
    rows: tuple[Row, ...] = ()
    tasks: tuple[Task, ...] = ()
    events: tuple[Event, ...] = ()
    messages: tuple[Message, ...] = ()
    mails: tuple[Mail, ...] = ()
    calls: tuple[CallRow, ...] = ()
