"""What a company's calls and appointments come to. Test calls, and what was booked in them, count nowhere."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from mcp_gateway.figures import CallStats, FailedAppointment, TenantStats
from mcp_gateway.periods import Period

Status = Appointment.Status
# What was in the calendar once, whatever became of it.
BOOKED = (Status.SCHEDULED, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED)
DURATION = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())


class AppointmentFigures:
    """The figures that the gateway tells of a company."""

    def call_stats(self, company: Company, period: Period) -> CallStats:
        rows = calls(company).filter(period.covers("at"))
        totals = rows.aggregate(
            calls=Count("pk"),
            ended=Count("pk", filter=Q(status=Call.Status.ENDED)),
            booked=Count("pk", filter=Q(status=Call.Status.ENDED, is_booked=True)),
            seconds=Avg(DURATION),
            cost_cents=Sum("cost_cents"),
        )
        return CallStats(
            first_day=period.first,
            last_day=period.last,
            time_zone=company.timezone,
            calls=totals["calls"],
            by_status=counted(rows, "status"),
            by_disconnection_reason=counted(rows.exclude(disconnection_reason=""), "disconnection_reason"),
            with_appointment=totals["booked"],
            booking_rate=round(totals["booked"] / totals["ended"], 4) if totals["ended"] else None,
            average_seconds=seconds(totals["seconds"]),
            cost_cents=cents(totals["cost_cents"]),
        )

    def failed_appointments(self, company: Company, period: Period, limit: int) -> list[FailedAppointment]:
        """By the day on which they failed, the latest first."""
        rows = appointments(company).filter(period.covers("updated_at"), status=Status.FAILED)
        rows = rows.select_related("service", "call").prefetch_related("follow_ups").order_by("-updated_at", "-pk")
        return [_failed(appointment) for appointment in rows[:limit]]

    def tenant_stats(self, company: Company) -> TenantStats:
        own = appointments(company)
        this_month = calls(company).filter(at__gte=_first_of_month(company))
        follow_ups = FollowUp.objects.filter(company=company).exclude(status=FollowUp.Status.DONE)
        return TenantStats(
            time_zone=company.timezone,
            customers=Customer.objects.filter(company=company).count(),
            active_services=Service.objects.filter(company=company, is_active=True).count(),
            appointments=counted(own, "status"),
            upcoming_appointments=own.filter(status=Status.SCHEDULED, starts_at__gte=timezone.now()).count(),
            open_follow_ups=follow_ups.exclude(call__is_test=True).count(),
            calls_this_month=this_month.count(),
            cost_cents_this_month=cents(this_month.aggregate(cost=Sum("cost_cents"))["cost"]),
        )

    def appointments_being_booked(self, company: Company) -> int:
        return Appointment.objects.filter(company=company, status=Status.BOOKING).count()


def calls(company: Company) -> QuerySet[Any]:
    """Real calls with `at`, when each began or was first heard of, and `is_booked`."""
    booked = Appointment.objects.filter(call=OuterRef("pk"), status__in=BOOKED)
    rows = Call.objects.filter(company=company, is_test=False).order_by()
    return rows.alias(at=Coalesce("started_at", "created_at"), is_booked=Exists(booked))


def appointments(company: Company) -> QuerySet[Any]:
    return Appointment.objects.filter(company=company).exclude(call__is_test=True).order_by()


def counted(rows: QuerySet[Any], column: str) -> dict[str, int]:
    """How many rows have each value of the column."""
    return dict(rows.values_list(column).annotate(count=Count("pk")).order_by(column))


def seconds(average: timedelta | None) -> float | None:
    return None if average is None else round(average.total_seconds(), 1)


def cents(total: Decimal | None) -> float:
    return float(total or 0)


def _first_of_month(company: Company) -> datetime:
    today = timezone.now().astimezone(company.zone).date()
    return datetime.combine(today.replace(day=1), time(), company.zone).astimezone(UTC)


def _failed(appointment: Appointment) -> FailedAppointment:
    follow_ups = list(appointment.follow_ups.all())
    return FailedAppointment(
        id=appointment.pk,
        service=appointment.service.name,
        starts_at=appointment.starts_at,
        attempts=appointment.attempts,
        last_error=appointment.last_error,
        call_id=appointment.call.call_id if appointment.call else None,
        follow_up=follow_ups[0].status if follow_ups else None,
        failed_at=appointment.updated_at,
    )
