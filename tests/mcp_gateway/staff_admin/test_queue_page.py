"""The queue page: figures, workers, and what a silent broker means."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from config.celery import app
from mcp_gateway import worker_queue
from mcp_gateway.models import WebhookEvent
from tests.mcp_gateway.staff_admin.conftest import As
from tests.waiting import eventually

PAGE = reverse("admin:queue")
Events = Callable[..., list[WebhookEvent]]


def shown(client: Client, language: str = "en") -> str:
    response = client.get(PAGE, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.text


@pytest.mark.parametrize("role", ["viewer", "operator", "admin", "root"])
def test_every_role_may_look(as_role: As, role: str) -> None:
    assert "No worker answers" in shown(as_role(role))


def test_who_has_no_role_may_not(client: Client, company: Company) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/admin/").text


def test_it_tells_what_waits_and_what_was_given_up(viewer: Client, events: Events) -> None:
    events(3, received_at="2026-01-01T00:00:00Z", next_attempt_at="2026-01-01T00:00:00Z")
    events(2, state="dead")
    text = shown(viewer)
    assert '<strong data-event-state="received">3</strong>' in text
    assert '<strong data-event-state="dead">2</strong>' in text
    assert '<dd data-figure="overdue">3</dd>' in text


def test_german_staff_read_german(viewer: Client) -> None:
    assert "Kein Worker antwortet" in shown(viewer, "de")


def test_a_broker_that_is_away_is_told_in_words(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    response = viewer.get(PAGE, headers={"Accept-Language": "en"})
    (told,) = [text for _status, _look, text, is_so in response.context["statuses"] if is_so]
    assert str(told).startswith("The message broker does not answer")


def test_the_workers_are_asked_for_one_page_every_ten_seconds(
    viewer: Client, in_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking takes more than half a second, and longer where nobody answers."""
    asked: list[str] = []
    monkeypatch.setattr(worker_queue, "_ask", lambda command, **options: asked.append(command) or {})
    assert "No worker answers" in shown(viewer)
    assert "No worker answers" in shown(viewer)
    assert asked == ["stats"]
    monkeypatch.setattr(worker_queue, "SIGN_OF_LIFE_KEPT_SECONDS", 0)
    shown(viewer)
    eventually(lambda: asked == ["stats", "stats"], what="they are asked again")


def test_nobody_waits_for_workers_while_what_is_known_of_them_is_fresh_enough(
    viewer: Client, in_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(viewer)
    may_answer = Event()
    stats = {"worker1": {"uptime": 1, "total": {}}}
    monkeypatch.setattr(worker_queue, "SIGN_OF_LIFE_KEPT_SECONDS", 0)
    monkeypatch.setattr(worker_queue, "_ask", lambda *_args, **_options: stats if may_answer.wait(20) else {})
    assert "No worker answers" in shown(viewer)
    may_answer.set()
    eventually(lambda: "worker1" in shown(viewer), what="the next pages are told the answer")


def test_what_is_known_of_workers_for_too_long_is_not_told(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(viewer)
    monkeypatch.setattr(worker_queue, "SIGN_OF_LIFE_KEPT_SECONDS", 0)
    monkeypatch.setattr(worker_queue, "ANSWERS_HOLD", timedelta(0))
    monkeypatch.setattr(worker_queue, "_ask", lambda *_args, **_options: {"worker1": {"uptime": 1, "total": {}}})
    assert "worker1" in shown(viewer)


def test_it_takes_few_queries(viewer: Client, events: Events, django_assert_max_num_queries: Any) -> None:
    events(30)
    viewer.get(PAGE)
    with django_assert_max_num_queries(12):
        viewer.get(PAGE)
