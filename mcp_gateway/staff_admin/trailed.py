"""What is added, changed and deleted through forms stands in the audit trail, which is every row's history."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mcp_gateway import trail, viewing
from mcp_gateway.actors import STAFF
from mcp_gateway.audit import record_by
from mcp_gateway.fields import encrypted_fields
from mcp_gateway.principal import Principal

HIDDEN = "••••"
MOST_SHOWN = 200


class TrailedAdmin(admin.ModelAdmin):
    """Writes the audit trail in place of Django's own log, and shows it as a row's history."""

    # Whether pages show phone numbers, e-mail addresses or what people said: then looking is noted too.
    shows_personal_data: ClassVar[bool] = False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if original := context.get("original"):
            self._note_view(request, original)
        return super().render_change_form(request, context, *args, **kwargs)

    def construct_change_message(self, request: HttpRequest, form: forms.Form, formsets: Any, add: bool = False) -> Any:
        """Keep what the form has changed until it is logged, in the same transaction."""
        message = super().construct_change_message(request, form, formsets, add)
        before, after = _changes(form)
        request.changes = before, after  # type: ignore[attr-defined]
        return message

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _before, after = getattr(request, "changes", ({}, {}))
        self._note(request, obj, "created", after=after)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        before, after = getattr(request, "changes", ({}, {}))
        if before or after:
            self._note(request, obj, "changed", before=before, after=after)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._note(request, obj, "deleted", before={"name": str(obj)})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """From the audit trail; whoever may see the row may know what happened to it."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        self._note_view(request, obj)
        entries = trail.history_of(self.model.__name__, obj.pk)[:MOST_SHOWN]
        context = {
            "title": _("History of %(name)s") % {"name": obj},
            "rows": trail.told(request, entries),
            "original": obj,
            "object_type": self.model.__name__,
            "opts": self.opts,
            **self.admin_site.each_context(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "staff/history.html", context)

    def company_id_of(self, obj: Any) -> int | None:
        """Whose the row is; None where it is nobody's."""
        return None

    def _note_view(self, request: HttpRequest, obj: Model) -> None:
        if self.shows_personal_data:
            seen = {"object_type": self.model.__name__, "object_id": obj.pk, "company_id": self.company_id_of(obj)}
            viewing.note(f"{STAFF}{request.user.pk}", **seen)

    def _note(self, request: HttpRequest, obj: Model, what: str, **values: Any) -> None:
        name = self.model.__name__
        record_by(
            Principal.of_staff(request.user),
            action=f"{_snake(name)}.{what}",
            object_type=name,
            object_id=obj.pk,
            company_id=self.company_id_of(obj),
            **values,
        )


def _changes(form: forms.Form) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changed values before and after; secrets and passwords stay hidden."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in form.changed_data:
        if name not in form.cleaned_data:
            continue
        if _is_secret(form, name):
            after[name] = HIDDEN
            continue
        was, became = _plain(form.initial.get(name)), _plain(form.cleaned_data[name])
        # A form takes an emptied field for another value than one that never had any.
        if was != became and (was or became):
            before[name], after[name] = was, became
    return {name: value for name, value in before.items() if value not in (None, "")}, after


def _is_secret(form: forms.Form, name: str) -> bool:
    model = getattr(getattr(form, "_meta", None), "model", None)
    encrypted = {field.name for field in encrypted_fields(model)} if model else set()
    is_password = isinstance(form.fields[name].widget, forms.PasswordInput) or "password" in name
    return name in encrypted or is_password


def _plain(value: Any) -> Any:
    """As JSON has it; rows by their keys, as forms have them before they are changed."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, QuerySet | list | tuple | set):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else _text(value)


def _text(value: Any) -> str:
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
