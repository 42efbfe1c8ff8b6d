"""Waiting until nothing waits any more. Nothing is hurried: the real delays pass, and our own processes do the work."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from appointments.intents import calls_to_book
from appointments.models import Appointment, Call
from mcp_gateway.models import OutboxMessage, WebhookEvent

Status = Appointment.Status


def unsettled_appointments(companies: Collection[int]) -> QuerySet[Appointment]:
    """Held, being booked or changed; what waits for the host's yes in Cal.com is at rest until its next look."""
    # Who looks at it counts an attempt.
    awaits_yes = Q(calcom_booking_uid__isnull=False, attempts=0, leased_until__gt=timezone.now())
    unsettled = Q(status=Status.HELD) | (Q(status=Status.BOOKING) & ~awaits_yes)
    in_doubt = Q(status=Status.SCHEDULED, sent_at__isnull=False)
    return Appointment.objects.filter(unsettled | in_doubt, company__in=companies)


def waiting(companies: Collection[int]) -> Mapping[str, int]:
    """How many of each still wait for something; empty when all is at rest."""
    events = WebhookEvent.objects.filter(company__in=companies, state__in=("received", "processing"))
    messages = OutboxMessage.objects.filter(company__in=companies, state__in=("waiting", "sending"))
    calls = Call.objects.filter(company__in=companies).exclude(status__in=Call.OVER)
    wishes = Call.objects.filter(company__in=companies, pk__in=calls_to_book(limit=10_000))
    counts = {
        "events": events.count(),
        "messages": messages.count(),
        "appointments": unsettled_appointments(companies).count(),
        "calls that go on": calls.count(),
        "wishes": wishes.count(),
    }
    return {name: count for name, count in counts.items() if count}


def has_settled(call_ids: Collection[str]) -> bool:
    """Whether all that these calls have brought about is done."""
    calls = Call.objects.filter(call_id__in=call_ids)
    if any(not call.is_over for call in calls):
        return False
    events = WebhookEvent.objects.filter(payload__call__call_id__in=call_ids, state__in=("received", "processing"))
    pending = Appointment.objects.filter(call__in=calls)
    waits = pending.filter(Q(status=Status.HELD) | Q(status=Status.BOOKING, calcom_booking_uid=None))
    in_doubt = pending.filter(status=Status.SCHEDULED, sent_at__isnull=False)
    return not (events.exists() or waits.exists() or in_doubt.exists())


def last_touched(companies: Collection[int]) -> timedelta:
    """How long ago an appointment was changed last."""
    row = Appointment.objects.filter(company__in=companies).order_by("-updated_at").first()
    return timezone.now() - row.updated_at if row else timedelta.max
