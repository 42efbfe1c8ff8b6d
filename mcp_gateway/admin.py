"""Admin of the gateway: inbox, outbox, audit trail, and the tokens of `token_admin`."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from mcp_gateway.accounts_admin import RoleAdmin, StaffUserAdmin
from mcp_gateway.models import AuditEntry, OutboxMessage, WebhookEvent
from mcp_gateway.staff_admin import ReadOnlyAdmin
from mcp_gateway.staff_pages import Section
from mcp_gateway.token_admin import ApiTokenAdmin

__all__ = [
    "ApiTokenAdmin",
    "AuditEntryAdmin",
    "OutboxMessageAdmin",
    "RoleAdmin",
    "StaffUserAdmin",
    "WebhookEventAdmin",
]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    list_display = ("received_at", "provider", "event", "company", "state", "tries", "processed_at")
    list_filter = ("state", "received_at", "provider", "event", ("company", admin.RelatedOnlyFieldListFilter))
    search_fields = ("dedupe_key", "correlation_id")
    list_select_related = ("company",)

    @admin.display(description=_("attempts"))
    def tries(self, event: WebhookEvent) -> int:
        return len(event.attempts)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    list_display = ("created_at", "kind", "company", "state", "attempts", "last_error", "sent_at")
    list_filter = ("state", "created_at", "kind", ("company", admin.RelatedOnlyFieldListFilter))
    search_fields = ("dedupe_key", "correlation_id")
    list_select_related = ("company",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_kind", "actor", "action", "object_type", "object_id", "company", "reason")
    list_filter = ("at", "actor_kind", "action", ("company", admin.RelatedOnlyFieldListFilter))
    search_fields = ("object_id", "actor", "correlation_id")
    list_select_related = ("company",)
