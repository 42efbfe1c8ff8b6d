"""Two people edit one user: nothing that either did is lost, and no password is shown."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.core import signing
from django.test import Client
from django.utils import timezone

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(User.objects.create_superuser("superuser"))
    return browser


@pytest.fixture
def person() -> User:
    return User.objects.create_user("erika", password="correct horse battery", is_staff=True)


def url(person: User) -> str:
    return f"/admin/auth/user/{person.pk}/change/"


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def form(browser: Client, person: User, **fields: object) -> dict[str, object]:
    seen = fields.pop("seen", None) or seen_in(browser.get(url(person)).text)
    return {"username": "erika", "is_active": "on", "is_staff": "on", "seen": seen, **fields}


def test_the_second_save_is_refused_and_shown_the_difference(browser: Client, person: User) -> None:
    second = form(browser, person, last_name="Beispiel")
    browser.post(url(person), form(browser, person, email="erika@example.com"))
    answer = browser.post(url(person), second).text
    assert "Somebody has saved this since you opened it" in answer
    assert "is “erika@example.com” now." in answer
    assert 'value="Beispiel"' in answer
    person.refresh_from_db()
    assert (person.email, person.last_name) == ("erika@example.com", "")


def test_a_role_that_another_gave_is_not_taken_away_unseen(browser: Client, person: User) -> None:
    viewer = Group.objects.get(name="viewer")
    second = form(browser, person, last_name="Beispiel")
    browser.post(url(person), form(browser, person, groups=[viewer.pk]))
    assert "Groups: added “viewer”." in browser.post(url(person), second).text
    assert list(person.groups.all()) == [viewer]


def test_a_new_password_is_told_but_not_shown(browser: Client, person: User) -> None:
    second = form(browser, person, last_name="Beispiel")
    person.set_password("another horse battery")
    person.save()
    answer = browser.post(url(person), second).text
    assert "Password: replaced." in answer
    carried = signing.loads(seen_in(answer), salt=f"auth.User:{person.pk}")
    assert person.password not in carried.values()


def test_a_log_in_meanwhile_is_no_edit(browser: Client, person: User) -> None:
    mine = form(browser, person, last_name="Beispiel")
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())
    assert browser.post(url(person), mine).status_code == 302
