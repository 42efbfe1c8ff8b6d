"""A company's keys: entered and replaced, never shown."""

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from appointments import help_texts
from appointments.models import Company
from mcp_gateway.audit import record_by
from mcp_gateway.fields import encrypted_fields, mask
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin import SecretsForm
from retell.models import IntegrationCheck

CALCOM_PREFIX = "cal_"
# Whose last test says nothing any more once one of these is another.
TESTED_WITH = {
    IntegrationCheck.What.CALCOM: {"calcom_api_key", "calcom_base_url"},
    IntegrationCheck.What.RETELL: {"retell_api_key"},
}


class KeysForm(SecretsForm):
    calcom_base_url = Company._meta.get_field("calcom_base_url").formfield(assume_scheme="https")

    class Meta:
        model = Company
        fields = ("retell_api_key", "retell_webhook_key", "calcom_api_key", "calcom_webhook_secret", "calcom_base_url")
        help_texts = help_texts.COMPANY

    def clean_calcom_api_key(self) -> str:
        key = self._key("calcom_api_key")
        if key and not key.startswith(CALCOM_PREFIX):
            raise forms.ValidationError(_("A Cal.com API key begins with cal_: this is something else."))
        return key

    def clean_retell_api_key(self) -> str:
        return self._key("retell_api_key")

    def clean_retell_webhook_key(self) -> str:
        return self._key("retell_webhook_key")

    def clean_calcom_webhook_secret(self) -> str:
        return self._key("calcom_webhook_secret")

    def _key(self, name: str) -> str:
        """As it can travel in a header: what was copied with a line break or a word around it is refused."""
        key = str(self.cleaned_data.get(name) or "").strip()
        if not key.isascii() or any(character.isspace() for character in key):
            raise forms.ValidationError(_("A key has no spaces and no umlauts: copy it once more."))
        return key


@transaction.atomic
def save_keys(form: KeysForm, by: Principal) -> list[str]:
    """Store what is new of a valid form; returns the names of the columns that changed."""
    entered = {name: form.cleaned_data[name] for name in form.fields}
    company = Company.objects.select_for_update().get(pk=form.instance.pk)
    stored = {name: getattr(company, name) for name in entered}
    changed = [name for name in entered if entered[name] != stored[name]]
    if not changed:
        return []
    for name in changed:
        setattr(company, name, entered[name])
    company.save(update_fields=[*changed, "updated_at"])
    outdated = [what for what, columns in TESTED_WITH.items() if columns & set(changed)]
    IntegrationCheck.objects.filter(company=company, what__in=outdated).delete()
    record_by(
        by,
        action="company.keys_changed",
        object_type="Company",
        object_id=company.pk,
        company_id=company.pk,
        before=_masked(stored, changed),
        after=_masked(entered, changed),
    )
    return changed


def signs_with_api_key(company: Company) -> bool:
    """Whether both of Retell's keys are one: right only where that one has the webhook badge."""
    return bool(company.retell_webhook_key) and company.retell_webhook_key == company.retell_api_key


def _masked(values: dict[str, Any], names: list[str]) -> dict[str, str]:
    secrets = {field.name for field in encrypted_fields(Company)}
    return {name: mask(values[name]) if name in secrets else values[name] for name in names}
