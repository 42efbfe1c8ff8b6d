"""Two people edit one role: no permission is given or taken away unseen, and no role is deleted."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(User.objects.create_superuser("superuser"))
    return browser


@pytest.fixture
def role() -> Group:
    role = Group.objects.create(name="desk")
    role.permissions.add(permission("view_call"))
    return role


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def url(role: Group) -> str:
    return f"/admin/auth/group/{role.pk}/change/"


def opened(browser: Client, role: Group, **fields: Any) -> dict[str, Any]:
    """The form as it is open in a browser, with what its user writes."""
    seen = re.findall(r'name="seen" value="([^"]+)"', browser.get(url(role)).text)[0]
    return {"name": "desk", "permissions": [permission("view_call").pk], "seen": seen, **fields}


def test_the_second_save_is_refused_with_the_difference(browser: Client, role: Group) -> None:
    second = opened(browser, role, name="front desk")
    both = [permission(name).pk for name in ("view_call", "view_followup")]
    assert browser.post(url(role), opened(browser, role, permissions=both)).status_code == 302
    answer = unescape(browser.post(url(role), second).text)
    assert "Somebody has saved this since you opened it" in answer
    assert "Permissions: added “Follow-ups: look at”." in answer
    role.refresh_from_db()
    assert (role.name, role.permissions.count()) == ("desk", 2)


def test_what_another_took_away_is_not_given_back_unseen(browser: Client, role: Group) -> None:
    second = opened(browser, role, name="front desk")
    role.permissions.clear()
    assert "Permissions: taken away “Calls: look at”." in unescape(browser.post(url(role), second).text)
    assert not role.permissions.exists()


def test_one_after_the_other_is_fine(browser: Client, role: Group) -> None:
    for name in ("first", "second"):
        assert browser.post(url(role), opened(browser, role, name=name)).status_code == 302
    role.refresh_from_db()
    assert role.name == "second"


def test_another_role_may_change(browser: Client, role: Group) -> None:
    mine = opened(browser, role, name="front desk")
    Group.objects.get(name="viewer").permissions.clear()
    assert browser.post(url(role), mine).status_code == 302


def test_none_is_deleted(browser: Client, role: Group) -> None:
    assert browser.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}
    browser.post("/admin/auth/group/", selected)
    assert Group.objects.filter(pk=role.pk).exists()
