"""The pages for what may not be seen, is not there, is not taken, or broke."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from django.utils.translation import override
from pytest_django import Settings

from config import problems
from mcp_gateway import correlation

CORRELATION_ID = "0b0a6a52-54ff-4fe4-9fb0-5b8f3d2d9a11"
HEADERS = {"X-Correlation-ID": CORRELATION_ID, "Accept-Language": "en"}


@pytest.fixture
def viewer(client: Client, db: None) -> Client:
    user = User.objects.create_user("viewer", is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    client.force_login(user)
    return client


def test_a_page_that_is_not_there_says_so_in_the_frame(viewer: Client) -> None:
    response = viewer.get("/admin/nowhere/", headers=HEADERS)
    assert response.status_code == 404
    assert "There is no such page" in response.text
    assert CORRELATION_ID in response.text
    assert 'href="/admin/appointments/call/"' in response.text


def test_what_may_not_be_seen_says_whom_to_ask(viewer: Client) -> None:
    response = viewer.get("/admin/console/", headers=HEADERS)
    assert response.status_code == 403
    assert "Your role does not include this page" in response.text
    assert CORRELATION_ID in response.text


@pytest.mark.parametrize("path", ["/admin/nowhere/", "/admin/console/"])
def test_german_staff_read_german(viewer: Client, path: str) -> None:
    text = viewer.get(path, headers={"Accept-Language": "de"}).text
    assert "nennen Sie diese Nummer" in text


def test_the_address_is_shown_nowhere(viewer: Client) -> None:
    assert "script>alert" not in viewer.get("/admin/<script>alert(1)</script>/").text


def test_a_stranger_who_tries_addresses_asks_the_database_nothing(
    client: Client, db: None, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/nowhere").status_code == 404


def test_a_form_that_is_too_old_says_what_to_do(viewer: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = viewer.cookies
    response = careful.post("/admin/preferences/", {"csrfmiddlewaretoken": "old"}, headers=HEADERS)
    assert response.status_code == 403
    assert "This form is too old" in response.text
    assert "Nothing was changed. Go back, load the page again" in response.text
    assert CORRELATION_ID in response.text
    assert 'href="/admin/appointments/call/"' in response.text


def test_a_strangers_form_without_a_token_asks_the_database_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = Client(enforce_csrf_checks=True).post("/language/", {"language": "de"}, headers=HEADERS)
    assert response.status_code == 403
    assert "This form is too old" in response.text


def test_a_request_for_another_host_is_told_in_words_without_the_database(
    client: Client, db: None, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/admin/", headers={**HEADERS, "Host": "elsewhere.example"})
    assert response.status_code == 400
    assert "This request can&#x27;t be read" in response.text
    assert "Nothing was changed." in response.text
    assert CORRELATION_ID in response.text


def test_a_form_with_too_many_fields_is_told_in_words(viewer: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    response = viewer.post("/admin/preferences/", {f"field{number}": "" for number in range(6)}, headers=HEADERS)
    assert response.status_code == 400
    assert "This request can&#x27;t be read" in response.text


@pytest.mark.parametrize("path", ["/admin/preferences/", "/language/"])
def test_a_form_that_is_too_old_is_told_in_german(viewer: Client, path: str) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = viewer.cookies
    assert "Dieses Formular ist zu alt" in careful.post(path, headers={"Accept-Language": "de"}).text


@pytest.mark.parametrize(("language", "words"), [("en", "Something broke"), ("de", "Etwas ist schiefgegangen")])
def test_what_breaks_is_told_without_the_database(language: str, words: str) -> None:
    with override(language), correlation.bound(CORRELATION_ID):
        response = problems.broken(RequestFactory().get("/admin/"))
    assert response.status_code == 500
    assert words in response.content.decode()
    assert CORRELATION_ID in response.content.decode()


def test_a_page_that_breaks_shows_no_traceback(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer.raise_request_exception = False
    monkeypatch.setattr("mcp_gateway.worker_queue.metrics", lambda **_: 1 / 0)
    response = viewer.get("/admin/queue/", headers=HEADERS)
    assert response.status_code == 500
    assert CORRELATION_ID in response.text
    assert "ZeroDivisionError" not in response.text
