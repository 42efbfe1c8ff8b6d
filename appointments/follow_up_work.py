"""Working through the follow-ups: taken, released, noted, done and opened again. The trail is each one's history.

Every step is a conditional update, so that of two colleagues who take one at the same moment one has it.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from appointments.follow_ups import count_opening
from appointments.models import FollowUp
from mcp_gateway.audit import record_by
from mcp_gateway.models import AuditEntry
from mcp_gateway.principal import Principal
from mcp_gateway.trail import history_of

Status = FollowUp.Status
MAX_NOTE = 500
# Which follow-ups each step is for.
FITTING = {
    "take": Q(status=Status.OPEN) | Q(status=Status.TAKEN, assignee=None),
    "release": Q(status=Status.TAKEN),
    "finish": ~Q(status=Status.DONE),
    "reopen": Q(status=Status.DONE),
}


def take(follow_up: FollowUp, user: Any) -> bool:
    """It is the user's from now on; False where a colleague has it, or it is done."""
    return _step(follow_up, user, "taken", FITTING["take"], status=Status.TAKEN, assignee=user)


def release(follow_up: FollowUp, user: Any) -> bool:
    """It is anybody's again; False where nobody has it."""
    return _step(follow_up, user, "released", FITTING["release"], status=Status.OPEN, assignee=None)


def finish(follow_up: FollowUp, user: Any) -> bool:
    """Whoever has it; False where it is done already."""
    return _step(follow_up, user, "done", FITTING["finish"], status=Status.DONE)


@transaction.atomic
def reopen(follow_up: FollowUp, user: Any) -> bool:
    """It was not done after all; False where it is not done."""
    count_opening(FollowUp.objects.filter(FITTING["reopen"], pk=follow_up.pk))
    return _step(follow_up, user, "reopened", FITTING["reopen"], status=Status.OPEN, assignee=None)


def note(follow_up: FollowUp, user: Any, text: str) -> None:
    """Add a note for colleagues; what was noted stays."""
    _record(follow_up, user, "noted", reason=text[:MAX_NOTE])


def history(follow_up: FollowUp) -> list[AuditEntry]:
    """The latest first."""
    return list(history_of("FollowUp", follow_up.pk))


@transaction.atomic
def _step(follow_up: FollowUp, user: Any, name: str, allowed: Q, **changed: Any) -> bool:
    rows = FollowUp.objects.filter(allowed, pk=follow_up.pk)
    if not rows.update(**changed, updated_at=timezone.now()):
        return False
    _record(follow_up, user, name, before={"status": follow_up.status}, after={"status": str(changed["status"])})
    return True


def _record(follow_up: FollowUp, user: Any, step: str, **more: Any) -> None:
    record_by(
        Principal.of_staff(user),
        action=f"follow_up.{step}",
        object_type="FollowUp",
        object_id=follow_up.pk,
        company_id=follow_up.company_id,
        **more,
    )
