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


@shared_task
def sync_bookings_of_all() -> int:
    """Compare every company that has a Cal.com key, each in a task of its own: none holds up another."""
    companies = [company for company in Company.objects.filter(is_active=True) if company.calcom_api_key.strip()]
    for company in companies:
        ring_on_commit(SYNC_TASK, company.pk)
    return len(companies)


@shared_task
def sync_bookings(company_id: int) -> dict[str, Any] | None:
    """Compare one company's bookings, given by primary key; what fails now is made up for the next time."""
    principal = Principal.of_task("calcom sync", company_id)
    try:
        counts: dict[str, Any] = gateway.call("calcom.syncBookings", principal=principal)
    except GatewayError as error:
        logger.warning("The bookings of company %s could not be compared: %s", company_id, error.kind)
        return None
    return counts
