"""What the admin pages of every app share: staff see their companies only, secrets stay masked."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mcp_gateway.companies import visible_company_ids
from mcp_gateway.fields import EncryptedTextField, mask


class CompanyScopedAdmin(admin.ModelAdmin):
    """Rows, choices and searches are limited to the companies that the member of staff may see."""

    # How a row leads to its company.
    company_lookup: ClassVar[str] = "company"
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return _visible(super().get_queryset(request), self.company_lookup, request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what belongs to the member of staff's companies."""
        related = admin.site._registry.get(db_field.remote_field.model)
        if isinstance(related, CompanyScopedAdmin):
            kwargs["queryset"] = related.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ReadOnlyAdmin(CompanyScopedAdmin):
    """Rows that the system writes: to be looked at, never edited around the services that own them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SecretInput(forms.PasswordInput):
    """Never shows a stored secret, only that there is one."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        shown = mask(value) if isinstance(value, str) else ""
        attrs = {**(attrs or {}), "placeholder": shown, "autocomplete": "new-password"}
        return super().get_context(name, None, attrs)


class SecretsForm(forms.ModelForm):
    """A form in which an empty secret means: keep the stored one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._secret_names():
            field = self.fields[name]
            field.widget = SecretInput()
            field.help_text = f"{field.help_text} {_('Leave empty to keep what is stored.')}".strip()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        for name in self._secret_names():
            cleaned[name] = cleaned.get(name) or self.initial.get(name, "")
        return cleaned

    def _secret_names(self) -> list[str]:
        fields = self._meta.model._meta.get_fields()
        return [field.name for field in fields if isinstance(field, EncryptedTextField) and field.name in self.fields]


def _visible(rows: models.QuerySet[Any], lookup: str, request: HttpRequest) -> models.QuerySet[Any]:
    companies = visible_company_ids(request.user)
    return rows if companies is None else rows.filter(**{f"{lookup}__in": companies}).distinct()
