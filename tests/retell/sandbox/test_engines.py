"""LLMs and conversation flows, and the tools in them."""

import pytest

from tests.retell.sandbox.sdk import sdk

SCHEMA_WITHOUT_TYPE = {"properties": {"name": {"type": "string"}}}
BAD_TOOLS = [
    ({"name": "two words"}, "name must match pattern"),
    ({"name": "x" * 65}, "name must match pattern"),
    ({"url": ""}, "required property 'url'"),
    ({"parameters": SCHEMA_WITHOUT_TYPE}, "parameters/type"),
    ({"parameters": {"type": "object"}}, "required property 'properties'"),
    ({"max_retry": 6}, "max_retry must be <= 5"),
    ({"timeout_ms": 999}, "timeout_ms must be >= 1000"),
    ({"timeout_ms": 600_001}, "timeout_ms must be <= 600000"),
    ({"headers": {"X": 1}}, "headers/X must be string"),
    ({"type": "telepathy"}, "type must be equal to one of the allowed values"),
    ({"type": "check_availability_cal"}, "no longer supported"),
    ({"type": "book_appointment_cal"}, "no longer supported"),
]


@pytest.mark.parametrize(("change", "message"), BAD_TOOLS)
def test_bad_tool_is_400(world, change, message):
    answer = world.rest("POST", "/create-retell-llm", json={"general_tools": [world.tool() | change]})
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_update_refuses_bad_tools_too(world):
    llm = world.llm()
    with pytest.raises(sdk.BadRequestError):
        world.client.llm.update(llm.llm_id, general_tools=[{"type": "book_appointment_cal", "name": "book"}])


def test_tool_names_are_unique_over_general_tools_and_states(world):
    states = [{"name": "start", "state_prompt": "x", "tools": [world.tool("book")]}]
    body = {"general_tools": [world.tool("book")], "states": states, "starting_state": "start"}
    assert world.rest("POST", "/create-retell-llm", json=body).status_code == 400


def test_saved_tool_has_its_defaults_filled_in(world):
    tool = world.llm().general_tools[0]
    assert (tool.method, tool.timeout_ms, tool.max_retry, tool.args_at_root) == ("POST", 120_000, 0, False)
    assert (tool.headers, tool.query_params, tool.speak_after_execution) == ({}, {}, True)


def test_update_replaces_the_whole_array_of_tools(world):
    llm = world.llm(world.tool("a"), world.tool("b"))
    updated = world.client.llm.update(llm.llm_id, general_tools=[world.tool("c")])
    assert [tool.name for tool in updated.general_tools] == ["c"]


def test_mcp_server_needs_an_id(world):
    answer = world.rest("POST", "/create-retell-llm", json={"mcps": [{"name": "x", "url": "http://x"}]})
    assert answer.json()["message"] == "MCP id cannot be empty or null"


def test_llm_in_use_is_not_deleted_unless_forced(world):
    llm = world.llm()
    world.agent(llm=llm)
    with pytest.raises(sdk.BadRequestError):
        world.client.llm.delete(llm.llm_id)
    world.client.llm.delete(llm.llm_id, force_delete=True)
    assert world.client.llm.list().items == []


def test_unknown_llm_is_422_and_unknown_flow_404(world):
    with pytest.raises(sdk.UnprocessableEntityError):
        world.client.llm.retrieve("llm_none")
    with pytest.raises(sdk.NotFoundError):
        world.client.conversation_flow.retrieve("conversation_flow_none")


def flow_of(world, **fields):
    body = {"nodes": [], "start_speaker": "agent", "tools": [world.tool()], **fields}
    answer = world.rest("POST", "/create-conversation-flow", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_flow_tools_get_a_tool_id(world):
    assert flow_of(world)["tools"][0]["tool_id"].startswith("tool-")


def test_flow_takes_only_custom_and_integration_tools(world):
    body = {"nodes": [], "tools": [{"type": "end_call", "name": "end"}]}
    assert world.rest("POST", "/create-conversation-flow", json=body).status_code == 400


def test_mcp_node_needs_its_server(world):
    answer = world.rest("POST", "/create-conversation-flow", json={"nodes": [{"type": "mcp"}]})
    assert answer.json()["message"] == "nodes/0 must have required property 'mcp_id'"


def test_published_flow_is_immutable(world):
    flow_id = flow_of(world)["conversation_flow_id"]
    engine = {"type": "conversation-flow", "conversation_flow_id": flow_id}
    agent = world.client.agent.create(response_engine=engine, voice_id="v")
    world.client.agent.publish(agent.agent_id, version=0)
    with pytest.raises(sdk.BadRequestError) as refusal:
        world.client.conversation_flow.update(flow_id, global_prompt="x")
    assert refusal.value.body["message"] == "Cannot update published conversation flow"


@pytest.mark.parametrize("body", [{"general_tools": {}}, {"general_tools": ["x"]}, {"states": "x"}, {"mcps": [1]}])
def test_wrong_shapes_are_400(world, body):
    assert world.rest("POST", "/create-retell-llm", json=body).status_code == 400


def test_tool_of_a_change_may_not_have_the_name_of_one_that_stays(world):
    states = [{"name": "start", "state_prompt": "x", "tools": [world.tool("book")]}]
    llm = world.client.llm.create(states=states, starting_state="start")
    with pytest.raises(sdk.BadRequestError):
        world.client.llm.update(llm.llm_id, general_tools=[world.tool("book")])


@pytest.mark.parametrize("kind", ["retell-llm", "conversation-flow"])
def test_engines_are_listed_in_pages(world, kind):
    body = {"nodes": []} if kind == "conversation-flow" else {}
    for _ in range(3):
        assert world.rest("POST", f"/create-{kind}", json=body).status_code == 201
    first = world.rest("GET", f"/v2/list-{kind}s?limit=2").json()
    second = world.rest("GET", f"/v2/list-{kind}s?limit=2&pagination_key={first['pagination_key']}").json()
    assert (len(first["items"]), first["has_more"]) == (2, True)
    assert (len(second["items"]), second["has_more"]) == (1, False)
