"""Rows for tests: valid, small, and distinct from each other."""

from itertools import count
from typing import Any

from appointments.models import Call, Company, Customer, Service
from retell.models import RetellConfiguration

_numbers = count(1)


def make_company(**columns: Any) -> Company:
    number = next(_numbers)
    defaults = {
        "name": f"Salon {number}",
        "slug": f"salon-{number}",
        "phone_number": f"+4930123{number:05d}",
        "retell_webhook_key": f"key_webhook_{number}",
        "calcom_api_key": f"cal_live_{number}",
    }
    return Company.objects.create(**{**defaults, **columns})


def make_service(company: Company, **columns: Any) -> Service:
    defaults = {"name": "Herrenhaarschnitt", "duration_minutes": 30, "aliases": ["Herrenschnitt"]}
    return Service.objects.create(company=company, **{**defaults, **columns})


def make_customer(company: Company, **columns: Any) -> Customer:
    return Customer.objects.create(company=company, **{"name": "Erika Beispiel", **columns})


def make_call(company: Company, **columns: Any) -> Call:
    return Call.objects.create(company=company, **{"call_id": f"call_{next(_numbers):027d}", **columns})


def make_configuration(company: Company, **columns: Any) -> RetellConfiguration:
    defaults = {"agent_id": f"agent_{next(_numbers)}"}
    return RetellConfiguration.objects.create(company=company, **{**defaults, **columns})
