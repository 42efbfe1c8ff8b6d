"""The calls' pages: list, and one call as the story of what happened."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import looks
from appointments.call_story import story, why_ended
from appointments.list_tools import WordSearchMixin
from appointments.models import Call
from appointments.staff_lists import CALL_FAILED, CALL_VIEWS, began_in
from mcp_gateway.badges import Look, badge
from mcp_gateway.moments import moment
from mcp_gateway.staff_admin import CompanyFilter, ReadOnlyAdmin, RecentValuesFilter, date_range, has_error
from mcp_gateway.staff_pages import Section
from mcp_gateway.templatetags.staff import duration

LIST = "appointments_call_changelist"


class CallAdmin(WordSearchMixin, ReadOnlyAdmin):
    section = Section.DAY
    shows_personal_data = True
    views = CALL_VIEWS
    first_step = "portal"
    nothing_yet = gettext_lazy("No call yet: calls appear here as soon as the agent's phone rings.")
    search_ids = ("call_id",)
    phone_columns = ("caller_phone",)
    list_display = ("when", "who", "state", "length", "ended_because", "direction", "company", "call_id")
    list_filter = (
        date_range(began_in),
        "status",
        ("agent_id", RecentValuesFilter),
        has_error(CALL_FAILED),
        "direction",
        "is_test",
        ("company", CompanyFilter),
    )
    search_fields = ("call_id",)
    customer_lookups = ("customer",)
    beginning_columns = ("call_id", "agent_id")
    search_help_text = gettext_lazy(
        "Call id or agent from the beginning, phone number, e-mail, or name: what you type has to begin the words of "
        "the customer's name, so “Mei” finds Anna Meier, and “eier” does not."
    )
    list_select_related = ("company", "customer")
    change_form_template = "admin/appointments/call/change_form.html"

    @admin.display(description=gettext_lazy("time"), ordering="created_at")
    def when(self, call: Call) -> SafeString | str:
        return moment(_began(call), call.company.zone)

    @admin.display(description=gettext_lazy("caller"), ordering="caller_phone")
    def who(self, call: Call) -> str:
        known = str(call.customer) if call.customer else ""
        return known or call.caller_phone or _("number hidden")

    @admin.display(description=gettext_lazy("duration"))
    def length(self, call: Call) -> str:
        return duration(_length(call))

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, call: Call) -> SafeString:
        shown = looks.call_badge(call.status)
        return format_html("{} {}", shown, badge(Look.QUIET, _("test"))) if call.is_test else shown

    @admin.display(description=gettext_lazy("ended because"), ordering="disconnection_reason")
    def ended_because(self, call: Call) -> str:
        return why_ended(call)

    def get_queryset(self, request: HttpRequest) -> Any:
        """For the list: without what is long."""
        rows = super().get_queryset(request).select_related("company", "customer")
        is_list = request.resolver_match is not None and request.resolver_match.url_name == LIST
        return rows.defer("transcript", "summary", "analysis", "collected_data") if is_list else rows

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        call: Call = context["original"]
        rows = list(call.appointments.select_related("company", "service", "customer").order_by("created_at"))
        may_see = request.user.has_perm("appointments.view_appointment")
        latest_first = reversed(rows) if may_see else ()
        context |= {
            "title": f"{self.who(call)}, {_('call')}",
            "subtitle": None,
            "zone": call.company.zone,
            "began": _began(call),
            "length": _length(call),
            "cost": _cost(call),
            "state": self.state(call),
            "why_ended": why_ended(call),
            "story": story(call, rows, request),
            "appointments": [(row, looks.appointment_badge(row.status)) for row in latest_first],
            "transcript": call.transcript.splitlines(),
        }
        return super().render_change_form(request, context, *args, **kwargs)


def _began(call: Call) -> datetime:
    return call.started_at or call.created_at


def _cost(call: Call) -> str | None:
    """Providers count in US cents."""
    if call.cost_cents is None:
        return None
    dollars = (call.cost_cents / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{number_format(dollars, force_grouping=True)} USD"


def _length(call: Call) -> timedelta | None:
    return call.ended_at - call.started_at if call.ended_at and call.started_at else None
