"""Appointments in the hands of people and programs: made, moved, cancelled, confirmed and closed, and every change in
the audit trail with who asked for it and why.

The work is done by `changes`; a change whose outcome nobody knows is in the trail too, as one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from appointments import changes
from appointments.availability import LONGEST, Period, busy, calendar_starts, has_room
from appointments.booking import unclaimed
from appointments.calendar import OutcomeUnknown, calendar_of
from appointments.changes import BeingChanged, NotChangeable, state_of
from appointments.models import Appointment, Service
from mcp_gateway import periods
from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal

Status = Appointment.Status

# Who sits at a page waits a little longer than who holds a phone.
LOOK_SECONDS = 8.0
LOOKED_AROUND = timedelta(days=4)
NEAREST = 3
# What can be said of an appointment whose time has come.
CLOSED = (Status.COMPLETED, Status.NO_SHOW)


def create(
    *,
    service: Service,
    start: datetime,
    name: str,
    phone: str | None,
    email: str | None,
    notes: str,
    by: Principal,
    booking_key: UUID | None = None,
) -> Appointment:
    """Book it now; with the key of one that was made already, that one. Raises SlotTaken (see `changes`)."""
    if booking_key is not None and (known := _made_with(booking_key, service)):
        return known
    try:
        made = changes.create_appointment(
            company=service.company,
            service=service,
            start=start,
            name=name,
            phone=phone,
            email=email,
            notes=notes,
            booking_key=booking_key,
            by=by,
        )
    except IntegrityError:
        # The same was sent twice at once, and the other was quicker.
        if booking_key is None or (known := _made_with(booking_key, service)) is None:
            raise
        return known
    _record(made, "appointment.created", by, "", before={}, after=state_of(made))
    return made


def move(appointment: Appointment, *, start: datetime, reason: str, by: Principal) -> Appointment:
    """Raises NotChangeable and CalendarError."""
    with audited(appointment, "appointment.moved", by, reason):
        return changes.reschedule_appointment(appointment, start=start, reason=reason)


def cancel(appointment: Appointment, *, reason: str, by: Principal) -> Appointment:
    """Cancelled already is done. Raises NotChangeable and CalendarError."""
    with audited(appointment, "appointment.cancelled", by, reason):
        return changes.cancel_appointment(appointment, reason=reason)


def confirm(appointment: Appointment, *, by: Principal, reason: str = "") -> Appointment:
    """Confirmed already is done. Raises NotChangeable and CalendarError."""
    with audited(appointment, "appointment.confirmed", by, reason):
        return changes.confirm_appointment(appointment)


@transaction.atomic
def close(appointment: Appointment, outcome: Appointment.Status, *, by: Principal, reason: str = "") -> Appointment:
    """The customer came, or did not; can be put right. Raises NotChangeable before its time, and BeingChanged.

    Nobody outside is told.
    """
    now = timezone.now()
    rows = Appointment.objects.filter(pk=appointment.pk, status__in=(Status.SCHEDULED, *CLOSED), starts_at__lte=now)
    with audited(appointment, f"appointment.{outcome.value}", by, reason):
        if not rows.filter(unclaimed()).update(status=outcome, updated_at=now):
            raise BeingChanged("Being changed") if rows.exists() else NotChangeable("Not booked, or ahead")
    return _fresh(appointment)


def free_times(
    service: Service, first: datetime, last: datetime, *, moving: Appointment | None = None
) -> list[datetime]:
    """Starts in [first, last) that are free in the calendar and here, ascending; what is past is not.

    The time of `moving` is not in its way. Raises CalendarError.
    """
    calendar = calendar_of(service.company, deadline=monotonic() + LOOK_SECONDS)
    first = max(first, timezone.now())
    if first >= last:
        return []
    if moving is not None and moving.calcom_booking_uid:
        starts = list(calendar.free_starts(service, first, last, moving_uid=moving.calcom_booking_uid))
    else:
        starts = calendar_starts(calendar, service, first, last)
    taken = busy(service, Period(first, last + LONGEST), moving=moving)
    own = moving.starts_at if moving is not None else None
    return [start for start in starts if start != own and has_room(service, start, taken)]


def free_week(service: Service, day: date, *, moving: Appointment | None = None) -> list[datetime]:
    """As `free_times`, from the day's beginning in the company's zone, for a week."""
    week = periods.Period(service.company.zone, day, day + timedelta(days=6))
    return free_times(service, week.begins, week.ends, moving=moving)


def nearest_free(service: Service, wished: datetime, *, moving: Appointment | None = None) -> list[datetime]:
    """Free times around the wished one, in order of time. Raises CalendarError."""
    starts = free_times(service, wished - LOOKED_AROUND, wished + LOOKED_AROUND, moving=moving)
    return sorted(sorted(starts, key=lambda start: abs(start - wished))[:NEAREST])


def _made_with(key: UUID, service: Service) -> Appointment | None:
    return Appointment.objects.filter(company=service.company_id, booking_key=key).first()


@contextmanager
def audited(appointment: Appointment, action: str, by: Principal, reason: str) -> Iterator[None]:
    """What becomes of the appointment meanwhile stands in the audit trail; an unknown outcome too."""
    before = state_of(appointment)
    try:
        yield
    except OutcomeUnknown:
        _record(appointment, action, by, reason, before=before, after={"outcome": "unknown"})
        raise
    after = state_of(_fresh(appointment))
    if after != before:
        _record(appointment, action, by, reason, before=before, after=after)


def _record(
    appointment: Appointment, action: str, by: Principal, reason: str, *, before: dict[str, object], after: dict
) -> None:
    record_by(
        by,
        action=action,
        object_type="Appointment",
        object_id=appointment.pk,
        company_id=appointment.company_id,
        before=before,
        after=after,
        reason=reason[:500],
    )


def _fresh(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_related("company", "service", "customer", "call").get(pk=appointment.pk)
