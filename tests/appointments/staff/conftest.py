"""Members of staff in each role, and what they look at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from appointments.models import Appointment, Company, Service
from tests.factories import make_customer, make_service

In = Callable[[str], Client]


@pytest.fixture
def logged_in(company: Company) -> In:
    """The browser of a member of the company's staff with the role; the superuser's for "superuser"."""

    def logged_in(role: str, language: str = "en") -> Client:
        user = User.objects.create_user(role, is_staff=True, is_superuser=role == "superuser")
        if role != "superuser":
            user.groups.add(Group.objects.get(name=role))
            company.staff.add(user)
        browser = Client(headers={"Accept-Language": language})
        browser.force_login(user)
        return browser

    return logged_in


@pytest.fixture
def operator(logged_in: In) -> Client:
    return logged_in("operator")


def make_appointment(company: Company, **columns: Any) -> Appointment:
    """In two hours, for half an hour, scheduled, with a customer of its own."""
    starts_at = columns.pop("starts_at", timezone.now() + timedelta(hours=2))
    service: Service = columns.pop("service", None) or make_service(company, name=f"Schnitt {Service.objects.count()}")
    defaults = {
        "service": service,
        "customer": None if "customer" in columns else make_customer(company),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "status": Appointment.Status.SCHEDULED,
        "attendee_name": "Erika Beispiel",
        "calcom_booking_uid": f"uid{Appointment.objects.count()}",
    }
    return Appointment.objects.create(company=company, **{**defaults, **columns})
