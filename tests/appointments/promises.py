"""Times that are promised to somebody: rows as holds and bookings leave them."""

from datetime import datetime, timedelta

from django.utils import timezone

from appointments.models import Appointment, Service
from tests.calcom.conftest import SLOT

Status = Appointment.Status


def promise(
    service: Service, start: datetime = SLOT, *, status: Status = Status.HELD, **columns: object
) -> Appointment:
    """A row of ours that takes the time."""
    ends_at = start + timedelta(minutes=service.duration_minutes)
    held_until = timezone.now() + timedelta(minutes=5)
    defaults = {"starts_at": start, "ends_at": ends_at, "held_until": held_until}
    return Appointment.objects.create(
        company=service.company, service=service, status=status, **{**defaults, **columns}
    )
