"""`webhook`: figures, lists and replays of the inbox, of one company only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.errors import Conflict, InvalidParams, NotFound
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from tests.retell.door import Door

Ask = Callable[..., Any]
Worker = Callable[[], None]


@pytest.fixture
def ask(company: Company) -> Ask:
    principal = Principal.of_task("tests", company.pk)
    return lambda method, **params: gateway.call(f"webhook.{method}", params, principal=principal)


def told(door: Door, name: str = "call_started") -> WebhookEvent:
    """An event that came through the door."""
    door.tell(name)
    return WebhookEvent.objects.latest("pk")


def received(event: WebhookEvent, at: datetime) -> None:
    WebhookEvent.objects.filter(pk=event.pk).update(received_at=at)


@pytest.mark.usefixtures("monday")
class TestGetWebhookStats:
    def test_events_count_by_state_kind_and_day(self, ask: Ask, door: Door, worker: Worker) -> None:
        told(door)
        worker()
        told(door, "transcript_updated")
        stats = ask("getWebhookStats")
        assert (stats["total"], stats["by_state"]["done"], stats["by_state"]["received"]) == (2, 1, 1)
        assert stats["by_event"] == [
            {"provider": "retell", "event": "call_started", "count": 1},
            {"provider": "retell", "event": "transcript_updated", "count": 1},
        ]
        assert stats["by_day"][-1] == {"day": "2027-01-11", "count": 2}
        assert (stats["waiting"], stats["oldest_waiting_seconds"]) == (1, 0)

    def test_days_are_the_companys_own(self, ask: Ask, door: Door) -> None:
        received(told(door), datetime(2027, 1, 9, 23, 0, tzinfo=UTC))
        stats = ask("getWebhookStats", first_day="2027-01-09", last_day="2027-01-10")
        assert [day["count"] for day in stats["by_day"]] == [0, 1]
        assert stats["time_zone"] == "Europe/Berlin"

    def test_other_companies_events_count_nowhere(self, ask: Ask, other_door: Door) -> None:
        told(other_door)
        stats = ask("getWebhookStats")
        assert (stats["total"], stats["waiting"], stats["by_event"]) == (0, 0, [])

    @pytest.mark.parametrize("days", [("2027-01-02", "2027-01-01"), ("2026-01-01", "2027-01-01"), ("soon", "later")])
    def test_impossible_periods_are_refused(self, ask: Ask, days: tuple[str, str]) -> None:
        with pytest.raises(InvalidParams):
            ask("getWebhookStats", first_day=days[0], last_day=days[1])


class TestListEvents:
    def test_the_latest_comes_first_and_content_stays_out(self, ask: Ask, door: Door) -> None:
        first, second = told(door), told(door, "call_ended")
        listed = ask("listEvents")
        assert [event["id"] for event in listed["events"]] == [second.pk, first.pk]
        assert "Guten Tag" in str(second.payload)
        assert "Guten Tag" not in str(listed)

    def test_it_may_be_limited_by_state_provider_and_event(self, ask: Ask, door: Door, worker: Worker) -> None:
        done = told(door)
        worker()
        waiting = told(door, "transcript_updated")
        for condition, wanted in (
            ({"state": "done"}, [done.pk]),
            ({"state": "received"}, [waiting.pk]),
            ({"event": "call_started"}, [done.pk]),
            ({"provider": "retell"}, [waiting.pk, done.pk]),
            ({"provider": "calcom"}, []),
        ):
            assert [event["id"] for event in ask("listEvents", **condition)["events"]] == wanted, condition

    def test_pages_follow_each_other(self, ask: Ask, door: Door) -> None:
        for number in range(3):
            received(told(door, f"custom_{number}"), datetime(2027, 1, 1, number, tzinfo=UTC))
        page = ask("listEvents", limit=2)
        assert [event["event"] for event in page["events"]] == ["custom_2", "custom_1"]
        rest = ask("listEvents", limit=2, before=page["next_before"])
        assert [event["event"] for event in rest["events"]] == ["custom_0"]
        assert rest["next_before"] is None

    @pytest.mark.parametrize(
        "wrong", [{"state": "lost"}, {"limit": 101}, {"before": "yesterday"}, {"before": "2027-01-01T00:00:00"}]
    )
    def test_wrong_parameters_are_refused(self, ask: Ask, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidParams):
            ask("listEvents", **wrong)

    def test_other_companies_events_are_not_listed(self, ask: Ask, other_door: Door) -> None:
        told(other_door)
        assert ask("listEvents")["events"] == []


class TestReplayEvent:
    def test_a_settled_event_is_worked_on_again(
        self, ask: Ask, door: Door, worker: Worker, django_capture_on_commit_callbacks: Any
    ) -> None:
        event = told(door)
        worker()
        with django_capture_on_commit_callbacks(execute=True):
            answer = ask("replayEvent", event_id=event.pk, reason="Cal.com was down")
        assert answer == {"event_id": event.pk, "was": "done", "state": "received", "replayed": True}
        worker()
        event.refresh_from_db()
        assert (event.state, len(event.attempts)) == ("done", 2)
        assert AuditEntry.objects.get(action="webhook_event.replayed").reason == "Cal.com was down"

    def test_a_dry_run_changes_nothing(self, ask: Ask, door: Door, worker: Worker) -> None:
        event = told(door)
        worker()
        answer = ask("replayEvent", event_id=event.pk, reason="tests", dry_run=True)
        assert (answer["state"], answer["replayed"]) == ("done", False)
        event.refresh_from_db()
        assert event.state == "done"

    def test_an_event_that_waits_is_refused(self, ask: Ask, door: Door) -> None:
        event = told(door)
        with pytest.raises(Conflict) as refusal:
            ask("replayEvent", event_id=event.pk, reason="tests")
        assert refusal.value.data == {"state": "received"}

    def test_a_second_replay_is_refused(self, ask: Ask, door: Door, worker: Worker) -> None:
        event = told(door)
        worker()
        ask("replayEvent", event_id=event.pk, reason="tests")
        with pytest.raises(Conflict):
            ask("replayEvent", event_id=event.pk, reason="tests")

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 501, None])
    def test_it_needs_a_reason(self, ask: Ask, door: Door, reason: Any) -> None:
        with pytest.raises(InvalidParams):
            ask("replayEvent", event_id=told(door).pk, reason=reason)

    def test_another_companys_event_is_not_found(self, ask: Ask, other_door: Door, worker: Worker) -> None:
        event = told(other_door)
        worker()
        with pytest.raises(NotFound):
            ask("replayEvent", event_id=event.pk, reason="tests", dry_run=True)

    def test_an_unknown_event_is_not_found(self, ask: Ask) -> None:
        with pytest.raises(NotFound):
            ask("replayEvent", event_id=4711, reason="tests")


def test_health_tells_of_events_that_wait_too_long(ask: Ask, door: Door) -> None:
    server = registry.servers["webhook"]
    assert server.health().status == "ok"
    event = told(door)
    WebhookEvent.objects.filter(pk=event.pk).update(next_attempt_at=event.received_at - timedelta(hours=1))
    assert server.health().model_dump() == {"status": "degraded", "reason": "1 events are waiting"}
