"""How each member of staff wants to see times and words."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


class StaffPreferences(models.Model):
    """How a member of staff wants to see the pages; what is empty was not chosen (mcp_gateway/preferences.py)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        db_table = "staff_preferences"

    def __str__(self) -> str:
        return f"{self.user}: {self.language or '–'}, {self.time_zone or '–'}"
