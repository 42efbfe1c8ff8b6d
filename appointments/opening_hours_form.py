"""Opening hours as people write them: for each day two spans at most, in the company's own time."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.dates import WEEKDAYS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPANS = 2


class OpeningHoursWidget(forms.Widget):
    template_name = "staff/opening_hours.html"
    use_fieldset = True

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> dict[str, list[list[str]]]:
        """Each day's spans, the empty ones left out."""
        written = {day: [self._span(data, name, day, number) for number in range(SPANS)] for day in DAYS}
        return {day: kept for day, spans in written.items() if (kept := [span for span in spans if any(span)])}

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return not any(key.startswith(f"{name}_") for key in data)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        hours = value if isinstance(value, Mapping) else {}
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["days"] = [
            (WEEKDAYS[number], [self._inputs(name, day, place, hours) for place in range(SPANS)])
            for number, day in enumerate(DAYS)
        ]
        return context

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """By the project's templates: those of form renderers are Django's own."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def id_for_label(self, id_: str) -> str:
        return ""

    def _span(self, data: Mapping[str, Any], name: str, day: str, number: int) -> list[str]:
        return [str(data.get(f"{name}_{day}_{number}_{end}", "")).strip() for end in ("from", "to")]

    def _inputs(self, name: str, day: str, place: int, hours: Mapping[str, Any]) -> list[tuple[str, str]]:
        spans = hours.get(day) or []
        begins, ends = spans[place] if place < len(spans) else ("", "")
        return [(f"{name}_{day}_{place}_from", begins), (f"{name}_{day}_{place}_to", ends)]


class OpeningHoursField(forms.Field):
    """Gives what the model keeps: `{"monday": [["09:00", "12:00"], ["13:00", "18:00"]]}`, without closed days."""

    widget = OpeningHoursWidget

    def to_python(self, value: Any) -> dict[str, list[list[str]]]:
        hours = {day: sorted(spans) for day, spans in (value or {}).items()}
        for number, day in enumerate(DAYS):
            _check(str(WEEKDAYS[number]), hours.get(day, []))
        return hours

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or {}) != (data or {})


def _check(day: str, spans: list[list[str]]) -> None:
    if any(not begins or not ends for begins, ends in spans):
        raise ValidationError(_("%(day)s: say both when you open and when you close.") % {"day": day})
    if any(begins >= ends for begins, ends in spans):
        raise ValidationError(_("%(day)s: closing comes after opening.") % {"day": day})
    if any(ends > begins for (_first, ends), (begins, _last) in pairwise(spans)):
        raise ValidationError(_("%(day)s: the two spans overlap.") % {"day": day})
