"""Admin of the gateway: each part in its module, the pages of `staff_views`, and here what is small."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from mcp_gateway.accounts_admin import RoleAdmin, StaffUserAdmin
from mcp_gateway.models import AuditEntry
from mcp_gateway.outbox_admin import OutboxMessageAdmin
from mcp_gateway.staff_admin import CompanyFilter, ReadOnlyAdmin, RecentValuesFilter, SavedView, today
from mcp_gateway.staff_views import circuit_breakers, console, dead_letters, queue
from mcp_gateway.token_admin import ApiTokenAdmin
from mcp_gateway.webhook_event_admin import WebhookEventAdmin

__all__ = [
    "ApiTokenAdmin",
    "AuditEntryAdmin",
    "OutboxMessageAdmin",
    "RoleAdmin",
    "StaffUserAdmin",
    "WebhookEventAdmin",
    "circuit_breakers",
    "console",
    "dead_letters",
    "queue",
]

BY_COMPANY = ("company", CompanyFilter)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_kind", "actor", "action", "object_type", "object_id", "company", "reason")
    list_filter = ("at", "actor_kind", ("action", RecentValuesFilter), BY_COMPANY)
    search_fields = ("=object_id", "=actor", "reason")
    search_ids = ("correlation_id",)
    views = (
        SavedView(_("Today"), today("at")),
        SavedView(_("By staff"), {"actor_kind__exact": AuditEntry.Actor.STAFF}),
    )
    list_select_related = ("company",)
