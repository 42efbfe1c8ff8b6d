"""Events that failed or were given up, put together by what went wrong."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, QuerySet

from mcp_gateway.event_log import STUCK
from mcp_gateway.models import WebhookEvent


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """Events of one kind with the same last error; `first` and `last` are when they were received (UTC)."""

    provider: str
    event: str
    state: str
    last_error: str
    count: int
    first: datetime
    last: datetime

    @property
    def filter(self) -> dict[str, str]:
        """The parameters by which the list of events shows them."""
        return {
            "provider": self.provider,
            "event": self.event,
            "state__exact": self.state,
            "last_error": self.last_error,
        }


def dead_letters(rows: QuerySet[WebhookEvent]) -> list[DeadLetters]:
    """The most frequent first."""
    columns = ("provider", "event", "state", "last_error")
    groups = rows.filter(state__in=STUCK).order_by().values(*columns)
    found = groups.annotate(count=Count("pk"), first=Min("received_at"), last=Max("received_at"))
    return [DeadLetters(**group) for group in found.order_by("-count", *columns)]
