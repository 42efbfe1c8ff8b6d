"""How a company's Retell agents are set up."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RetellConfiguration(models.Model):
    """One agent of one company: what it is to have, and what was deployed and tested last."""

    company = models.ForeignKey(
        settings.COMPANY_MODEL,
        verbose_name=_("company"),
        on_delete=models.CASCADE,
        related_name="retell_configurations",
    )
    agent_id = models.CharField(_("agent"), max_length=255)
    webhook_url = models.CharField(_("webhook address"), max_length=512, null=True, blank=True)
    webhook_events = models.JSONField(
        _("webhook events"), default=list, blank=True, help_text=_("Empty: Retell's three defaults.")
    )
    custom_functions = models.JSONField(_("custom functions"), default=list, null=True, blank=True)
    prompt_template = models.TextField(_("prompt"), null=True, blank=True)
    settings = models.JSONField(_("settings"), default=dict, null=True, blank=True)
    deployed_version = models.PositiveIntegerField(_("deployed version"), null=True, blank=True)
    last_synced_at = models.DateTimeField(_("last synced at"), null=True, blank=True)
    last_test_at = models.DateTimeField(_("last test at"), null=True, blank=True)
    last_test_outcome = models.CharField(_("outcome of the last test"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "retell_configurations"
        verbose_name = _("Retell configuration")
        verbose_name_plural = _("Retell configurations")
        ordering = ("company", "agent_id")
        constraints = (
            # Serves as the customer's index idx_company_agent too.
            models.UniqueConstraint(fields=("company", "agent_id"), name="idx_company_agent"),
        )
        indexes = (models.Index(fields=("agent_id",), name="retell_config_by_agent"),)

    def __str__(self) -> str:
        return self.agent_id
