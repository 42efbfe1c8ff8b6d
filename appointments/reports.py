"""What of the business may be read through the gateway: tables, searches, named reports and figures."""

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Avg, Count, F, Max, Q, Sum
from pydantic import AwareDatetime, BaseModel, Field

from appointments.figures import BOOKED, DURATION, AppointmentFigures, appointments, calls, cents, seconds
from appointments.models import Appointment, Call, FollowUp
from appointments.phones import to_e164
from mcp_gateway.figures import register_figures
from mcp_gateway.periods import Period
from mcp_gateway.registry import Context
from mcp_gateway.reports import MAX_ROWS, register_table, report

Status = Appointment.Status
NOTHING = Q(pk__in=())
# Fewer digits stand in too many numbers.
FEWEST_DIGITS = 4


def customers_like(text: str) -> tuple[Q, Q]:
    named = _with_phone("phone", text) | Q(email__iexact=text) | Q(name__iexact=text)
    return named, Q(name__icontains=text) | Q(email__icontains=text) | _with_digits("phone", text)


def appointments_like(text: str) -> tuple[Q, Q]:
    named = Q(calcom_booking_uid=text) | Q(call__call_id=text) | _with_phone("customer__phone", text) | _with_key(text)
    like = Q(attendee_name__icontains=text) | Q(attendee_email__icontains=text) | Q(service__name__icontains=text)
    return named, like | _with_digits("customer__phone", text)


def calls_like(text: str) -> tuple[Q, Q]:
    named = Q(call_id=text) | _with_phone("caller_phone", text)
    of_customer = Q(customer__deleted_at=None, customer__name__icontains=text)
    like = Q(call_id__icontains=text) | of_customer | Q(summary__icontains=text)
    return named, like | _with_digits("caller_phone", text)


register_figures(AppointmentFigures())
register_table(
    "appointments.Customer",
    columns=("id", "name", "phone", "email", "language", "created_at"),
    search=customers_like,
)
register_table(
    "appointments.Appointment",
    columns=(
        "id",
        "customer_id",
        "customer__name",
        "service__name",
        "call__call_id",
        "starts_at",
        "ends_at",
        "status",
        "attendee_name",
        "attendee_email",
        "calcom_booking_uid",
        "calcom_booking_id",
        "notes",
        "language",
        "attempts",
        "last_error",
        "cancellation_reason",
        "created_at",
        "updated_at",
    ),
    search=appointments_like,
)
register_table(
    "appointments.Call",
    columns=(
        "id",
        "call_id",
        "customer_id",
        "customer__name",
        "agent_id",
        "caller_phone",
        "to_number",
        "direction",
        "status",
        "started_at",
        "ended_at",
        "disconnection_reason",
        "summary",
        "cost_cents",
        "is_test",
        "created_at",
    ),
    search=calls_like,
)
register_table(
    "appointments.Service",
    columns=("id", "name", "duration_minutes", "calcom_event_type_id", "parallel_capacity", "is_active"),
)
register_table(
    "appointments.FollowUp",
    columns=("id", "kind", "status", "what_to_do", "appointment_id", "call__call_id", "created_at", "updated_at"),
)


class DayOfCalls(BaseModel):
    day: date
    calls: int
    with_appointment: int
    average_seconds: float | None
    cost_cents: float


class CallsByReason(BaseModel):
    disconnection_reason: str
    calls: int


class CallsByHour(BaseModel):
    hour: int
    calls: int


class DayOfAppointments(BaseModel):
    day: date
    booked: int
    cancelled: int
    no_show: int
    failed: int


class ServiceUse(BaseModel):
    service: str
    booked: int
    cancelled: int
    no_show: int


class FrequentCustomer(BaseModel):
    customer_id: int
    name: str
    appointments: int
    latest_starts_at: AwareDatetime


class OpenFollowUp(BaseModel):
    id: int
    kind: str
    status: str
    what_to_do: str
    appointment_id: int | None
    created_at: AwareDatetime


class UnbookedCall(BaseModel):
    call_id: str
    caller_phone: str | None
    at: AwareDatetime
    summary: str


@report("calls_by_day")
def calls_by_day(context: Context, first_day: date | None = None, last_day: date | None = None) -> list[DayOfCalls]:
    """Calls, bookings, average duration and cost (in cents) of each day in the company's zone."""
    period = _period(context, first_day, last_day)
    rows = calls(context.company).filter(period.covers("at")).annotate(day=period.day_of("at")).values("day")
    found = {
        row.pop("day"): row
        for row in rows.annotate(
            calls=Count("pk"),
            booked=Count("pk", filter=Q(is_booked=True)),
            length=Avg(DURATION),
            cost=Sum("cost_cents"),
        )
    }
    empty: dict[str, Any] = {"calls": 0, "booked": 0, "length": None, "cost": None}
    return [_day_of_calls(day, **{**empty, **found.get(number, {})}) for number, day in enumerate(period.days)]


@report("calls_by_disconnection_reason")
def calls_by_disconnection_reason(
    context: Context, first_day: date | None = None, last_day: date | None = None
) -> list[CallsByReason]:
    """Why calls ended, the most frequent reason first; an empty reason was not told."""
    rows = calls(context.company).filter(_period(context, first_day, last_day).covers("at"))
    counts = rows.values("disconnection_reason").annotate(calls=Count("pk")).order_by("-calls", "disconnection_reason")
    return [CallsByReason(**row) for row in counts]


@report("calls_by_hour")
def calls_by_hour(context: Context, first_day: date | None = None, last_day: date | None = None) -> list[CallsByHour]:
    """How many calls came in each hour of the day (0 to 23) in the company's zone."""
    period = _period(context, first_day, last_day)
    instants = calls(context.company).filter(period.covers("at")).annotate(at=F("at")).values_list("at", flat=True)
    counts = Counter(at.astimezone(period.zone).hour for at in instants.iterator())
    return [CallsByHour(hour=hour, calls=counts[hour]) for hour in range(24)]


@report("appointments_by_day")
def appointments_by_day(
    context: Context, first_day: date | None = None, last_day: date | None = None
) -> list[DayOfAppointments]:
    """Appointments by the day on which they take place: booked (whatever became of it), cancelled, missed, failed."""
    period = _period(context, first_day, last_day)
    rows = appointments(context.company).filter(period.covers("starts_at"))
    days = rows.annotate(day=period.day_of("starts_at")).values("day")
    found = {row.pop("day"): row for row in days.annotate(**_OUTCOMES, failed=_count(Status.FAILED))}
    empty = dict.fromkeys((*_OUTCOMES, "failed"), 0)
    return [DayOfAppointments(day=day, **found.get(number, empty)) for number, day in enumerate(period.days)]


@report("appointments_by_service")
def appointments_by_service(
    context: Context, first_day: date | None = None, last_day: date | None = None
) -> list[ServiceUse]:
    """How often each service was booked, cancelled and missed, the most frequent first."""
    rows = appointments(context.company).filter(_period(context, first_day, last_day).covers("starts_at"))
    used = rows.values("service__name").annotate(**_OUTCOMES).order_by("-booked", "service__name")
    return [ServiceUse(service=row.pop("service__name"), **row) for row in used if row["booked"]]


@report("frequent_customers")
def frequent_customers(context: Context, at_least: Annotated[int, Field(ge=1)] = 2) -> list[FrequentCustomer]:
    """Customers with at least so many appointments that were not cancelled, the most frequent first."""
    kept = (
        appointments(context.company)
        .filter(status__in=BOOKED, customer__isnull=False, customer__deleted_at=None)
        .exclude(status=Status.CANCELLED)
    )
    rows = kept.values("customer_id", "customer__name").annotate(count=Count("pk"), latest=Max("starts_at"))
    return [
        FrequentCustomer(
            customer_id=row["customer_id"],
            name=row["customer__name"],
            appointments=row["count"],
            latest_starts_at=row["latest"],
        )
        for row in rows.filter(count__gte=at_least).order_by("-count", "customer_id")[: MAX_ROWS + 1]
    ]


@report("open_follow_ups")
def open_follow_ups(context: Context, kind: FollowUp.Kind | None = None) -> list[OpenFollowUp]:
    """What people still have to do, the oldest first."""
    rows = FollowUp.objects.filter(company=context.company).exclude(status=FollowUp.Status.DONE)
    rows = rows.exclude(call__is_test=True).filter(**({"kind": kind} if kind else {})).order_by("created_at", "pk")
    columns = tuple(OpenFollowUp.model_fields)
    return [OpenFollowUp(**row) for row in rows.values(*columns)[: MAX_ROWS + 1]]


@report("unbooked_calls")
def unbooked_calls(context: Context, first_day: date | None = None, last_day: date | None = None) -> list[UnbookedCall]:
    """Ended calls in which the caller wished for an appointment and none was booked, the latest first."""
    rows = calls(context.company).filter(_period(context, first_day, last_day).covers("at"), status=Call.Status.ENDED)
    rows = rows.filter(is_booked=False).exclude(collected_data={}).annotate(at=F("at")).order_by("-at", "-pk")
    return [UnbookedCall(**row) for row in rows.values(*UnbookedCall.model_fields)[: MAX_ROWS + 1]]


def _count(*statuses: Status) -> Count:
    return Count("pk", filter=Q(status__in=statuses))


_OUTCOMES = {"booked": _count(*BOOKED), "cancelled": _count(Status.CANCELLED), "no_show": _count(Status.NO_SHOW)}


def _period(context: Context, first_day: date | None, last_day: date | None) -> Period:
    return Period.of(context.company.zone, first_day, last_day)


def _day_of_calls(day: date, *, calls: int, booked: int, length: timedelta | None, cost: Decimal | None) -> DayOfCalls:
    return DayOfCalls(
        day=day, calls=calls, with_appointment=booked, average_seconds=seconds(length), cost_cents=cents(cost)
    )


def _is_number(text: str) -> bool:
    """A phone number or part of one: digits and what people write between them."""
    return re.fullmatch(r"[\d\s()+/.-]+", text) is not None


def _with_phone(column: str, text: str) -> Q:
    phone = to_e164(text) if _is_number(text) else None
    return Q((column, phone)) if phone else NOTHING


def _with_digits(column: str, text: str) -> Q:
    digits = re.sub(r"\D", "", text).lstrip("0")
    return Q((f"{column}__contains", digits)) if _is_number(text) and len(digits) >= FEWEST_DIGITS else NOTHING


def _with_key(text: str) -> Q:
    try:
        return Q(booking_key=UUID(text))
    except ValueError:
        return NOTHING
