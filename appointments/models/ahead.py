"""What keeps a customer or a service from being deleted."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

APPOINTMENTS_AHEAD = _("there are appointments ahead. Cancel them first, or wait until they are over.")


def has_ahead(row: Any) -> bool:
    """Whether appointments of this row are to come, or being made."""
    ahead = row.appointments.filter(ends_at__gt=timezone.now(), status__in=("held", "booking", "scheduled"))
    return bool(ahead.exists())
