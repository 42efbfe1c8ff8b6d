"""Reservations in the calendar itself: people who book on the web don't see a time that is held for a caller.

A courtesy of the calendar's: it stops nobody who books all the same, and it hides the time from ourselves too. So we
note, before we ask, which times may be hidden because of us.
"""

import logging
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from appointments.availability import forget
from appointments.calendar import Calendar, CalendarError, OutcomeUnknown, SlotTaken
from appointments.models import Appointment, Service

logger = logging.getLogger(__name__)

Status = Appointment.Status

# As long as a hold. The sweep comes round every minute: it renews what would run out before it comes again.
LASTS = timedelta(minutes=10)
RENEWED_BEFORE = timedelta(minutes=3)


def reserve(held: Appointment, calendar: Calendar) -> None:
    """Ask the calendar to hide the held time from others; raises SlotTaken where somebody was quicker there.

    Where several take place at once a reservation would hide more than one of them, so none is made. Of two messages
    of one call at once, one asks.
    """
    lasts = held.reserved_until is not None and held.reserved_until > timezone.now() + RENEWED_BEFORE
    if lasts or held.service.parallel_capacity > 1 or not _claim_reservation(held):
        return
    _release(held, calendar)
    try:
        reservation = calendar.reserve(held.service, held.starts_at, int(LASTS.total_seconds() // 60))
    except SlotTaken:
        if held.starts_at in _left(held, held.service):
            return  # by ourselves: a reservation that could not be given back
        _note_reservation(held, "", None)
        forget(held.company_id)
        raise
    except OutcomeUnknown:
        held.reservation_uid = ""  # it may stand all the same, and then hides the time from ourselves too
    except CalendarError as trouble:
        logger.info("Hold %s goes without a reservation: %s", held.pk, type(trouble).__name__)
        _note_reservation(held, "", None)
    else:
        _note_reservation(held, reservation.uid, reservation.until)


def reserved_starts(own: Appointment | None, service: Service) -> list[datetime]:
    """The times that the call's own reservations hide in the calendar, or may hide: one that it has left as well."""
    if own is None:
        return []
    starts = _left(own, service)
    until = own.reserved_until if own.status == Status.HELD and own.service_id == service.pk else None
    return [*starts, own.starts_at] if until and until > timezone.now() else starts


def give_back(held: Appointment, calendar: Calendar) -> None:
    """Let others see the time in the calendar again. Where that fails the reservation runs out by itself."""
    if held.reservation_uid:
        _release(held, calendar)
        _note_reservation(held, "", None)


def leave(own: Appointment) -> None:
    """Where the reservation of the time before can't be given back, it hides that time for a while."""
    if own.reserved_until is not None:
        starts = [*_left(own, own.service), own.starts_at]
        cache.set(_left_key(own, own.service), starts, LASTS.total_seconds())


def _claim_reservation(held: Appointment) -> bool:
    """Note, before the calendar is asked, that it may hide the time because of us."""
    until = timezone.now() + LASTS
    mine = Appointment.objects.filter(pk=held.pk, status=Status.HELD, reserved_until=held.reserved_until)
    claimed = mine.update(reserved_until=until, reservation_uid="")
    held.reserved_until = until
    return bool(claimed)


def _release(held: Appointment, calendar: Calendar) -> None:
    if not held.reservation_uid:
        return
    try:
        calendar.release(held.reservation_uid)
    except CalendarError as trouble:
        logger.info("A reservation of hold %s was left to run out: %s", held.pk, type(trouble).__name__)
        forget(held.company_id)


def _note_reservation(held: Appointment, uid: str, until: datetime | None) -> None:
    held.reservation_uid, held.reserved_until = uid, until
    Appointment.objects.filter(pk=held.pk).update(reservation_uid=uid, reserved_until=until)


def _left(own: Appointment, service: Service) -> list[datetime]:
    starts: list[datetime] = cache.get(_left_key(own, service)) or []
    return starts


def _left_key(own: Appointment, service: Service) -> str:
    return f"reserved:{own.pk}:{service.pk}"
