"""Function calls in their variants: methods, payloads, variables, retries."""

import pytest

from tests.retell.sandbox.conftest import CALLER, NUMBER, WEBHOOK_KEY
from tests.retell.sandbox.recorder import Answer
from tests.retell.sandbox.sdk import verify

COLLECT = "collect_appointment_information"


def phone_with(world, **tool):
    world.number(world.agent(world.tool(COLLECT, **tool)))
    return world


def test_args_at_root_sends_nothing_but_the_args(world):
    phone_with(world, args_at_root=True).play(COLLECT)
    assert world.recorder.at("/tool")[0].json == {"name": "Eva", "date": "morgen"}


def test_get_signs_the_empty_body(world):
    phone_with(world, method="GET", query_params={"date": "the date", "who": "{{user_number}}"}).play(COLLECT)
    (request,) = world.recorder.at("/tool")
    assert (request.method, request.body) == ("GET", "")
    assert request.path == f"/tool?date=morgen&who={CALLER.replace('+', '%2B')}"
    assert verify("", WEBHOOK_KEY, request.signature)


def test_headers_are_sent_with_their_variables_filled_in(world):
    played = phone_with(world, headers={"X-Call": "{{call_id}}", "X-Odd": "{{unknown}}"}).play(COLLECT)
    headers = world.recorder.at("/tool")[0].headers
    assert (headers["x-call"], headers["x-odd"]) == (played["call_id"], "{{unknown}}")


def test_constants_of_the_schema_are_sent(world):
    schema = {"type": "object", "properties": {"to": {"type": "string", "const": "{{agent_number}}"}}}
    phone_with(world, parameters=schema).play(COLLECT)
    assert world.recorder.at("/tool")[0].json["args"]["to"] == NUMBER


def test_response_variables_are_collected(world):
    phone = phone_with(world, response_variables={"name": "data.user.name", "gone": "data.none"})
    phone.recorder.answer("/tool", Answer(body={"data": {"user": {"name": "Eva"}}}))
    assert phone.play(COLLECT)["call"]["collected_dynamic_variables"] == {"name": "Eva"}


def test_function_is_tried_once_by_default(world):
    phone = phone_with(world)
    phone.recorder.answer("/tool", Answer(status=500))
    phone.play(COLLECT)
    assert len(phone.recorder.at("/tool")) == 1


def test_max_retry_repeats_and_the_last_answer_counts(world):
    phone = phone_with(world, max_retry=2)
    phone.recorder.answer("/tool", Answer(status=500), Answer(body="gut"))
    entries = phone.play(COLLECT)["call"]["transcript_with_tool_calls"]
    assert (len(phone.recorder.at("/tool")), entries[-1]["content"]) == (2, "gut")


def test_slow_function_times_out(world):
    phone = phone_with(world, timeout_ms=1000)
    phone.recorder.answer("/tool", Answer(seconds=1.5))
    played = phone.play(COLLECT)
    assert played["steps"][1]["status"] is None
    content = played["call"]["transcript_with_tool_calls"][-1]["content"]
    assert content == "Axios Error: error code: ECONNABORTED, error message: timeout of 1000ms exceeded"


def test_unreachable_function_is_a_step_and_no_error_of_the_sandbox(world):
    played = phone_with(world, url="http://127.0.0.1:9/tool").play(COLLECT)
    assert played["steps"][1]["status"] is None
    assert "ECONNREFUSED" in played["call"]["transcript_with_tool_calls"][-1]["content"]


def test_function_that_the_agent_does_not_have_is_not_sent(world):
    played = phone_with(world).play("unheard_of")
    assert (played["steps"][1]["status"], world.recorder.at("/tool")) == (None, [])


@pytest.mark.parametrize(
    "engine",
    [
        {"tools": True},
        {"nodes": True},
    ],
)
def test_tools_of_a_conversation_flow_are_called(world, engine):
    tools = [world.tool(COLLECT)]
    node = {"id": "n1", "type": "subagent", "instruction": {"type": "prompt", "text": "x"}, "tools": tools}
    fields = {"tools": tools, "nodes": []} if "tools" in engine else {"nodes": [node]}
    flow = world.rest("POST", "/create-conversation-flow", json=fields).json()
    engine = {"type": "conversation-flow", "conversation_flow_id": flow["conversation_flow_id"]}
    world.number(world.client.agent.create(response_engine=engine, voice_id="v"))
    world.play(COLLECT)
    assert len(world.recorder.at("/tool")) == 1
