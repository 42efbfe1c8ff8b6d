"""Figures of the business that `database` and `queue` tell, and who reckons them: the app that has the rows.

Test calls, and appointments made in them, count nowhere. Days and months are the company's own.
"""

from datetime import date
from typing import Any, Protocol

from pydantic import AwareDatetime, BaseModel

from mcp_gateway.periods import Period


class CallStats(BaseModel):
    """Calls of a period. `booking_rate` is `with_appointment`, ended calls that led to a booking, by all ended ones."""

    first_day: date
    last_day: date
    time_zone: str
    calls: int
    by_status: dict[str, int]
    by_disconnection_reason: dict[str, int]
    with_appointment: int
    booking_rate: float | None
    average_seconds: float | None
    cost_cents: float


class FailedAppointment(BaseModel):
    """A booking that failed for good; times in UTC. `follow_up`: the state of what staff have to do."""

    id: int
    service: str
    starts_at: AwareDatetime
    attempts: int
    last_error: str
    call_id: str | None
    follow_up: str | None
    failed_at: AwareDatetime


class TenantStats(BaseModel):
    """One company at a glance; `_this_month` counts from the first, in the company's zone."""

    time_zone: str
    customers: int
    active_services: int
    appointments: dict[str, int]
    upcoming_appointments: int
    open_follow_ups: int
    calls_this_month: int
    cost_cents_this_month: float


class Figures(Protocol):
    def call_stats(self, company: Any, period: Period) -> CallStats: ...

    def failed_appointments(self, company: Any, period: Period, limit: int) -> list[FailedAppointment]: ...

    def tenant_stats(self, company: Any) -> TenantStats: ...

    def appointments_being_booked(self, company: Any) -> int: ...


_registered: list[Figures] = []


def register_figures(figures: Figures) -> None:
    """Have these figures told; the one registered last wins."""
    _registered[:] = [figures]


def figures() -> Figures:
    """The registered ones; raises LookupError where no app has registered any."""
    if not _registered:
        raise LookupError("No app has registered its figures")
    return _registered[0]
