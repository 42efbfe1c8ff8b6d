"""The breakers page: which are open, and resetting one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from mcp_gateway import breakers
from mcp_gateway.circuit import FAIL_MAX, Outcome
from mcp_gateway.models import AuditEntry
from tests.mcp_gateway.staff_admin.conftest import As

PAGE = reverse("admin:breakers")
RESET = reverse("admin:reset_breaker")
Broken = Callable[[str], None]


@pytest.fixture
def broken(settings: Any) -> Broken:
    """Have a breaker of this process open."""
    settings.REDIS_URL = ""

    def fail(name: str) -> None:
        for _ in range(FAIL_MAX):
            breakers._circuit(name).settle(Outcome.FAILURE, None)

    return fail


def state(name: str) -> str:
    return next(one.state for one in breakers.local_states() if one.name == name)


def shown(client: Client, language: str = "en") -> str:
    response = client.get(PAGE, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.text


def test_every_server_is_listed_and_closed_at_first(viewer: Client, broken: Broken) -> None:
    rows = viewer.get(PAGE).context["rows"]
    assert {"calcom", "database", "queue", "appointment_mgmt"} <= {row["breaker"].server for row in rows}
    assert {row["breaker"].state.state for row in rows} == {"closed"}


def test_a_company_sees_its_own_accounts_only(
    viewer: Client, as_role: As, broken: Broken, company: Company, other_company: Company
) -> None:
    broken(f"calcom:{other_company.pk}")
    assert other_company.name not in shown(viewer)
    assert company.name in shown(viewer)
    assert other_company.name in shown(as_role("root"))


def test_an_open_one_comes_first_with_its_failures(viewer: Client, broken: Broken, company: Company) -> None:
    broken(f"calcom:{company.pk}")
    first = viewer.get(PAGE).context["rows"][0]["breaker"]
    assert (first.server, first.company, first.state.state, first.state.failures) == (
        "calcom",
        company,
        "open",
        FAIL_MAX,
    )
    assert "open: calls are refused" in shown(viewer)
    assert "offen: Aufrufe werden abgewiesen" in shown(viewer, "de")


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", False), ("admin", True), ("root", True)])
def test_who_may_reset(as_role: As, broken: Broken, company: Company, role: str, may: bool) -> None:
    name = f"calcom:{company.pk}"
    broken(name)
    client = as_role(role)
    assert (RESET in shown(client)) is may
    assert client.post(f"{RESET}?name={name}").status_code == (302 if may else 403)
    assert state(name) == ("closed" if may else "open")


def test_it_asks_before_it_resets(admin: Client, broken: Broken, company: Company) -> None:
    name = f"calcom:{company.pk}"
    broken(name)
    assert company.name in admin.get(RESET, {"name": name}).text
    assert state(name) == "open"


def test_a_reset_is_in_the_audit_trail_once(admin: Client, broken: Broken, company: Company) -> None:
    name = f"calcom:{company.pk}"
    broken(name)
    for _ in range(2):
        admin.post(f"{RESET}?name={name}")
    entry = AuditEntry.objects.get(action="breaker.reset")
    assert (entry.object_id, entry.company, entry.actor_kind) == (name, company, "staff")
    assert entry.before == {"state": "open", "failures": FAIL_MAX}


def test_another_companys_breaker_is_not_reset(admin: Client, broken: Broken, other_company: Company) -> None:
    name = f"calcom:{other_company.pk}"
    broken(name)
    assert admin.get(RESET, {"name": name}).status_code == 404
    assert admin.post(f"{RESET}?name={name}").status_code == 404
    assert state(name) == "open"


@pytest.mark.parametrize("name", ["", "nonsense", "calcom:x"])
def test_an_unknown_breaker_is_not_found(admin: Client, broken: Broken, name: str) -> None:
    assert admin.get(RESET, {"name": name}).status_code == 404


def test_a_redis_that_is_away_is_told_in_words(admin: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis does not answer" in shown(admin)
    response = admin.post(f"{RESET}?name=calcom", follow=True, headers={"Accept-Language": "en"})
    assert "nothing can be reset" in response.text


def test_who_has_no_role_may_not_look(client: Client, company: Company) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))
    assert client.get(PAGE).status_code == 403


def test_it_takes_few_queries(viewer: Client, broken: Broken, django_assert_max_num_queries: Any) -> None:
    viewer.get(PAGE)
    with django_assert_max_num_queries(10):
        viewer.get(PAGE)
