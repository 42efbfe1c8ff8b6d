"""The calendar that appointments are booked in, as the business sees it.

Which calendar it is stands in `settings.CALENDAR_BACKEND` (a dotted path, as with EMAIL_BACKEND). Its errors say
what is known about the outcome, because that decides what may be done next:

    SlotTaken, BookingRefused   the calendar said no: nothing is booked
    CalendarUnreachable         the request did not get there: nothing is booked, trying again is safe
    CalendarPaused              nor was it sent: the calendar, or who guards it, asks to wait first
    OutcomeUnknown              it may or may not be booked: look it up with `find`, never repeat it blindly
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from appointments.models import Company, Service

# A booking's states in words for staff; a state that is none of these is told as the calendar calls it.
STATES: dict[str, Promise] = {
    "accepted": _("accepted"),
    "pending": _("not confirmed yet"),
    "cancelled": _("cancelled"),
    "rejected": _("rejected"),
}


class CalendarError(Exception):
    """Base of what a calendar can answer besides success; the text is for staff, not for callers."""


class SlotTaken(CalendarError):
    """The time is not, or no longer, available."""


class BookingRefused(CalendarError):
    """The calendar will never accept this request as it stands."""


class CalendarUnreachable(CalendarError):
    """Nothing was changed; it may be tried again."""


class CalendarPaused(CalendarUnreachable):
    """Nothing was tried: it may be after so long a `pause`."""

    def __init__(self, told: str, pause: timedelta) -> None:
        self.pause = pause
        super().__init__(told)


class OutcomeUnknown(CalendarError):
    """Whether something was changed is not known."""


@dataclass(frozen=True, kw_only=True)
class BookingRequest:
    """What is to be booked; `start` is an aware instant, `phone` E.164, `language` a two-letter code."""

    booking_key: UUID
    service: Service
    start: datetime
    attendee_name: str
    attendee_email: str
    phone: str | None
    language: str
    notes: str
    call_id: str


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What the calendar holds; `status` is accepted, pending, cancelled or rejected."""

    uid: str
    id: int
    start: datetime
    end: datetime
    status: str
    booking_key: str

    @property
    def is_over(self) -> bool:
        """Cancelled or rejected: nobody comes."""
        return self.status in ("cancelled", "rejected")

    @property
    def state(self) -> Promise | str:
        return STATES.get(self.status, self.status)


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """A soft hold in the calendar itself: until then, people who look for a free time there don't see this one."""

    uid: str
    until: datetime


class Calendar(ABC):
    """One company's calendar; no request lasts beyond `deadline`, on the clock of time.monotonic()."""

    def __init__(self, company: Company, *, deadline: float = math.inf) -> None:
        self.company = company
        self.deadline = deadline

    @abstractmethod
    def free_starts(
        self, service: Service, start: datetime, end: datetime, *, moving_uid: str = ""
    ) -> Sequence[datetime]:
        """Bookable starts in [start, end), ascending, in UTC. Raises CalendarError, never "none" for "unknown".

        The booking `moving_uid` counts as not there: it would move away.
        """

    @abstractmethod
    def reserve(self, service: Service, start: datetime, minutes: int) -> Reservation:
        """Keep the time from people who look for a free one; raises CalendarError. It books nothing."""

    @abstractmethod
    def release(self, reservation_uid: str) -> None:
        """Give a reservation back; one that is gone already is fine. Raises CalendarError."""

    @abstractmethod
    def book(self, request: BookingRequest) -> Booking:
        """Write one booking; raises CalendarError."""

    @abstractmethod
    def find(self, request: BookingRequest) -> Booking | None:
        """What became of the booking that carries the request's key: the live one; else the one that was made as asked
        and called off or moved since, as it is now; None where there was none. Raises CalendarError.
        """

    @abstractmethod
    def look(self, uid: str) -> Booking:
        """The booking as it is now; one that was moved, as what it has become. Raises CalendarError."""

    @abstractmethod
    def move(self, uid: str, start: datetime, reason: str) -> Booking:
        """Move a booking; the answer has a new uid. Raises CalendarError."""

    @abstractmethod
    def cancel(self, uid: str, reason: str) -> Booking:
        """Cancel a booking; cancelled already counts as done. Raises CalendarError."""

    @abstractmethod
    def confirm(self, uid: str) -> Booking:
        """Accept a booking that waits for it; accepted already counts as done. Raises CalendarError."""


def calendar_of(company: Company, *, deadline: float = math.inf) -> Calendar:
    return cast(Calendar, import_string(settings.CALENDAR_BACKEND)(company, deadline=deadline))
