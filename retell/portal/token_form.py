"""What a company's page asks for a new access token."""

from django import forms
from django.utils.translation import gettext_lazy as _


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
