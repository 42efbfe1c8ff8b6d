"""What staff have started in the background: a comparison with Cal.com, and a replay of events that did not go well."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from appointments.models import Company
from calcom.long_actions import COMPARISON
from mcp_gateway.models import LongAction, LongActionResult, WebhookEvent
from mcp_gateway.replays import LONG_ACTION as REPLAY
from retell.seeding.calls import Batch

MOST_REPLAYED = 20
COMPARED = {"seen": 38, "mirrored": 1, "moved": 1, "cancelled": 0, "differences": 0}


def seed_long_actions(batch: Batch) -> None:
    first, second = batch.staff[0], batch.staff[-1]
    now, company = timezone.now(), batch.company
    _over(COMPARISON, company, [company.pk], started_by=first, at=now - timedelta(days=1), data=COMPARED)
    dead = WebhookEvent.objects.filter(company_id=company.pk, state=WebhookEvent.State.DEAD)
    if events := list(dead.values_list("pk", flat=True)[:MOST_REPLAYED]):
        at = now - timedelta(hours=6)
        _over(REPLAY, company, events, started_by=second, at=at, reason="Cal.com war gestört", called_off_after=1)


def _over(
    kind: str,
    company: Company,
    items: Sequence[int],
    *,
    started_by: int,
    at: datetime,
    reason: str = "",
    data: dict[str, Any] | None = None,
    called_off_after: int | None = None,
) -> None:
    """One that has ended: with the last item, or called off after so many."""
    done = len(items) if called_off_after is None else min(called_off_after, len(items))
    state = LongAction.State.DONE if called_off_after is None else LongAction.State.CANCELLED
    action = LongAction.objects.create(
        kind=kind,
        company_id=company.pk,
        started_by_id=started_by,
        language=settings.LANGUAGE_CODE,
        items=list(items),
        reason=reason,
        state=state,
        total=len(items),
        done=done,
        cancel_requested=called_off_after is not None,
        created_at=at,
        started_at=at + timedelta(seconds=1),
        ended_at=at + timedelta(seconds=4),
        correlation_id=str(uuid.uuid4()),
    )
    rows = [
        LongActionResult(
            action=action, number=number, item=str(item), outcome=LongActionResult.Outcome.DONE, data=data or {}
        )
        for number, item in enumerate(items[:done])
    ]
    LongActionResult.objects.bulk_create(rows)
