"""Admin of the gateway: inbox, outbox, audit trail, users and roles, and the tokens of `token_admin`."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mcp_gateway.accounts_admin import RoleAdmin, StaffUserAdmin
from mcp_gateway.models import AuditEntry, OutboxMessage, WebhookEvent
from mcp_gateway.staff_admin import CompanyFilter, ReadOnlyAdmin, RecentValuesFilter, SavedView, StaffListAdmin, today
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

BY_COMPANY = ("company", CompanyFilter)

State = WebhookEvent.State

admin.site.unregister((User, Group))


@admin.register(User)
class StaffUserAdmin(StaffListAdmin, UserAdmin):
    section = Section.ACCESS


@admin.register(Group)
class RoleAdmin(StaffListAdmin, GroupAdmin):
    section = Section.ACCESS


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    list_display = ("received_at", "provider", "event", "company", "state", "tries", "processed_at")
    list_filter = (
        "state",
        "received_at",
        ("provider", RecentValuesFilter),
        ("event", RecentValuesFilter),
        BY_COMPANY,
    )
    search_fields = ("dedupe_key",)
    search_ids = ("correlation_id", "dedupe_key")
    list_select_related = ("company",)
    views = (
        SavedView(_("Today"), today("received_at")),
        SavedView(_("Waiting"), {"state__exact": State.RECEIVED}),
        SavedView(_("Failed"), {"state__exact": State.FAILED}),
        SavedView(_("Given up"), {"state__exact": State.DEAD}),
    )
    nothing_yet = _("No webhook has been received yet: they come from Retell and Cal.com.")
    export_columns = ("id", "received_at", "provider", "event", "company", "state", "tries", "processed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """A list has no use for the payloads, of which one may be as large as two megabytes."""
        return super().get_queryset(request).defer("payload", "headers")

    @admin.display(description=_("attempts"))
    def tries(self, event: WebhookEvent) -> int:
        return len(event.attempts)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    section = Section.OPERATION
    list_display = ("created_at", "kind", "company", "state", "attempts", "last_error", "sent_at")
    list_filter = ("state", "created_at", ("kind", RecentValuesFilter), BY_COMPANY)
    search_fields = ("dedupe_key",)
    search_ids = ("correlation_id", "dedupe_key")
    list_select_related = ("company",)
    views = (
        SavedView(_("Today"), today("created_at")),
        SavedView(_("Waiting"), {"state__exact": OutboxMessage.State.WAITING}),
        SavedView(_("Failed"), {"state__exact": OutboxMessage.State.FAILED}),
        SavedView(_("Given up"), {"state__exact": OutboxMessage.State.DEAD}),
    )
    nothing_yet = _("Nothing has been told to anybody yet: mails go out when appointments are made and changed.")


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
