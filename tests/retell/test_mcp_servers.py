"""Retell's servers as the gateway publishes them: to tokens, staff and tasks."""

from typing import Any

import pytest
from django.utils import timezone

from appointments.models import Call
from mcp_gateway import gateway, inbox
from mcp_gateway.errors import Conflict, GatewayError, InvalidParams, NotFound
from mcp_gateway.models import WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from tests.retell.door import WISH, Door

State = WebhookEvent.State
FUNCTIONS = [name for name in registry.methods if name.startswith("retell_custom.")]
PROCESS = "webhook.processRetellWebhook"


@pytest.fixture
def event(door: Door) -> WebhookEvent:
    door.tell("call_started")
    return WebhookEvent.objects.get()


def call(door: Door, method: str, **params: Any) -> Any:
    return gateway.call(method, params, principal=Principal.of_task("test", door.company.pk))


def test_a_waiting_event_is_processed_on_request(door: Door, event: WebhookEvent) -> None:
    assert call(door, PROCESS, event_id=event.pk) == {"event_id": event.pk, "state": "done"}
    assert door.call().status == Call.Status.ONGOING


def test_an_event_that_is_done_stays_done(door: Door, event: WebhookEvent) -> None:
    for _ in range(2):
        assert call(door, PROCESS, event_id=event.pk)["state"] == "done"
    event.refresh_from_db()
    assert len(event.attempts) == 1


def test_an_event_in_a_workers_hands_is_left_there(door: Door, event: WebhookEvent) -> None:
    WebhookEvent.objects.update(state=State.PROCESSING, leased_until=timezone.now() + inbox.LEASE)
    assert call(door, PROCESS, event_id=event.pk)["state"] == "processing"
    assert not Call.objects.exists()


def test_another_companys_event_sounds_like_none_at_all(door: Door, other_door: Door, event: WebhookEvent) -> None:
    with pytest.raises(NotFound) as of_another:
        call(other_door, PROCESS, event_id=event.pk)
    with pytest.raises(NotFound) as of_nobody:
        call(other_door, PROCESS, event_id=event.pk + 1)
    assert of_another.value.message == of_nobody.value.message
    event.refresh_from_db()
    assert event.state == State.RECEIVED


def test_another_vendors_event_is_none_of_ours(door: Door, event: WebhookEvent) -> None:
    WebhookEvent.objects.update(provider="calcom")
    with pytest.raises(NotFound):
        call(door, PROCESS, event_id=event.pk)


@pytest.mark.parametrize("event_id", [None, "x", [], 1.5])
def test_an_event_id_must_be_a_number(door: Door, event_id: Any) -> None:
    with pytest.raises(InvalidParams):
        call(door, PROCESS, event_id=event_id)


@pytest.mark.parametrize("event_id", [0, -1, 2**63, 10**30])
def test_an_event_id_beyond_all_rows_is_not_found(door: Door, event_id: int) -> None:
    with pytest.raises(NotFound):
        call(door, PROCESS, event_id=event_id)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_works_without_a_call_that_retell_signed(door: Door, function: str) -> None:
    with pytest.raises(Conflict) as refused:
        call(door, function, **WISH)
    assert refused.value.kind == "no_signed_call"
    assert not Call.objects.exists()


@pytest.mark.parametrize("signed_call", [{}, {"call_id": 5}, {"call_id": "x" * 65}])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_signed_body_must_name_its_call(door: Door, function: str, signed_call: dict[str, Any]) -> None:
    with pytest.raises(GatewayError) as refused:
        gateway.call(function, WISH, principal=Principal.of_vendor("retell", door.company.pk, signed_call))
    assert refused.value.kind == "call_id_missing"


def test_the_inbox_is_well_while_nothing_waits(door: Door, event: WebhookEvent) -> None:
    assert registry.servers["webhook"].health().status == "ok"


def test_the_inbox_is_degraded_while_events_wait_too_long(door: Door, event: WebhookEvent) -> None:
    WebhookEvent.objects.update(next_attempt_at=timezone.now() - 2 * inbox.OVERDUE)
    health = registry.servers["webhook"].health()
    assert (health.status, health.reason) == ("degraded", "1 events are waiting")
