"""Members of staff in front of the pages, with the company's account in the running Retell sandbox."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from retell.models import RetellConfiguration
from tests.retell.deploying.conftest import Account
from tests.retell.deploying.conftest import account as account
from tests.retell.deploying.conftest import agent_id as agent_id
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor

Open = Callable[..., Any]


def person(company: Company, role: str) -> User:
    user = User.objects.create_user(f"{role}-of-{company.slug}", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    company.staff.add(user)
    return user


def as_user(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def at(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def seen_in(page: str) -> str:
    """What a form that is open in a browser has been shown, as it sends it along."""
    return re.findall(r'name="seen" value="([^"]+)"', page)[0]


@pytest.fixture
def admin(company: Company) -> Client:
    """Whoever may change the company's agents."""
    return as_user(person(company, "admin"))


@pytest.fixture
def viewer(company: Company) -> Client:
    return as_user(person(company, "viewer"))


@pytest.fixture
def configuration(account: Account, agent_id: str) -> RetellConfiguration:
    return RetellConfiguration.objects.select_related("company").get(agent_id=agent_id)
