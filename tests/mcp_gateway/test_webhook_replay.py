"""`manage.py webhook_replay`."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import inbox
from mcp_gateway.models import AuditEntry, WebhookEvent
from tests.mcp_gateway.conftest import Handle

State = WebhookEvent.State
Receive = Callable[..., WebhookEvent]


@pytest.fixture
def outcome(handle: Handle) -> dict[str, Any]:
    """What the testing vendor's handler returns; none makes it fail."""
    outcome: dict[str, Any] = {"state": State.DONE}

    @handle
    def work(event: WebhookEvent) -> WebhookEvent.State:
        if outcome["state"] is None:
            raise inbox.PermanentFailure("It can't be done.")
        return outcome["state"]

    return outcome


@pytest.fixture
def settled(receive: Receive, outcome: dict[str, Any]) -> Receive:
    """An event that was worked on once."""

    def settled(dedupe_key: str = "1", state: State = State.DONE, **fields: Any) -> WebhookEvent:
        event = receive(dedupe_key, **fields)
        inbox.process(event.pk)
        WebhookEvent.objects.filter(pk=event.pk).update(state=state)
        return event

    return settled


def replay(*arguments: str, reason: str = "--reason=tests") -> list[str]:
    output = StringIO()
    call_command("webhook_replay", *arguments, *([reason] if reason else []), stdout=output)
    return output.getvalue().splitlines()


def tries(event: WebhookEvent) -> int:
    event.refresh_from_db()
    return len(event.attempts)


def test_named_events_are_worked_on_at_once(settled: Receive) -> None:
    first, second, other = settled("1"), settled("2"), settled("3")
    lines = replay(f"--id={first.pk}", f"--id={second.pk}")
    assert (lines[0], lines[-1]) == ("2 of 2 events to replay", "2 done, 0 skipped, 0 failed")
    assert [tries(event) for event in (first, second, other)] == [2, 2, 1]


def test_events_are_chosen_by_state(settled: Receive) -> None:
    dead, done = settled("1", State.DEAD), settled("2")
    replay("--state=dead")
    assert (tries(dead), tries(done)) == (2, 1)


def test_events_are_chosen_by_company(settled: Receive, other_company: Company) -> None:
    own, theirs = settled("1"), settled("2", company_id=other_company.pk)
    replay(f"--company={other_company.pk}")
    assert (tries(own), tries(theirs)) == (1, 2)


def test_events_are_chosen_by_provider(settled: Receive) -> None:
    event = settled()
    assert replay("--provider=retell")[0] == "0 of 0 events to replay"
    replay("--provider=testing")
    assert tries(event) == 2


def test_events_are_chosen_by_time(settled: Receive) -> None:
    old, new = settled("1"), settled("2")
    now = timezone.now()
    WebhookEvent.objects.filter(pk=old.pk).update(received_at=now - timedelta(days=2))
    replay(f"--since={(now - timedelta(days=1)).isoformat()}")
    assert (tries(old), tries(new)) == (1, 2)


def test_conditions_hold_together(settled: Receive, company: Company) -> None:
    settled("1")
    assert replay(f"--company={company.pk}", "--state=dead")[0] == "0 of 0 events to replay"


def test_the_oldest_come_first_up_to_the_limit(settled: Receive) -> None:
    first, second = settled("1"), settled("2")
    assert replay("--state=done", "--limit=1")[0] == "1 of 2 events to replay"
    assert (tries(first), tries(second)) == (2, 1)


def test_a_dry_run_needs_no_reason_and_changes_nothing(settled: Receive) -> None:
    event = settled()
    lines = replay("--state=done", "--dry-run", reason="")
    assert lines == ["1 of 1 events to replay", f"{event.pk}: testing ping of company {event.company_id}, done"]
    assert (tries(event), AuditEntry.objects.count()) == (1, 0)


def test_waiting_and_running_events_are_skipped(receive: Receive, outcome: dict[str, Any]) -> None:
    waiting, running = receive("1"), receive("2")
    WebhookEvent.objects.filter(pk=running.pk).update(state=State.PROCESSING)
    lines = replay(f"--id={waiting.pk}", f"--id={running.pk}")
    assert lines[-1] == "0 done, 2 skipped, 0 failed"
    assert (tries(waiting), tries(running)) == (0, 0)


def test_what_fails_again_is_told_by_the_exit_code(settled: Receive, outcome: dict[str, Any]) -> None:
    event = settled()
    outcome["state"] = None
    with pytest.raises(CommandError) as failure:
        replay(f"--id={event.pk}")
    assert failure.value.returncode == 2
    event.refresh_from_db()
    assert (event.state, event.attempts[-1]["error"]) == (State.FAILED, "It can't be done.")


def test_ignored_events_may_be_ignored_again(settled: Receive, outcome: dict[str, Any]) -> None:
    outcome["state"] = State.IGNORED
    event = settled()
    assert replay(f"--id={event.pk}")[-1] == "1 done, 0 skipped, 0 failed"


def test_done_twice_makes_two_attempts_and_two_entries(settled: Receive) -> None:
    event = settled()
    replay(f"--id={event.pk}", reason="--reason=first")
    replay(f"--id={event.pk}", reason="--reason=second")
    assert tries(event) == 3
    assert list(AuditEntry.objects.order_by("pk").values_list("actor", "reason")) == [
        ("webhook_replay", "first"),
        ("webhook_replay", "second"),
    ]


@pytest.mark.parametrize("reason", ["", "--reason= ", f"--reason={'x' * 501}"])
def test_it_needs_a_reason(settled: Receive, reason: str) -> None:
    event = settled()
    with pytest.raises(CommandError, match="Say why"):
        replay(f"--id={event.pk}", reason=reason)
    assert tries(event) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Say which events"),
        (["--limit=0", "--state=done"], "--limit must be 1 or more"),
        (["--state=processing"], "invalid choice"),
        (["--since=yesterday"], "neither a day nor a time"),
        (["--since=2026-02-30"], "neither a day nor a time"),
        (["--id=x"], "invalid int"),
    ],
)
def test_bad_input_is_told(db: None, arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        replay(*arguments)
