"""The agent's functions as a configuration has them: ours, with what staff have changed of what the model is told.

What is changed here changes what is deployed, not what the server answers.
"""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError as FormError
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic import ValidationError as PydanticError

from appointments.models import Company
from mcp_gateway.registry import registry
from retell.function_definitions import DEFINITIONS, tool
from retell.models import RetellConfiguration
from retell.parameter_schemas import problems


class Override(BaseModel):
    """What staff have changed of one function; None leaves what is ours."""

    model_config = ConfigDict(extra="forbid")

    name: str
    enabled: bool = True
    description: str | None = None
    parameters: dict[str, Any] | None = None

    @property
    def is_nothing(self) -> bool:
        return self.enabled and self.description is None and self.parameters is None


_OVERRIDES = TypeAdapter(list[Override])


@dataclass(frozen=True, kw_only=True)
class CustomFunction:
    """A function as it is to be on the agent."""

    name: str
    enabled: bool
    description: str
    parameters: dict[str, Any]
    is_changed: bool
    books_during_call: bool

    def as_tool(self, url: str) -> dict[str, Any]:
        """Retell's custom tool, which calls `url`."""
        ours = tool(self.name, url, books_during_call=self.books_during_call)
        return {**ours, "description": self.description, "parameters": self.parameters}


def functions_of(configuration: RetellConfiguration) -> list[CustomFunction]:
    books_during_call = configuration.company.booking_mode == Company.BookingMode.DURING_CALL
    changed = overrides_of(configuration)
    return [_function(changed.get(name, Override(name=name)), books_during_call) for name in DEFINITIONS]


def overrides_of(configuration: RetellConfiguration) -> dict[str, Override]:
    """By name; what is stored in another form, or of functions that are no more, counts as nothing."""
    try:
        stored = _OVERRIDES.validate_python(configuration.custom_functions or [])
    except PydanticError:
        return {}
    return {override.name: override for override in stored if override.name in DEFINITIONS}


def stored(overrides: dict[str, Override]) -> list[dict[str, Any]]:
    """What to write on the configuration."""
    return [override.model_dump() for _name, override in sorted(overrides.items()) if not override.is_nothing]


def validate_overrides(value: Any) -> None:
    """Validator of forms, for what is written by hand."""
    try:
        overrides = _OVERRIDES.validate_python(value or [])
    except PydanticError:
        raise FormError(_('Write the changes as [{"name": "cancel_appointment", "enabled": false}].')) from None
    for override in overrides:
        if override.name not in DEFINITIONS:
            raise FormError(_("There is no function %(name)s") % {"name": override.name})
        if override.parameters is not None and (wrong := schema_problems(override.name, override.parameters)):
            raise FormError(wrong)


def schema_problems(name: str, parameters: dict[str, Any]) -> list[str]:
    return problems(parameters, registry.methods[f"retell_custom.{name}"].parameter_names)


def _function(override: Override, books_during_call: bool) -> CustomFunction:
    ours = tool(override.name, "", books_during_call=books_during_call)
    return CustomFunction(
        name=override.name,
        enabled=override.enabled,
        description=ours["description"] if override.description is None else override.description,
        parameters=ours["parameters"] if override.parameters is None else override.parameters,
        is_changed=not override.is_nothing,
        books_during_call=books_during_call,
    )
