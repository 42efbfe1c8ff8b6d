"""The call_inbound webhook and what its answer does to the call."""

import pytest

from tests.retell.sandbox.conftest import CALLER, NUMBER, WEBHOOK_KEY
from tests.retell.sandbox.recorder import Answer
from tests.retell.sandbox.sdk import verify


@pytest.fixture
def phone(world):
    world.number(world.agent(), inbound_webhook_url=f"{world.recorder.url}/inbound")
    return world


def answer(phone, **wishes) -> None:
    phone.recorder.answer("/inbound", Answer(body={"call_inbound": wishes}))


def test_question_is_signed_and_names_numbers_agent_and_call(phone):
    played = phone.play()
    question = phone.recorder.received[0]
    assert verify(question.body, WEBHOOK_KEY, question.signature)
    inbound = question.json["call_inbound"]
    assert (inbound["from_number"], inbound["to_number"]) == (CALLER, NUMBER)
    assert (inbound["call_id"], inbound["agent_version"]) == (played["call_id"], 0)
    assert question.signature.startswith(f"v={question.json['event_timestamp']},")


def test_variables_and_metadata_are_on_the_call(phone):
    answer(phone, dynamic_variables={"heute": "Montag"}, metadata={"customer": 7})
    call = phone.play()["call"]
    assert call["retell_llm_dynamic_variables"] == {"heute": "Montag"}
    assert call["metadata"] == {"customer": 7}


def test_variables_and_metadata_are_left_out_when_nobody_set_them(phone):
    assert not {"retell_llm_dynamic_variables", "metadata"} & set(phone.play()["call"])


def test_rejected_call_never_comes_about(phone):
    answer(phone, reject=True)
    played = phone.play(call_id="call_rejected")
    assert (played["inbound"]["outcome"], played["call"], played["steps"]) == ("rejected", None, [])
    assert phone.recorder.events() == []


def test_reject_counts_only_as_true(phone):
    answer(phone, reject="true")
    assert phone.play()["call"]["call_status"] == "ended"


def test_variables_that_are_no_strings_spoil_the_answer(phone):
    answer(phone, dynamic_variables={"n": 1}, reject=True)
    played = phone.play()
    assert played["inbound"]["outcome"] == "bad_response"
    assert played["call"]["call_status"] == "ended"


def test_another_agent_may_answer(phone):
    other = phone.agent(agent_name="Other")
    answer(phone, override_agent_id=other.agent_id)
    assert phone.play()["call"]["agent_id"] == other.agent_id


def test_unknown_agent_spoils_the_answer(phone):
    answer(phone, override_agent_id="agent_none", metadata={"customer": 7})
    played = phone.play()
    assert (played["inbound"]["outcome"], "metadata" in played["call"]) == ("bad_response", False)


def test_webhook_url_may_be_overridden_for_one_call(phone):
    answer(phone, agent_override={"agent": {"webhook_url": f"{phone.recorder.url}/elsewhere"}})
    phone.play()
    assert len(phone.recorder.at("/elsewhere")) == 3


def test_failing_webhook_is_asked_four_times_and_then_the_numbers_agent_answers(phone):
    phone.recorder.answer("/inbound", Answer(status=500))
    played = phone.play()
    assert (played["inbound"]["outcome"], played["inbound"]["attempts"]) == ("failed", 4)
    assert played["call"]["call_status"] == "ended"


def test_number_without_agent_hangs_up_when_the_webhook_fails(world):
    world.number(inbound_webhook_url=f"{world.recorder.url}/inbound")
    world.recorder.answer("/inbound", Answer(status=500))
    assert world.play()["call"] is None


def test_web_calls_ask_nobody(phone):
    agent_id = phone.client.agent.list().items[0].agent_id
    assert phone.play(agent_id=agent_id, web_call=True)["inbound"] is None
