"""The customers' pages: list, and one customer with what there was and what is ahead."""

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from appointments import help_texts, looks
from appointments.list_tools import WordSearchMixin
from appointments.models import Customer
from mcp_gateway.lost_edits import NoLostEditsMixin
from mcp_gateway.staff_admin import CompanyFilter, SoftDeletingAdmin
from mcp_gateway.staff_pages import Section

# The latest; the lists have all.
MAX_SHOWN = 20


class CustomerForm(forms.ModelForm):
    class Meta:
        help_texts = help_texts.CUSTOMER


class CustomerAdmin(NoLostEditsMixin, WordSearchMixin, SoftDeletingAdmin):
    section = Section.DAY
    shows_personal_data = True
    nothing_yet = gettext_lazy("No customer yet: who books by phone becomes one, and you can add one here.")
    form = CustomerForm
    search_ids = ("email",)
    phone_columns = ("phone",)
    customer_lookups = ("pk",)
    list_display = ("name", "phone", "email", "company", "language", "created_at")
    list_filter = ("language", ("company", CompanyFilter))
    search_fields = ("name", "email")
    search_help_text = gettext_lazy(
        "Phone number, e-mail, or name: what you type has to begin the words of the name, so “Mei” finds Anna Meier, "
        "and “eier” does not."
    )
    list_select_related = ("company",)
    change_form_template: ClassVar[Any] = "admin/appointments/customer/change_form.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        customer: Customer | None = context.get("original")
        if customer is not None:
            context |= self._life(request, customer)
        return super().render_change_form(request, context, *args, **kwargs)

    def _life(self, request: HttpRequest, customer: Customer) -> dict[str, Any]:
        appointments, calls = [], []
        if request.user.has_perm("appointments.view_appointment"):
            rows = customer.appointments.select_related("service").order_by("-starts_at")[:MAX_SHOWN]
            appointments = [(row, looks.appointment_badge(row.status)) for row in rows]
        if request.user.has_perm("appointments.view_call"):
            heard = customer.calls.defer("transcript", "analysis", "collected_data").order_by("-created_at")[:MAX_SHOWN]
            calls = [(row, looks.call_badge(row.status)) for row in heard]
        return {"appointments": appointments, "calls": calls, "zone": customer.company.zone}
