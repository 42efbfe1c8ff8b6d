"""What the admin pages of every app share: staff see their companies only, secrets stay masked."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from mcp_gateway.companies import visible_company_ids
from mcp_gateway.fields import WrongEncryptionKey, encrypted_fields, mask

KEPT = _("Leave empty to keep what is stored.")


class CompanyScopedAdmin(admin.ModelAdmin):
    """Rows, choices and searches are limited to the companies that the member of staff may see."""

    # How a row leads to its company.
    company_lookup: ClassVar[str] = "company"
    list_per_page = 50
    show_full_result_count = False
    # One labelled field: Django's two for a date and a time have no labels of their own.
    formfield_overrides = {
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
    }

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return _visible(super().get_queryset(request), self.company_lookup, request)

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


class SecretsForm(forms.ModelForm):
    """A form that never shows a stored secret, and in which an empty one means: keep what is stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._secret_names():
            field = self.fields[name]
            # Without it in `initial`, an empty field counts as unchanged in the row's history too.
            stored = self.initial.pop(name, "")
            field.widget = forms.PasswordInput({"placeholder": mask(stored), "autocomplete": "new-password"})
            field.help_text = format_lazy("{} {}", field.help_text, KEPT) if field.help_text else KEPT

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        for name in self._secret_names():
            cleaned[name] = cleaned.get(name) or getattr(self.instance, name)
        return cleaned

    def _secret_names(self) -> list[str]:
        return [field.name for field in encrypted_fields(self._meta.model) if field.name in self.fields]


def _visible(rows: models.QuerySet[Any], lookup: str, request: HttpRequest) -> models.QuerySet[Any]:
    companies = visible_company_ids(request.user)
    return rows if companies is None else rows.filter(**{f"{lookup}__in": companies})
