"""Before the first word: who calls and what day it is, as dynamic variables for the agent's prompt."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from appointments.models import Company, Customer
from appointments.phones import to_e164
from appointments.spoken import speak_date


def answer(company: Company, body: Mapping[str, Any]) -> dict[str, Any]:
    """Retell's answer to call_inbound; every variable is a string, or Retell drops them all."""
    inbound = body.get("call_inbound")
    from_number = inbound.get("from_number") if isinstance(inbound, Mapping) else None
    phone = to_e164(from_number) if isinstance(from_number, str) else None
    return {"call_inbound": {"dynamic_variables": {**_today(company), **_caller(company, phone)}}}


def _today(company: Company) -> dict[str, str]:
    """Today and tomorrow in the company's zone: the model has no clock."""
    today = timezone.now().astimezone(company.zone).date()
    language = company.default_language
    return {
        "company_name": company.name,
        "current_date": today.isoformat(),
        "today": speak_date(today, language),
        "current_weekday": speak_date(today, language).split(",")[0],
        "tomorrow": speak_date(today + timedelta(days=1), language),
    }


def _caller(company: Company, phone: str | None) -> dict[str, str]:
    customer = Customer.objects.filter(company=company, phone=phone).first() if phone else None
    return {"customer_name": customer.name if customer else "", "is_known_customer": "true" if customer else "false"}
