"""Cal.com's answers in our words: read from its camelCase JSON, given on in snake_case. All instants are UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator
from pydantic.alias_generators import to_snake

# Where our own key of a booking travels in Cal.com's metadata.
BOOKING_KEY = "booking_key"

Uid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Status = Literal["upcoming", "recurring", "past", "cancelled", "unconfirmed"]
LIVE: tuple[Status, ...] = ("upcoming", "past", "unconfirmed")
ANY: tuple[Status, ...] = (*LIVE, "cancelled")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


# An aware datetime of any zone, kept in UTC; naive ones are refused.
Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Answer(BaseModel):
    """Reads Cal.com's names and ours; null counts as absent."""

    @model_validator(mode="before")
    @classmethod
    def _in_our_words(cls, data: Any) -> Any:
        # Not by aliases: those would show in the schemas of what the gateway's methods return.
        if not isinstance(data, dict):
            return data
        return {to_snake(name): value for name, value in data.items() if value is not None}


class Account(Answer):
    """The user whom an API key belongs to."""

    username: str = ""
    email: str
    time_zone: str


class EventType(Answer):
    """What can be booked; `booking_fields` are the questions that it asks, as Cal.com has them."""

    id: int
    title: str
    slug: str
    length_in_minutes: int
    length_in_minutes_options: list[int] = []
    minimum_booking_notice: int = Field(0, description="Minutes.")
    hidden: bool = False
    booking_url: str = ""
    booking_fields: list[dict[str, Any]] = []


class FreeStarts(Answer):
    """Bookable starts, ascending."""

    starts: list[Instant]


class Reservation(Answer):
    """A time that is not offered to others until then; without a uid it can't be given back, only run out."""

    uid: str = ""
    until: Instant


class BookedAttendee(Answer):
    name: str = ""
    email: str = ""
    time_zone: str = ""
    language: str = ""
    phone_number: str = ""


class Booking(Answer):
    """A booking; `status` is accepted, pending, cancelled or rejected.

    A booking that was moved stays behind as a cancelled one with `rescheduled_to_uid`.
    """

    id: int
    uid: str
    title: str = ""
    status: str
    start: Instant
    end: Instant
    event_type_id: int = 0
    attendees: list[BookedAttendee] = []
    metadata: dict[str, Any] = {}
    created_at: Instant | None = None
    cancellation_reason: str = ""
    rescheduled_from_uid: str = ""
    rescheduled_to_uid: str = ""

    @property
    def booking_key(self) -> str:
        """The key that was sent along if we booked it, "" for everybody else's bookings."""
        return str(self.metadata.get(BOOKING_KEY, ""))

    @property
    def is_over(self) -> bool:
        return self.status in ("cancelled", "rejected")


class NewBooking(BaseModel):
    """What is to be booked; `phone` is sent only if it is E.164, `time_zone` is the attendee's."""

    event_type_id: int
    start: Instant
    name: str
    email: str
    phone: str | None
    language: str
    time_zone: str
    notes: str
    metadata: dict[str, str]
