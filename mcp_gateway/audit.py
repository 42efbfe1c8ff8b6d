"""The audit trail: who changed what, with secrets masked before they get here."""

from typing import Any

from mcp_gateway import correlation
from mcp_gateway.models import AuditEntry
from mcp_gateway.principal import Kind, Principal

ACTOR_KINDS = {
    Kind.TOKEN: AuditEntry.Actor.TOKEN,
    Kind.STAFF: AuditEntry.Actor.STAFF,
    Kind.VENDOR: AuditEntry.Actor.WEBHOOK,
    Kind.TASK: AuditEntry.Actor.TASK,
}


def record(
    *,
    actor_kind: AuditEntry.Actor,
    actor: str,
    action: str,
    object_type: str,
    object_id: object,
    company_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Add one entry, in the transaction of the change that it tells of."""
    return AuditEntry.objects.create(
        actor_kind=actor_kind,
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        company_id=company_id,
        before=before or {},
        after=after or {},
        reason=reason,
        correlation_id=correlation.current(),
    )


def record_by(principal: Principal, **entry: Any) -> AuditEntry:
    """Add an entry about what a caller of the gateway did; `entry` is all that `record` takes besides the actor."""
    return record(actor_kind=ACTOR_KINDS[principal.kind], actor=principal.name, **entry)
