"""Two people edit one row: the second save is refused, and shown what the first has changed.

The form carries what its user saw, signed; of secrets only a keyed hash. Who saves after the difference was shown has
seen it.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from mcp_gateway.fields import encrypted_fields

FIELD = "seen"
MAX_SHOWN = 200


class NoLostEditsMixin:
    """For a ModelAdmin, before its other bases. A template of its own extends staff/change_form.html."""

    change_form_template: ClassVar[Any] = "staff/change_form.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        if obj is None or request.method != "POST" or FIELD not in request.POST:
            return form
        # Locked until this save is through: of two at once the second sees the first.
        stored = type(obj)._default_manager.select_for_update().get(pk=obj.pk)
        changed = _differences(_opened(request.POST[FIELD], obj), stored, form)
        return _refusing(form, changed) if changed else form

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        original: Model | None = context.get("original")
        if original is not None:
            # A form that was refused has put its own values into the row.
            is_as_stored = request.method != "POST"
            stored = original if is_as_stored else type(original)._default_manager.get(pk=original.pk)
            names = context["adminform"].form.fields
            context["seen"] = signing.dumps(_values(stored, names), salt=_salt(stored), compress=True)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


def _values(row: Model, names: Iterable[str]) -> dict[str, str]:
    """Each of these columns as text, and of relations the keys."""
    secrets = _secrets(row)
    columns = {field.name: field for field in row._meta.concrete_fields}
    texts = {name: _text(columns[name], row) for name in names if name in columns}
    texts |= {field.name: _keys(row, field.name) for field in row._meta.many_to_many if field.name in names}
    return {name: _hash(text) if name in secrets else text for name, text in texts.items()}


def _text(column: Any, row: Model) -> str:
    return "" if column.value_from_object(row) is None else str(column.value_to_string(row))


def _keys(row: Model, name: str) -> str:
    return " ".join(str(key) for key in sorted(getattr(row, name).values_list("pk", flat=True)))


def _secrets(row: Model) -> set[str]:
    """Columns that nobody is shown, not even in the form's own hidden field."""
    passwords = {"password"} if isinstance(row, AbstractBaseUser) else set()
    return {field.name for field in encrypted_fields(type(row))} | passwords


def _hash(secret: str) -> str:
    return salted_hmac("mcp_gateway.lost_edits", secret).hexdigest()


def _salt(row: Model) -> str:
    return f"{row._meta.label}:{row.pk}"


def _opened(signed: str, row: Model) -> dict[str, str]:
    """What was seen; nothing where that was not signed for this row."""
    try:
        seen: dict[str, str] = signing.loads(signed, salt=_salt(row))
    except signing.BadSignature:
        return {}
    return seen


def _differences(seen: dict[str, str], stored: Model, form: Any) -> list[str]:
    """What others have changed since of the fields in the form, a sentence for each."""
    now = _values(stored, form.base_fields)
    return [
        _sentence(stored, name, seen.get(name, ""), value) for name, value in now.items() if seen.get(name) != value
    ]


def _sentence(row: Model, name: str, was: str, now: str) -> str:
    field = row._meta.get_field(name)
    label = capfirst(str(getattr(field, "verbose_name", name)))
    if name in _secrets(row):
        return _("%(field)s: replaced.") % {"field": label}
    shown = {"field": label, "was": _shown(field, was), "now": _shown(field, now)}
    return _("%(field)s: was “%(was)s”, is “%(now)s” now.") % shown


def _shown(field: Any, text: str) -> str:
    """A value as people know it: rows by their names, choices by their words."""
    if field.is_relation:
        names = [str(row) for row in field.related_model._default_manager.filter(pk__in=text.split())]
        return Truncator(", ".join(names)).chars(MAX_SHOWN)
    return Truncator(str(dict(field.flatchoices).get(text, text))).chars(MAX_SHOWN)


def _refusing(form: Any, differences: list[str]) -> Any:
    class RefusingForm(form):  # type: ignore[misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            told = _(
                "Somebody has saved this since you opened it, so nothing was saved. Look at what they changed; what "
                "you wrote still stands below. Save again to put yours in its place."
            )
            self.add_error(None, ValidationError([told, *differences]))
            return cleaned

    return RefusingForm
