"""A caller's wish for an appointment, kept until it is booked.

It stands twice: in the cache under the customer's key for an hour, and on the call's row. The cache may lose it.
"""

import datetime as dt
from uuid import UUID, uuid5

from django.core.cache import cache
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from appointments.models import Call

CACHE_SECONDS = 3600
# Fixed for ever: the key of a call's booking must be the same whoever computes it, and whenever.
BOOKING_KEYS = UUID("6f1d7c1e-52a1-4b8e-9a3c-0f5a3f7f8f11")


class Wish(BaseModel):
    """What was understood. Date and time are the company's wall clock, `starts_at` is the instant."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    customer_name: str
    appointment_date: dt.date
    appointment_time: dt.time
    service_type: str
    notes: str | None = None
    collected_at: AwareDatetime
    service_id: int
    starts_at: AwareDatetime
    email: str | None = None
    language: str


def cache_key(call_id: str) -> str:
    return f"retell:appointment:{call_id}"


def booking_key(call: Call) -> UUID:
    """The one booking key of a call's wish: the same for every delivery, retry and process."""
    return uuid5(BOOKING_KEYS, f"{call.provider}:{call.call_id}")


def note_wish(call: Call, wish: Wish) -> None:
    """Keep the wish; a later one of the same call replaces it."""
    data = wish.model_dump(mode="json")
    Call.objects.filter(pk=call.pk).update(collected_data=data)
    call.collected_data = data
    cache.set(cache_key(call.call_id), data, CACHE_SECONDS)


def wish_of(call: Call) -> Wish | None:
    """The wish from cache and database; where they differ (a cache write was lost), the later one."""
    kept = (_understood(cache.get(cache_key(call.call_id))), _understood(call.collected_data))
    return max((wish for wish in kept if wish), key=lambda wish: wish.collected_at, default=None)


def _understood(data: object) -> Wish | None:
    try:
        return Wish.model_validate(data)
    except ValidationError:
        return None
