"""Admin of the Retell side."""

from django.contrib import admin

from mcp_gateway.staff_admin import CompanyScopedAdmin
from mcp_gateway.staff_pages import Section
from retell.models import RetellConfiguration


@admin.register(RetellConfiguration)
class RetellConfigurationAdmin(CompanyScopedAdmin):
    section = Section.SET_UP
    list_display = ("agent_id", "company", "webhook_url", "deployed_version", "last_synced_at", "last_test_outcome")
    list_filter = (("company", admin.RelatedOnlyFieldListFilter), "last_synced_at")
    search_fields = ("agent_id", "webhook_url", "company__name")
    readonly_fields = ("deployed_version", "last_synced_at", "last_test_at", "last_test_outcome")
    list_select_related = ("company",)
