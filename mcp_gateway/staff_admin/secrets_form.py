"""Forms over rows with secrets."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from mcp_gateway.fields import encrypted_fields, mask

KEPT = _("Leave empty to keep what is stored.")


class SecretInput(forms.PasswordInput):
    """Of a stored secret its last four characters, and behind "replace" the place for a new one."""

    def __init__(self, stored: str, label: object) -> None:
        super().__init__({"autocomplete": "new-password"})
        self.stored, self.label = stored, label

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        entry = super().render(name, value, attrs, renderer)
        if not self.stored:
            return entry
        is_wrong = bool(attrs and attrs.get("aria-invalid"))
        return format_html(
            '<div class="secret"><code>{}</code><details{}><summary>{}</summary>{}</details></div>',
            self.stored,
            mark_safe(" open") if is_wrong else "",
            _("Replace: %(label)s") % {"label": self.label},
            entry,
        )


class SecretsForm(forms.ModelForm):
    """A form that never shows a stored secret, and in which an empty one means: keep what is stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._secret_names():
            field = self.fields[name]
            # Without it in `initial`, an empty field counts as unchanged in the row's history too.
            stored = self.initial.pop(name, "")
            field.widget = SecretInput(mask(stored), field.label)
            field.help_text = format_lazy("{} {}", field.help_text, KEPT) if field.help_text else KEPT

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        for name in self._secret_names():
            cleaned[name] = cleaned.get(name) or getattr(self.instance, name)
        return cleaned

    def _secret_names(self) -> list[str]:
        return [field.name for field in encrypted_fields(self._meta.model) if field.name in self.fields]
