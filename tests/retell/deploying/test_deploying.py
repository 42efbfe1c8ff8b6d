"""Deploying onto agents as they may be found at Retell."""

from typing import Any

import pytest
from django.utils import timezone

from mcp_gateway.models import AuditEntry
from retell.addresses import function_url, own_webhook_url
from retell.models import RetellConfiguration
from tests.retell.deploying.conftest import FOREIGN, FUNCTIONS, Account


def configuration() -> RetellConfiguration:
    return RetellConfiguration.objects.get()


def names(tools: Any) -> list[str]:
    return [tool.name for tool in tools]


def test_a_published_agent_gets_a_new_version_with_all_functions(account: Account, agent_id: str) -> None:
    row = account.deploy()
    assert (row["success"], row["status"], row["functions"]) == (True, "deployed", FUNCTIONS)
    assert (row["live_version"], row["draft_version"], row["step"]) == (1, None, None)
    assert account.versions(agent_id) == [(1, True), (0, True)]
    tools = account.live_llm(agent_id).general_tools
    assert names(tools) == ["ask_weather", "hang_up", *FUNCTIONS]
    assert {tool.url for tool in tools[2:]} == {function_url(configuration())}


def test_foreign_tools_stay_as_they_were(account: Account, agent_id: str) -> None:
    before = [tool.to_dict() for tool in account.live_llm(agent_id).general_tools]
    account.deploy()
    assert [tool.to_dict() for tool in account.live_llm(agent_id).general_tools[:2]] == before


def test_the_webhook_goes_along(account: Account, agent_id: str) -> None:
    RetellConfiguration.objects.update(webhook_events=["call_ended"], settings={"webhook_timeout_ms": 5000})
    account.deploy()
    live = account.live(agent_id)
    assert live.webhook_url == own_webhook_url(configuration())
    assert (live.webhook_events, live.webhook_timeout_ms) == (["call_ended"], 5000)


def test_prompt_and_settings_go_along(account: Account, agent_id: str) -> None:
    account.call("updateAgent", prompt="Sei nett.", language="de-DE", settings={"voice_speed": 1.2})
    account.deploy()
    live = account.live(agent_id)
    assert (live.language, live.voice_speed) == ("de-DE", 1.2)
    assert account.live_llm(agent_id).general_prompt == "Sei nett."


def test_without_a_prompt_of_ours_retells_stays(account: Account, agent_id: str) -> None:
    account.deploy()
    assert account.live_llm(agent_id).general_prompt == "You answer the phone."


def test_what_was_deployed_is_kept(account: Account, agent_id: str) -> None:
    before = timezone.now()
    account.deploy()
    row = configuration()
    assert row.deployed_version == 1
    assert row.deployed_at is not None
    assert row.last_synced_at is not None
    assert before <= row.deployed_at <= timezone.now()
    assert (row.attempted, row.deploying_until) == (None, None)


def test_it_stands_in_the_audit_trail_without_secrets(account: Account, agent_id: str) -> None:
    account.deploy()
    entry = AuditEntry.objects.get(action="retell.agent_deployed")
    assert (entry.before["version"], entry.after["version"]) == (None, 1)
    assert "function:collect_appointment_information" in entry.after["parts"]
    assert "s3cr3t" not in f"{entry.before}{entry.after}"


def test_nothing_to_change_publishes_nothing(account: Account, agent_id: str) -> None:
    account.deploy()
    account.forget_requests()
    row = account.deploy()
    assert (row["success"], row["status"], row["live_version"]) == (True, "up_to_date", 1)
    assert account.writes() == []


def test_what_is_live_already_counts_as_deployed(account: Account, agent_id: str) -> None:
    account.deploy()
    RetellConfiguration.objects.update(deployed_version=None)
    account.deploy()
    assert configuration().deployed_version == 1


def test_a_dry_run_tells_and_changes_nothing(account: Account, agent_id: str) -> None:
    number = account.number(agent_id, version=0)
    account.forget_requests()
    row = account.deploy(dry_run=True, move_numbers=True, set_inbound_webhook=True)
    assert (row["success"], row["status"], row["live_version"]) == (True, "would_deploy", 0)
    assert {change["name"] for change in row["changes"]} == {*FUNCTIONS, "webhook_url"}
    assert account.writes() == []
    assert (account.versions(agent_id), configuration().deployed_version) == ([(0, True)], None)
    assert account.sdk.phone_number.retrieve(number).inbound_agents[0].agent_version == 0


def test_changes_are_told_in_words(account: Account, agent_id: str) -> None:
    account.deploy()
    account.call("updateCustomFunction", name="find_appointments", enabled=False)
    account.call("updateCustomFunction", name="request_callback", description="Ask for a call back.")
    told = {change["name"]: change for change in account.deploy(dry_run=True)["changes"]}
    assert told.keys() == {"find_appointments", "request_callback"}
    assert told["find_appointments"]["after"] is None
    assert told["request_callback"]["after"] == {"description": "Ask for a call back."}
    assert "request_callback" in told["request_callback"]["words"]


def test_a_disabled_function_is_taken_away(account: Account, agent_id: str) -> None:
    account.deploy()
    account.call("updateCustomFunction", name="find_appointments", enabled=False)
    row = account.deploy()
    assert "find_appointments" not in row["functions"]
    assert names(account.live_llm(agent_id).general_tools) == [
        "ask_weather",
        "hang_up",
        *(name for name in FUNCTIONS if name != "find_appointments"),
    ]


def test_a_disabled_function_of_somebody_else_stays(account: Account) -> None:
    other = {"type": "custom", "name": "find_appointments", "url": "https://other.example.com"}
    agent = account.agent(account.llm(other))
    account.configured(agent, custom_functions=[{"name": "find_appointments", "enabled": False}])
    account.deploy()
    assert account.live_llm(agent).general_tools[0].url == "https://other.example.com"


def test_functions_are_replaced_where_they_stand_with_what_staff_set_besides(account: Account) -> None:
    by_hand = {
        "type": "custom",
        "name": "cancel_appointment",
        "url": "https://old.example.com",
        "response_variables": {"said": "message"},
    }
    agent = account.agent(account.llm(by_hand, *FOREIGN))
    row = account.configured(agent)
    account.deploy()
    tools = account.live_llm(agent).general_tools
    assert names(tools)[:3] == ["cancel_appointment", "ask_weather", "hang_up"]
    assert tools[0].url == function_url(row)
    assert tools[0].response_variables == {"said": "message"}


def test_another_name_for_a_function_keeps_it(account: Account, settings: Any) -> None:
    url = f"{settings.APP_URL}/api/mcp/retell/custom-function"
    agent = account.agent(account.llm({"type": "custom", "name": "collect_appointment_v12", "url": url}))
    account.configured(agent)
    account.deploy()
    assert names(account.live_llm(agent).general_tools) == ["collect_appointment_v12", *FUNCTIONS[1:]]


def test_functions_in_a_state_stay_in_it(account: Account, settings: Any) -> None:
    tool = {"type": "custom", "name": "check_availability", "url": "https://old.example.com"}
    states = [{"name": "talk", "state_prompt": "Talk.", "tools": [tool, FOREIGN[0]]}, {"name": "end"}]
    agent = account.agent(account.llm(states=states, starting_state="talk"))
    row = account.configured(agent)
    account.deploy()
    live = account.live_llm(agent)
    assert names(live.states[0].tools) == ["check_availability", "ask_weather"]
    assert live.states[0].tools[0].url == function_url(row)
    assert names(live.general_tools) == [name for name in FUNCTIONS if name != "check_availability"]


def test_a_tool_of_another_kind_with_our_name_is_refused_in_words(account: Account) -> None:
    agent = account.agent(account.llm({"type": "end_call", "name": "cancel_appointment"}))
    account.configured(agent)
    row = account.deploy()
    assert (row["success"], row["status"], row["kind"]) == (False, "refused", "name_taken")
    assert "cancel_appointment" in row["reason"]
    assert account.versions(agent) == [(0, True)]


def test_an_agent_with_a_language_model_of_its_own_is_refused_in_words(account: Account) -> None:
    engine = {"type": "custom-llm", "llm_websocket_url": "wss://llm.example.com"}
    agent = account.sdk.agent.create(response_engine=engine, voice_id="v")
    account.configured(agent.agent_id)
    row = account.deploy()
    assert (row["success"], row["status"], row["kind"]) == (False, "refused", "custom_llm")
    assert row["reason"]


class TestOpenDrafts:
    def test_an_untouched_draft_is_taken(self, account: Account, agent_id: str) -> None:
        account.draft(agent_id)
        row = account.deploy()
        assert (row["status"], row["live_version"]) == ("deployed", 1)
        assert account.versions(agent_id) == [(1, True), (0, True)]

    def test_what_others_changed_in_it_is_shown_and_nothing_is_done(self, account: Account, agent_id: str) -> None:
        draft = account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        account.sdk.llm.update(draft.response_engine.llm_id, version=1, general_tools=[FOREIGN[0]], general_prompt="Hi")
        account.forget_requests()
        row = account.deploy()
        assert (row["success"], row["status"], row["kind"]) == (False, "refused", "foreign_changes")
        assert {(change["kind"], change["name"]) for change in row["foreign_changes"]} == {
            ("setting", "agent_name"),
            ("prompt", "general_prompt"),
            ("function", "hang_up"),
        }
        assert (row["live_version"], row["draft_version"]) == (0, 1)
        assert account.writes() == []

    def test_with_consent_it_is_published_with_ours(self, account: Account, agent_id: str) -> None:
        account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        row = account.deploy(accept_foreign_changes=True)
        assert (row["status"], row["live_version"]) == ("deployed", 1)
        assert [change["name"] for change in row["foreign_changes"]] == ["agent_name"]
        assert account.live(agent_id).agent_name == "Adam"
        assert len(account.live_llm(agent_id).general_tools) == 8

    def test_an_edit_that_ours_would_overwrite_is_shown_too(self, account: Account, agent_id: str) -> None:
        account.call("updateAgent", prompt="Ours.")
        draft = account.draft(agent_id)
        account.sdk.llm.update(draft.response_engine.llm_id, version=1, general_prompt="Theirs.")
        (change,) = account.deploy()["foreign_changes"]
        assert (change["before"], change["after"]) == ("You answer the phone.", "Theirs.")

    def test_a_secret_in_it_is_not_shown(self, account: Account, agent_id: str) -> None:
        draft = account.draft(agent_id)
        tools = [{**FOREIGN[0], "headers": {"X-Key": "another-s3cr3t"}}, FOREIGN[1]]
        account.sdk.llm.update(draft.response_engine.llm_id, version=1, general_tools=tools)
        row = account.deploy()
        assert [change["name"] for change in row["foreign_changes"]] == ["ask_weather"]
        assert "s3cr3t" not in str(row)

    def test_a_draft_that_has_fallen_behind_is_left_alone(self, account: Account, agent_id: str) -> None:
        account.draft(agent_id)
        account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        account.sdk.agent.publish(agent_id, version=1)
        row = account.deploy()
        assert (row["status"], row["live_version"]) == ("deployed", 3)
        assert account.live(agent_id).agent_name == "Adam"

    def test_work_in_a_draft_that_has_fallen_behind_is_shown_with_what_it_would_undo(
        self, account: Account, agent_id: str
    ) -> None:
        account.draft(agent_id)
        account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        account.sdk.agent.publish(agent_id, version=1)
        account.sdk.agent.update(agent_id, version=2, voice_speed=1.5)
        row = account.deploy()
        assert row["kind"] == "foreign_changes"
        assert {change["name"] for change in row["foreign_changes"]} == {"agent_name", "voice_speed"}

    def test_what_was_never_published_needs_consent(self, account: Account) -> None:
        agent = account.agent(is_published=False)
        account.configured(agent)
        row = account.deploy()
        assert (row["kind"], row["live_version"], row["draft_version"]) == ("foreign_changes", None, 0)
        row = account.deploy(accept_foreign_changes=True)
        assert (row["status"], row["live_version"]) == ("deployed", 0)
        assert account.versions(agent) == [(0, True)]


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


class TestNumbers:
    def test_one_that_is_pinned_to_an_old_version_is_told(self, account: Account, agent_id: str) -> None:
        number = account.number(agent_id, version=0)
        account.number(agent_id)
        lines = account.deploy()["numbers"]
        assert [(line["phone_number"], line["agent_version"], line["is_behind"]) for line in lines] == [
            (number, 0, True),
            (account.numbers[1], "latest_published", False),
        ]
        assert number in lines[0]["words"]
        assert account.sdk.phone_number.retrieve(number).inbound_agents[0].agent_version == 0

    def test_it_is_moved_where_that_is_wanted(self, account: Account, agent_id: str) -> None:
        number = account.number(agent_id, version=0)
        row = account.deploy(move_numbers=True)
        assert account.sdk.phone_number.retrieve(number).inbound_agents[0].agent_version == 1
        assert (row["numbers"][0]["is_behind"], row["touched_numbers"]) == (False, [number])
        entry = AuditEntry.objects.get(action="retell.number_changed")
        assert (entry.before["inbound"], entry.after["inbound"]) == (0, 1)

    def test_it_is_moved_later_too(self, account: Account, agent_id: str) -> None:
        number = account.number(agent_id, version=0)
        account.deploy()
        assert account.deploy(move_numbers=True)["status"] == "up_to_date"
        assert account.sdk.phone_number.retrieve(number).inbound_agents[0].agent_version == 1

    def test_the_numbers_other_agents_stay(self, account: Account, agent_id: str) -> None:
        other = account.agent()
        number = account.number(agent_id)
        ties = [{"agent_id": one, "weight": 0.5, "agent_version": 0} for one in (agent_id, other)]
        account.sdk.phone_number.update(number, inbound_agents=ties)
        account.deploy(move_numbers=True)
        live = account.sdk.phone_number.retrieve(number).inbound_agents
        assert [(tie.agent_id, tie.weight, tie.agent_version) for tie in live] == [(agent_id, 0.5, 1), (other, 0.5, 0)]

    def test_two_agents_of_one_number_are_both_moved(self, account: Account, agent_id: str) -> None:
        other = account.agent()
        account.configured(other)
        number = account.number(agent_id)
        ties = [{"agent_id": one, "weight": 0.5, "agent_version": 0} for one in (agent_id, other)]
        account.sdk.phone_number.update(number, inbound_agents=ties)
        account.call("deployCustomFunctions", move_numbers=True)
        live = account.sdk.phone_number.retrieve(number).inbound_agents
        assert [tie.agent_version for tie in live] == [1, 1]

    def test_the_inbound_webhook_is_set_where_that_is_wanted(self, account: Account, agent_id: str) -> None:
        number = account.number(agent_id)
        assert account.deploy()["numbers"][0]["asks_us"] is False
        row = account.deploy(set_inbound_webhook=True)
        assert row["numbers"][0]["asks_us"] is True
        url = account.sdk.phone_number.retrieve(number).inbound_webhook_url
        assert url.endswith(f"/api/mcp/retell/inbound/{configuration().pk}")


def function_node(tool_id: str) -> dict[str, Any]:
    return {
        "id": "node-1",
        "name": "Look",
        "type": "function",
        "tool_id": tool_id,
        "tool_type": "local",
        "wait_for_result": True,
    }
