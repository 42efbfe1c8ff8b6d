"""Celery's bell and the sweep: what wakes a worker, and what happens when nothing does."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from mcp_gateway import bell, inbox
from mcp_gateway.backoff import STEPS
from mcp_gateway.models import WebhookEvent
from mcp_gateway.tasks import process_webhook_event, sweep_webhook_events
from tests import bells
from tests.mcp_gateway.conftest import Handle
from tests.servers import free_port

State = WebhookEvent.State
Receive = Callable[..., WebhookEvent]
PROCESS = "mcp_gateway.tasks.process_webhook_event"


@pytest.fixture(autouse=True)
def _silence() -> None:
    bells.rung()


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that nobody can reach."""
    monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(bell, "_idle", defaultdict(list))
    monkeypatch.setattr(bell, "_silent_until", 0.0)


def test_the_bell_rings_once_the_event_is_stored(receive: Receive, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        event = receive()
        assert bells.rung() == []
    assert bells.rung() == [bells.Ring(PROCESS, (event.pk,), is_delayed=False)]


def test_a_duplicate_rings_no_bell(receive: Receive, django_capture_on_commit_callbacks: Any) -> None:
    receive()
    with django_capture_on_commit_callbacks(execute=True):
        receive()
    assert bells.rung() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_rings_no_bell(receive: Receive) -> None:
    with transaction.atomic():
        receive()
        transaction.set_rollback(True)
    assert bells.rung() == []
    assert not WebhookEvent.objects.exists()


def test_a_failed_attempt_rings_for_the_next_one(
    receive: Receive, handle: Handle, django_capture_on_commit_callbacks: Any
) -> None:
    @handle
    def fail(event: WebhookEvent) -> WebhookEvent.State:
        raise ConnectionError

    event = receive()
    with django_capture_on_commit_callbacks(execute=True):
        inbox.process(event.pk)
    assert bells.rung() == [bells.Ring(PROCESS, (event.pk,), is_delayed=True)]


def test_the_bell_gets_the_work_done(receive: Receive, handle: Handle, django_capture_on_commit_callbacks: Any) -> None:
    handle(lambda event: State.DONE)
    with django_capture_on_commit_callbacks(execute=True):
        event = receive()
    bells.answer()
    assert WebhookEvent.objects.get(pk=event.pk).state == State.DONE


def test_without_a_broker_the_event_is_stored_and_the_sweep_finds_it(
    no_broker: None,
    receive: Receive,
    django_capture_on_commit_callbacks: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        event = receive()
    assert WebhookEvent.objects.get(pk=event.pk).state == State.RECEIVED
    assert "No broker" in caplog.text
    assert inbox.due_events() == [event.pk]


def test_the_sweep_rings_for_each_event_that_is_due(receive: Receive, handle: Handle) -> None:
    handle(lambda event: State.DONE)
    done, waiting, forgotten = receive("1"), receive("2"), receive("3")
    inbox.process(done.pk)
    WebhookEvent.objects.filter(pk=waiting.pk).update(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert sweep_webhook_events() == 1
    assert bells.rung() == [bells.Ring(PROCESS, (forgotten.pk,), is_delayed=False)]


def test_a_poisonous_event_does_not_hold_up_the_others(receive: Receive, handle: Handle) -> None:
    @handle
    def fail_for_some(event: WebhookEvent) -> WebhookEvent.State:
        if event.dedupe_key == "poison":
            raise RecursionError
        return State.DONE

    for key in ("1", "poison", "2"):
        receive(key)
    sweep_webhook_events()
    bells.answer()
    assert dict(WebhookEvent.objects.values_list("dedupe_key", "state")) == {
        "1": State.DONE,
        "poison": State.RECEIVED,
        "2": State.DONE,
    }


def test_the_sweep_returns_to_what_failed(receive: Receive, handle: Handle) -> None:
    @handle
    def fail_once(event: WebhookEvent) -> WebhookEvent.State:
        if len(event.attempts) == 1:
            raise ConnectionError
        return State.DONE

    event = receive()
    for delay in (timedelta(), STEPS[0] * 1.2):
        with time_machine.travel(timezone.now() + delay, tick=False):
            assert sweep_webhook_events() == 1
            bells.answer()
    assert WebhookEvent.objects.get(pk=event.pk).state == State.DONE


def test_a_hanging_handler_is_stopped_while_its_worker_still_has_the_event() -> None:
    task = process_webhook_event
    assert 0 < task.soft_time_limit < task.time_limit < inbox.LEASE.total_seconds()
