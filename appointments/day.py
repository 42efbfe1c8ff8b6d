"""What staff see first: the day in numbers, who comes, and what is to be done.

Read once a minute at most for each set of companies and each time zone of whoever looks, and without the numbers of
the cache where that is away.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from appointments import looks
from appointments.models import Appointment, Call, FollowUp
from appointments.staff_lists import (
    OPEN,
    booked_in,
    calls_of,
    days,
    failed_from_today,
    staff_today,
    taking_place,
)
from mcp_gateway import readiness, worker_queue
from mcp_gateway.models import WebhookEvent
from mcp_gateway.periods import Period
from mcp_gateway.staff_admin import bounded_count, visible_companies

KEPT_SECONDS = 60
CHART_DAYS = 14
MAX_APPOINTMENTS = 60
NEWEST = 6


@dataclass(frozen=True, kw_only=True)
class AppointmentLine:
    pk: int
    starts_at: datetime
    who: str
    service: str
    company: str
    zone: ZoneInfo
    status: str

    @property
    def day(self) -> date:
        """As the caller was told it: on the company's calendar."""
        return timezone.localdate(self.starts_at, self.zone)

    @property
    def badge(self) -> SafeString:
        return looks.appointment_badge(self.status)


@dataclass(frozen=True, kw_only=True)
class FollowUpLine:
    pk: int
    created_at: datetime
    kind: str
    what_to_do: str
    company: str

    @property
    def badge(self) -> SafeString:
        return looks.kind_badge(self.kind)


@dataclass(frozen=True, kw_only=True)
class Day:
    """As of `made_at`. The numbers by day end with today's; `oldest_waiting` is when that event was received.

    Failures and open follow-ups are bounded counts.
    """

    made_at: datetime
    days: list[date]
    calls: tuple[int, ...]
    bookings: tuple[int, ...]
    failures: int
    open_follow_ups: int
    waiting_events: int
    oldest_waiting: datetime | None
    appointments: list[AppointmentLine]
    follow_ups: list[FollowUpLine]
    workers: worker_queue.WorkersStatus
    last_sweep: datetime | None
    cache_answers: bool = True

    @property
    def is_beat_late(self) -> bool:
        return readiness.beat(self.last_sweep, self.made_at) != "runs"


def day_of(request: HttpRequest) -> Day:
    """The day of whoever asks, at most a minute old."""
    companies = visible_companies(request)
    known: Day | None = cache.get(key := _key(companies))
    if known is not None:
        return known
    day = _read(request, companies)
    cache.set(key, day, KEPT_SECONDS)
    return day if cache.get(key) is not None else _without_cache(day)


def _key(companies: frozenset[int] | None) -> str:
    named = "all" if companies is None else sha256(repr(sorted(companies)).encode()).hexdigest()
    return f"staff:day:{timezone.get_current_timezone_name()}:{named}"


def _read(request: HttpRequest, companies: frozenset[int] | None) -> Day:
    def of(model: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = model._default_manager.order_by()
        return rows if companies is None else rows.filter(company__in=companies)

    today = staff_today()
    period = days(today - timedelta(days=CHART_DAYS - 1), today)
    follow_ups = of(FollowUp).filter(OPEN)
    began = Coalesce("started_at", "created_at")
    waiting = of(WebhookEvent).filter(state=WebhookEvent.State.RECEIVED)
    events = waiting.aggregate(count=Count("pk"), oldest=Min("received_at"))
    return Day(
        made_at=timezone.now(),
        days=period.days,
        calls=_by_day(of(Call).filter(calls_of(period)).alias(at=began), period, "at"),
        bookings=_by_day(of(Appointment).filter(booked_in(period)), period, "created_at"),
        failures=bounded_count(of(Appointment).filter(failed_from_today())),
        open_follow_ups=bounded_count(follow_ups),
        waiting_events=events["count"],
        oldest_waiting=events["oldest"],
        appointments=_appointments(of(Appointment), today),
        follow_ups=_newest(follow_ups),
        workers=worker_queue.sign_of_life(),
        last_sweep=worker_queue.last_sweep(),
    )


def _by_day(rows: QuerySet[Any], period: Period, at: str) -> tuple[int, ...]:
    found = dict(rows.annotate(day=period.day_of(at)).values_list("day").annotate(Count("pk")))
    return tuple(found.get(place, 0) for place in range(len(period.days)))


def _appointments(rows: QuerySet[Any], today: date) -> list[AppointmentLine]:
    """Today's and tomorrow's, in order of time."""
    coming = rows.filter(taking_place(today, today + timedelta(days=1))).order_by("starts_at", "pk")
    who = ("attendee_name", "customer__name")
    columns = ("pk", "starts_at", *who, "service__name", "company__name", "company__timezone", "status")
    lines = [
        AppointmentLine(
            pk=pk,
            starts_at=starts_at,
            who=name or customer or "",
            service=service,
            company=company,
            zone=ZoneInfo(zone),
            status=status,
        )
        for pk, starts_at, name, customer, service, company, zone, status in coming.values_list(*columns)[
            :MAX_APPOINTMENTS
        ]
    ]
    return sorted(lines, key=lambda line: line.day)


def _newest(rows: QuerySet[Any]) -> list[FollowUpLine]:
    columns = ("pk", "created_at", "kind", "what_to_do", "company__name")
    return [
        FollowUpLine(pk=pk, created_at=created_at, kind=kind, what_to_do=what_to_do, company=company)
        for pk, created_at, kind, what_to_do, company in rows.order_by("-created_at", "-pk").values_list(*columns)[
            :NEWEST
        ]
    ]


def _without_cache(day: Day) -> Day:
    return Day(**{**vars(day), "cache_answers": False})
