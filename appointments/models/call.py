"""A phone call, as the voice provider tells it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models.company import Company
from appointments.models.customer import Customer


class Call(models.Model):
    """One row per call id, whatever told of it first; later news only add to it."""

    class Status(models.TextChoices):
        REGISTERED = "registered", _("registered")
        NOT_CONNECTED = "not_connected", _("not connected")
        ONGOING = "ongoing", _("ongoing")
        ENDED = "ended", _("ended")
        ERROR = "error", _("error")

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("inbound")
        OUTBOUND = "outbound", _("outbound")

    OVER = frozenset({Status.NOT_CONNECTED, Status.ENDED, Status.ERROR})

    provider = models.CharField(_("provider"), max_length=20, default="retell")
    call_id = models.CharField(_("call id"), max_length=64, unique=True)
    company = models.ForeignKey(Company, verbose_name=_("company"), on_delete=models.PROTECT, related_name="calls")
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), null=True, blank=True, on_delete=models.SET_NULL, related_name="calls"
    )
    agent_id = models.CharField(_("agent"), max_length=64, blank=True)
    agent_version = models.PositiveIntegerField(_("agent version"), null=True, blank=True)
    from_number = models.CharField(_("from"), max_length=64, blank=True, help_text=_("As the provider wrote it."))
    caller_phone = models.CharField(
        _("caller"), max_length=16, null=True, blank=True, help_text=_("E.164; empty when the caller hides it.")
    )
    to_number = models.CharField(_("to"), max_length=64, blank=True)
    direction = models.CharField(_("direction"), max_length=10, choices=Direction, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, blank=True, help_text=_("What the caller speaks.")
    )
    status = models.CharField(_("status"), max_length=15, choices=Status, default=Status.REGISTERED)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    disconnection_reason = models.CharField(_("disconnection reason"), max_length=80, blank=True)
    collected_data = models.JSONField(
        _("collected data"), default=dict, blank=True, help_text=_("The caller's wish, as understood.")
    )
    lookups = models.PositiveSmallIntegerField(
        _("look-ups"), default=0, help_text=_("How often the caller's appointments were looked up.")
    )
    transcript = models.TextField(_("transcript"), blank=True)
    summary = models.TextField(_("summary"), blank=True)
    analysis = models.JSONField(_("analysis"), default=dict, blank=True)
    cost_cents = models.DecimalField(_("cost (cents)"), max_digits=12, decimal_places=4, null=True, blank=True)
    is_test = models.BooleanField(_("test"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "calls"
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("company", "-created_at"), name="calls_by_company"),
            models.Index(fields=("created_at",), name="calls_by_age"),
            models.Index(fields=("company", "caller_phone"), name="calls_by_caller"),
            models.Index(fields=("status", "updated_at"), name="calls_by_status"),
            models.Index(fields=("started_at",), name="calls_by_start"),
            models.Index(fields=("agent_id", "created_at"), name="calls_by_agent"),
            models.Index(fields=("disconnection_reason",), name="calls_by_reason"),
            models.Index(fields=("is_test",), name="calls_of_tests"),
        )

    def __str__(self) -> str:
        return self.call_id

    @property
    def known_customer(self) -> Customer | None:
        """Whose number called, unless staff have deleted them since."""
        return self.customer if self.customer and self.customer.deleted_at is None else None

    @property
    def is_over(self) -> bool:
        return self.status in self.OVER
