"""Admin of rows that belong to companies: staff see their companies' only, and no secrets."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from mcp_gateway.fields import WrongEncryptionKey, encrypted_fields
from mcp_gateway.staff_admin.lists import StaffListAdmin
from mcp_gateway.staff_admin.visibility import visible_rows


class CompanyScopedAdmin(StaffListAdmin):
    """Rows, choices and searches are limited to the companies that the member of staff may see."""

    # How a row leads to its company.
    company_lookup: ClassVar[str] = "company"
    # One labelled field: Django's two for a date and a time have no labels of their own.
    formfield_overrides = {
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
    }

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return visible_rows(super().get_queryset(request), self.company_lookup, request)

    def company_id_of(self, obj: Any) -> int | None:
        found: Any = obj
        for step in self.company_lookup.split("__"):
            found = getattr(found, step, None)
        company_id: int | None = getattr(found, "pk", found)
        return company_id

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what belongs to the member of staff's companies."""
        related = admin.site._registry.get(db_field.remote_field.model)
        if isinstance(related, CompanyScopedAdmin):
            kwargs["queryset"] = related.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever may only look at a row sees no secrets: a read-only field would show them whole."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        secrets = {field.name for field in encrypted_fields(self.model)}
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in secrets]})
            for title, options in fieldsets
        ]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A row whose secrets no key opens can't be edited: say so, and lead back to the list."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except WrongEncryptionKey as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")


class ReadOnlyAdmin(CompanyScopedAdmin):
    """Rows that the system writes: to be looked at, never edited around the services that own them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
