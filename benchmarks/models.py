"""The table that the bare view of the webhook's comparison writes to; `migrate --run-syncdb` makes it."""

from django.db import models


class Stored(models.Model):
    """A body, and nothing else."""

    payload = models.JSONField()

    def __str__(self) -> str:
        return str(self.pk)
