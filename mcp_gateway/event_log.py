"""Looking into the inbox: lists, one event's history, figures. Payloads stay out, they hold what callers said."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from mcp_gateway.errors import NotFound
from mcp_gateway.models import WebhookEvent
from mcp_gateway.periods import Period

State = WebhookEvent.State
STUCK = (State.FAILED, State.DEAD)

# Types of parameters.
EventId = Annotated[int, Field(ge=1, lt=2**63)]
Lines = Annotated[int, Field(ge=1, le=100)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Attempt(BaseModel):
    """One try at an event. `replayed_*`: who asked for the next one after it had ended, and why.

    `waits`: nothing was tried yet, so many times in a row, because what it needs was not to be had.
    """

    number: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    outcome: str
    error: str = ""
    waits: int = 0
    code_version: str = ""
    replayed_at: AwareDatetime | None = None
    replayed_by: str = ""
    replay_reason: str = ""


class EventLine(BaseModel):
    """An event without its content; `next_attempt_at` is set while it waits."""

    id: int
    provider: str
    event: str
    state: str
    tries: int
    last_error: str
    received_at: AwareDatetime
    processed_at: AwareDatetime | None
    next_attempt_at: AwareDatetime | None
    correlation_id: str


class EventHistory(EventLine):
    attempts: list[Attempt]


class EventCount(BaseModel):
    provider: str
    event: str
    count: int


class DayCount(BaseModel):
    day: date
    count: int


class WebhookStats(BaseModel):
    """Events received in a period, by the company's days; `waiting` and its age are of now."""

    first_day: date
    last_day: date
    time_zone: str
    total: int
    by_state: dict[str, int]
    by_event: list[EventCount]
    by_day: list[DayCount]
    waiting: int
    oldest_waiting_seconds: int | None


def events(company: Any) -> QuerySet[WebhookEvent]:
    """The company's events, the latest first; their big columns stay in the database."""
    return WebhookEvent.objects.filter(company=company).defer("payload", "headers").order_by("-received_at", "-pk")


def event_of(company: Any, event_id: int) -> WebhookEvent:
    """One of the company's events; raises NotFound, for another company's too."""
    event = events(company).filter(pk=event_id).first()
    if event is None:
        raise NotFound(gettext_noop("No such event"))
    return event


def line(event: WebhookEvent) -> EventLine:
    return EventLine(**_columns(event))


def history(event: WebhookEvent) -> EventHistory:
    return EventHistory(**_columns(event), attempts=event.attempts)


def by_state(rows: QuerySet[WebhookEvent]) -> dict[str, int]:
    """How many are in each state; states without any count too."""
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    return {state.value: counts.get(state, 0) for state in State}


def oldest_waiting(rows: QuerySet[WebhookEvent]) -> int | None:
    """The age of the event that waits longest, in whole seconds; None when none waits."""
    oldest: datetime | None = rows.filter(state=State.RECEIVED).aggregate(oldest=Min("received_at"))["oldest"]
    return None if oldest is None else max(0, (timezone.now() - oldest) // timedelta(seconds=1))


def stats(company: Any, period: Period) -> WebhookStats:
    own = events(company).order_by()
    rows = own.filter(period.covers("received_at"))
    kinds = rows.values("provider", "event").annotate(count=Count("pk")).order_by("provider", "event")
    days = dict(rows.annotate(day=period.day_of("received_at")).values_list("day").annotate(Count("pk")))
    states = by_state(rows)
    return WebhookStats(
        first_day=period.first,
        last_day=period.last,
        time_zone=str(period.zone),
        total=sum(states.values()),
        by_state=states,
        by_event=[EventCount(**kind) for kind in kinds],
        by_day=[DayCount(day=day, count=days.get(number, 0)) for number, day in enumerate(period.days)],
        waiting=own.filter(state=State.RECEIVED).count(),
        oldest_waiting_seconds=oldest_waiting(own),
    )


def _columns(event: WebhookEvent) -> dict[str, Any]:
    last = event.attempts[-1] if event.attempts else {}
    return {
        "id": event.pk,
        "provider": event.provider,
        "event": event.event,
        "state": event.state,
        "tries": len(event.attempts),
        "last_error": last.get("error", ""),
        "received_at": event.received_at,
        "processed_at": event.processed_at,
        "next_attempt_at": event.next_attempt_at if event.state == State.RECEIVED else None,
        "correlation_id": event.correlation_id,
    }
