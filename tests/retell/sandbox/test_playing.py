"""A played call: what is sent, signed how, and what the call object says afterwards."""

import json

import pytest

from tests.retell.sandbox.conftest import CALLER, NUMBER, WEBHOOK_KEY
from tests.retell.sandbox.recorder import Answer
from tests.retell.sandbox.sdk import verify

COLLECT = "collect_appointment_information"
TRANSFERS = ["transfer_started", "transfer_bridged", "transfer_cancelled", "transfer_ended"]


@pytest.fixture
def phone(world):
    """A number that is answered by an agent with one tool."""
    world.number(world.agent())
    return world


def entries(call: dict, role: str) -> list[dict]:
    return [entry for entry in call["transcript_with_tool_calls"] if entry["role"] == role]


def test_call_runs_through_started_function_ended_analyzed(phone):
    played = phone.play(COLLECT)
    assert [step["what"] for step in played["steps"]] == [
        "call_started",
        f"function:{COLLECT}",
        "call_ended",
        "call_analyzed",
    ]


def test_everything_sent_passes_the_sdks_verification(phone):
    phone.play(COLLECT)
    assert [verify(row.body, WEBHOOK_KEY, row.signature) for row in phone.recorder.received] == [True] * 4


def test_rest_key_does_not_sign(phone):
    phone.play()
    assert not verify(phone.recorder.received[0].body, "key_rest", phone.recorder.received[0].signature)


def test_function_request_carries_name_args_and_live_call(phone):
    played = phone.play(COLLECT)
    (request,) = phone.recorder.at("/tool")
    assert set(request.json) == {"name", "args", "call"}
    assert request.json["args"] == {"name": "Eva", "date": "morgen"}
    call = request.json["call"]
    assert (call["call_id"], call["call_status"]) == (played["call_id"], "ongoing")
    assert "end_timestamp" not in call
    assert call["transcript_with_tool_calls"][-1]["name"] == COLLECT


def test_result_of_function_is_in_call_ended(phone):
    phone.recorder.answer("/tool", Answer(body={"message": "Gern."}))
    phone.play(COLLECT)
    call = phone.recorder.at("/events")[1].json["call"]
    (invocation,) = entries(call, "tool_call_invocation")
    (result,) = entries(call, "tool_call_result")
    assert json.loads(invocation["arguments"]) == {"name": "Eva", "date": "morgen"}
    assert (json.loads(result["content"]), result["successful"]) == ({"message": "Gern."}, True)
    assert result["tool_call_id"] == invocation["tool_call_id"]


def test_failed_function_is_told_in_the_http_clients_words(phone):
    phone.recorder.answer("/tool", Answer(status=401, body="nein"))
    (result,) = entries(phone.play(COLLECT)["call"], "tool_call_result")
    assert result["content"] == (
        "Axios Error: error code: ERR_BAD_REQUEST, error message: Request failed with status code 401\n"
        "response status: 401\nresponse data: nein"
    )
    assert result["successful"] is False


def test_result_is_cut_at_15000_characters(phone):
    phone.recorder.answer("/tool", Answer(body="x" * 15_001))
    (result,) = entries(phone.play(COLLECT)["call"], "tool_call_result")
    assert len(result["content"]) == 15_000


def test_call_objects_satisfy_the_sdk(phone):
    played = phone.play(COLLECT)
    call = phone.client.call.retrieve(played["call_id"])
    assert (call.direction, call.from_number, call.to_number) == ("inbound", CALLER, NUMBER)
    assert call.call_analysis.call_successful is True
    assert call.duration_ms == call.end_timestamp - call.start_timestamp


def test_event_timestamp_equals_the_signatures_time(phone):
    phone.play()
    started = phone.recorder.received[0]
    assert started.signature.startswith(f"v={started.json['event_timestamp']},")


def test_started_has_no_end_and_ended_no_analysis(phone):
    phone.play()
    started, ended, analyzed = (row.json["call"] for row in phone.recorder.at("/events"))
    assert (started["call_status"], "end_timestamp" in started) == ("ongoing", False)
    assert (ended["call_status"], ended["disconnection_reason"]) == ("ended", "user_hangup")
    assert ("call_analysis" in ended, "call_analysis" in analyzed) == (False, True)


def test_call_is_stored_as_it_was_sent_last(phone):
    played = phone.play(COLLECT)
    stored = phone.rest("GET", f"/v2/get-call/{played['call_id']}").json()
    assert stored == played["call"] == phone.recorder.at("/events")[-1].json["call"]


def test_call_can_be_read_as_ended_while_its_event_is_delivered(phone):
    seen = []

    def read() -> None:
        seen.append(phone.client.call.retrieve("call_1").call_status)

    phone.recorder.answer("/events", Answer(during=read))
    phone.play(call_id="call_1")
    assert seen == ["ongoing", "ended", "ended"]


def test_web_call_has_no_numbers(phone):
    agent_id = phone.client.agent.list().items[0].agent_id
    call = phone.play(COLLECT, agent_id=agent_id, web_call=True)["call"]
    assert call["call_type"] == "web_call"
    assert not {"direction", "from_number", "to_number"} & set(call)


def test_hidden_caller_is_called_anonymous(phone):
    assert phone.play(from_number="anonymous")["call"]["from_number"] == "anonymous"


def test_speech_is_in_the_transcript(phone):
    turns = [{"agent": "Guten Tag."}, {"user": "Einen Termin, bitte."}]
    call = phone.play(script=turns)["call"]
    assert call["transcript"] == "Agent: Guten Tag.\nUser: Einen Termin, bitte.\n"
    assert [word["word"] for word in call["transcript_object"][1]["words"]] == ["Einen", "Termin,", "bitte."]


def test_analysis_and_any_field_can_be_given(phone):
    call = phone.play(call_analysis={"call_summary": "Termin"}, call_fields={"new_field": 1})["call"]
    assert (call["call_analysis"]["call_summary"], call["new_field"]) == ("Termin", 1)


def test_only_subscribed_events_are_sent(world):
    world.number(world.agent(webhook_events=["call_ended", "transcript_updated"]))
    world.play(COLLECT)
    assert world.recorder.events() == ["transcript_updated", "transcript_updated", "call_ended"]


def test_agent_without_webhook_url_gets_no_events(world):
    world.number(world.agent(webhook_url=None))
    assert [step["what"] for step in world.play(COLLECT)["steps"]] == [f"function:{COLLECT}"]


def test_same_call_can_be_played_twice_with_the_same_tool_calls(phone):
    first, second = (phone.play(COLLECT, call_id="call_1", start_timestamp=1)["call"] for _ in range(2))
    assert first == second


def test_misspelt_knob_is_refused(phone):
    answer = phone.control("calls", {"to_number": NUMBER, "from_number": CALLER, "delivery": 2})
    assert (answer.status_code, "delivery" in answer.json()["message"]) == (400, True)


def test_number_that_nobody_has_is_404(phone):
    assert phone.control("calls", {"to_number": "+49301", "from_number": CALLER}).status_code == 404


def test_transcript_updated_tells_what_was_said_so_far(world):
    world.number(world.agent(webhook_events=["transcript_updated"]))
    world.play(COLLECT, COLLECT)
    calls = [row.json["call"] for row in world.recorder.at("/events")]
    assert [len(entries(call, "tool_call_result")) for call in calls] == [1, 2, 2]


def test_begin_message_opens_the_transcript(world):
    world.number(world.agent(llm=world.llm(begin_message="Salon Eva, guten Tag.")))
    assert world.play()["call"]["transcript"] == "Agent: Salon Eva, guten Tag.\n"


def test_bridged_transfer_ends_the_call_and_is_told(world):
    world.number(world.agent(webhook_events=["call_ended", *TRANSFERS]))
    call = world.play(script=[{"transfer": "+4930999"}])["call"]
    assert world.recorder.events() == ["transfer_started", "transfer_bridged", "call_ended", "transfer_ended"]
    assert (call["disconnection_reason"], call["transfer_destination"]) == ("call_transfer", "+4930999")
    started, *_, ended = (row.json for row in world.recorder.at("/events"))
    assert started["transfer_destination"] == {"number": "+4930999", "extension": ""}
    assert "showTransfereeAsCaller" in started["transfer_option"]
    assert "transfer_destination" not in ended


def test_cancelled_transfer_leaves_the_caller_with_the_agent(world):
    world.number(world.agent(webhook_events=TRANSFERS))
    turns = [{"transfer": "+4930999", "outcome": "cancelled"}, {"agent": "Niemand da."}]
    call = world.play(script=turns)["call"]
    assert world.recorder.events() == ["transfer_started", "transfer_cancelled"]
    assert (call["disconnection_reason"], "transfer_destination" in call) == ("user_hangup", False)


def test_transfer_is_not_told_unless_subscribed_to(phone):
    phone.play(script=[{"transfer": "+4930999"}])
    assert phone.recorder.events() == ["call_started", "call_ended", "call_analyzed"]


def test_account_hears_of_agents_without_a_url_of_their_own(world):
    url = f"{world.recorder.url}/account"
    world.rest("PATCH", "/_sandbox/workspaces/key_rest", json={"webhook_url": url})
    own, none = world.agent(), world.agent(webhook_url=None)
    world.play(agent_id=own.agent_id, web_call=True)
    world.play(agent_id=none.agent_id, web_call=True)
    assert (len(world.recorder.at("/events")), len(world.recorder.at("/account"))) == (3, 3)


def test_unknown_setting_of_a_workspace_is_refused(world):
    answer = world.control("workspaces", {"api_key": "key_x", "org_name": "X", "webhook": "http://x"})
    assert (answer.status_code, "webhook" in answer.json()["message"]) == (400, True)
