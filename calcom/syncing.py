"""Comparing our appointments with a company's Cal.com account: what no webhook has told is made up for.

Every night all bookings of the days around are read, in between only those that have changed since. When that was
stands in the cache: where it is forgotten, everything is read once more, which changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel

from appointments import availability, changes
from appointments.booking import STALE_READS
from appointments.models import Appointment, Company
from appointments.staff_language import for_staff
from calcom.client import CalcomClient
from calcom.errors import TooManyBookings
from calcom.mirroring import Mirror, Outcome
from calcom.types import ANY, Booking
from mcp_gateway.errors import NotFound

BEHIND = timedelta(days=1)
AHEAD = timedelta(days=90)
FULL_EVERY = timedelta(days=1)
# Clocks differ, and what Cal.com reads from may lag behind what it writes to.
OVERLAP = timedelta(minutes=5)
# A booking that lies across the middle of a time is in the first half.
LONGEST = timedelta(days=1)
# So many appointments that the list does not have are looked at one by one.
MAX_LOOKS = 50


class SyncedBookings(BaseModel):
    """What a comparison found; `differences` are for people, who have a follow-up for each."""

    seen: int = 0
    mirrored: int = 0
    moved: int = 0
    cancelled: int = 0
    unchanged: int = 0
    differences: int = 0

    def count(self, outcome: Outcome) -> None:
        column = {Outcome.DIFFERENT: "differences"}.get(outcome, outcome.value)
        column = column if column in SyncedBookings.model_fields else "unchanged"
        setattr(self, column, getattr(self, column) + 1)


class _Since(TypedDict):
    """Until when everything is known, and when all of it was last read."""

    changes: datetime
    everything: datetime


def sync_bookings(
    company: Company, client: CalcomClient, mirror: Mirror, *, everything: bool = False
) -> SyncedBookings:
    """Apply what Cal.com lists. Raises CalcomError and GatewayError; what was applied by then stands."""
    now = timezone.now()
    since: _Since | None = cache.get(_key(company))
    is_fresh = not everything and since is not None and now - since["everything"] < FULL_EVERY
    listed = _changed(client, since["changes"] - OVERLAP) if since and is_fresh else None
    is_full = listed is None
    if listed is None:
        listed = _between(client, now - BEHIND, now + AHEAD)
    counts = SyncedBookings(seen=len(listed))
    try:
        is_whole = _apply(mirror, listed, now, counts)
        if is_full:
            is_whole &= _apply_missing(mirror, listed, now, counts)
    finally:
        if counts.mirrored or counts.moved or counts.cancelled:
            availability.forget(company.pk)
    if is_whole:
        last_full = now if is_full or since is None else since["everything"]
        cache.set(_key(company), _Since(changes=now, everything=last_full), None)
    return counts


def _apply(mirror: Mirror, listed: Sequence[Booking], now: datetime, counts: SyncedBookings) -> bool:
    """Whether nothing was left for the next time."""
    is_whole = True
    for booking in listed:
        try:
            counts.count(mirror.compare(booking, seen_at=now))
        except changes.NotChangeable:
            counts.count(Outcome.UNCHANGED)
            is_whole = False
    return is_whole


def _apply_missing(mirror: Mirror, listed: Sequence[Booking], now: datetime, counts: SyncedBookings) -> bool:
    """Look at our appointments that the list does not have; whether nothing was left for the next time."""
    is_whole = True
    for row in _missing(mirror.company, {booking.uid for booking in listed}, now):
        try:
            outcome = _look_for(mirror, row, now)
        except changes.NotChangeable:
            is_whole = False
            continue
        if outcome is not Outcome.UNCHANGED:
            counts.count(outcome)
    return is_whole


def _look_for(mirror: Mirror, row: Appointment, now: datetime) -> Outcome:
    uid = row.calcom_booking_uid or ""
    try:
        booking = mirror.look(uid)
    except NotFound:
        told = _("Cal.com has no booking %(uid)s any more: ask the customer, and book or cancel here.")
        return mirror.review(row, for_staff(mirror.company, told, uid=uid))
    return mirror.compare(booking, seen_at=now) if booking.uid == uid else mirror.follow(row, booking)


def _missing(company: Company, listed: set[str], now: datetime) -> list[Appointment]:
    rows = Appointment.objects.select_related("company", "service", "customer", "call").filter(
        company=company,
        status=Appointment.Status.SCHEDULED,
        calcom_booking_uid__isnull=False,
        starts_at__gte=now - BEHIND,
        ends_at__lte=now + AHEAD,
        updated_at__lt=now - STALE_READS,
    )
    return [row for row in rows.order_by("starts_at") if row.calcom_booking_uid not in listed][:MAX_LOOKS]


def _changed(client: CalcomClient, since: datetime) -> list[Booking] | None:
    """None where so many have changed that all are read instead."""
    try:
        return client.bookings(updated_after=since, status=ANY)
    except TooManyBookings:
        return None


def _between(client: CalcomClient, start: datetime, end: datetime) -> list[Booking]:
    """All bookings of the time, each once, in as few pieces as it takes."""
    try:
        return client.bookings(start=start, end=end, status=ANY)
    except TooManyBookings:
        if end - start <= 2 * LONGEST:
            raise
    middle = start + (end - start) / 2
    halves = _between(client, start, min(end, middle + LONGEST / 2)) + _between(client, middle - LONGEST / 2, end)
    return list({booking.uid: booking for booking in halves}.values())


def _key(company: Company) -> str:
    return f"calcom:{company.pk}:synced"
