"""Admin of the business: companies, services, customers, calls, appointments, follow-ups."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from appointments import help_texts
from appointments.appointment_admin import AppointmentAdmin
from appointments.call_admin import CallAdmin
from appointments.customer_admin import CustomerAdmin
from appointments.follow_up_admin import FollowUpAdmin
from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from appointments.opening_hours_form import OpeningHoursField
from mcp_gateway.lost_edits import NoLostEditsMixin
from mcp_gateway.staff_admin import CompanyFilter, CompanyScopedAdmin, SecretsForm, SoftDeletingAdmin
from mcp_gateway.staff_pages import Section


class ServiceForm(forms.ModelForm):
    class Meta:
        help_texts = help_texts.SERVICE


class CompanyForm(SecretsForm):
    class Meta:
        help_texts = help_texts.COMPANY

    opening_hours = OpeningHoursField(
        label=_("opening hours"), required=False, help_text=_("In the company's own time; leave closed days empty.")
    )


@admin.register(Company)
class CompanyAdmin(NoLostEditsMixin, CompanyScopedAdmin):
    section = Section.SET_UP
    company_lookup = "pk"
    nothing_yet = _("No company yet: it begins with one, whose phone the agent answers.")
    change_form_template = "admin/appointments/company/change_form.html"
    form = CompanyForm
    list_display = ("name", "phone_number", "timezone", "default_language", "booking_mode", "is_active")
    list_filter = ("is_active", "booking_mode", "default_language")
    search_fields = ("name", "slug", "phone_number", "email")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "is_active", "phone_number", "email", "staff")}),
        (_("Language and time"), {"fields": ("default_language", "timezone", "opening_hours")}),
        (_("Booking"), {"fields": ("booking_mode", "mails_customers", "notice_hours", "rate_limit_per_minute")}),
        (_("Phone"), {"fields": ("agent_name", "rejected_numbers")}),
        (_("Retell.ai"), {"fields": ("retell_api_key", "retell_webhook_key")}),
        (_("Cal.com"), {"fields": ("calcom_api_key", "calcom_base_url", "calcom_webhook_secret")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Calls, messages and the audit trail refer to a company: it is switched off, and then does nothing."""
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, **{**kwargs, "widget": forms.CheckboxSelectMultiple()}
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may see a company is not for its own staff to widen."""
        if request.user.is_superuser:
            return ()
        return ("staff", "is_active", "rate_limit_per_minute", *(["slug"] if obj else []))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A read-only field can't be filled in."""
        return self.prepopulated_fields if request.user.is_superuser or obj is None else {}

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """With its services to look at: each is edited on its own page, so that no two forms have the same row."""
        if company := context.get("original"):
            context["services"] = company.services.order_by("name")
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: Company) -> HttpResponseRedirect:
        """Its services come next: they are added from its page."""
        return redirect(f"{reverse('admin:appointments_company_change', args=(obj.pk,))}#services")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Who adds a company works for it, or would not see it again."""
        super().save_related(request, form, formsets, change)
        if not change and not request.user.is_superuser:
            form.instance.staff.add(request.user)


@admin.register(Service)
class ServiceAdmin(NoLostEditsMixin, SoftDeletingAdmin):
    section = Section.SET_UP
    nothing_yet = _("No service yet: add what can be booked, and how long it takes.")
    form = ServiceForm
    list_display = ("name", "company", "duration_minutes", "calcom_event_type_id", "parallel_capacity", "is_active")
    list_filter = ("is_active", ("company", CompanyFilter))
    search_fields = ("name", "aliases", "=calcom_event_type_id")
    list_select_related = ("company",)


admin.site.register(Customer, CustomerAdmin)
admin.site.register(Call, CallAdmin)
admin.site.register(Appointment, AppointmentAdmin)
admin.site.register(FollowUp, FollowUpAdmin)
