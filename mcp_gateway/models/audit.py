"""The audit trail, to which entries are only added."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


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
