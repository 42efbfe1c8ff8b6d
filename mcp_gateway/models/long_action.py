"""What staff have started and workers do in the background."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


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
