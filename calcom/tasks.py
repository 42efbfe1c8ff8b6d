"""Celery tasks of the calendar: thin, the work is behind the gateway."""

import logging
from typing import Any

from celery import shared_task

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.bell import ring_on_commit
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal

logger = logging.getLogger(__name__)

SYNC_TASK = "calcom.tasks.sync_bookings"
RECONCILE_TASK = "calcom.tasks.reconcile_bookings"


@shared_task
def sync_bookings_of_all() -> int:
    """Compare what has changed since the last time, for every company that has a Cal.com key."""
    return _ring_for_each(SYNC_TASK)


@shared_task
def reconcile_bookings_of_all() -> int:
    """Compare all bookings of the days around, for every company that has a Cal.com key."""
    return _ring_for_each(RECONCILE_TASK)


@shared_task
def sync_bookings(company_id: int) -> dict[str, Any] | None:
    """Compare what has changed in one company's bookings, given by primary key."""
    return _compare(company_id, everything=False)


@shared_task
def reconcile_bookings(company_id: int) -> dict[str, Any] | None:
    """Compare all bookings of one company, given by primary key."""
    return _compare(company_id, everything=True)


def _ring_for_each(task: str) -> int:
    """A task of its own for each: none holds up another."""
    companies = [company for company in Company.objects.filter(is_active=True) if company.calcom_api_key.strip()]
    for company in companies:
        ring_on_commit(task, company.pk)
    return len(companies)


def _compare(company_id: int, *, everything: bool) -> dict[str, Any] | None:
    """What fails now is made up for the next time."""
    principal = Principal.of_task("calcom sync", company_id)
    try:
        counts: dict[str, Any] = gateway.call("calcom.syncBookings", {"everything": everything}, principal=principal)
    except GatewayError as error:
        logger.warning("The bookings of company %s could not be compared: %s", company_id, error.kind)
        return None
    return counts
