"""What went out to vendors."""

from django.conf import settings
from django.db import models
from django.utils import timezone

COMPANY = settings.COMPANY_MODEL


class OutgoingCall(models.Model):
    """A call that the gateway bound for a vendor, by its method's name: nothing of what was sent or answered."""

    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=80)
    company = models.ForeignKey(COMPANY, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # "done", or the kind of error that the caller was given.
    outcome = models.CharField(max_length=40)
    ms = models.PositiveIntegerField()
    correlation_id = models.CharField(max_length=36, blank=True)

    class Meta:
        db_table = "outgoing_calls"
        indexes = (
            models.Index(fields=("at",), name="outgoing_calls_by_age"),
            models.Index(fields=("correlation_id",), name="outgoing_calls_correlation"),
        )

    def __str__(self) -> str:
        return f"{self.method}: {self.outcome}"
