"""Staff of each role, and a list to work with: the inbox."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from appointments.models import Company
from mcp_gateway.models import WebhookEvent

As = Callable[[str], Client]


@pytest.fixture
def as_role(company: Company) -> As:
    """A client logged in as the company's viewer, operator or admin, or as nobody's "root"."""

    def as_role(role: str) -> Client:
        user = User.objects.create_user(role, is_staff=True, is_superuser=role == "root")
        if role != "root":
            user.groups.add(Group.objects.get(name=role))
            company.staff.add(user)
        client = Client()
        client.force_login(user)
        return client

    return as_role


@pytest.fixture
def operator(as_role: As) -> Client:
    return as_role("operator")


@pytest.fixture
def viewer(as_role: As) -> Client:
    return as_role("viewer")


@pytest.fixture
def admin(as_role: As) -> Client:
    return as_role("admin")


@pytest.fixture
def events(company: Company) -> Callable[..., list[WebhookEvent]]:
    """Put many events into the inbox, the oldest first, without anybody being told."""

    def events(count: int = 1, **columns: Any) -> list[WebhookEvent]:
        taken = WebhookEvent.objects.count()
        defaults = {"provider": "testing", "event": "ping", "payload": {"n": 1}, "company": company}
        return WebhookEvent.objects.bulk_create(
            WebhookEvent(**{**defaults, "dedupe_key": f"key-{taken + number}", **columns}) for number in range(count)
        )

    return events
