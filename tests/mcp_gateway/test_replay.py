"""Replaying an event: one more attempt on the same row, with a reason, and in the audit trail."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from appointments.models import Company
from mcp_gateway import inbox
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.principal import Kind, Principal
from tests import bells
from tests.mcp_gateway.conftest import Handle

State = WebhookEvent.State
Receive = Callable[..., WebhookEvent]
BY = Principal.of_task("tests")


def settled(event: WebhookEvent, state: State = State.DONE) -> WebhookEvent:
    """Have it worked on, and leave it in this state."""
    inbox.process(event.pk)
    WebhookEvent.objects.filter(pk=event.pk).update(state=state)
    event.refresh_from_db()
    return event


@pytest.fixture(autouse=True)
def _works(handle: Handle) -> None:
    handle(lambda event: State.DONE)


@pytest.mark.parametrize("state", sorted(inbox.SETTLED))
def test_whatever_is_settled_is_worked_on_again(receive: Receive, state: State) -> None:
    event = settled(receive(), state)
    assert inbox.replay(event.pk, reason="tests", by=BY).state == state
    assert inbox.process(event.pk) == State.DONE
    event.refresh_from_db()
    assert [attempt["number"] for attempt in event.attempts] == [1, 2]


@pytest.mark.parametrize("state", [State.RECEIVED, State.PROCESSING])
def test_what_waits_or_runs_is_left_alone(receive: Receive, state: State) -> None:
    event = settled(receive(), state)
    with pytest.raises(Conflict) as refusal:
        inbox.replay(event.pk, reason="tests", by=BY)
    assert refusal.value.data == {"state": state}
    assert WebhookEvent.objects.filter(pk=event.pk).values("state", "attempts").get() == {
        "state": state,
        "attempts": event.attempts,
    }


def test_an_unknown_event_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        inbox.replay(4711, reason="tests", by=BY)


def test_the_attempt_before_tells_who_asked_and_why(receive: Receive) -> None:
    event = settled(receive())
    inbox.replay(event.pk, reason="Cal.com was down", by=BY)
    event.refresh_from_db()
    (attempt,) = event.attempts
    assert (attempt["replayed_by"], attempt["replay_reason"]) == ("tests", "Cal.com was down")
    assert attempt["outcome"] == State.DONE


@pytest.mark.parametrize(
    ("kind", "actor"), [(Kind.TASK, "task"), (Kind.STAFF, "staff"), (Kind.TOKEN, "token"), (Kind.VENDOR, "webhook")]
)
def test_the_audit_trail_tells_who_asked_and_why(receive: Receive, company: Company, kind: Kind, actor: str) -> None:
    event = settled(receive(), State.DEAD)
    inbox.replay(event.pk, reason="again", by=Principal(kind=kind, name="somebody", companies=None))
    entry = AuditEntry.objects.get(action="webhook_event.replayed", object_id=str(event.pk))
    assert (entry.actor_kind, entry.actor, entry.reason) == (actor, "somebody", "again")
    assert (entry.company_id, entry.before["state"], entry.after["state"]) == (company.pk, "dead", "received")


def test_a_dry_run_changes_nothing(receive: Receive) -> None:
    event = settled(receive())
    before = WebhookEvent.objects.filter(pk=event.pk).values().get()
    inbox.replay(event.pk, reason="tests", by=BY, dry_run=True)
    assert WebhookEvent.objects.filter(pk=event.pk).values().get() == before
    assert not AuditEntry.objects.exists()


def test_the_bell_rings(receive: Receive, django_capture_on_commit_callbacks: Any) -> None:
    event = settled(receive())
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        inbox.replay(event.pk, reason="tests", by=BY)
    assert [(ring.task, ring.args) for ring in bells.rung()] == [(inbox.PROCESS_TASK, (event.pk,))]


def test_an_event_that_no_worker_survived_gets_its_chance(receive: Receive) -> None:
    event = settled(receive(), State.DEAD)
    attempts = [{**event.attempts[0], "number": number} for number in range(1, inbox.LAST_ATTEMPT + 2)]
    WebhookEvent.objects.filter(pk=event.pk).update(attempts=attempts)
    inbox.replay(event.pk, reason="tests", by=BY)
    assert inbox.process(event.pk) == State.DONE


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_replayed(receive: Receive) -> None:
    event = settled(receive())
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def replay() -> None:
        start.wait()
        try:
            inbox.replay(event.pk, reason="tests", by=BY, rings=False)
            outcomes.append("replayed")
        except Conflict:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=replay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 7 + ["replayed"]
    assert AuditEntry.objects.filter(action="webhook_event.replayed").count() == 1
