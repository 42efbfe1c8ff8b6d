"""Who has looked at whose personal data: in the audit trail once per person, object and hour, so that it stays legible.

Pages of one row are meant, and methods of the gateway that members of staff call; exports have entries of their own.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from mcp_gateway.audit import record
from mcp_gateway.models import AuditEntry

VIEWED = "personal_data.viewed"
AGAIN_AFTER = timedelta(hours=1)


def note(actor: str, *, object_type: str, object_id: Any, company_id: int | None) -> None:
    """`actor` is a member of staff, as `Principal.name` has them."""
    since = timezone.now() - AGAIN_AFTER
    seen: dict[str, Any] = {"object_type": object_type, "object_id": str(object_id), "company_id": company_id}
    if AuditEntry.objects.filter(actor=actor, at__gt=since, action=VIEWED, **seen).exists():
        return
    record(actor_kind=AuditEntry.Actor.STAFF, actor=actor, action=VIEWED, **seen)
