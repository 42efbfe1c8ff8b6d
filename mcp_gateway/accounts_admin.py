"""Who may log in: staff and their roles. Django's own forms, less what no keyboard or screen reader can use."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mcp_gateway.moments import moment
from mcp_gateway.staff_admin import StaffListAdmin
from mcp_gateway.staff_pages import Section

# Whose permissions decide nothing that staff see.
INTERNAL_APPS = ("axes", "contenttypes", "sessions", "admin")
INTERNAL_MODELS = ("idempotentanswer",)

# What Django lets do with every kind of rows.
DOING = {"view": _("look at"), "add": _("add"), "change": _("change"), "delete": _("delete")}

admin.site.unregister(User)
admin.site.unregister(Group)


class PermissionsField(forms.ModelMultipleChoiceField):
    """Permissions in the reader's language; their names are stored in English."""

    def label_from_instance(self, obj: models.Model) -> str:
        assert isinstance(obj, Permission)
        kind = obj.content_type.model_class()
        rows = capfirst(str(kind._meta.verbose_name_plural)) if kind else obj.content_type.model
        doing = DOING.get(obj.codename.removesuffix(f"_{obj.content_type.model}"))
        return f"{rows}: {doing or gettext(obj.name)}"


@admin.register(User)
class StaffUserAdmin(StaffListAdmin, DjangosUserAdmin):
    section = Section.ACCESS
    filter_horizontal = ()
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
    readonly_fields = ("seen_last", "since")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Times"), {"fields": ("seen_last", "since")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit trail names them: whoever leaves is switched off, as the form says."""
        return False

    @admin.display(description=_("last login"))
    def seen_last(self, user: User) -> SafeString | str:
        return moment(user.last_login)

    @admin.display(description=_("date joined"))
    def since(self, user: User) -> SafeString | str:
        return moment(user.date_joined)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, **{**kwargs, "widget": forms.CheckboxSelectMultiple()}
        )


@admin.register(Group)
class RoleAdmin(StaffListAdmin, DjangosGroupAdmin):
    section = Section.ACCESS
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["form_class"] = PermissionsField
        field = super().formfield_for_manytomany(
            db_field, request, **{**kwargs, "widget": forms.CheckboxSelectMultiple()}
        )
        if field is not None and isinstance(field.queryset, models.QuerySet):
            field.queryset = field.queryset.exclude(content_type__app_label__in=INTERNAL_APPS)
            field.queryset = field.queryset.exclude(content_type__model__in=INTERNAL_MODELS)
        return field
