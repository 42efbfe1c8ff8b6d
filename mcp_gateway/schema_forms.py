"""Forms made from the parameters of a gateway method, by their JSON Schema."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mcp_gateway.registry import Method

Schema = Mapping[str, Any]
COMPANY = "company_id"
LONG_TEXT = 200


def form_for(method: Method, companies: list[tuple[int, str]]) -> type[forms.Form]:
    """One field for each parameter; `companies` are offered where the method needs one."""
    schema = method.parameters.model_json_schema()
    required = set(schema.get("required", ()))
    definitions = schema.get("$defs", {})
    fields: dict[str, forms.Field] = {}
    for name, own in schema.get("properties", {}).items():
        if name == COMPANY and method.declaration.needs_company:
            fields[name] = _company(companies)
        else:
            fields[name] = _field(own, definitions, is_required=name in required)
        fields[name].label = name
    return type("MethodForm", (forms.Form,), fields)


def arguments(form: forms.Form) -> dict[str, Any]:
    """What was entered, as JSON has it; fields that were left empty are left out."""
    filled = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in filled.items()}


def _company(companies: list[tuple[int, str]]) -> forms.Field:
    choices: list[tuple[Any, Any]] = list(companies) if len(companies) == 1 else [("", "–"), *companies]
    return forms.TypedChoiceField(choices=choices, coerce=int, required=True, help_text=_("Company"))


def _field(schema: Schema, definitions: Schema, *, is_required: bool) -> forms.Field:
    kind = _only_kind(schema, definitions)
    options: dict[str, Any] = {
        "required": is_required,
        "initial": schema.get("default"),
        "help_text": schema.get("description", ""),
    }
    if "enum" in kind:
        return _choice([(value, value) for value in kind["enum"]], options, coerce=str)
    match kind.get("type"), kind.get("format"):
        case "boolean", _:
            return _choice([("true", "true"), ("false", "false")], options, coerce=lambda text: text == "true")
        case "integer", _:
            return forms.IntegerField(min_value=kind.get("minimum"), max_value=kind.get("maximum"), **options)
        case "number", _:
            return forms.FloatField(widget=forms.NumberInput({"step": "any"}), **options)
        case "string", "date-time":
            return forms.DateTimeField(widget=forms.DateTimeInput({"type": "datetime-local"}), **options)
        case "string", "date":
            return forms.DateField(widget=forms.DateInput({"type": "date"}), **options)
        case "string", _:
            widget = forms.Textarea({"rows": 3}) if kind.get("maxLength", 0) > LONG_TEXT else forms.TextInput()
            return forms.CharField(max_length=kind.get("maxLength"), widget=widget, **options)
    return forms.JSONField(widget=forms.Textarea({"rows": 4, "spellcheck": "false"}), **options)


def _choice(choices: list[tuple[Any, Any]], options: dict[str, Any], *, coerce: Any) -> forms.Field:
    initial = options["initial"]
    options["initial"] = str(initial).lower() if isinstance(initial, bool) else initial
    offered = choices if options["required"] else [("", "–"), *choices]
    return forms.TypedChoiceField(choices=offered, coerce=coerce, empty_value=None, **options)


def _only_kind(schema: Schema, definitions: Schema) -> Schema:
    """The schema itself, or its one alternative to null; {} where several kinds of value will do."""
    if "$ref" in schema:
        resolved: Schema = definitions[schema["$ref"].rpartition("/")[2]]
        return resolved
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return {}
    return _only_kind(kinds[0], definitions) if "$ref" in kinds[0] else kinds[0]
