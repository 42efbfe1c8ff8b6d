"""How a company's Retell agents are set up."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mcp_gateway.deletion import SoftlyDeleted
from retell.webhook_urls import validate_events, validate_webhook_url


class RetellConfiguration(SoftlyDeleted):
    """One agent of one company: what it is to have, and what was deployed and tested last."""

    company = models.ForeignKey(
        settings.COMPANY_MODEL,
        verbose_name=_("company"),
        on_delete=models.CASCADE,
        related_name="retell_configurations",
    )
    agent_id = models.CharField(_("agent"), max_length=255)
    webhook_url = models.CharField(
        _("webhook address"),
        max_length=512,
        null=True,
        blank=True,
        validators=(validate_webhook_url,),
        help_text=_("Empty: this system's own."),
    )
    webhook_events = models.JSONField(
        _("webhook events"),
        default=list,
        blank=True,
        validators=(validate_events,),
        help_text=_("Empty: Retell's three defaults."),
    )
    custom_functions = models.JSONField(_("custom functions"), default=list, null=True, blank=True)
    prompt_template = models.TextField(_("prompt"), null=True, blank=True)
    settings = models.JSONField(_("settings"), default=dict, null=True, blank=True)
    paused_at = models.DateTimeField(
        _("paused since"),
        null=True,
        blank=True,
        help_text=_(
            "A paused agent's new calls are turned away where their number asks this system first; in all others it "
            "only notes who is to be called back."
        ),
    )
    deployed_version = models.PositiveIntegerField(_("deployed version"), null=True, blank=True)
    deployed_at = models.DateTimeField(_("deployed at"), null=True, blank=True)
    # Until then nobody else may deploy this agent.
    deploying_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What deployments that did not come to their end have written into a draft: it is no stranger's work.
    attempted = models.JSONField(null=True, blank=True, editable=False)
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
            models.UniqueConstraint(fields=("company", "agent_id", "is_living"), name="idx_company_agent"),
        )
        indexes = (models.Index(fields=("agent_id",), name="retell_config_by_agent"),)

    def __str__(self) -> str:
        return self.agent_id


class PromptVersion(models.Model):
    """A prompt as it was written once; the newest one is the configuration's. Never changed but for what it became."""

    configuration = models.ForeignKey(
        RetellConfiguration,
        verbose_name=_("Retell configuration"),
        on_delete=models.CASCADE,
        related_name="prompt_versions",
    )
    number = models.PositiveIntegerField(_("number"))
    text = models.TextField(_("text"))
    author = models.CharField(_("author"), max_length=150)
    restores = models.PositiveIntegerField(
        _("restores"), null=True, blank=True, help_text=_("The number of the version that was rolled back to.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    deployed_version = models.PositiveIntegerField(
        _("deployed version"), null=True, blank=True, help_text=_("The agent's version that it first went out with.")
    )
    deployed_at = models.DateTimeField(_("deployed at"), null=True, blank=True)

    class Meta:
        db_table = "retell_prompt_versions"
        verbose_name = _("prompt version")
        verbose_name_plural = _("prompt versions")
        ordering = ("configuration", "-number")
        constraints = (
            models.UniqueConstraint(fields=("configuration", "number"), name="one_prompt_per_configuration_and_number"),
        )

    def __str__(self) -> str:
        return f"{self.configuration} #{self.number}"


class IntegrationCheck(models.Model):
    """How the last look at one of a company's connections ended, whoever looked: a row for each."""

    class What(models.TextChoices):
        CALCOM = "calcom", _("Cal.com")
        RETELL = "retell", _("Retell.ai")
        DRIFT = "drift", _("functions as deployed")

    company = models.ForeignKey(
        settings.COMPANY_MODEL,
        verbose_name=_("company"),
        on_delete=models.CASCADE,
        related_name="integration_checks",
    )
    what = models.CharField(_("what"), max_length=10, choices=What)
    kind = models.CharField(_("kind of error"), max_length=40, blank=True, help_text=_("Empty: all is well."))
    told = models.CharField(_("told"), max_length=200, blank=True, help_text=_("Whose account it is."))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))
    at = models.DateTimeField(_("at"))

    class Meta:
        db_table = "integration_checks"
        verbose_name = _("integration check")
        verbose_name_plural = _("integration checks")
        constraints = (models.UniqueConstraint(fields=("company", "what"), name="one_check_per_company_and_what"),)

    def __str__(self) -> str:
        return f"{self.what} {self.kind or 'ok'}"

    @property
    def ok(self) -> bool:
        return not self.kind
