"""Our copy of a company's Cal.com event types.

The copy is for staff to choose from and to see what has gone. A service's name, duration and aliases are ours: a
sync never changes them.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel

from appointments.models import Company, Service
from calcom.models import CalcomEventType
from calcom.types import EventType
from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal


class SyncedEventTypes(BaseModel):
    """What a sync found. `unknown_to_calcom`: services whose event type the account does not have."""

    added: int
    updated: int
    removed: int
    unknown_to_calcom: list[str]


@transaction.atomic
def sync_event_types(company: Company, found: Sequence[EventType], *, by: Principal) -> SyncedEventTypes:
    """Make the copy equal to what Cal.com gave."""
    now = timezone.now()
    made = [
        CalcomEventType.objects.update_or_create(
            company=company,
            event_type_id=event_type.id,
            defaults={
                "title": event_type.title,
                "slug": event_type.slug,
                "length_minutes": event_type.length_in_minutes,
                "is_hidden": event_type.hidden,
                "last_synced_at": now,
            },
        )[1]
        for event_type in found
    ]
    known = {event_type.id for event_type in found}
    removed, _ = CalcomEventType.objects.filter(company=company).exclude(event_type_id__in=known).delete()
    booked_there = Service.objects.filter(company=company, is_active=True, calcom_event_type_id__isnull=False)
    unknown = booked_there.exclude(calcom_event_type_id__in=known).values_list("name", flat=True)
    counts = {"added": sum(made), "updated": len(made) - sum(made), "removed": removed}
    record_by(
        by,
        action="event_types.synced",
        object_type="Company",
        object_id=company.pk,
        company_id=company.pk,
        after=counts,
    )
    return SyncedEventTypes(**counts, unknown_to_calcom=sorted(unknown))
