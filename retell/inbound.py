"""Before the first word: who calls, what day it is and what there is to book, as dynamic variables for the prompt.

Nothing here waits for a vendor: the caller hears it ring meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from appointments.calls import WARM_TASK
from appointments.changes import upcoming_of
from appointments.conversation import speaking
from appointments.models import Company, Customer
from appointments.models.company import HIDDEN_CALLERS
from appointments.phones import is_hidden, to_e164
from appointments.spoken import speak_hours
from mcp_gateway.bell import ring_on_commit

# The call is not taken: Retell makes no call of it, and no event follows.
REJECTION: dict[str, Any] = {"call_inbound": {"reject": True}}


@dataclass(frozen=True)
class Caller:
    """Whom the agent is about to speak to; `customer` is None for a stranger."""

    customer: Customer | None
    language: str
    zone: ZoneInfo


def answer(company: Company, body: Mapping[str, Any]) -> dict[str, Any]:
    """Retell's answer to call_inbound; every variable is a string, or Retell drops them all."""
    inbound = body.get("call_inbound")
    told = inbound.get("from_number") if isinstance(inbound, Mapping) else None
    from_number = told if isinstance(told, str) else ""
    phone = to_e164(from_number)
    if (HIDDEN_CALLERS if is_hidden(from_number) else phone) in company.rejected_numbers:
        return REJECTION
    ring_on_commit(WARM_TASK, company.pk)
    customer = Customer.objects.filter(company=company, phone=phone).first() if phone else None
    language = (customer and customer.language) or company.default_language
    caller = Caller(customer, language, company.zone)
    return {"call_inbound": {"dynamic_variables": variables_for(company, caller)}}


def variables_for(company: Company, caller: Caller) -> dict[str, str]:
    """The dynamic variables of a prompt, in the caller's language."""
    with translation.override(caller.language):
        return {**_today(caller), **_offer(company, caller.language), **_known(company, caller)}


def _today(caller: Caller) -> dict[str, str]:
    """Today and the next days in the company's zone: the model has no clock."""
    now = timezone.now().astimezone(caller.zone)
    # Days are added to the wall clock: one that is an hour shorter is a day too.
    today, tomorrow, day_after = (speaking.day(caller, now + timedelta(days=days)) for days in range(3))
    return {
        "current_date": now.date().isoformat(),
        "current_weekday": today.split(",")[0],
        "current_time": speaking.clock(caller, now),
        "today": today,
        "tomorrow": tomorrow,
        "day_after_tomorrow": day_after,
    }


def _offer(company: Company, language: str) -> dict[str, str]:
    services = company.services.filter(is_active=True).values_list("name", flat=True)
    return {
        "company_name": company.name,
        "services": ", ".join(services),
        "opening_hours": speak_hours(company.opening_hours, language),
        "notice_hours": str(company.notice_hours),
    }


def _known(company: Company, caller: Caller) -> dict[str, str]:
    """What is known of the number that calls; a variable is empty rather than missing."""
    customer = caller.customer
    coming = upcoming_of(company, customer.phone).first() if customer and customer.phone else None
    return {
        "customer_name": customer.name if customer else "",
        "is_known_customer": "true" if customer else "false",
        "next_appointment": speaking.named(caller, coming) if coming else "",
        "language": caller.language,
    }
