"""Nobody deploys an agent while somebody else does: a lease in the database, which a dead process leaves to run out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mcp_gateway.errors import Conflict
from retell.models import RetellConfiguration

# Longer than any deployment may take.
LEASE = timedelta(minutes=3)


@contextmanager
def leased(configuration: RetellConfiguration) -> Iterator[None]:
    """Raises Conflict ("deploying_already") with `retry_after` (seconds); the agent counts, not whose row it is."""
    rows = RetellConfiguration.objects.filter(agent_id=configuration.agent_id)
    now = timezone.now()
    until = now + LEASE
    with transaction.atomic():
        taken = [row.deploying_until for row in rows.select_for_update().order_by("pk") if row.deploying_until]
        if taken and max(taken) > now:
            wait = round((max(taken) - now).total_seconds()) + 1
            message = _("This agent is being deployed already")
            raise Conflict(message, kind="deploying_already", retryable=True, retry_after=wait)
        rows.filter(pk=configuration.pk).update(deploying_until=until)
    try:
        yield
    finally:
        rows.filter(pk=configuration.pk, deploying_until=until).update(deploying_until=None)
