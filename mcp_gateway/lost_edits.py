"""Two people edit one row: the second save is refused, and shown what the first has changed.

The form carries what its user saw, signed; of secrets only a keyed hash. Who saves after the difference was shown has
seen it.
"""

from typing import Any, ClassVar

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
            context["seen"] = signing.dumps(_values(stored), salt=_salt(stored), compress=True)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


def _values(row: Model) -> dict[str, str]:
    """Each column as text."""
    secrets = {field.name for field in encrypted_fields(type(row))}
    texts = {field.name: field.value_to_string(row) for field in row._meta.concrete_fields}
    return {name: _hash(text) if name in secrets else text for name, text in texts.items()}


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
    secrets = {field.name for field in encrypted_fields(type(stored))}
    now = _values(stored)
    changed = [name for name in form.base_fields if name in now and seen.get(name) != now[name]]
    return [_sentence(stored, name, seen.get(name, ""), now[name], is_secret=name in secrets) for name in changed]


def _sentence(row: Model, name: str, was: str, now: str, *, is_secret: bool) -> str:
    label = capfirst(str(getattr(row._meta.get_field(name), "verbose_name", name)))
    if is_secret:
        return _("%(field)s: replaced.") % {"field": label}
    shown = {"field": label, "was": Truncator(was).chars(MAX_SHOWN), "now": Truncator(now).chars(MAX_SHOWN)}
    return _("%(field)s: was “%(was)s”, is “%(now)s” now.") % shown


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
