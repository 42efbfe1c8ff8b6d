"""A caller's wish for an appointment, kept until it is booked.

It stands twice: in the cache under the customer's key for an hour, and on the call's row. The cache may lose it.
"""

import datetime as dt
from typing import Literal
from uuid import UUID, uuid5

from django.core.cache import cache
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from appointments.models import Call

CACHE_SECONDS = 3600
# Fixed for ever: the key of a call's booking must be the same whoever computes it, and whenever.
BOOKING_KEYS = UUID("6f1d7c1e-52a1-4b8e-9a3c-0f5a3f7f8f11")


WishState = Literal["wanted", "open", "handed_over", "dropped", "sought"]


class Wish(BaseModel):
    """What was understood. Date and time are the company's wall clock, `starts_at` is the instant.

    Only a `wanted` wish is booked when the call ends. An `open` one was not settled: the caller asked for another
    time since, or was asked for a yes. When the call ends it is `handed_over` to staff, who call back. A `dropped`
    one is wanted no more. A `sought` one could not be had: only what else was said of it stands.
    """

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
    state: WishState = "wanted"


def cache_key(call_id: str) -> str:
    return f"retell:appointment:{call_id}"


def booking_key(call: Call, cancelled: int = 0) -> UUID:
    """The one booking key of a call's wish: the same for every delivery, retry and process.

    Who has cancelled in this call what it had booked may wish again: `cancelled` counts that.
    """
    name = f"{call.provider}:{call.call_id}"
    return uuid5(BOOKING_KEYS, f"{name}:{cancelled}" if cancelled else name)


def note_wish(call: Call, wish: Wish) -> bool:
    """Keep the wish; a later one of the same call replaces it. Whether the call is over by now."""
    data = wish.model_dump(mode="json")
    goes_on = Call.objects.filter(pk=call.pk).exclude(status__in=Call.OVER).update(collected_data=data)
    if not goes_on:
        Call.objects.filter(pk=call.pk).update(collected_data=data)
    call.collected_data = data
    cache.set(cache_key(call.call_id), data, CACHE_SECONDS)
    return not goes_on


def doubt_wish(call: Call, at: dt.datetime) -> None:
    """The caller has asked for something else since, and what that is is not settled yet."""
    _restate(call, "open", at)


def drop_wish(call: Call, at: dt.datetime) -> None:
    """The caller wants nothing of it any more; what the transcript tells later does not bring it back."""
    _restate(call, "dropped", at)


def hand_over_wish(call: Call, at: dt.datetime) -> None:
    """Staff have been asked to call back about it."""
    _restate(call, "handed_over", at)


def _restate(call: Call, state: WishState, at: dt.datetime) -> None:
    wish = wish_of(call)
    if wish is not None and wish.state not in ("dropped", "sought"):
        note_wish(call, wish.model_copy(update={"state": state, "collected_at": at}))


def wish_of(call: Call) -> Wish | None:
    """The wish from cache and database; where they differ (a cache write was lost), the later one."""
    kept = (_understood(cache.get(cache_key(call.call_id))), _understood(call.collected_data))
    return max((wish for wish in kept if wish), key=lambda wish: wish.collected_at, default=None)


def _understood(data: object) -> Wish | None:
    try:
        return Wish.model_validate(data)
    except ValidationError:
        return None
