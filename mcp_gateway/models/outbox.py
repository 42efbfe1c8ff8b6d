"""The outbox of what is to be told outside."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


class OutboxMessage(models.Model):
    """Something to be told outside. The payload says what it is about, not what it says: that is read when it goes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        SKIPPED = "skipped", _("not needed any more")
        FAILED = "failed", _("failed")
        DEAD = "dead", _("given up")

    company = models.ForeignKey(
        COMPANY, verbose_name=_("company"), on_delete=models.PROTECT, related_name="outbox_messages"
    )
    kind = models.CharField(_("kind"), max_length=60)
    dedupe_key = models.CharField(
        _("dedupe key"), max_length=200, unique=True, help_text=_("What happened: it is told once.")
    )
    payload = models.JSONField(_("payload"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    leased_until = models.DateTimeField(
        _("leased until"),
        null=True,
        blank=True,
        help_text=_("A worker has the message until then; afterwards another takes over."),
    )
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=36, blank=True)

    class Meta:
        db_table = "outbox_messages"
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("state", "next_attempt_at"), name="outbox_messages_due"),
            models.Index(fields=("company", "-created_at"), name="outbox_messages_by_company"),
            models.Index(fields=("created_at",), name="outbox_messages_by_age"),
            models.Index(fields=("correlation_id",), name="outbox_messages_correlation"),
            models.Index(fields=("last_error",), name="outbox_messages_by_error"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
