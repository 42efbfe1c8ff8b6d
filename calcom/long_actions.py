"""Comparing a company's bookings with Cal.com when staff want it now: many requests, for which no page waits."""

from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import Company
from mcp_gateway import background, gateway
from mcp_gateway.background import Kind, Result
from mcp_gateway.models import LongAction
from mcp_gateway.principal import Principal

COMPARISON = "calcom_comparison"
SYNC = "calcom.syncBookings"


def start_comparison(company: Company, *, user: Any, key: UUID | None) -> LongAction:
    """Of all bookings of the days around; without a `key` it has one of its own."""
    return background.start(COMPARISON, [company.pk], user=user, company_id=company.pk, key=key or uuid4())


def _compare(_action: LongAction, company_id: Any, by: Principal) -> Result:
    """Compared already, everything is found to be the same."""
    counts = gateway.call(SYNC, {"company_id": company_id, "everything": True}, principal=by)
    told = _(
        "Compared: %(seen)d. Taken over: %(mirrored)d, moved: %(moved)d, cancelled: %(cancelled)d, "
        "for people to look at: %(differences)d."
    )
    return Result(told=told % counts, data=counts)


background.kinds[COMPARISON] = Kind(
    title=gettext_lazy("Comparison of bookings with Cal.com"),
    permission="appointments.change_company",
    work=_compare,
    object_type="Company",
)
