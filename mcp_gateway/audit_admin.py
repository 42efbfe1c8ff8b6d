"""Admin of the audit trail: in sentences, to be looked at only, by whomsoever."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import trail
from mcp_gateway.models import AuditEntry
from mcp_gateway.moments import moment
from mcp_gateway.staff_admin import CompanyFilter, ReadOnlyAdmin, RecentValuesFilter, SavedView, date_range, today
from mcp_gateway.staff_admin.lists import StaffChangeList
from mcp_gateway.staff_pages import Section


class TrailList(StaffChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """The entries of the page with their sentences, made together."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        for told in trail.told(request, self.result_list):
            told.entry.told = told  # type: ignore[attr-defined]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    section = Section.ACCESS
    list_display = ("when", "sentence", "company", "trace")
    list_filter = (
        date_range("at"),
        "actor_kind",
        ("action", RecentValuesFilter),
        ("object_type", RecentValuesFilter),
        ("company", CompanyFilter),
    )
    search_fields = ("=object_id", "=actor")
    search_ids = ("correlation_id",)
    search_help_text = gettext_lazy("Correlation id, number of an object, or actor such as staff:7")
    list_select_related = ("company",)
    views = (
        SavedView(gettext_lazy("Today"), today),
        SavedView(gettext_lazy("By staff"), {"actor_kind__exact": AuditEntry.Actor.STAFF}),
    )
    first_step = "portal"
    nothing_yet = gettext_lazy("Nothing has been done yet that the trail keeps.")
    export_columns = (
        "at",
        "actor_kind",
        "actor",
        "action",
        "object_type",
        "object_id",
        "company",
        "before",
        "after",
        "reason",
        "correlation_id",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TrailList

    @admin.display(description=gettext_lazy("at"), ordering="at")
    def when(self, entry: AuditEntry) -> SafeString | str:
        return moment(entry.at)

    @admin.display(description=gettext_lazy("what happened"))
    def sentence(self, entry: AuditEntry) -> SafeString:
        told: trail.Told = entry.told  # type: ignore[attr-defined]
        changes = format_html_join("; ", "{}: {} → {}", ((one.name, one.before, one.after) for one in told.changes))
        parts = [told.sentence]
        if told.changes:
            parts.append(format_html(": {}", changes))
        if entry.reason:
            parts.append(format_html(". {}: {}", _("Reason"), entry.reason))
        return format_html_join("", "{}", ((part,) for part in parts))

    @admin.display(description=gettext_lazy("correlation id"))
    def trace(self, entry: AuditEntry) -> SafeString | str:
        """The beginning says which ones belong together."""
        if not entry.correlation_id:
            return "–"
        url = reverse("admin:trace", args=(entry.correlation_id,))
        return format_html('<a href="{}">{}</a>', url, entry.correlation_id[:8])

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        (told,) = trail.told(request, [context["original"]])
        context |= {"title": gettext_lazy("Audit entry"), "subtitle": None, "told": told, "may_see_trail": True}
        return super().render_change_form(request, context, *args, **kwargs)
