"""The inbox of webhook events: stored once, worked on by one, never lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from mcp_gateway import correlation, event_log, inbox
from mcp_gateway.backoff import PATIENCE, STEPS
from mcp_gateway.models import WebhookEvent
from tests.mcp_gateway.conftest import VENDOR, Handle

State = WebhookEvent.State
Receive = Callable[..., WebhookEvent]
MOMENT = timedelta(seconds=1)


def reloaded(event: WebhookEvent) -> WebhookEvent:
    return WebhookEvent.objects.get(pk=event.pk)


def later(delay: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + delay, tick=False)


def worker_dies(event: WebhookEvent) -> None:
    """A worker that takes the event and is never heard of again."""
    assert inbox._claim(event.pk) is not None


def test_an_event_is_stored_as_it_came(receive: Receive, company: Any) -> None:
    with correlation.bound("00000000-0000-4000-8000-000000000004"):
        stored = reloaded(receive("k", event="ping", payload={"a": ["ü", None]}, headers={"User-Agent": "x"}))
    assert (stored.provider, stored.event, stored.dedupe_key, stored.company) == (VENDOR, "ping", "k", company)
    assert (stored.payload, stored.headers) == ({"a": ["ü", None]}, {"User-Agent": "x"})
    assert (stored.state, stored.attempts, stored.processed_at) == (State.RECEIVED, [], None)
    assert stored.correlation_id == "00000000-0000-4000-8000-000000000004"


def test_the_same_message_again_is_the_same_row(receive: Receive) -> None:
    first = receive("k", payload={"n": 1})
    again = receive("k", payload={"n": 2})
    assert again.pk == first.pk
    assert reloaded(first).payload == {"n": 1}


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_needs_no_transaction_around_it(receive: Receive) -> None:
    assert receive("k").pk == receive("k").pk


@pytest.mark.django_db(transaction=True)
def test_an_event_is_stored_by_one_statement(receive: Receive, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        receive("k")


def test_another_vendor_may_use_the_same_key(receive: Receive, company: Any) -> None:
    inbox.receive(provider="another", event="", dedupe_key="k", payload={}, headers={}, company_id=company.pk)
    receive("k")
    assert WebhookEvent.objects.filter(dedupe_key="k").count() == 2


def test_a_worked_off_event_is_done(receive: Receive, handle: Handle) -> None:
    seen: list[WebhookEvent] = []
    handle(lambda event: seen.append(event) or State.DONE)
    event = receive()
    assert inbox.process(event.pk) == State.DONE
    done = reloaded(event)
    assert seen == [event]
    assert (done.state, done.leased_until) == (State.DONE, None)
    assert done.processed_at is not None
    (attempt,) = done.attempts
    assert (attempt["number"], attempt["outcome"], attempt["error"]) == (1, "done", "")
    assert attempt["started_at"] <= attempt["ended_at"]


def test_an_attempt_tells_which_code_made_it(receive: Receive, handle: Handle, settings: Settings) -> None:
    settings.CODE_VERSION = "0123456789ab"
    handle(lambda event: State.DONE)
    event = receive()
    inbox.process(event.pk)
    (attempt,) = event_log.history(reloaded(event)).attempts
    assert attempt.code_version == "0123456789ab"


def test_an_event_may_be_ignored(receive: Receive, handle: Handle) -> None:
    handle(lambda event: State.IGNORED)
    event = receive()
    assert inbox.process(event.pk) == State.IGNORED
    assert reloaded(event).processed_at is not None


def test_a_worked_off_event_is_not_worked_on_again(receive: Receive, handle: Handle) -> None:
    calls: list[int] = []
    handle(lambda event: calls.append(event.pk) or State.DONE)
    event = receive()
    assert [inbox.process(event.pk) for _ in range(3)] == [State.DONE, None, None]
    assert calls == [event.pk]


def test_nobody_works_on_an_event_that_somebody_has(receive: Receive, handle: Handle) -> None:
    outcomes: list[Any] = []
    handle(lambda event: outcomes.append(inbox.process(event.pk)) or State.DONE)
    event = receive()
    assert inbox.process(event.pk) == State.DONE
    assert outcomes == [None]


def test_an_event_that_does_not_exist(db: None) -> None:
    assert inbox.process(2**40) is None


def test_the_handler_works_under_the_events_correlation_id(receive: Receive, handle: Handle) -> None:
    seen: list[str] = []
    handle(lambda event: seen.append(correlation.current()) or State.DONE)
    with correlation.bound("00000000-0000-4000-8000-000000000005"):
        event = receive()
    with correlation.bound("00000000-0000-4000-8000-000000000006"):
        inbox.process(event.pk)
        assert correlation.current() == "00000000-0000-4000-8000-000000000006"
    assert seen == ["00000000-0000-4000-8000-000000000005"]


def test_a_failed_attempt_is_tried_again_later(receive: Receive, handle: Handle) -> None:
    @handle
    def fail_once(event: WebhookEvent) -> WebhookEvent.State:
        if len(event.attempts) == 1:
            raise ConnectionError
        return State.DONE

    event = receive()
    assert inbox.process(event.pk) == State.RECEIVED
    assert inbox.process(event.pk) is None
    with later(STEPS[0] * 1.2 + MOMENT):
        assert inbox.process(event.pk) == State.DONE
    assert [attempt["outcome"] for attempt in reloaded(event).attempts] == ["received", "done"]
    assert reloaded(event).attempts[0]["error"] == "ConnectionError"


def test_the_text_of_an_unexpected_error_is_kept_nowhere(
    receive: Receive, handle: Handle, caplog: pytest.LogCaptureFixture
) -> None:
    @handle
    def fail(event: WebhookEvent) -> WebhookEvent.State:
        raise ConnectionError(f"no line to {event.payload['phone']}")

    event = receive(payload={"phone": "+4930123456"})
    inbox.process(event.pk)
    assert "+4930123456" not in f"{reloaded(event).attempts} {caplog.text}"
    assert "ConnectionError" in caplog.text


def test_the_waits_grow_until_the_event_is_given_up(receive: Receive, handle: Handle) -> None:
    @handle
    def fail(event: WebhookEvent) -> WebhookEvent.State:
        raise ConnectionError

    event = receive()
    start = timezone.now()
    for step in STEPS:
        with time_machine.travel(start, tick=False):
            assert inbox.process(event.pk) == State.RECEIVED
            wait = reloaded(event).next_attempt_at - timezone.now()
            assert step <= wait <= step * 1.2
            start += wait
    with time_machine.travel(start, tick=False):
        assert inbox.process(event.pk) == State.DEAD
        assert inbox.due_events() == []
    dead = reloaded(event)
    assert [attempt["number"] for attempt in dead.attempts] == list(range(1, len(STEPS) + 2))
    assert dead.processed_at is not None


def waits_first(event: WebhookEvent) -> WebhookEvent.State:
    raise inbox.NotYet("somebody has it in hand", timedelta(seconds=10))


def test_to_wait_is_no_attempt_however_often(receive: Receive, handle: Handle) -> None:
    handle(waits_first)
    event, start = receive(), timezone.now()
    for _ in range(2 * len(STEPS)):
        with time_machine.travel(start, tick=False):
            assert inbox.process(event.pk) == State.RECEIVED
            wait = reloaded(event).next_attempt_at - timezone.now()
            assert timedelta(seconds=10) <= wait <= timedelta(seconds=12)
            start += wait
    (attempt,) = reloaded(event).attempts
    assert (attempt["number"], attempt["waits"]) == (1, 2 * len(STEPS))
    assert attempt["error"] == reloaded(event).last_error == "somebody has it in hand"


def test_an_attempt_after_a_wait_has_all_its_tries(receive: Receive, handle: Handle) -> None:
    handle(waits_first)
    event = receive()
    inbox.process(event.pk)

    @handle
    def fail(event: WebhookEvent) -> WebhookEvent.State:
        raise ConnectionError

    with later(STEPS[0] * 1.2 + MOMENT):
        inbox.process(event.pk)
        assert STEPS[0] <= reloaded(event).next_attempt_at - timezone.now() <= STEPS[0] * 1.2
    assert [attempt.get("waits") for attempt in reloaded(event).attempts] == [1, None]


def test_who_waits_for_ever_is_given_up_in_the_end(receive: Receive, handle: Handle) -> None:
    handle(waits_first)
    event = receive()
    start = timezone.now() + PATIENCE
    for _ in range(len(STEPS) + 1):
        with time_machine.travel(start, tick=False):
            inbox.process(event.pk)
            start = reloaded(event).next_attempt_at + MOMENT
    assert reloaded(event).state == State.DEAD


def test_a_permanent_failure_is_not_tried_again(receive: Receive, handle: Handle) -> None:
    @handle
    def refuse(event: WebhookEvent) -> WebhookEvent.State:
        raise inbox.PermanentFailure("The call belongs to somebody else. " * 20)

    event = receive()
    assert inbox.process(event.pk) == State.FAILED
    with later(timedelta(days=1)):
        assert inbox.due_events() == []
    error = reloaded(event).attempts[0]["error"]
    assert error.startswith("The call belongs")
    assert len(error) == inbox.ERROR_LENGTH


def test_an_event_without_a_handler_waits_for_one(receive: Receive, handle: Handle) -> None:
    event = receive()
    assert inbox.process(event.pk) == State.RECEIVED
    assert reloaded(event).attempts[0]["error"] == "NoHandler"
    handle(lambda event: State.DONE)
    with later(STEPS[0] * 1.2 + MOMENT):
        assert inbox.process(event.pk) == State.DONE


def test_a_dead_workers_event_is_taken_over(receive: Receive, handle: Handle) -> None:
    handle(lambda event: State.DONE)
    event = receive()
    worker_dies(event)
    with later(inbox.LEASE - MOMENT):
        assert inbox.due_events() == []
        assert inbox.process(event.pk) is None
    with later(inbox.LEASE + MOMENT):
        assert inbox.due_events() == [event.pk]
        assert inbox.process(event.pk) == State.DONE
    assert [attempt["outcome"] for attempt in reloaded(event).attempts] == ["processing", "done"]


def test_an_event_that_kills_every_worker_is_given_up(receive: Receive, handle: Handle) -> None:
    calls: list[int] = []
    handle(lambda event: calls.append(event.pk) or State.DONE)
    event = receive()
    start = timezone.now()
    for _ in range(inbox.LAST_ATTEMPT):
        with time_machine.travel(start, tick=False):
            worker_dies(event)
        start += inbox.LEASE + MOMENT
    with time_machine.travel(start, tick=False):
        assert inbox.process(event.pk) == State.DEAD
    assert calls == []
    assert reloaded(event).attempts[-1]["error"] == "No worker has survived this event."


def test_a_worker_that_comes_back_late_leaves_the_event_to_its_new_one(receive: Receive, handle: Handle) -> None:
    event = receive()

    @handle
    def be_late(event: WebhookEvent) -> WebhookEvent.State:
        with later(inbox.LEASE + MOMENT):
            worker_dies(event)
        raise ConnectionError

    assert inbox.process(event.pk) is None
    held = reloaded(event)
    assert held.state == State.PROCESSING
    assert [attempt["outcome"] for attempt in held.attempts] == ["processing", "processing"]


def test_the_oldest_event_comes_first(receive: Receive) -> None:
    second = receive("2")
    with later(-timedelta(minutes=1)):
        first = receive("1")
    assert inbox.due_events() == [first.pk, second.pk]
    assert inbox.due_events(limit=1) == [first.pk]


def test_waiting_is_not_overdue_at_once(receive: Receive) -> None:
    receive()
    assert inbox.overdue() == 0
    with later(inbox.OVERDUE + MOMENT):
        assert inbox.overdue() == 1
