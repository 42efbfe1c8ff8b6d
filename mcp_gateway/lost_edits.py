"""Two people edit one row: the second save is refused, and shown what the first has changed.

The form carries what its user saw, signed; of secrets only a keyed hash. Who saves after the difference was shown has
seen it.
"""

import json
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Model
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from mcp_gateway.fields import encrypted_fields
from mcp_gateway.moments import written

FIELD = "seen"
# Letters of a value, and of them what stands before the first that differs.
MAX_SHOWN, MAX_BEFORE = 200, 40


class NoLostEditsMixin:
    """For a ModelAdmin, before its other bases. A template of its own extends staff/change_form.html."""

    change_form_template: ClassVar[Any] = "staff/change_form.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        if obj is None or request.method != "POST" or FIELD not in request.POST:
            return form
        # Locked until this save is through: of two at once the second sees the first.
        stored = type(obj)._default_manager.select_for_update().get(pk=obj.pk)
        changed = _differences(_opened(request.POST[FIELD], _salt(obj)), stored, form)
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


class NoLostEditsForm(forms.Form):
    """For a form outside the admin. Its template prints `form.seen` as a hidden field, and the non-field errors."""

    def __init__(self, *args: Any, row: Model, **kwargs: Any) -> None:
        """`row`: whose form it is."""
        super().__init__(*args, **kwargs)
        self._signed_for = f"{type(self).__name__}:{_salt(row)}"

    @property
    def seen(self) -> str:
        return signing.dumps(self.stored(), salt=self._signed_for, compress=True)

    def stored(self) -> dict[str, str]:
        """What is stored now, as text, under the names of fields or of whatever else is to be told of."""
        return {name: _as_text(self.get_initial_for_field(field, name)) for name, field in self.fields.items()}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if FIELD in self.data and (changed := self._changed_meanwhile()):
            self.add_error(None, _refusal(changed))
        return self.cleaned_data

    def _changed_meanwhile(self) -> list[str]:
        was, now = _opened(self.data[FIELD], self._signed_for), self.stored()
        names = [name for name in {**was, **now} if was.get(name, "") != now.get(name, "")]
        return [_sentence(self._label(name), self._told(was, name), self._told(now, name)) for name in names]

    def _label(self, name: str) -> str:
        return str(self.fields[name].label) if name in self.fields else name

    def _told(self, texts: dict[str, str], name: str) -> str:
        text = texts.get(name, "")
        if isinstance(self.fields.get(name), forms.BooleanField):
            return _("yes") if text else _("no")
        return text


def _as_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _values(row: Model, names: Iterable[str]) -> dict[str, str]:
    """Each of these columns as text, and of relations the keys."""
    secrets = _secrets(type(row))
    columns = {field.name: field for field in row._meta.concrete_fields}
    texts = {name: _text(columns[name], row) for name in names if name in columns}
    texts |= {field.name: _keys(row, field.name) for field in row._meta.many_to_many if field.name in names}
    return {name: _hash(text) if name in secrets else text for name, text in texts.items()}


def _text(column: Any, row: Model) -> str:
    if column.value_from_object(row) is None:
        return ""
    value = column.value_to_string(row)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _keys(row: Model, name: str) -> str:
    return " ".join(str(key) for key in sorted(getattr(row, name).values_list("pk", flat=True)))


def _secrets(model: type[Model]) -> set[str]:
    """Columns that nobody is shown, not even in the form's own hidden field."""
    passwords = {"password"} if issubclass(model, AbstractBaseUser) else set()
    return {field.name for field in encrypted_fields(model)} | passwords


def _hash(secret: str) -> str:
    return salted_hmac("mcp_gateway.lost_edits", secret).hexdigest()


def _salt(row: Model) -> str:
    return f"{row._meta.label}:{row.pk}"


def _opened(signed: str, salt: str) -> dict[str, str]:
    """What was seen; nothing where that was not signed for this row."""
    try:
        seen: dict[str, str] = signing.loads(signed, salt=salt)
    except signing.BadSignature:
        return {}
    return seen


def _differences(seen: dict[str, str], stored: Model, form: Any) -> list[str]:
    """What others have changed since of the fields in the form, a sentence for each."""
    now = _values(stored, form.base_fields)
    return [
        sentence
        for name, value in now.items()
        if (was := seen.get(name)) != value
        for sentence in _sentences(stored._meta.get_field(name), form.base_fields[name], was or "", value)
    ]


def _sentences(column: Any, field: Any, was: str, now: str) -> list[str]:
    label = capfirst(str(column.verbose_name))
    if column.name in _secrets(column.model):
        return [_("%(field)s: replaced.") % {"field": label}]
    if column.many_to_many:
        return _of_many(label, field, was.split(), now.split())
    return [_sentence(label, _shown(column, was), _shown(column, now))]


def _of_many(label: str, field: Any, was: list[str], now: list[str]) -> list[str]:
    """The rows that came and went, called as the form's field calls them: of all of them nobody would find those."""
    told = {
        _("%(field)s: added “%(rows)s”."): [key for key in now if key not in was],
        _("%(field)s: taken away “%(rows)s”."): [key for key in was if key not in now],
    }
    return [sentence % {"field": label, "rows": _names(field, keys)} for sentence, keys in told.items() if keys]


def _names(field: Any, keys: list[str]) -> str:
    rows = field.queryset.model._default_manager.filter(pk__in=keys)
    return Truncator(", ".join(field.label_from_instance(row) for row in rows)).chars(MAX_SHOWN)


def _sentence(label: str, was: str, now: str) -> str:
    was, now = _apart(was, now)
    return _("%(field)s: was “%(was)s”, is “%(now)s” now.") % {"field": label, "was": was, "now": now}


def _apart(was: str, now: str) -> tuple[str, str]:
    """Both, or, where they are long, both from shortly before they part."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(was, now, strict=False))
    parted = sum(1 for _pair in same) - MAX_BEFORE
    if max(len(was), len(now)) > MAX_SHOWN and parted > 0:
        was, now = (f"…{text[parted:]}" for text in (was, now))
    return Truncator(was).chars(MAX_SHOWN), Truncator(now).chars(MAX_SHOWN)


def _shown(column: Any, text: str) -> str:
    """A value as people know it: rows by their names, choices by their words, moments on the reader's clock."""
    if column.is_relation:
        return ", ".join(str(row) for row in column.related_model._default_manager.filter(pk__in=text.split()))
    if isinstance(column, DateTimeField) and text:
        return written(column.to_python(text))
    return str(dict(column.flatchoices).get(text, text))


def _refusing(form: Any, differences: list[str]) -> Any:
    class RefusingForm(form):  # type: ignore[misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            self.add_error(None, _refusal(differences))
            return cleaned

    return RefusingForm


def _refusal(differences: list[str]) -> ValidationError:
    told = _(
        "Somebody has saved this since you opened it, so nothing was saved. Look at what they changed; what "
        "you wrote still stands below. Save again to put yours in its place."
    )
    return ValidationError([told, *differences])
