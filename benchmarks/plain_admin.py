"""Django's admin as it is by itself, for the same models: the same columns and filters, nothing of ours."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

PLAIN = "plain"
SITE = admin.AdminSite(name=PLAIN)


def register_all() -> None:
    for model, ours in admin.site._registry.items():
        columns = [name for name in ours.list_display if _is_field(model, name)]
        filters = [name for name in ours.list_filter if _is_field(model, name)]
        SITE.register(model, type("Plain", (ModelAdmin,), {"list_display": columns or ["pk"], "list_filter": filters}))


def _is_field(model: type[Model], name: Any) -> bool:
    try:
        return isinstance(name, str) and bool(model._meta.get_field(name))
    except FieldDoesNotExist:
        return False


register_all()
