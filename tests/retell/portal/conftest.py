"""A company's people by their roles, and the portal as each of them sees it."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from appointments.models import Company
from retell.roles import make_roles
from tests.calcom.conftest import control as control
from tests.calcom.conftest import running_sandbox as running_sandbox
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor

OVERVIEW = "/admin/company-integration-portal/"


class Portal:
    """The pages through one member of staff's browser, in English."""

    def __init__(self, client: Client, user: User) -> None:
        self.client = client
        self.user = user
        client.force_login(user)
        client.cookies["django_language"] = "en"

    def overview(self, **query: str) -> str:
        return words(self.client.get(OVERVIEW, query))

    def page(self, company: Company, **query: str) -> str:
        return words(self.client.get(page_of(company), query))

    def html(self, company: Company) -> str:
        return self.client.get(page_of(company)).text

    def post(self, company: Company, action: str, **data: Any) -> Any:
        return self.client.post(reverse("admin:portal_action", args=(company.pk, action)), data)

    def does(self, company: Company, action: str, **data: Any) -> str:
        """Post, follow, and read the page that comes."""
        return words(self.client.post(reverse("admin:portal_action", args=(company.pk, action)), data, follow=True))


def page_of(company: Company) -> str:
    return reverse("admin:portal_company", args=(company.pk,))


def words(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return re.sub(r"\s+", " ", unescape(strip_tags(response.text)))


def member(company: Company, role: str) -> User:
    user = User.objects.create_user(f"{role}-{company.pk}", is_staff=True)
    if not Group.objects.filter(name=role).exists():  # a test with real transactions has emptied the tables
        make_roles(apps, "default")
    user.groups.add(Group.objects.get(name=role))
    company.staff.add(user)
    return user


@pytest.fixture
def as_role(company: Company) -> Callable[[str], Portal]:
    return lambda role: Portal(Client(), member(company, role))


@pytest.fixture
def portal(as_role: Callable[[str], Portal]) -> Portal:
    """As the company's own administrator sees it."""
    return as_role("admin")


@pytest.fixture
def viewing(as_role: Callable[[str], Portal]) -> Portal:
    return as_role("viewer")


@pytest.fixture
def superuser(db: None) -> Portal:
    return Portal(Client(), User.objects.create_superuser("root"))
