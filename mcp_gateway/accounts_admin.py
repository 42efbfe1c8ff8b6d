"""Who may log in: staff and their roles. Django's own forms, less what no keyboard or screen reader can use."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from mcp_gateway import second_factor
from mcp_gateway.lost_edits import NoLostEditsMixin
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin import StaffListAdmin
from mcp_gateway.staff_pages import Section, render

# Whose permissions decide nothing that staff see.
INTERNAL_APPS = ("axes", "contenttypes", "sessions", "admin", "otp_static", "otp_totp")
INTERNAL_MODELS = ("idempotentanswer",)

# What Django lets do with every kind of rows.
DOING = {"view": _("look at"), "add": _("add"), "change": _("change"), "delete": _("delete")}

admin.site.unregister(User)
admin.site.unregister(Group)
# Their pages would show everybody's secrets.
admin.site.unregister((TOTPDevice, StaticDevice))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("It stands in the audit trail."))


class PermissionsField(forms.ModelMultipleChoiceField):
    """Permissions in the reader's language; their names are stored in English."""

    def label_from_instance(self, obj: models.Model) -> str:
        assert isinstance(obj, Permission)
        kind = obj.content_type.model_class()
        rows = capfirst(str(kind._meta.verbose_name_plural)) if kind else obj.content_type.model
        doing = DOING.get(obj.codename.removesuffix(f"_{obj.content_type.model}"))
        return f"{rows}: {doing or gettext(obj.name)}"


@admin.register(User)
class StaffUserAdmin(NoLostEditsMixin, StaffListAdmin, DjangosUserAdmin):
    section = Section.ACCESS
    change_form_template = "admin/auth/user/change_form.html"
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

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.second_factor_view)
        return [path("<path:object_id>/second-factor/", view, name="auth_user_second_factor"), *super().get_urls()]

    def second_factor_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Take away the second factor of somebody who has lost the phone; of superusers only superusers may."""
        person = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, person) or (person and not _may_reset(request, person)):
            raise PermissionDenied
        if person is None:
            raise Http404
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            done = second_factor.reset(person, by=Principal.of_staff(request.user), reason=form.cleaned_data["reason"])
            told = _("The second factor of %(name)s is reset.") if done else _("%(name)s had no second factor.")
            messages.success(request, told % {"name": person.get_username()})
            return redirect("admin:auth_user_change", person.pk)
        context: dict[str, Any] = {"title": _("Reset the second factor of %(name)s?") % {"name": person.get_username()}}
        context |= {"person": person, "form": form, "is_set_up": second_factor.is_set_up(person)}
        return render(request, "staff/reset_second_factor.html", context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        person = context.get("original")
        context["may_reset_second_factor"] = person is not None and _may_reset(request, person)
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, **{**kwargs, "widget": forms.CheckboxSelectMultiple()}
        )


def _may_reset(request: HttpRequest, person: User) -> bool:
    user: Any = request.user
    return user.has_perm("auth.change_user") and (user.is_superuser or not person.is_superuser)


@admin.register(Group)
class RoleAdmin(NoLostEditsMixin, StaffListAdmin, DjangosGroupAdmin):
    section = Section.ACCESS
    filter_horizontal = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A migration makes them, once: whoever is not to have one any more is taken out of it, on the user's page."""
        return False

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
