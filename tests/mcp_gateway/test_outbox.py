"""The outbox: what happened is told once, and what did not happen is not."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import correlation, outbox, tasks
from mcp_gateway.backoff import STEPS
from mcp_gateway.models import OutboxMessage
from tests import bells
from tests.appointments.threads import at_once
from tests.factories import make_company

State = OutboxMessage.State
KIND = "testing.note"
MOMENT = timedelta(seconds=1)

Send = Callable[[outbox.Sender], outbox.Sender]


@pytest.fixture
def send() -> Iterator[Send]:
    """Decorator: the function sends the messages of these tests."""
    yield outbox.sends(KIND)
    outbox._senders.pop(KIND, None)


@pytest.fixture
def sent(send: Send) -> list[str]:
    """The keys of the messages that went out."""
    keys: list[str] = []
    send(lambda message: keys.append(message.dedupe_key))
    return keys


def put(company: Company, key: str = "k") -> OutboxMessage:
    outbox.put(KIND, key, {"n": 1}, company.pk)
    return OutboxMessage.objects.get(dedupe_key=key)


def reloaded(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.get(pk=message.pk)


def later(delay: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + delay, tick=False)


def fail(message: OutboxMessage) -> None:
    raise ConnectionError(f"no line to {message.company.name}")


def test_a_message_waits_as_it_was_put(company: Company) -> None:
    with correlation.bound("00000000-0000-4000-8000-000000000004"):
        message = put(company)
    assert (message.kind, message.payload, message.company) == (KIND, {"n": 1}, company)
    assert (message.state, message.attempts, message.sent_at) == (State.WAITING, 0, None)
    assert message.correlation_id == "00000000-0000-4000-8000-000000000004"


def test_the_same_key_again_is_nothing(company: Company) -> None:
    first = put(company)
    outbox.put(KIND, "k", {"n": 2}, company.pk)
    assert OutboxMessage.objects.get() == first
    assert reloaded(first).payload == {"n": 1}


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_told() -> None:
    company = make_company()
    bells.rung()
    with transaction.atomic():
        put(company)
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert bells.rung() == []


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_once_the_transaction_stands() -> None:
    company = make_company()
    bells.rung()
    with transaction.atomic():
        message = put(company)
        assert bells.rung() == []
    assert [(ring.task, ring.args) for ring in bells.rung()] == [(outbox.DELIVER_TASK, (message.pk,))]


@pytest.mark.django_db(transaction=True)
def test_a_worker_answers_the_bell(sent: list[str]) -> None:
    put(make_company())
    bells.answer()
    assert sent == ["k"]


def test_a_sent_message_is_not_sent_again(company: Company, sent: list[str]) -> None:
    message = put(company)
    assert [outbox.deliver(message.pk) for _ in range(3)] == [State.SENT, None, None]
    assert sent == ["k"]
    assert (reloaded(message).leased_until, reloaded(message).last_error) == (None, "")
    assert reloaded(message).sent_at is not None


def test_a_message_that_does_not_exist(db: None) -> None:
    assert outbox.deliver(2**40) is None


def test_a_failure_is_tried_again_later(company: Company, send: Send) -> None:
    message = put(company)
    send(fail)
    assert outbox.deliver(message.pk) == State.WAITING
    assert (outbox.due_messages(), outbox.deliver(message.pk)) == ([], None)
    send(lambda message: None)
    with later(STEPS[0] * 1.2 + MOMENT):
        assert outbox.due_messages() == [message.pk]
        assert outbox.deliver(message.pk) == State.SENT
    assert (reloaded(message).attempts, reloaded(message).last_error) == (2, "")


def test_the_text_of_an_error_is_kept_nowhere(company: Company, send: Send, caplog: pytest.LogCaptureFixture) -> None:
    message = put(company)
    send(fail)
    outbox.deliver(message.pk)
    assert reloaded(message).last_error == "ConnectionError"
    assert "ConnectionError" in caplog.text
    assert company.name not in caplog.text


def test_after_the_last_try_it_is_dead(company: Company, send: Send) -> None:
    message = put(company)
    send(fail)
    states = []
    for _ in range(len(STEPS) + 1):
        with time_machine.travel(reloaded(message).next_attempt_at + MOMENT, tick=False):
            states.append(outbox.deliver(message.pk))
    assert states == [State.WAITING] * len(STEPS) + [State.DEAD]
    with later(timedelta(days=2)):
        assert outbox.due_messages() == []


def test_what_can_not_be_sent_is_not_tried_again(company: Company, send: Send) -> None:
    @send
    def refuse(message: OutboxMessage) -> None:
        raise outbox.CanNotBeSent("No such address. " * 50)

    message = put(company)
    assert outbox.deliver(message.pk) == State.FAILED
    with later(timedelta(days=1)):
        assert outbox.due_messages() == []
    assert len(reloaded(message).last_error) == outbox.ERROR_LENGTH


def test_what_nobody_needs_any_more_is_not_called_sent(company: Company, send: Send) -> None:
    @send
    def skip(message: OutboxMessage) -> None:
        raise outbox.Unneeded("Done already.")

    message = put(company)
    assert outbox.deliver(message.pk) == State.SKIPPED
    assert (reloaded(message).sent_at, reloaded(message).last_error) == (None, "Done already.")


def test_a_message_of_an_unknown_kind_waits_for_its_app(company: Company) -> None:
    message = put(company)
    assert outbox.deliver(message.pk) == State.WAITING
    assert reloaded(message).last_error == "NoSender"


def test_a_dead_workers_message_is_taken_over(company: Company, sent: list[str]) -> None:
    message = put(company)
    assert outbox._claim(message.pk) is not None
    with later(outbox.LEASE - MOMENT):
        assert (outbox.due_messages(), outbox.deliver(message.pk)) == ([], None)
    with later(outbox.LEASE + MOMENT):
        assert outbox.due_messages() == [message.pk]
        assert outbox.deliver(message.pk) == State.SENT
    assert (sent, reloaded(message).attempts) == (["k"], 2)


def test_a_worker_that_was_too_slow_changes_nothing(company: Company, send: Send) -> None:
    message = put(company)

    @send
    def hang(message: OutboxMessage) -> None:
        send(lambda message: None)
        with later(outbox.LEASE + MOMENT):
            assert outbox.deliver(message.pk) == State.SENT
        raise TimeoutError

    assert outbox.deliver(message.pk) is None
    assert reloaded(message).state == State.SENT


def test_a_message_that_kills_every_worker_is_given_up(company: Company, sent: list[str]) -> None:
    message = put(company)
    OutboxMessage.objects.update(attempts=outbox.LAST_ATTEMPT)
    assert outbox.deliver(message.pk) == State.DEAD
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_of_workers_at_once_one_sends(sent: list[str]) -> None:
    message = put(make_company())
    states = at_once(6, lambda number: outbox.deliver(message.pk))
    assert sorted(map(str, states)) == ["None"] * 5 + ["sent"]
    assert sent == ["k"]


@pytest.mark.django_db(transaction=True)
def test_put_at_once_it_is_one_message() -> None:
    company = make_company()
    at_once(6, lambda number: put(company))
    assert OutboxMessage.objects.count() == 1


def test_the_sweep_rings_for_what_is_due_only(company: Company) -> None:
    waiting, done = put(company, "waiting"), put(company, "done")
    OutboxMessage.objects.filter(pk=done.pk).update(state=State.SENT)
    bells.rung()
    assert tasks.sweep_outbox() == 1
    assert [(ring.task, ring.args) for ring in bells.rung()] == [(outbox.DELIVER_TASK, (waiting.pk,))]


def test_what_waits_too_long_is_overdue(company: Company) -> None:
    put(company)
    assert outbox.overdue() == 0
    with later(outbox.OVERDUE + MOMENT):
        assert outbox.overdue() == 1


def test_what_went_out_long_ago_is_forgotten(company: Company, sent: list[str]) -> None:
    for key in ("old", "new", "stuck"):
        outbox.deliver(put(company, key).pk)
    OutboxMessage.objects.exclude(dedupe_key="new").update(created_at=timezone.now() - outbox.KEPT - MOMENT)
    OutboxMessage.objects.filter(dedupe_key="stuck").update(state=State.DEAD)
    assert tasks.forget_old_messages() == 1
    assert set(OutboxMessage.objects.values_list("dedupe_key", flat=True)) == {"new", "stuck"}
