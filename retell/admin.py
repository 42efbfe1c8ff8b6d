"""Admin of the Retell side."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mcp_gateway.lost_edits import NoLostEditsMixin
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin import CompanyFilter, SoftDeletingAdmin
from mcp_gateway.staff_pages import Section
from retell import (
    call_story,  # noqa: F401  (registers Retell's side of a call's page)
    prompts,
)
from retell.agent_settings import validate_settings
from retell.custom_functions import validate_overrides
from retell.models import RetellConfiguration
from retell.webhook_trial import in_words


class RetellConfigurationForm(forms.ModelForm):
    """What is written by hand is checked as what comes through the gateway."""

    class Meta:
        help_texts = {
            "agent_id": _("As Retell shows it: agent_…"),
            "custom_functions": _(
                "What differs from this system's own functions; easier to change on the agent's page."
            ),
            "prompt_template": _("What the agent is told; deploying brings it to Retell."),
            "settings": _("Settings of the agent that are deployed with it, as an object: voice_id, language, …"),
        }

    def clean_custom_functions(self) -> Any:
        value = self.cleaned_data["custom_functions"] or []
        validate_overrides(value)
        return value

    def clean_settings(self) -> Any:
        value = self.cleaned_data["settings"] or {}
        validate_settings(value)
        return value

    def clean_prompt_template(self) -> str | None:
        """Browsers end lines with CRLF: where nothing else differs, the prompt stays as it is stored."""
        text, stored = self.cleaned_data["prompt_template"], self.instance.prompt_template
        if text is None:
            return None
        text = _with_plain_line_ends(text)
        return stored if stored and _with_plain_line_ends(stored) == text else text

    def clean_webhook_events(self) -> Any:
        return self.cleaned_data["webhook_events"] or []


@admin.register(RetellConfiguration)
class RetellConfigurationAdmin(NoLostEditsMixin, SoftDeletingAdmin):
    section = Section.SET_UP
    nothing_yet = _("No agent yet: add the one that answers the phone, by the id that Retell shows.")
    form = RetellConfigurationForm
    list_display = (
        "agent_id",
        "company",
        "paused_at",
        "webhook_url",
        "deployed_version",
        "deployed",
        "test_outcome",
    )
    list_filter = (("company", CompanyFilter), ("paused_at", admin.EmptyFieldListFilter), "deployed_at")
    exclude = ("deployed_at", "last_synced_at", "last_test_at", "last_test_outcome")
    search_fields = ("agent_id", "webhook_url", "company__name")
    readonly_fields = (
        "paused_at",
        "deployed_version",
        "deployed",
        "synced",
        "tested",
        "test_outcome",
    )
    list_select_related = ("company",)

    @admin.display(description=_("outcome of the last test"), ordering="last_test_outcome")
    def test_outcome(self, row: RetellConfiguration) -> str:
        return in_words(row.last_test_outcome) or "–"

    @admin.display(description=_("deployed at"), ordering="deployed_at")
    def deployed(self, agent: RetellConfiguration) -> SafeString | str:
        return moment(agent.deployed_at, agent.company.zone)

    @admin.display(description=_("last synced at"))
    def synced(self, agent: RetellConfiguration) -> SafeString | str:
        return moment(agent.last_synced_at, agent.company.zone)

    @admin.display(description=_("last test at"))
    def tested(self, agent: RetellConfiguration) -> SafeString | str:
        return moment(agent.last_test_at, agent.company.zone)

    def save_model(self, request: HttpRequest, obj: RetellConfiguration, form: Any, change: bool) -> None:
        """A prompt that is written here is a version of its own too."""
        if change:
            # A deployment may be running, and writes into the same row.
            obj.save(update_fields=[*form.changed_data, "updated_at"])
        else:
            super().save_model(request, obj, form, change)
        prompts.keep(obj, Principal.of_staff(request.user))


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n")
