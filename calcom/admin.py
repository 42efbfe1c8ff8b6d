"""Admin of what is known of the companies' Cal.com accounts."""

from django.contrib import admin

from calcom.models import CalcomEventType
from mcp_gateway.staff_admin import CompanyFilter, ReadOnlyAdmin
from mcp_gateway.staff_pages import Section


@admin.register(CalcomEventType)
class CalcomEventTypeAdmin(ReadOnlyAdmin):
    section = Section.SET_UP
    list_display = ("title", "event_type_id", "slug", "length_minutes", "is_hidden", "company", "last_synced_at")
    list_filter = ("is_hidden", "last_synced_at", ("company", CompanyFilter))
    search_fields = ("title", "slug", "=event_type_id")
    list_select_related = ("company",)
