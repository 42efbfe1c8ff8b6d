"""A company's access tokens, made, rotated and revoked from its page."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from appointments.models import Company
from mcp_gateway import correlation
from mcp_gateway.audit import record_by
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.principal import Principal
from mcp_gateway.tokens import create_token, revoke_token, rotate_token

OVERLAP = timedelta(hours=24)
ROTATED = "token.rotated"


class TokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Who uses it, and where."))
    scopes = forms.CharField(
        label=_("Methods"),
        max_length=500,
        initial="appointment_mgmt.*",
        help_text=_("Patterns of what it may call, with commas between: calcom.get*, appointment_mgmt.*"),
    )

    def clean_scopes(self) -> list[str]:
        scopes = [scope for part in self.cleaned_data["scopes"].split(",") if (scope := part.strip())]
        if not scopes or any("." not in scope and scope != "*" for scope in scopes):
            raise forms.ValidationError(_("Write patterns such as calcom.get*, or * for everything."))
        return scopes


@transaction.atomic
def make(company: Company, name: str, scopes: list[str], by: Principal) -> tuple[ApiToken, str]:
    """A new token, and the only copy of its text."""
    token, text = create_token(name=name, company=company, scopes=scopes)
    _record(by, "token.created", token)
    return token, text


@transaction.atomic
def rotate(token: ApiToken, by: Principal, once: UUID) -> tuple[ApiToken, str] | None:
    """A new one for the same use; the old one ends in a day. None where that was done with this `once` already."""
    ApiToken.objects.select_for_update().get(pk=token.pk)  # a second press waits here for the first
    if AuditEntry.objects.filter(correlation_id=str(once), action=ROTATED).exists():
        return None
    made, text = rotate_token(token, overlap=OVERLAP)
    with correlation.bound(str(once)):
        _record(by, ROTATED, made, before={"prefix": token.prefix})
    return made, text


@transaction.atomic
def revoke(token: ApiToken, by: Principal) -> bool:
    """False where it was revoked already."""
    if not revoke_token(token):
        return False
    _record(by, "token.revoked", token)
    return True


def _record(by: Principal, action: str, token: ApiToken, **entry: Any) -> None:
    record_by(
        by,
        action=action,
        object_type="ApiToken",
        object_id=token.pk,
        company_id=token.company_id,
        after={"name": token.name, "prefix": token.prefix, "scopes": token.scopes},
        **entry,
    )
