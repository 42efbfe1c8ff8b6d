"""The settings of an agent that can be kept here and deployed, within Retell's limits; the rest is set at Retell."""

from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError as FormError
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from retell.models import RetellConfiguration

Language = Annotated[str, Field(pattern=r"^([a-z]{2}-[A-Z0-9]{2,3}|multi)$")]
Languages = Language | Annotated[list[Language], Field(min_length=1, max_length=10)]
Share = Annotated[float, Field(ge=0, le=1)]
Twofold = Annotated[float, Field(ge=0, le=2)]
WebhookTimeout = Annotated[int, Field(ge=1_000, le=60_000, description="Milliseconds that Retell waits for us.")]


class AgentSettings(BaseModel):
    """Times in milliseconds. What is None is left as it is at Retell."""

    model_config = ConfigDict(extra="forbid")

    agent_name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    language: Languages | None = None
    timezone: Annotated[str, Field(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$")] | None = None
    voice_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    voice_speed: Annotated[float, Field(ge=0.5, le=2)] | None = None
    voice_temperature: Twofold | None = None
    volume: Twofold | None = None
    responsiveness: Share | None = None
    interruption_sensitivity: Share | None = None
    enable_backchannel: bool | None = None
    begin_message_delay_ms: Annotated[int, Field(ge=0, le=5_000)] | None = None
    end_call_after_silence_ms: Annotated[int, Field(ge=10_000)] | None = None
    max_call_duration_ms: Annotated[int, Field(ge=60_000, le=7_200_000)] | None = None
    boosted_keywords: Annotated[list[str], Field(max_length=100)] | None = None
    data_storage_setting: Literal["everything", "everything_except_pii", "basic_attributes_only"] | None = None
    webhook_timeout_ms: WebhookTimeout | None = None


def validate_settings(value: Any) -> None:
    """Validator of forms, for what is written by hand."""
    try:
        AgentSettings.model_validate(value or {})
    except PydanticError as error:
        names = ", ".join(sorted({str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}))
        raise FormError(_("Retell does not take this: %(names)s") % {"names": names or value}) from None


def settings_of(configuration: RetellConfiguration) -> dict[str, Any]:
    """The settings that are kept here; what is stored in another form counts as nothing."""
    try:
        kept = AgentSettings.model_validate(configuration.settings or {})
    except PydanticError:
        return {}
    return kept.model_dump(exclude_none=True)
