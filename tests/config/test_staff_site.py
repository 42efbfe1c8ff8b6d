"""The frame of the staff's place: policy, log-in, sessions, menu, language."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from time_machine import TimeMachineFixture

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def viewer() -> User:
    user = User.objects.create_user("viewer", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    return user


def logged_in(client: Client, username: str = "viewer", password: str = PASSWORD) -> int:
    return client.post("/admin/login/", {"username": username, "password": password}).status_code


@pytest.mark.parametrize("url", ["/admin/login/", "/api/mcp/health/live", "/nowhere"])
def test_every_page_has_the_strict_policy(client: Client, url: str) -> None:
    policy = client.get(url)["Content-Security-Policy"]
    assert {"script-src 'self'", "style-src 'self'"} <= set(policy.split("; "))
    assert "unsafe" not in policy


def test_a_right_password_opens(client: Client, viewer: User) -> None:
    assert logged_in(client) == 302


def test_ten_wrong_passwords_close_the_log_in_for_a_while(
    client: Client, viewer: User, time_machine: TimeMachineFixture
) -> None:
    for _ in range(10):
        logged_in(client, password="wrong")
    response = client.post("/admin/login/", {"username": "viewer", "password": PASSWORD})
    assert response.status_code == 429
    assert "Viertelstunde" in response.text
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    assert logged_in(client) == 302


def test_somebody_elses_wrong_passwords_lock_nobody_else(client: Client, viewer: User) -> None:
    for _ in range(10):
        logged_in(client, username="stranger", password="wrong")
    assert logged_in(client) == 302


def test_who_works_stays_logged_in_and_who_does_not_is_logged_out(
    client: Client, viewer: User, time_machine: TimeMachineFixture
) -> None:
    logged_in(client)
    for _ in range(3):
        time_machine.move_to(timezone.now() + timedelta(minutes=90))
        assert client.get("/admin/").status_code == 200
    time_machine.move_to(timezone.now() + timedelta(minutes=121))
    assert client.get("/admin/").status_code == 302


def test_the_menu_has_what_the_role_may_see(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    page = client.get("/admin/appointments/call/").text
    assert "Tagesgeschäft" in page
    assert "/admin/mcp_gateway/auditentry/" not in page


def test_the_page_that_is_open_is_marked_in_the_menu(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    assert 'href="/admin/appointments/call/" aria-current="page"' in client.get("/admin/appointments/call/").text


def test_switching_the_language_keeps_page_and_filter(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    here = "/admin/appointments/call/?status=ended"
    assert f'value="{here}"' in client.get(here).text
    response = client.post("/language/", {"language": "en", "next": here})
    assert response["Location"] == here
    assert "Day&#x27;s work" in client.get(here).text


def test_the_language_does_not_lead_to_another_host(client: Client) -> None:
    response = client.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert response["Location"] == "/"
