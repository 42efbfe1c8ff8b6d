"""Events are kept once, whole, and answered 204 before anything is done with them."""

from collections.abc import Callable
from typing import Any

import pytest

from appointments.models import Call
from mcp_gateway.models import WebhookEvent
from mcp_gateway.strict_json import MAX_DEPTH
from tests import bells
from tests.bells import Ring
from tests.retell.door import Door

State = WebhookEvent.State
Worker = Callable[[], None]


def names() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("event", flat=True))


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth > 1 else {}


def test_an_event_is_stored_whole(door: Door) -> None:
    body = door.event("call_started", metadata={"tisch": "fünf ✂"})
    assert door.post("webhook", body).status_code == 204
    stored = WebhookEvent.objects.get()
    assert (stored.provider, stored.event, stored.company, stored.state, stored.payload) == (
        "retell",
        "call_started",
        door.company,
        State.RECEIVED,
        body,
    )


def test_nothing_is_done_with_an_event_before_it_is_answered(door: Door) -> None:
    door.tell("call_ended")
    assert not Call.objects.exists()


def test_an_event_rings_for_a_worker_once(door: Door, worker: Worker) -> None:
    for _ in range(2):
        door.tell("call_started")
    event_id = WebhookEvent.objects.get().pk
    assert bells.rung() == [Ring("mcp_gateway.tasks.process_webhook_event", (event_id,), is_delayed=False)]


@pytest.mark.parametrize("name", ["call_started", "call_ended", "call_analyzed"])
def test_an_event_sent_three_times_is_stored_once(door: Door, name: str) -> None:
    answers = [door.tell(name).status_code for _ in range(3)]
    assert (answers, names()) == ([204, 204, 204], [name])


def test_a_repetition_that_was_written_anew_is_the_same_event(door: Door) -> None:
    door.tell("call_ended", call_cost=None)
    door.tell("call_ended", duration_ms=60_000)
    assert names() == ["call_ended"]


def test_the_same_event_with_and_without_the_configuration_is_stored_once(door: Door) -> None:
    door.tell("call_started")
    door.post(f"webhook/{door.configuration.pk}", door.event("call_started"))
    assert names() == ["call_started"]


def test_start_and_end_within_a_second_are_two_events(door: Door) -> None:
    door.tell("call_started")
    door.tell("call_ended")
    assert names() == ["call_started", "call_ended"]


def test_two_calls_have_their_own_events(door: Door) -> None:
    door.tell("call_started", call_id="call_a")
    door.tell("call_started", call_id="call_b")
    assert len(names()) == 2


def test_two_companies_have_their_own_events(door: Door, other_door: Door) -> None:
    door.tell("call_started", call_id="call_a")
    assert other_door.tell("call_started", call_id="call_a").status_code == 204
    assert set(WebhookEvent.objects.values_list("company", flat=True)) == {door.company.pk, other_door.company.pk}


def test_every_message_of_a_transcript_stream_is_kept(door: Door) -> None:
    for transcript in ("Agent: Hallo", "Agent: Hallo\nUser: Guten Tag"):
        door.tell("transcript_updated", transcript=transcript)
    assert names() == ["transcript_updated", "transcript_updated"]


def test_a_message_of_a_stream_sent_twice_is_kept_once(door: Door) -> None:
    for _ in range(2):
        door.tell("transcript_updated", transcript="Agent: Hallo")
    assert names() == ["transcript_updated"]


@pytest.mark.parametrize("event", ["transcript_updated", "transfer_started", "moon_landed", "call_inbound"])
def test_events_that_are_none_of_our_business_are_kept_and_ignored(door: Door, worker: Worker, event: str) -> None:
    assert door.post("webhook", {"event": event, "call_inbound": door.call_object()}).status_code == 204
    worker()
    assert (WebhookEvent.objects.get().state, Call.objects.count()) == (State.IGNORED, 0)


@pytest.mark.parametrize("event", ["chat_started", "chat_ended", "chat_analyzed"])
def test_chats_are_answered_and_ignored(door: Door, worker: Worker, event: str) -> None:
    body = {"event": event, "chat": {"chat_id": "chat_1", "agent_id": door.configuration.agent_id}}
    assert door.post("webhook", body).status_code == 204
    worker()
    assert WebhookEvent.objects.get().state == State.IGNORED


@pytest.mark.parametrize("event", [None, "", 5, ["call_started"], {}, "x" * 5000])
def test_an_event_without_a_usable_name_is_kept_and_ignored(door: Door, worker: Worker, event: Any) -> None:
    assert door.post("webhook", {"event": event, "call": door.call_object()}).status_code == 204
    worker()
    assert WebhookEvent.objects.get().state == State.IGNORED


@pytest.mark.parametrize("call_id", [None, "", "x" * 65, 7])
def test_a_call_event_without_a_usable_call_id_is_refused(door: Door, call_id: Any) -> None:
    response = door.tell("call_ended", call_id=call_id)
    assert (response.status_code, WebhookEvent.objects.count()) == (400, 0)
    assert b"call_id" in response.content


def test_a_flat_call_object_is_taken(door: Door, worker: Worker) -> None:
    door.post("webhook", {"event": "call_started", **door.call_object()})
    worker()
    assert door.call().status == Call.Status.ONGOING


def test_a_transcript_of_three_megabytes_is_taken(door: Door, worker: Worker) -> None:
    transcript = "User: Grüß Gott, ich hätte gern ein Termin 💇\n" * 65_000
    assert len(transcript.encode()) > 3_000_000
    assert door.tell("call_ended", transcript=transcript).status_code == 204
    worker()
    assert door.call().transcript == transcript


def test_deeply_nested_metadata_is_taken(door: Door) -> None:
    body = door.event("call_started", metadata=nested(MAX_DEPTH - 2))
    assert door.post("webhook", body).status_code == 204
    assert WebhookEvent.objects.get().payload == body


def test_metadata_too_deep_for_the_database_is_refused(door: Door) -> None:
    response = door.tell("call_started", metadata=nested(MAX_DEPTH - 1))
    assert (response.status_code, WebhookEvent.objects.count()) == (400, 0)


def test_headers_that_say_who_sent_it_are_kept_and_the_signature_is_not(door: Door) -> None:
    door.post("webhook", door.event("call_started"), headers={"User-Agent": "axios/1.15.2", "Cookie": "a=b"})
    assert WebhookEvent.objects.get().headers == {"User-Agent": "axios/1.15.2", "Content-Type": "application/json"}


def test_the_correlation_id_of_the_request_is_kept(door: Door) -> None:
    given = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    response = door.post("webhook", door.event("call_started"), headers={"X-Correlation-ID": given})
    assert (response.headers["X-Correlation-ID"], WebhookEvent.objects.get().correlation_id) == (given, given)


def test_a_request_without_a_correlation_id_gets_one(door: Door) -> None:
    response = door.tell("call_started")
    assert WebhookEvent.objects.get().correlation_id == response.headers["X-Correlation-ID"]
