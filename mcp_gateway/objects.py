"""Rows by the words that audit trail and messages have for them ("Appointment" 7), as links into the staff's place."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst


def model_called(name: str) -> type[Model] | None:
    """The model of that name which the staff's place shows: "FollowUp", or "follow_up"."""
    wanted = name.replace("_", "").lower()
    return next((model for model in admin.site._registry if model._meta.model_name == wanted), None)


def kind(name: str) -> str:
    """What people call such an object."""
    model = model_called(name)
    return str(capfirst(model._meta.verbose_name)) if model else name


def link(request: HttpRequest, name: str, key: Any) -> SafeString | str:
    """ "Appointment 7", linked where this person may look at such rows; nothing is said of whether the row exists."""
    model = model_called(name)
    text = f"{kind(name)} {key}".rstrip()
    if model is None or not key or not admin.site._registry[model].has_view_or_change_permission(request):
        return text
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=(key,))
    return format_html('<a href="{}">{}</a>', url, text)
