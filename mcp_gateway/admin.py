"""Admin of the gateway: each part in its module, and the pages of `staff_views`."""

from mcp_gateway.accounts_admin import RoleAdmin, StaffUserAdmin
from mcp_gateway.audit_admin import AuditEntryAdmin
from mcp_gateway.long_action_admin import LongActionAdmin
from mcp_gateway.outbox_admin import OutboxMessageAdmin
from mcp_gateway.staff_views import (
    circuit_breakers,
    console,
    dead_letters,
    preferences,
    queue,
    second_factor,
    trace,
)
from mcp_gateway.token_admin import ApiTokenAdmin
from mcp_gateway.webhook_event_admin import WebhookEventAdmin

__all__ = [
    "ApiTokenAdmin",
    "AuditEntryAdmin",
    "LongActionAdmin",
    "OutboxMessageAdmin",
    "RoleAdmin",
    "StaffUserAdmin",
    "WebhookEventAdmin",
    "circuit_breakers",
    "console",
    "dead_letters",
    "preferences",
    "queue",
    "second_factor",
    "trace",
]
