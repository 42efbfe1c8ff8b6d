"""With Redis and the broker down the staff's place still opens, and says what does not work."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from appointments.models import Company
from config.celery import app
from mcp_gateway import outages
from tests.config.admin_places import Place, Rows, places
from tests.mcp_gateway.rows import rows_of, shared_rows
from tests.servers import free_port

pytestmark = pytest.mark.django_db
BANNER = "Redis does not answer: pages are slower"
BROKER = "The message broker does not answer: calls and messages that come in are kept"
OBJECTS = ("portal_company", "retell_agent", "retell_functions", "retell_prompt")
OPENED = [
    place
    for place in places()
    if place.name == "index"
    or (place.model is not None and place.kind in ("changelist", "change", "history"))
    or (place.page is not None and place.page.is_in_menu and place.is_known_whole)
    or place.name in OBJECTS
]


@pytest.fixture
def rows(company: Company) -> Rows:
    return {**rows_of(company), **shared_rows()}


@pytest.fixture
def browser(rows: Rows) -> Client:
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(User.objects.create_superuser("superuser"))
    return browser


@pytest.fixture
def nobody_listens(browser: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cache and broker are in a Redis whose port is closed, as settings make them of REDIS_URL."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    settings.REDIS_URL = url
    options = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5}
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url, "OPTIONS": options}}
    with monkeypatch.context() as patch:
        patch.setattr(app.conf, "broker_url", url)
        yield


@pytest.mark.parametrize("place", OPENED, ids=str)
def test_lists_objects_and_pages_open_and_say_what_does_not_work(
    nobody_listens: None, browser: Client, rows: Rows, place: Place
) -> None:
    answer = browser.get(place.url(rows))
    assert answer.status_code == 200
    assert BANNER in answer.text
    assert BROKER in answer.text


def test_nothing_is_said_while_both_answer(browser: Client) -> None:
    text = browser.get("/admin/appointments/call/").text
    assert BANNER not in text
    assert BROKER not in text


def test_the_broker_alone_is_told_alone(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_url", f"redis://127.0.0.1:{free_port()}/0")
    text = browser.get("/admin/appointments/call/").text
    assert BROKER in text
    assert BANNER not in text


def test_it_is_told_in_german(nobody_listens: None, browser: Client) -> None:
    text = browser.get("/admin/appointments/call/", headers={"Accept-Language": "de"}).text
    assert "Redis antwortet nicht" in text
    assert "Der Nachrichten-Broker antwortet nicht" in text


def test_strangers_are_told_nothing(nobody_listens: None, client: Client) -> None:
    assert "errornote" not in client.get("/admin/login/").text


def test_what_was_down_is_asked_again(nobody_listens: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert outages.now() == [outages.Outage.CACHE, outages.Outage.BROKER]
    settings.REDIS_URL = ""
    monkeypatch.setattr(outages, "ASKED_EVERY_SECONDS", 0.0)
    assert outages.Outage.CACHE not in outages.now()


def test_forms_can_be_saved_too(nobody_listens: None, browser: Client, rows: Rows) -> None:
    assert browser.post("/admin/preferences/", {"language": "de", "time_zone": "default"}).status_code == 302


def test_the_cache_forgets_and_breaks_nothing(nobody_listens: None) -> None:
    cache.set("something", 1, timedelta(minutes=1).total_seconds())
    assert cache.get("something") is None
