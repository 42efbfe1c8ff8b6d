"""What is known of a company's Cal.com account."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class CalcomEventType(models.Model):
    """An event type of a company's Cal.com account, as last synced."""

    company = models.ForeignKey(
        settings.COMPANY_MODEL,
        verbose_name=_("company"),
        on_delete=models.CASCADE,
        related_name="calcom_event_types",
    )
    event_type_id = models.PositiveBigIntegerField(_("event type"))
    title = models.CharField(_("title"), max_length=255)
    slug = models.CharField(_("slug"), max_length=255)
    length_minutes = models.PositiveIntegerField(_("length"), help_text=_("Minutes."))
    is_hidden = models.BooleanField(_("hidden"), default=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True, help_text=_("As Cal.com gave them."))
    last_synced_at = models.DateTimeField(_("last synced at"))

    class Meta:
        db_table = "calcom_event_types"
        verbose_name = _("Cal.com event type")
        verbose_name_plural = _("Cal.com event types")
        ordering = ("company", "title")
        constraints = (
            models.UniqueConstraint(fields=("company", "event_type_id"), name="one_row_per_company_and_event_type"),
        )

    def __str__(self) -> str:
        return f"{self.title} ({self.event_type_id})"
