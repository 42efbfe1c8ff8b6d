"""The audit trail as tests look at it."""

from mcp_gateway.models import AuditEntry, AuditQuerySet
from mcp_gateway.viewing import LOOKS


def done() -> AuditQuerySet:
    """What was done, the latest first, without who only looked at what."""
    return AuditEntry.objects.exclude(action__in=LOOKS)
