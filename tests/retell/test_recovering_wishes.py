"""The transcript of function calls as the last copy of a wish: only where it was noted, or the answer is missing."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from appointments.models import Appointment
from retell.sandbox.signing import HEADER
from tests.retell.door import COLLECT, STARTED_MS, WISH, Door

Worker = Callable[[], None]
COLLECTED = {"success": True, "status": "collected", "message": "Notiert."}

pytestmark = pytest.mark.usefixtures("monday")


def invocation(arguments: Any = None, *, name: str = COLLECT, call: str = "tool_call_1") -> dict[str, Any]:
    arguments = json.dumps(WISH) if arguments is None else arguments
    return {"role": "tool_call_invocation", "tool_call_id": call, "name": name, "arguments": arguments}


def result(content: Any, *, call: str = "tool_call_1") -> dict[str, Any]:
    content = content if isinstance(content, str) else json.dumps(content)
    return {"role": "tool_call_result", "tool_call_id": call, "content": content}


def asked_times(door: Door, worker: Worker, *rows: dict[str, Any], event: str = "call_ended") -> list[datetime]:
    """For which times an appointment was made of a call whose function calls never reached us."""
    door.tell(event, transcript_with_tool_calls=list(rows))
    worker()
    return [appointment.starts_at for appointment in Appointment.objects.all()]


TUESDAY_HALF_PAST_TWO = [datetime(2027, 1, 12, 13, 30, tzinfo=UTC)]


@pytest.mark.parametrize("event", ["call_ended", "call_analyzed"])
def test_a_wish_that_was_noted_is_found(door: Door, worker: Worker, event: str) -> None:
    assert asked_times(door, worker, invocation(), result(COLLECTED), event=event) == TUESDAY_HALF_PAST_TWO


def test_a_wish_whose_answer_never_came_is_found(door: Door, worker: Worker) -> None:
    assert asked_times(door, worker, invocation()) == TUESDAY_HALF_PAST_TWO


@pytest.mark.parametrize("name", [f"{COLLECT}_v17", "collect_appointment", "collect_appointment_v2"])
def test_other_spellings_of_the_function_are_found(door: Door, worker: Worker, name: str) -> None:
    assert asked_times(door, worker, invocation(name=name), result(COLLECTED)) == TUESDAY_HALF_PAST_TWO


def test_german_arguments_are_found(door: Door, worker: Worker) -> None:
    words = {"name": "Erika", "datum": "morgen", "uhrzeit": "halb drei", "dienstleistung": "Herrenschnitt"}
    assert asked_times(door, worker, invocation(json.dumps(words))) == TUESDAY_HALF_PAST_TWO


def test_the_caller_who_changed_their_mind_gets_the_last_wish(door: Door, worker: Worker) -> None:
    later = json.dumps({**WISH, "time": "16 Uhr"})
    rows = invocation(), result(COLLECTED), invocation(later, call="b"), result(COLLECTED, call="b")
    assert asked_times(door, worker, *rows) == [datetime(2027, 1, 12, 15, 0, tzinfo=UTC)]


@pytest.mark.parametrize(
    "answer",
    [
        {"success": True, "status": "time_ambiguous", "message": "Vormittags oder nachmittags?"},
        {"success": False, "status": "internal_error", "message": "Nichts wurde gebucht."},
        "Axios Error: error code: ECONNABORTED, error message: timeout of 120000ms exceeded",
        "collected",
        "[]",
        "",
    ],
)
def test_after_any_other_answer_there_is_no_wish(door: Door, worker: Worker, answer: Any) -> None:
    assert asked_times(door, worker, invocation(), result(answer)) == []


@pytest.mark.parametrize("arguments", ["", "not json", "[]", "null", "{}", 5, None, ["a"], {"date": "morgen"}])
def test_arguments_that_make_no_wish_are_none(door: Door, worker: Worker, arguments: Any) -> None:
    assert asked_times(door, worker, {**invocation(), "arguments": arguments}) == []


def test_another_functions_arguments_are_no_wish(door: Door, worker: Worker) -> None:
    assert asked_times(door, worker, invocation(name="check_availability"), result(COLLECTED)) == []


def test_a_wish_that_we_have_is_not_replaced_by_the_transcript(door: Door, worker: Worker) -> None:
    door.function({**WISH, "time": "16 Uhr"})
    assert asked_times(door, worker, invocation(), result(COLLECTED)) == [datetime(2027, 1, 12, 15, 0, tzinfo=UTC)]


def test_tomorrow_counts_from_the_calls_start(door: Door, worker: Worker) -> None:
    door.tell("call_ended", transcript_with_tool_calls=[invocation(), result(COLLECTED)])
    two_days = 48 * 3600
    with time_machine.travel(STARTED_MS / 1000 + two_days, tick=False):
        worker()
    assert [appointment.starts_at for appointment in Appointment.objects.all()] == TUESDAY_HALF_PAST_TWO


def test_the_transcript_of_an_event_from_nobody_is_not_read(door: Door, worker: Worker) -> None:
    body = door.event("call_ended", transcript_with_tool_calls=[invocation(), result(COLLECTED)])
    door.post_as_it_is("webhook", json.dumps(body).encode(), {HEADER: "v=1,d=2"})
    worker()
    assert not Appointment.objects.exists()
