"""Admin of what is known of the companies' Cal.com accounts."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from calcom.models import CalcomEventType
from mcp_gateway.moments import moment
from mcp_gateway.staff_admin import CompanyFilter, ReadOnlyAdmin
from mcp_gateway.staff_pages import Section


@admin.register(CalcomEventType)
class CalcomEventTypeAdmin(ReadOnlyAdmin):
    section = Section.SET_UP
    first_step = "portal"
    nothing_yet = gettext_lazy("No event type yet: they are read from Cal.com when a company's page has its API key.")
    list_display = ("title", "event_type_id", "slug", "length_minutes", "is_hidden", "company", "fetched")
    list_filter = ("is_hidden", "last_synced_at", ("company", CompanyFilter))
    search_fields = ("title", "slug", "=event_type_id")
    list_select_related = ("company",)

    @admin.display(description=gettext_lazy("last synced at"), ordering="last_synced_at")
    def fetched(self, event_type: CalcomEventType) -> SafeString | str:
        return moment(event_type.last_synced_at, event_type.company.zone)
