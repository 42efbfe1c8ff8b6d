"""The vendor as a client of MCP servers."""

import pytest

from tests.retell.sandbox.conftest import API_KEY, CALLER
from tests.retell.sandbox.mcp_server import RunningMcpServer
from tests.retell.sandbox.sdk import sdk

UNREADABLE = "error parsing json response from mcp server"
BOOK = {"type": "mcp", "name": "book", "description": "Books.", "mcp_id": "house"}


@pytest.fixture
def server():
    with RunningMcpServer() as running:
        yield running


def agent_of(world, server, **tool):
    mcp = {
        "id": "house",
        "name": "house",
        "url": server.url,
        "headers": {"Authorization": "Bearer t", "X-Call": "{{call_id}}"},
        "query_params": {"caller": "{{user_number}}"},
    }
    body = {"general_tools": [{**BOOK, **tool}], "mcps": [mcp]}
    llm = world.rest("POST", "/create-retell-llm", json=body)
    assert llm.status_code == 201, llm.text
    engine = {"type": "retell-llm", "llm_id": llm.json()["llm_id"]}
    return world.client.agent.create(response_engine=engine, voice_id="v")


def understand_json(world) -> None:
    world.rest("PATCH", f"/_sandbox/workspaces/{API_KEY}", json={"insists_on_sse": False})


def called(played: dict) -> dict:
    entries = played["call"]["transcript_with_tool_calls"]
    return next(entry for entry in entries if entry["role"] == "tool_call_result")


def test_tools_are_listed_in_a_visit_of_its_own(world, server):
    agent = agent_of(world, server)
    (tool,) = world.client.mcp_tool.get_mcp_tools(agent.agent_id, mcp_id="house")
    assert (tool.name, tool.description) == ("book", "Books.")
    assert server.methods() == ["initialize", "notifications/initialized", "tools/list"]
    assert server.headers[0]["authorization"] == "Bearer t"
    assert "text/event-stream" in server.headers[0]["accept"]
    assert server.headers[2]["mcp-session-id"] == "s1"


@pytest.mark.parametrize("framing", ["json", "html"])
def test_answer_that_is_no_event_stream_is_not_understood(world, server, framing):
    server.framing = framing
    agent = agent_of(world, server)
    with pytest.raises(sdk.InternalServerError) as refusal:
        world.client.mcp_tool.get_mcp_tools(agent.agent_id, mcp_id="house")
    assert refusal.value.body["message"] == UNREADABLE


def test_plain_json_may_be_understood(world, server):
    server.framing = "json"
    understand_json(world)
    agent = agent_of(world, server)
    assert world.client.mcp_tool.get_mcp_tools(agent.agent_id, mcp_id="house")[0].name == "book"


def test_html_is_never_understood(world, server):
    server.framing = "html"
    understand_json(world)
    agent = agent_of(world, server)
    with pytest.raises(sdk.InternalServerError):
        world.client.mcp_tool.get_mcp_tools(agent.agent_id, mcp_id="house")


def test_unknown_server_is_404(world, server):
    agent = agent_of(world, server)
    with pytest.raises(sdk.NotFoundError):
        world.client.mcp_tool.get_mcp_tools(agent.agent_id, mcp_id="other")


def test_tool_is_called_unsigned_and_without_the_call(world, server):
    world.number(agent_of(world, server, response_variables={"uid": "data.uid"}))
    played = world.play("book")
    call = server.asked[-1]
    assert call["params"] == {"name": "book", "arguments": {"name": "Eva", "date": "morgen"}}
    assert "x-retell-signature" not in server.headers[-1]
    assert server.headers[-1]["x-call"] == played["call_id"]
    assert server.paths[-1] == f"/mcp?caller={CALLER.replace('+', '%2B')}"
    assert (called(played)["content"], called(played)["successful"]) == ('{"data": {"uid": "u1"}}', True)
    assert played["call"]["collected_dynamic_variables"] == {"uid": "u1"}
    assert played["call"]["transcript_with_tool_calls"][0]["type"] == "mcp"


def test_failed_tool_is_told_as_failed(world, server):
    server.is_error = True
    world.number(agent_of(world, server))
    assert called(world.play("book"))["successful"] is False


def test_tool_of_a_server_that_answers_json_fails_in_the_vendors_words(world, server):
    server.framing = "json"
    world.number(agent_of(world, server))
    played = world.play("book")
    assert (called(played)["content"], called(played)["successful"]) == (UNREADABLE, False)
    assert next(step for step in played["steps"] if step["what"] == "function:book")["status"] is None


def test_server_that_is_away_is_a_failed_tool(world, server):
    server.url = "http://127.0.0.1:9/mcp"
    world.number(agent_of(world, server))
    assert called(world.play("book"))["content"] == "failed to connect to mcp server house"


def test_node_of_a_flow_calls_its_tool(world, server):
    mcp = {"id": "house", "name": "house", "url": server.url}
    node = {"id": "n1", "type": "mcp", "mcp_id": "house", "mcp_tool_name": "book"}
    flow = world.rest("POST", "/create-conversation-flow", json={"nodes": [node], "mcps": [mcp]}).json()
    engine = {"type": "conversation-flow", "conversation_flow_id": flow["conversation_flow_id"]}
    world.number(world.client.agent.create(response_engine=engine, voice_id="v"))
    assert called(world.play("book"))["successful"] is True
