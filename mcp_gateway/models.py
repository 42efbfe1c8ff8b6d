"""What the gateway keeps: the inbox of webhook events, the outbox, access tokens and the audit trail."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


class WebhookEvent(models.Model):
    """One verified message from a vendor. The table is the queue, Celery only the bell."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        PROCESSING = "processing", _("processing")
        DONE = "done", _("done")
        IGNORED = "ignored", _("ignored")
        FAILED = "failed", _("failed")
        DEAD = "dead", _("dead")

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


class OutboxMessage(models.Model):
    """Something to be told outside. The payload says what it is about, not what it says: that is read when it goes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        SKIPPED = "skipped", _("not needed any more")
        FAILED = "failed", _("failed")
        DEAD = "dead", _("dead")

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


class ApiToken(models.Model):
    """A bearer token of an integrator. Only its prefix and a keyed hash are stored: it is shown once."""

    name = models.CharField(_("name"), max_length=100, help_text=_("Who uses it, and where."))
    company = models.ForeignKey(
        COMPANY,
        verbose_name=_("company"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        help_text=_("Empty: every company. Only superusers may make such a token."),
    )
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    token_hash = models.CharField(_("hash"), max_length=64, editable=False)
    scopes = models.JSONField(
        _("scopes"), default=list, help_text=_('A list of patterns of "server.method", such as ["calcom.get*"].')
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        db_table = "api_tokens"
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def usable() -> Q:
        """Neither revoked nor expired, as of now."""
        return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


class AppendOnly(Exception):
    """The audit trail can be added to, never changed."""


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class AuditEntry(models.Model):
    """Who did what to which object; secrets are masked before they come here. Append-only."""

    class Actor(models.TextChoices):
        STAFF = "staff", _("staff")
        TOKEN = "token", _("token")
        TASK = "task", _("task")
        WEBHOOK = "webhook", _("webhook")

    at = models.DateTimeField(_("at"), default=timezone.now)
    actor_kind = models.CharField(_("kind of actor"), max_length=10, choices=Actor)
    actor = models.CharField(_("actor"), max_length=150)
    company = models.ForeignKey(
        COMPANY, verbose_name=_("company"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    action = models.CharField(_("action"), max_length=80)
    object_type = models.CharField(_("object type"), max_length=80)
    object_id = models.CharField(_("object"), max_length=64)
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=36, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        db_table = "audit_entries"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=("object_type", "object_id"), name="audit_entries_by_object"),
            models.Index(fields=("company", "-at"), name="audit_entries_by_company"),
            models.Index(fields=("at",), name="audit_entries_by_age"),
            models.Index(fields=("actor", "-at"), name="audit_entries_by_actor"),
            models.Index(fields=("correlation_id",), name="audit_entries_correlation"),
        )

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class IdempotentAnswer(models.Model):
    """What a client was told that may repeat a call. The arguments are kept as a keyed hash only."""

    # Hash of principal, company, method and key: columns would compare keys without regard to case.
    identity = models.CharField(max_length=64, unique=True)
    arguments_hash = models.CharField(max_length=64)
    # JSON, of the result or of the error; empty while the call runs. Without an answer by then, it has died.
    answer = models.TextField(blank=True, default="")
    leased_until = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    # For people who look up how a call ended.
    principal = models.CharField(max_length=150)
    method = models.CharField(max_length=80)
    company = models.ForeignKey(COMPANY, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    correlation_id = models.CharField(max_length=36, blank=True)

    class Meta:
        db_table = "idempotent_answers"
        indexes = (
            models.Index(fields=("created_at",), name="idempotent_answers_by_age"),
            models.Index(fields=("correlation_id",), name="idempotent_answers_correlation"),
        )

    def __str__(self) -> str:
        return f"{self.principal} {self.method} {self.pk}"


class LongAction(models.Model):
    """Something that staff have started and need not wait for: the same step for each of many things, one by one.

    The row is the queue, as with events: whoever has the lease goes on after the last result that stands.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("called off")

    kind = models.CharField(_("kind"), max_length=60)
    company = models.ForeignKey(
        COMPANY,
        verbose_name=_("company"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="long_actions",
        help_text=_("Empty: of several companies; whoever started it sees it."),
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), on_delete=models.CASCADE, related_name="+"
    )
    # Whose words the results are in.
    language = models.CharField(max_length=10)
    params = models.JSONField(default=dict, blank=True)
    # What it is done with, in this order, frozen when it was started.
    items = models.JSONField()
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(_("in all"))
    done = models.PositiveIntegerField(_("done"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    cancel_requested = models.BooleanField(default=False)
    # How often a worker took it since its last result: an item that kills workers is given up.
    tries = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(
        _("leased until"),
        null=True,
        blank=True,
        help_text=_("A worker has it until then; afterwards another takes over."),
    )
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Made by whoever asks for it: asked twice with the same it is started once.
    correlation_id = models.CharField(_("correlation id"), max_length=36, unique=True)

    class Meta:
        db_table = "long_actions"
        verbose_name = _("long action")
        verbose_name_plural = _("long actions")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("state", "leased_until"), name="long_actions_due"),
            models.Index(fields=("company", "-created_at"), name="long_actions_by_company"),
            models.Index(fields=("created_at",), name="long_actions_by_age"),
        )

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def position(self) -> int:
        """How many of its items have a result."""
        return self.done + self.skipped + self.failed


class LongActionResult(models.Model):
    """What became of one item of a long action."""

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped")
        FAILED = "failed", _("failed")

    action = models.ForeignKey(LongAction, on_delete=models.CASCADE, related_name="results")
    number = models.PositiveIntegerField()
    item = models.CharField(max_length=255)
    outcome = models.CharField(max_length=8, choices=Outcome)
    told = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "long_action_results"
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("action", "number"), name="one_result_per_item_of_an_action"),)
        indexes = (models.Index(fields=("action", "outcome", "number"), name="long_action_results_outcome"),)

    def __str__(self) -> str:
        return f"{self.item}: {self.outcome}"


class StaffPreferences(models.Model):
    """How a member of staff wants to see the pages; what is empty was not chosen (mcp_gateway/preferences.py)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        db_table = "staff_preferences"

    def __str__(self) -> str:
        return f"{self.user}: {self.language or '–'}, {self.time_zone or '–'}"
