"""Keeping a time for a caller while they talk: one row per call, taken atomically, never for ever.

    none, expired, failed --(hold)--> held --(the call ends, or the caller says yes)--> booking
                                      held --(dropped, or it runs out)--> expired

Whoever wants a time locks its service first, then looks what is promised, then writes: of fifty callers after one
time, one holds it. The others are offered the nearest free times, which are kept for them for a moment under the
same lock, so that what one caller hears is free is not given to another.

The calendar is asked for a reservation as well, so that people who book on the web don't see the time. That is a
courtesy of the calendar's; our row is the hold.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from appointments.availability import LONGEST, Period, busy, has_room, period_of
from appointments.calendar import Calendar, SlotTaken, calendar_of
from appointments.models import Appointment, Call, FollowUp, Offer, Service
from appointments.reservations import LASTS, RENEWED_BEFORE, give_back, leave, reserve
from appointments.wishes import Wish, booking_key
from mcp_gateway.audit import record_by
from mcp_gateway.deadlocks import rerun_on_deadlock
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

Status = Appointment.Status

HOLD = LASTS
# Vendors end a call after this; one that seems to go on for longer has lost its end.
LONGEST_CALL = timedelta(hours=2)
OFFER = timedelta(minutes=2)
# Longer than the calendar takes to move a booking.
MOVE = timedelta(minutes=2)
MAX_ALTERNATIVES = 3
NOON, EVENING = 12, 17


class NotHoldable(Exception):
    """The call's appointment is being booked, or booked: there is nothing to hold any more."""

    def __init__(self, appointment: Appointment) -> None:
        self.appointment = appointment
        super().__init__(appointment.status)


class _Overtaken(Exception):
    """The call's appointment is not what it was a moment ago."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The time can't be had; what the caller is offered instead, the nearest first, is kept for a moment."""

    offers: tuple[Offer, ...] = ()


def own_appointment(call: Call) -> Appointment | None:
    """What became of the call's wish so far; what was cancelled since does not count."""
    rows = Appointment.objects.filter(call=call).exclude(status=Status.CANCELLED)
    own = rows.select_related("service").order_by("-pk").first()
    if own is not None:
        own.call, own.company = call, call.company  # read already
    return own


def hold(
    call: Call, wish: Wish, service: Service, starts: Sequence[datetime] | None, own: Appointment | None
) -> Appointment | Taken:
    """Keep the wished time for the call instead of whatever it held before, or offer others; raises NotHoldable.

    `starts` is what the calendar offers around the wish; None where it can't be asked: then our own rows decide.
    `own` is the call's appointment so far, as `own_appointment` has just told.
    """
    if own is not None and not _is_holdable(own):
        raise NotHoldable(own)
    try:
        return _held_or_offered(call, wish, service, starts, own)
    except _Overtaken:
        return hold(call, wish, service, starts, own_appointment(call))


@rerun_on_deadlock
def _held_or_offered(
    call: Call, wish: Wish, service: Service, starts: Sequence[datetime] | None, own: Appointment | None
) -> Appointment | Taken:
    with locked(service):
        taken = busy(service, _around(wish.starts_at, starts), besides=call)
        if _is_free(service, wish.starts_at, starts, taken):
            forget_offers(call)
            return _held(call, wish, service, own)
        if not _is_as_told(call, own):
            raise _Overtaken
        others = nearest(starts or (), wish.starts_at, call, is_free=lambda start: has_room(service, start, taken))
        return Taken(_offered(call, service, others, kept_for=OFFER))


@rerun_on_deadlock
def offer_instead(appointment: Appointment, call: Call, wished: datetime, starts: Sequence[datetime]) -> Taken:
    """Times that the appointment could move to in place of the wished one, kept for the caller for a moment."""
    service = appointment.service
    with locked(service):
        taken = busy(service, _around(wished, starts), besides=call, moving=appointment)
        others = [start for start in starts if start != appointment.starts_at]
        chosen = nearest(others, wished, call, is_free=lambda start: has_room(service, start, taken))
        return Taken(_offered(call, service, chosen, kept_for=OFFER, moving=appointment))


def remember_told(
    call: Call, service: Service, starts: Sequence[datetime], *, moving: Appointment | None = None
) -> None:
    """Note which times the caller was told are free, so that "the second one" is known. Nobody is kept from them."""
    _offered(call, service, starts, moving=moving)


def forget_offers(call: Call) -> None:
    """The caller has chosen."""
    Offer.objects.filter(call=call).delete()


def offers_to(call: Call) -> list[Offer]:
    """The times told last, in the order of telling."""
    return list(Offer.objects.filter(call=call).select_related("service", "moving"))


def let_go(held: Appointment, calendar: Calendar, *, by: Principal | None = None) -> bool:
    """Nobody wants the held time any more; False where it is no hold (any more).

    `by`: the task that finds it left over, for the audit trail; while a call runs, its own record tells of it.
    """
    with transaction.atomic():
        changed = Appointment.objects.filter(pk=held.pk, status=Status.HELD).update(
            status=Status.EXPIRED, held_until=None, updated_at=timezone.now()
        )
        if changed:
            Offer.objects.filter(call=held.call_id).delete()
        if changed and by:
            _record_expiry(held, by)
    if changed:
        give_back(held, calendar)
    return bool(changed)


def holds_running_out(limit: int = 100) -> list[int]:
    """Holds that need a look: to be renewed while their call lasts, or to be let go."""
    rows = Appointment.objects.filter(status=Status.HELD, held_until__lt=timezone.now() + RENEWED_BEFORE)
    return list(rows.order_by("held_until").values_list("pk", flat=True)[:limit])


def renew_or_let_go(appointment_id: int) -> None:
    """A hold lasts as long as its call, and then until it runs out by itself."""
    held = Appointment.objects.select_related("company", "service", "call").get(pk=appointment_id)
    now = timezone.now()
    calendar = calendar_of(held.company)
    if held.call is not None and not held.call.is_over and held.call.created_at > now - LONGEST_CALL:
        renewed = Appointment.objects.filter(pk=held.pk, status=Status.HELD).update(held_until=now + HOLD)
        if renewed:
            _reserve_again(held, calendar)
    elif held.held_until is None or held.held_until <= now:
        let_go(held, calendar, by=Principal.of_task("holds"))


def forget_old_offers() -> None:
    """What was told to callers whose calls are long over, and what was kept for a move that died."""
    Offer.objects.filter(created_at__lt=timezone.now() - LONGEST_CALL).delete()


@contextmanager
def room_for_new(service: Service, start: datetime, *, call: Call | None = None) -> Iterator[None]:
    """Lock the service while a row is written that takes this time; raises SlotTaken where it is promised."""
    with locked(service):
        if not has_room(service, start, busy(service, period_of(service, start), besides=call)):
            raise SlotTaken("This time is promised to somebody here.")
        yield


@contextmanager
def room_to_move(appointment: Appointment, start: datetime, *, call: Call | None = None) -> Iterator[None]:
    """Keep the new time while the calendar moves the booking; raises SlotTaken where it is promised."""
    service = appointment.service
    wanted = period_of(service, start)
    with locked(service):
        if not has_room(service, start, busy(service, wanted, besides=call, moving=appointment)):
            raise SlotTaken("This time is promised to somebody here.")
        kept = Offer.objects.create(
            moving=appointment,
            service=service,
            position=0,
            starts_at=wanted.start,
            ends_at=wanted.end,
            kept_until=timezone.now() + MOVE,
        )
    try:
        yield
    finally:
        kept.delete()


@contextmanager
def locked(service: Service) -> Iterator[None]:
    """One at a time for all that is booked as the same event type."""
    same = Q(pk=service.pk)
    if service.calcom_event_type_id is not None:
        same |= Q(company=service.company_id, calcom_event_type_id=service.calcom_event_type_id)
    with transaction.atomic():
        list(Service.objects.select_for_update().filter(same).order_by("pk").values_list("pk"))
        yield


def nearest(
    starts: Sequence[datetime], wished: datetime, call: Call, *, is_free: Callable[[datetime], bool] = lambda _: True
) -> list[datetime]:
    """The alternatives: those in the same part of the day first, the nearest of them, told in order of time."""
    zone = call.company.zone
    part = part_of_day(wished.astimezone(zone))

    def distance(start: datetime) -> tuple[bool, timedelta]:
        return part_of_day(start.astimezone(zone)) != part, abs(start - wished)

    return sorted(islice(filter(is_free, sorted(starts, key=distance)), MAX_ALTERNATIVES))


def part_of_day(local: datetime) -> int:
    """0 in the morning, 1 in the afternoon, 2 in the evening."""
    return (local.hour >= NOON) + (local.hour >= EVENING)


def _record_expiry(held: Appointment, by: Principal) -> None:
    record_by(
        by,
        action="appointment.expired",
        object_type="Appointment",
        object_id=held.pk,
        company_id=held.company_id,
        before={"status": Status.HELD.value},
        after={"status": Status.EXPIRED.value},
    )


def _is_holdable(own: Appointment) -> bool:
    """A hold, what ran out, and what the calendar refused: a booking that may exist is not."""
    if own.status == Status.FAILED:
        unclear = own.follow_ups.filter(kind=FollowUp.Kind.NEEDS_REVIEW)
        return own.calcom_booking_uid is None and not unclear.exists()
    return own.status in (Status.HELD, Status.EXPIRED)


def _is_as_told(call: Call, own: Appointment | None) -> bool:
    """Whether another message of the same call has not changed, or booked, the call's appointment meanwhile."""
    rows = Appointment.objects.filter(call=call).exclude(status=Status.CANCELLED)
    if own is None:
        return not rows.exists()
    return rows.filter(pk=own.pk, status=own.status, updated_at=own.updated_at).exists()


def _is_free(service: Service, start: datetime, starts: Sequence[datetime] | None, taken: Sequence[Period]) -> bool:
    return (starts is None or start in starts) and has_room(service, start, taken)


def _around(wished: datetime, starts: Sequence[datetime] | None) -> Period:
    moments = [wished, *(starts or ())]
    return Period(min(moments), max(moments) + LONGEST)


def _held(call: Call, wish: Wish, service: Service, own: Appointment | None) -> Appointment:
    columns: dict[str, Any] = {
        **wish_columns(call, wish, service),
        "status": Status.HELD,
        "held_until": timezone.now() + HOLD,
        "last_error": "",
        "attempts": 0,
    }
    return _made(call, columns) if own is None else _moved(own, columns)


def _made(call: Call, columns: dict[str, Any]) -> Appointment:
    """Raises _Overtaken where the call has got one meanwhile."""
    cancelled = Appointment.objects.filter(call=call, status=Status.CANCELLED).count()
    try:
        with transaction.atomic():
            return Appointment.objects.create(booking_key=booking_key(call, cancelled), **columns)
    except IntegrityError:
        raise _Overtaken from None


def _moved(own: Appointment, columns: dict[str, Any]) -> Appointment:
    """Raises _Overtaken where another message of the same call has changed it meanwhile."""
    changed = {**columns, "updated_at": timezone.now()}
    if (own.starts_at, own.service_id) != (columns["starts_at"], columns["service"].pk):
        changed["reserved_until"] = None  # the reservation is for the time before: `reserve` gives it back
        leave(own)
    unchanged = Appointment.objects.filter(pk=own.pk, status=own.status, updated_at=own.updated_at)
    if not unchanged.update(**changed):
        raise _Overtaken
    moved = copy(own)
    for name, value in changed.items():
        setattr(moved, name, value)
    return moved


def wish_columns(call: Call, wish: Wish, service: Service) -> dict[str, object]:
    """What an appointment takes over from the wish."""
    return {
        "company": call.company,
        "service": service,
        "call": call,
        "customer": call.known_customer,
        "starts_at": wish.starts_at,
        "ends_at": period_of(service, wish.starts_at).end,
        "attendee_name": wish.customer_name,
        "attendee_email": wish.email,
        "notes": wish.notes or "",
        "language": wish.language,
    }


def _offered(
    call: Call,
    service: Service,
    starts: Sequence[datetime],
    *,
    kept_for: timedelta | None = None,
    moving: Appointment | None = None,
) -> tuple[Offer, ...]:
    """Instead of whatever was offered to the call before."""
    Offer.objects.filter(call=call).delete()
    offers = [
        Offer(
            call=call,
            moving=moving,
            service=service,
            position=position,
            starts_at=start,
            ends_at=period_of(service, start).end,
            kept_until=timezone.now() + kept_for if kept_for else None,
        )
        for position, start in enumerate(starts)
    ]
    return tuple(Offer.objects.bulk_create(offers))


def _reserve_again(held: Appointment, calendar: Calendar) -> None:
    try:
        reserve(held, calendar)
    except SlotTaken:
        logger.warning("Somebody has taken the time of hold %s in the calendar", held.pk)
