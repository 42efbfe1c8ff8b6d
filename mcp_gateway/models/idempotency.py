"""Answers that a repeated request is given again."""

from django.conf import settings
from django.db import models
from django.utils import timezone

COMPANY = settings.COMPANY_MODEL


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
