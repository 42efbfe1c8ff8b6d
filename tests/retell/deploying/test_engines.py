"""Deploying onto engines that two agents share, and onto conversation flows."""

from typing import Any

import pytest

from retell.addresses import function_url
from retell.models import RetellConfiguration
from tests.retell.deploying.conftest import FOREIGN, FUNCTIONS, Account, names


class TestOneEngineForTwo:
    @pytest.fixture
    def pair(self, account: Account) -> tuple[str, str]:
        llm = account.llm(*FOREIGN)
        first = account.agent(llm)
        second = account.agent(llm)
        for agent in (first, second):
            account.configured(agent)
        return first, second

    def test_each_has_its_functions_once(self, account: Account, pair: tuple[str, str]) -> None:
        rows = account.call("deployCustomFunctions")["deployed"]
        assert [(row["success"], row["status"]) for row in rows] == [(True, "deployed")] * 2
        for agent in pair:
            tools = account.live_llm(agent).general_tools
            assert names(tools) == ["ask_weather", "hang_up", *FUNCTIONS]
            row = RetellConfiguration.objects.get(agent_id=agent)
            assert {tool.url for tool in tools[2:]} == {function_url(row)}

    def test_a_repeat_finds_both_up_to_date(self, account: Account, pair: tuple[str, str]) -> None:
        account.call("deployCustomFunctions")
        account.forget_requests()
        rows = account.call("deployCustomFunctions")["deployed"]
        assert [row["status"] for row in rows] == ["up_to_date"] * 2
        assert account.writes() == []

    def test_one_alone_leaves_the_other_as_it_was(self, account: Account, pair: tuple[str, str]) -> None:
        account.deploy(agent_ids=[pair[0]])
        assert names(account.live_llm(pair[1]).general_tools) == ["ask_weather", "hang_up"]

    def test_two_that_were_never_published(self, account: Account) -> None:
        """The first one's publishing makes the engine's version, which both have, immutable."""
        llm = account.llm(*FOREIGN)
        pair = [account.agent(llm, is_published=False) for _ in range(2)]
        for agent in pair:
            account.configured(agent)
        rows = account.call("deployCustomFunctions", accept_foreign_changes=True)["deployed"]
        assert [row["status"] for row in rows] == ["deployed"] * 2, rows
        for agent in pair:
            assert names(account.live_llm(agent).general_tools) == ["ask_weather", "hang_up", *FUNCTIONS]


class TestFlows:
    def test_functions_go_to_the_flows_tools(self, account: Account) -> None:
        agent = account.flow_agent(tools=[FOREIGN[0]])
        row = account.configured(agent)
        assert account.deploy()["status"] == "deployed"
        tools = account.live_flow(agent).tools
        assert names(tools) == ["ask_weather", *FUNCTIONS]
        assert len({tool.tool_id for tool in tools}) == 7
        assert tools[1].url == function_url(row)
        assert account.deploy()["status"] == "up_to_date"

    def test_nodes_stay_and_keep_their_functions_ids(self, account: Account) -> None:
        tool = {"type": "custom", "name": "find_appointments", "url": "https://old.example.com", "tool_id": "tool-7"}
        agent = account.flow_agent(tools=[tool], nodes=[function_node("tool-7")])
        account.configured(agent)
        row = account.deploy()
        live = account.live_flow(agent)
        assert (live.nodes[0].tool_id, live.tools[0].tool_id, row["dangling_nodes"]) == ("tool-7", "tool-7", [])

    def test_a_node_whose_function_is_taken_away_stays_and_is_told(self, account: Account, settings: Any) -> None:
        url = f"{settings.APP_URL}/api/mcp/retell/custom-function/1"
        tool = {"type": "custom", "name": "find_appointments", "url": url, "tool_id": "tool-7"}
        agent = account.flow_agent(tools=[tool], nodes=[function_node("tool-7")])
        account.configured(agent, custom_functions=[{"name": "find_appointments", "enabled": False}])
        row = account.deploy()
        assert (row["status"], row["dangling_nodes"]) == ("deployed", ["Look"])
        assert account.live_flow(agent).nodes[0].tool_id == "tool-7"

    def test_the_prompt_is_the_flows(self, account: Account) -> None:
        agent = account.flow_agent(global_prompt="Old.")
        account.configured(agent, prompt_template="New.")
        account.deploy()
        assert account.live_flow(agent).global_prompt == "New."

    def test_the_functions_of_a_subagent_stay_with_it(self, account: Account) -> None:
        tool = {"type": "custom", "name": "find_appointments", "url": "https://old.example.com"}
        node = {
            "id": "node-1",
            "type": "subagent",
            "instruction": {"type": "prompt", "text": "Talk."},
            "tools": [tool],
        }
        agent = account.flow_agent(nodes=[node])
        row = account.configured(agent)
        account.deploy()
        live = account.live_flow(agent)
        assert live.nodes[0].tools[0].url == function_url(row)
        assert "find_appointments" not in names(live.tools)

    def test_false_that_retell_writes_onto_nodes_is_nobodys_work(self, account: Account) -> None:
        agent = account.flow_agent(nodes=[function_node("tool-7")])
        account.configured(agent)
        flow_id = account.draft(agent).response_engine.conversation_flow_id
        nodes = [{**function_node("tool-7"), "skippable": False}]
        account.sdk.conversation_flow.update(flow_id, version="1", nodes=nodes)
        assert account.deploy()["status"] == "deployed"


def function_node(tool_id: str) -> dict[str, Any]:
    return {
        "id": "node-1",
        "name": "Look",
        "type": "function",
        "tool_id": tool_id,
        "tool_type": "local",
        "wait_for_result": True,
    }
