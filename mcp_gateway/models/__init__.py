"""What the gateway keeps: the inbox of webhook events, the outbox, what went out, access tokens and the audit trail."""

from mcp_gateway.models.audit import AppendOnly, AuditEntry, AuditQuerySet
from mcp_gateway.models.authenticator import Authenticator
from mcp_gateway.models.idempotency import IdempotentAnswer
from mcp_gateway.models.inbox import WebhookEvent
from mcp_gateway.models.long_action import LongAction, LongActionResult
from mcp_gateway.models.outbox import OutboxMessage
from mcp_gateway.models.outgoing import OutgoingCall
from mcp_gateway.models.preferences import StaffPreferences
from mcp_gateway.models.token import ApiToken

__all__ = [
    "ApiToken",
    "AppendOnly",
    "AuditEntry",
    "AuditQuerySet",
    "Authenticator",
    "IdempotentAnswer",
    "LongAction",
    "LongActionResult",
    "OutboxMessage",
    "OutgoingCall",
    "StaffPreferences",
    "WebhookEvent",
]
