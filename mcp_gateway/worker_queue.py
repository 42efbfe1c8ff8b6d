"""The state of the work: what waits in the inbox, and which of Celery's workers answer.

The database knows the work, Celery its workers. Workers are asked over the broker, which takes its time even when
nobody answers; a broker that is away is told as such and never breaks a call.
"""

import logging
from datetime import datetime, timedelta
from threading import Thread
from typing import Any, Literal

from celery import current_app
from celery.app.control import Inspect
from django.core.cache import cache
from django.db import connections
from django.db.models import Avg, DurationField, ExpressionWrapper, F
from django.utils import timezone
from pydantic import BaseModel

from mcp_gateway import event_log, inbox
from mcp_gateway.figures import figures
from mcp_gateway.models import WebhookEvent

logger = logging.getLogger(__name__)

State = WebhookEvent.State
ANSWER_SECONDS = 1.0
# A worker that is up answers at once; the embedded broker looks every fifth of a second, twice per answer.
SIGN_OF_LIFE_SECONDS = 0.6
SIGN_OF_LIFE_KEPT_SECONDS = 10
SIGN_OF_LIFE_KEY = "mcp_gateway:workers"
KNOWN_WORKERS_KEY, KNOWN_WORKERS_KEPT_SECONDS = "mcp_gateway:known_workers", 3600
# So old an answer is still told.
ANSWERS_HOLD = timedelta(seconds=30)
LAST_SWEEP_KEY = "mcp_gateway:last_sweep"
LAST_SWEEP_KEPT = timedelta(days=7)

WorkersStatus = Literal["ok", "no worker answered", "the broker does not answer"]


class Worker(BaseModel):
    """One of Celery's workers; `tasks_done` counts since its start, by task."""

    name: str
    uptime_seconds: int
    processes: int
    tasks_done: dict[str, int]


class Workers(BaseModel):
    """The workers of the whole installation that answered in time."""

    status: WorkersStatus
    workers: list[Worker]


class Overview(BaseModel):
    """A company's work as of now; `worker_count` is the installation's, null when the broker does not answer."""

    waiting: int
    processing: int
    failed: int
    dead: int
    oldest_waiting_seconds: int | None
    appointments_being_booked: int
    worker_count: int | None
    workers_status: WorkersStatus


class Metrics(BaseModel):
    """The installation's work, all companies together. `_last_hour`: events that ended then, whatever their end."""

    events: dict[str, int]
    overdue: int
    oldest_waiting_seconds: int | None
    ended_last_hour: int
    failed_last_hour: int
    average_seconds_last_hour: float | None
    worker_count: int | None
    workers_status: WorkersStatus


def workers(seconds: float = ANSWER_SECONDS) -> Workers:
    """Who answers within `seconds`."""
    try:
        replies = _ask("stats", timeout=seconds)
    except Exception as error:
        # Its text may hold the broker's password.
        logger.warning("The broker does not answer: %s", type(error).__name__)
        return Workers(status="the broker does not answer", workers=[])
    found = [_worker(name, stats) for name, stats in sorted(replies.items())]
    return Workers(status="ok" if found else "no worker answered", workers=found)


def sign_of_life() -> WorkersStatus:
    """Whether any worker answers; asked at most every ten seconds."""
    status: WorkersStatus | None = cache.get(SIGN_OF_LIFE_KEY)
    if status is None:
        status = _sign_of_life()
        cache.set(SIGN_OF_LIFE_KEY, status, SIGN_OF_LIFE_KEPT_SECONDS)
    return status


def known_workers() -> Workers:
    """Who answered lately: asked at most every ten seconds, for one page; the others are told what is known.

    Nobody waits for the answer where half a minute ago is known: it is for whoever looks next.
    """
    now = timezone.now()
    asked_at, known = cache.get(KNOWN_WORKERS_KEY, (now, None))
    if known and now - asked_at < timedelta(seconds=SIGN_OF_LIFE_KEPT_SECONDS):
        return Workers(**known)
    if known:
        cache.set(KNOWN_WORKERS_KEY, (now, known), KNOWN_WORKERS_KEPT_SECONDS)
    if known and now - asked_at < ANSWERS_HOLD:
        Thread(target=_learn_workers, daemon=True).start()
        return Workers(**known)
    return _ask_workers()


def note_sweep() -> None:
    """The beat's heart has beaten: what it orders regularly was just done."""
    cache.set(LAST_SWEEP_KEY, timezone.now(), LAST_SWEEP_KEPT.total_seconds())


def last_sweep() -> datetime | None:
    """None where no sweep is known: there was none, or the cache has forgotten it."""
    at: datetime | None = cache.get(LAST_SWEEP_KEY)
    return at


def overview(company: Any, seconds: float = ANSWER_SECONDS) -> Overview:
    rows = event_log.events(company)
    states = event_log.by_state(rows)
    answered = workers(seconds)
    return Overview(
        waiting=states[State.RECEIVED],
        processing=states[State.PROCESSING],
        failed=states[State.FAILED],
        dead=states[State.DEAD],
        oldest_waiting_seconds=event_log.oldest_waiting(rows),
        appointments_being_booked=figures().appointments_being_booked(company),
        worker_count=_count(answered),
        workers_status=answered.status,
    )


def metrics(seconds: float = ANSWER_SECONDS, answered: Workers | None = None) -> Metrics:
    """`answered`: who did, where they were asked already."""
    rows = WebhookEvent.objects.order_by()
    ended = rows.filter(processed_at__gte=timezone.now() - timedelta(hours=1))
    taken = ExpressionWrapper(F("processed_at") - F("received_at"), output_field=DurationField())
    average: timedelta | None = ended.aggregate(average=Avg(taken))["average"]
    answered = answered or workers(seconds)
    return Metrics(
        events=event_log.by_state(rows),
        overdue=inbox.overdue(),
        oldest_waiting_seconds=event_log.oldest_waiting(rows),
        ended_last_hour=ended.count(),
        failed_last_hour=ended.filter(state__in=event_log.STUCK).count(),
        average_seconds_last_hour=None if average is None else round(average.total_seconds(), 3),
        worker_count=_count(answered),
        workers_status=answered.status,
    )


def _ask_workers() -> Workers:
    now, answered = timezone.now(), workers(SIGN_OF_LIFE_SECONDS)
    cache.set(KNOWN_WORKERS_KEY, (now, answered.model_dump()), KNOWN_WORKERS_KEPT_SECONDS)
    return answered


def _learn_workers() -> None:
    """In a thread of its own, whose connections (the cache may be a table) nobody else closes."""
    try:
        _ask_workers()
    except Exception as error:
        logger.warning("What the workers answered could not be kept: %s", type(error).__name__)
    finally:
        connections.close_all()


def _sign_of_life() -> WorkersStatus:
    try:
        return "ok" if _ask("ping", timeout=SIGN_OF_LIFE_SECONDS, limit=1) else "no worker answered"
    except Exception as error:
        logger.warning("The broker does not answer: %s", type(error).__name__)
        return "the broker does not answer"


def _ask(command: str, **options: Any) -> dict[str, Any]:
    """The workers' replies by name. They come over a connection of its own: a pooled one may be dead."""
    with current_app.connection_for_write() as connection:
        inspect: Inspect = current_app.control.inspect(connection=connection, **options)
        return getattr(inspect, command)() or {}


def _worker(name: str, stats: dict[str, Any]) -> Worker:
    processes = stats.get("pool", {}).get("max-concurrency", 1)
    return Worker(name=name, uptime_seconds=stats["uptime"], processes=processes, tasks_done=stats["total"])


def _count(answered: Workers) -> int | None:
    return None if answered.status == "the broker does not answer" else len(answered.workers)
