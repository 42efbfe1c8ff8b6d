"""What Cal.com's webhooks say of a booking, as far as it matters here."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from calcom.types import BOOKING_KEY, Answer, Uid


class Absence(Answer):
    email: str = ""
    no_show: bool = False


class Told(Answer):
    """A webhook's payload, as far as it matters here; what only staff read may have any form."""

    uid: Uid | None = None
    booking_uid: Uid | None = None
    reschedule_uid: Uid | None = None
    event_type_id: Any = 0
    metadata: Any = None
    cancellation_reason: Any = ""
    rejection_reason: Any = ""
    attendees: Any = None

    @property
    def subject(self) -> str:
        """The booking that it is about; "" where that can't be understood."""
        return self.uid or self.booking_uid or ""

    @property
    def event_type(self) -> int:
        return self.event_type_id if isinstance(self.event_type_id, int) else 0

    @property
    def key(self) -> UUID | None:
        return uuid_of(self.metadata.get(BOOKING_KEY)) if isinstance(self.metadata, Mapping) else None

    @property
    def reason(self) -> str:
        told = (self.cancellation_reason, self.rejection_reason)
        return next((why for why in told if why and isinstance(why, str)), "")

    @property
    def absences(self) -> list[Absence]:
        try:
            return [Absence.model_validate(row) for row in self.attendees or []]
        except (ValidationError, TypeError):
            return []


def uuid_of(text: object) -> UUID | None:
    """None for what is none."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
