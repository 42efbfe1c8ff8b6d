"""Who has looked at whose personal data: in the audit trail once per actor, object and hour, so that it stays legible.

Pages of one row are meant, lists, traces, and methods of the gateway that staff and programs call; exports have entries
of their own. What Retell's agent reads out during a call is not looked at by anybody: the call is its record.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from mcp_gateway.audit import record
from mcp_gateway.models import AuditEntry

VIEWED = "personal_data.viewed"
LISTED = "personal_data.listed"
LOOKS = (VIEWED, LISTED)
AGAIN_AFTER = timedelta(hours=1)
MAX_REMEMBERED = 10_000

# When the latest look was noted, as far as this process knows.
_noted_at: dict[tuple[str, str, str, int | None], datetime] = {}


def note(
    actor: str,
    *,
    object_type: str,
    object_id: Any,
    company_id: int | None,
    action: str = VIEWED,
    actor_kind: AuditEntry.Actor = AuditEntry.Actor.STAFF,
    after: dict[str, Any] | None = None,
) -> datetime:
    """Note the look, unless it is noted; returns when it was. `actor` is a name as `Principal.name` has them."""
    since = timezone.now() - AGAIN_AFTER
    seen: dict[str, Any] = {"object_type": object_type, "object_id": str(object_id), "company_id": company_id}
    noted = AuditEntry.objects.filter(actor=actor, at__gt=since, action=action, **seen)
    if at := noted.order_by("-at").values_list("at", flat=True).first():
        return at
    return record(actor_kind=actor_kind, actor=actor, action=action, after=after, **seen).at


def note_often(actor: str, *, object_type: str, object_id: str, company_id: int | None, **entry: Any) -> None:
    """The same for what is looked at again and again: for the rest of the hour it costs this process no query."""
    key = (actor, object_type, object_id, company_id)
    at = _noted_at.get(key)
    if at and at > timezone.now() - AGAIN_AFTER:
        return
    if len(_noted_at) >= MAX_REMEMBERED:
        _noted_at.clear()
    _noted_at[key] = note(actor, object_type=object_type, object_id=object_id, company_id=company_id, **entry)


def forget_remembered() -> None:
    _noted_at.clear()
