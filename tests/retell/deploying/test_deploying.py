"""Deploying onto agents as they may be found at Retell."""

from typing import Any

from django.utils import timezone

from mcp_gateway.models import AuditEntry
from retell.addresses import function_url, own_webhook_url
from retell.models import RetellConfiguration
from tests.retell.deploying.conftest import FOREIGN, FUNCTIONS, Account, names


def configuration() -> RetellConfiguration:
    return RetellConfiguration.objects.get()


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
