"""The inbox of webhook events."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


class WebhookEvent(models.Model):
    """One verified message from a vendor. The table is the queue, Celery only the bell."""

    class State(models.TextChoices):
        RECEIVED = "received", _("waiting")
        PROCESSING = "processing", _("processing")
        DONE = "done", _("done")
        IGNORED = "ignored", _("ignored")
        FAILED = "failed", _("failed")
        DEAD = "dead", _("given up")

    provider = models.CharField(_("provider"), max_length=20)
    company = models.ForeignKey(
        COMPANY, verbose_name=_("company"), on_delete=models.PROTECT, related_name="webhook_events"
    )
    event = models.CharField(_("event"), max_length=60)
    dedupe_key = models.CharField(
        _("dedupe key"), max_length=200, help_text=_("The same message sent again has the same key.")
    )
    payload = models.JSONField(_("payload"))
    headers = models.JSONField(_("headers kept"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.RECEIVED)
    attempts = models.JSONField(
        _("attempts"), default=list, blank=True, help_text=_("Number, times, outcome and error of each attempt.")
    )
    last_error = models.CharField(
        _("last error"), max_length=200, blank=True, help_text=_("Of the last attempt that has ended.")
    )
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    leased_until = models.DateTimeField(
        _("leased until"),
        null=True,
        blank=True,
        help_text=_("A worker has the event until then; afterwards another takes over."),
    )
    received_at = models.DateTimeField(_("received at"), default=timezone.now)
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=36, blank=True)

    class Meta:
        db_table = "webhook_events"
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ("-received_at",)
        # What staff may do that no model's own permissions say.
        permissions = (
            ("read_reports", _("Can read reports and figures")),
            ("use_console", _("Can use the gateway's console")),
            ("reset_breakers", _("Can reset breakers")),
            ("export_lists", _("Can export lists")),
        )
        constraints = (
            models.UniqueConstraint(fields=("provider", "dedupe_key"), name="one_event_per_provider_and_key"),
        )
        indexes = (
            models.Index(fields=("state", "next_attempt_at"), name="webhook_events_due"),
            models.Index(fields=("company", "-received_at"), name="webhook_events_by_company"),
            models.Index(fields=("received_at",), name="webhook_events_by_age"),
            models.Index(fields=("correlation_id",), name="webhook_events_correlation"),
            models.Index(fields=("dedupe_key",), name="webhook_events_by_key"),
            models.Index(fields=("processed_at", "state"), name="webhook_events_ended"),
            models.Index(fields=("last_error",), name="webhook_events_by_error"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.event} {self.pk}"
