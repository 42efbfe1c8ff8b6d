"""What goes wrong between the vendor and its customers, on demand."""

from threading import Barrier

import pytest

from tests.retell.sandbox.conftest import WEBHOOK_KEY
from tests.retell.sandbox.recorder import Answer
from tests.retell.sandbox.sdk import verify

COLLECT = "collect_appointment_information"
FUNCTION = f"function:{COLLECT}"


@pytest.fixture
def phone(world):
    world.number(world.agent())
    return world


def sent(played: dict) -> list[str]:
    return [step["what"] for step in played["steps"]]


def test_failing_webhook_gets_three_retries(phone):
    phone.recorder.answer("/events", Answer(status=503))
    phone.play(skip_events=["call_started", "call_analyzed"])
    assert phone.recorder.events() == ["call_ended"] * 4


def test_retries_stop_at_the_first_success(phone):
    phone.recorder.answer("/events", Answer(status=500), Answer(status=204))
    played = phone.play(skip_events=["call_started", "call_analyzed"])
    assert [(step["attempt"], step["status"]) for step in played["steps"]] == [(1, 500), (2, 204)]


def test_slow_webhook_is_repeated(world):
    world.number(world.agent(webhook_timeout_ms=1000))
    world.recorder.answer("/events", Answer(seconds=1.5), Answer())
    played = world.play(skip_events=["call_started", "call_analyzed"])
    assert [step["status"] for step in played["steps"]] == [None, 200]


@pytest.mark.parametrize(("resign", "signatures"), [(True, 2), (False, 1)])
def test_retries_are_signed_afresh_or_not(phone, resign, signatures):
    phone.recorder.answer("/events", Answer(status=500), Answer())
    phone.play(skip_events=["call_started", "call_analyzed"], resign=resign, retry_backoff_ms=5)
    assert len({row.signature for row in phone.recorder.received}) == signatures
    assert len({row.body for row in phone.recorder.received}) == 1


def test_events_are_delivered_several_times(phone):
    phone.play(COLLECT, deliveries=2)
    assert phone.recorder.events() == ["call_started"] * 2 + ["call_ended"] * 2 + ["call_analyzed"] * 2
    assert len(phone.recorder.at("/tool")) == 1


def test_one_step_alone_can_be_multiplied(phone):
    played = phone.play(COLLECT, deliveries={"call_ended": 3, "functions": 2})
    assert [sent(played).count(what) for what in ("call_started", FUNCTION, "call_ended")] == [1, 2, 3]


def test_copies_may_arrive_at_once(phone):
    """Each is answered only when all six are there."""
    phone.recorder.answer("/events", Answer(during=Barrier(6, timeout=10).wait))
    phone.play(deliveries={"call_ended": 6}, parallel=True, skip_events=["call_started", "call_analyzed"])
    assert phone.recorder.events() == ["call_ended"] * 6


def test_all_steps_may_arrive_at_once(phone):
    phone.recorder.answer("/events", Answer(during=Barrier(3, timeout=10).wait))
    phone.play(COLLECT, parallel="all")
    assert sorted(phone.recorder.events()) == ["call_analyzed", "call_ended", "call_started"]
    assert len(phone.recorder.at("/tool")) == 1


def test_reversed_order(phone):
    assert sent(phone.play(COLLECT, order="reversed")) == ["call_analyzed", "call_ended", FUNCTION, "call_started"]


def test_named_order_with_the_rest_as_usual(phone):
    played = phone.play(COLLECT, order=["call_ended", "functions"])
    assert sent(played) == ["call_ended", FUNCTION, "call_started", "call_analyzed"]


def test_early_call_ended_still_tells_of_the_function_calls(phone):
    phone.play(COLLECT, order="reversed")
    ended = phone.recorder.at("/events")[1].json["call"]
    assert [entry["role"] for entry in ended["transcript_with_tool_calls"]] == ["tool_call_invocation"]


def test_order_changes_nothing_in_the_final_call(phone):
    calls = [
        phone.play(COLLECT, order=order, call_id="call_1", start_timestamp=1)["call"]
        for order in ("normal", "reversed")
    ]
    assert calls[0] == calls[1]


def test_late_events_do_not_reopen_the_stored_call(phone):
    seen = []

    def read() -> None:
        seen.append(phone.client.call.retrieve("call_1").call_status)

    phone.recorder.answer("/events", Answer(during=read))
    phone.play(COLLECT, order="reversed", call_id="call_1")
    assert seen == ["ended"] * 3


def test_lost_events_are_not_sent_but_the_call_can_be_read(phone):
    played = phone.play(COLLECT, skip_events=["call_ended", "call_analyzed"])
    assert phone.recorder.events() == ["call_started"]
    assert phone.client.call.retrieve(played["call_id"]).call_analysis.call_successful is True


def test_wrong_key_fails_the_sdks_verification(phone):
    phone.play(sign_with="wrong")
    row = phone.recorder.received[0]
    assert (verify(row.body, WEBHOOK_KEY, row.signature), verify(row.body, "wrong", row.signature)) == (False, True)


@pytest.mark.parametrize(("skew", "accepted"), [(-290_000, True), (290_000, True), (-300_001, False), (310_000, False)])
def test_clock_skew_moves_the_signature(phone, skew, accepted):
    phone.play(clock_skew_ms=skew)
    row = phone.recorder.received[0]
    assert verify(row.body, WEBHOOK_KEY, row.signature) is accepted


def test_signature_can_be_missing(phone):
    phone.play(COLLECT, omit_signature=True)
    assert not [row for row in phone.recorder.received if "x-retell-signature" in row.headers]


def test_event_timestamp_can_be_missing(phone):
    phone.play(event_timestamp=False)
    assert set(phone.recorder.received[0].json) == {"event", "call"}


def test_call_that_never_connected_has_no_start(phone):
    call = phone.play(COLLECT, not_connected=True)["call"]
    assert phone.recorder.events() == ["call_ended", "call_analyzed"]
    assert (call["call_status"], call["disconnection_reason"]) == ("not_connected", "dial_no_answer")
    assert "start_timestamp" not in call
    assert "total_duration_seconds" not in call["call_cost"]


def test_reason_of_disconnection_can_be_any(phone):
    call = phone.play(custom_disconnection_reason="error_asr")["call"]
    assert (call["disconnection_reason"], call["call_status"]) == ("error_asr", "error")


def test_model_repeats_a_function_with_keys_in_another_order(phone):
    phone.play(COLLECT, repeat_functions=1)
    first, second = (list(row.json["args"]) for row in phone.recorder.at("/tool"))
    assert (first, second) == (["name", "date"], ["date", "name"])


def test_repeated_function_is_an_invocation_of_its_own(phone):
    entries = phone.play(COLLECT, repeat_functions=1)["call"]["transcript_with_tool_calls"]
    assert len({entry["tool_call_id"] for entry in entries}) == 2


def test_model_adds_junk_to_the_arguments(phone):
    phone.play(COLLECT, junk_args=True, execution_message="Moment.")
    args = phone.recorder.at("/tool")[0].json["args"]
    assert (args["call_id"], args["customer_email"], args["execution_message"]) == ("call_001", "null", "Moment.")


def test_junk_of_ones_own_goes_over_the_arguments(phone):
    phone.play(COLLECT, junk_args={"name": "guten Tag"})
    assert phone.recorder.at("/tool")[0].json["args"] == {"name": "guten Tag", "date": "morgen"}


def test_model_invents_another_call_id_each_time(phone):
    phone.play(*[COLLECT] * 3, junk_args=True)
    assert [row.json["args"]["call_id"] for row in phone.recorder.at("/tool")] == ["call_001", "call_1", "1"]


@pytest.mark.parametrize(("knob", "sent"), [("empty", {"call": {}}), ("missing", {})])
def test_simulation_tells_functions_nothing_of_the_call(phone, knob, sent):
    phone.play(COLLECT, call_object=knob)
    body = phone.recorder.at("/tool")[0].json
    assert {name: body[name] for name in body if name == "call"} == sent


def test_unknown_call_object_is_refused(phone):
    script = {"to_number": "+493012345678", "from_number": "anonymous", "call_object": "half"}
    assert phone.control("calls", script).status_code == 400


def test_function_can_come_before_call_started(phone):
    assert sent(phone.play(COLLECT, order=["functions"]))[0] == FUNCTION
