"""Agents, their functions, prompts and drift through the gateway."""

from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway.errors import InvalidParams, NotFound
from mcp_gateway.models import AuditEntry
from retell import inbound
from retell.models import PromptVersion, RetellConfiguration
from tests.factories import make_configuration, make_service
from tests.retell.deploying.conftest import FOREIGN, FUNCTIONS, Account
from tests.retell.vendor import Vendor

COLLECT = "collect_appointment_information"


def stored() -> RetellConfiguration:
    return RetellConfiguration.objects.get()


class TestAgents:
    def test_the_accounts_agents_and_which_are_set_up(self, account: Account, agent_id: str) -> None:
        other = account.agent()
        account.deploy()
        told = {row["agent_id"]: row for row in account.call("getAgents")["agents"]}
        assert (told[agent_id]["is_configured"], told[agent_id]["deployed_version"]) == (True, 1)
        assert (told[other]["is_configured"], told[other]["agent_name"]) == (False, "Eva")

    def test_another_companys_in_a_shared_account_is_not_told(
        self, account: Account, agent_id: str, other_company: Company
    ) -> None:
        theirs = account.agent()
        make_configuration(other_company, agent_id=theirs)
        assert [row["agent_id"] for row in account.call("getAgents")["agents"]] == [agent_id]

    def test_many_agents_come_in_pages(self, account: Account) -> None:
        llm = account.llm()
        made = [account.agent(llm, is_published=False) for _ in range(53)]
        assert [row["agent_id"] for row in account.call("getAgents")["agents"]] == made

    def test_one_agent_as_it_is_live(self, account: Account, agent_id: str) -> None:
        account.deploy()
        account.draft(agent_id, base=1)
        account.sdk.agent.update(agent_id, version=2, agent_name="Adam")
        told = account.call("getAgent")
        assert (told["agent_name"], told["version"], told["is_published"]) == ("Eva", 1, True)
        assert (told["engine"], told["prompt"]) == ("retell-llm", "You answer the phone.")
        assert [(one["name"], one["is_ours"]) for one in told["functions"]] == [
            ("ask_weather", False),
            ("hang_up", False),
            *((name, True) for name in FUNCTIONS),
        ]
        assert "s3cr3t" not in str(told)

    def test_one_that_was_never_published(self, account: Account) -> None:
        account.configured(account.agent(is_published=False))
        told = account.call("getAgent")
        assert (told["version"], told["is_published"]) == (0, False)

    def test_one_with_a_language_model_of_its_own(self, account: Account) -> None:
        engine = {"type": "custom-llm", "llm_websocket_url": "wss://llm.example.com"}
        account.configured(account.sdk.agent.create(response_engine=engine, voice_id="v").agent_id)
        told = account.call("getAgent")
        assert (told["engine"], told["prompt"], told["functions"]) == ("custom-llm", None, [])

    def test_settings_are_kept_and_given_back_to_retell(self, account: Account, agent_id: str) -> None:
        account.call("updateAgent", language=["de-DE", "en-US"], settings={"voice_speed": 1.2, "volume": 1})
        account.call("updateAgent", settings={"volume": None})
        assert stored().settings == {"language": ["de-DE", "en-US"], "voice_speed": 1.2}
        assert AuditEntry.objects.filter(action="retell.settings_changed").count() == 2

    @pytest.mark.parametrize(
        "wrong",
        [
            {"language": "deutsch"},
            {"settings": {"voice_speed": 9}},
            {"settings": {"webhook_url": "https://x.example.com"}},
            {"settings": {"response_engine": {}}},
            {"settings": {"language": "xx"}},
            {"settings": "loud"},
            {"prompt": 5},
        ],
    )
    def test_what_is_not_ours_to_set_or_out_of_bounds_is_refused(
        self, account: Account, agent_id: str, wrong: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidParams):
            account.call("updateAgent", **wrong)
        assert stored().settings == {}


class TestFunctions:
    def function(self, account: Account, name: str = COLLECT) -> dict[str, Any]:
        functions = {one["name"]: one for one in account.call("getCustomFunctions")["functions"]}
        found: dict[str, Any] = functions[name]
        return found

    def test_all_of_them_as_they_are(self, account: Account, agent_id: str) -> None:
        functions = account.call("getCustomFunctions")["functions"]
        assert [one["name"] for one in functions] == FUNCTIONS
        assert {(one["enabled"], one["is_changed"]) for one in functions} == {(True, False)}
        assert all(one["url"].endswith(f"/custom-function/{stored().pk}") for one in functions)

    def test_changed_is_what_is_deployed(self, account: Account, agent_id: str) -> None:
        parameters = {"type": "object", "properties": {"datum": {"type": "string"}}, "required": ["datum"]}
        account.call("updateCustomFunction", name=COLLECT, description="Notes it.", parameters=parameters)
        account.deploy()
        tool = next(tool for tool in account.live_llm(agent_id).general_tools if tool.name == COLLECT)
        assert (tool.description, tool.parameters.to_dict()) == ("Notes it.", parameters)
        assert account.deploy()["status"] == "up_to_date"

    def test_one_change_leaves_the_others(self, account: Account, agent_id: str) -> None:
        account.call("updateCustomFunction", name=COLLECT, description="Notes it.")
        account.call("updateCustomFunction", name=COLLECT, enabled=False)
        account.call("updateCustomFunction", name="request_callback", enabled=False)
        told = self.function(account)
        assert (told["description"], told["enabled"], told["is_changed"]) == ("Notes it.", False, True)

    def test_ours_can_be_had_again(self, account: Account, agent_id: str) -> None:
        ours = self.function(account)
        account.call("updateCustomFunction", name=COLLECT, description="Notes it.", enabled=False)
        account.call("updateCustomFunction", name=COLLECT, description="")
        assert self.function(account) == {**ours, "enabled": False, "is_changed": True}
        account.call("updateCustomFunction", name=COLLECT, reset=True)
        assert self.function(account) == ours
        assert stored().custom_functions == []

    def test_each_change_is_in_the_audit_trail(self, account: Account, agent_id: str) -> None:
        account.call("updateCustomFunction", name=COLLECT, enabled=False)
        entry = AuditEntry.objects.get(action="retell.function_changed")
        assert entry.after["custom_functions"][0]["enabled"] is False

    @pytest.mark.parametrize(
        "schema",
        [
            {},
            {"properties": {}},
            {"type": "string"},
            {"type": "object"},
            {"type": "object", "properties": []},
            {"type": "object", "properties": {"date": {}}},
            {"type": "object", "properties": {"date": {"type": "date"}}},
            {"type": "object", "properties": {"date": "string"}},
            {"type": "object", "properties": {"date": {"type": "string", "enum": []}}},
            {"type": "object", "properties": {"date": {"type": "array"}}},
            {"type": "object", "properties": {"date": {"type": "string", "description": 5}}},
            {"type": "object", "properties": {"date": {"type": "string", "$ref": "#/x"}}},
            {"type": "object", "properties": {"date": {"type": "object", "properties": {"a b": {"type": "string"}}}}},
            {"type": "object", "properties": {}, "required": ["date"]},
            {"type": "object", "properties": {}, "required": [["date"]]},
            {"type": "object", "properties": {}, "anyOf": []},
            {"type": "object", "properties": {}, "additionalProperties": {}},
            {"type": "object", "properties": {"branch": {"type": "string"}}},
        ],
    )
    def test_parameters_that_retell_or_the_function_would_not_take(
        self, account: Account, agent_id: str, schema: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidParams) as raised:
            account.call("updateCustomFunction", name=COLLECT, parameters=schema)
        assert {error["parameter"] for error in raised.value.data["errors"]} == {"parameters"}
        assert stored().custom_functions == []

    @pytest.mark.parametrize("wrong", [{"name": "drop_tables"}, {"name": COLLECT, "enabled": "maybe"}, {}])
    def test_functions_that_there_are(self, account: Account, agent_id: str, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidParams):
            account.call("updateCustomFunction", **wrong)

    @pytest.mark.parametrize("rubbish", [{"x": 1}, ["x"], [{"name": "gone"}], None, "x"])
    def test_rubbish_in_the_row_counts_as_nothing(self, account: Account, agent_id: str, rubbish: Any) -> None:
        RetellConfiguration.objects.update(custom_functions=rubbish, settings=rubbish)
        assert self.function(account)["is_changed"] is False
        assert account.deploy()["success"] is True


class TestPrompts:
    @pytest.fixture
    def salon(self, account: Account, agent_id: str) -> Account:
        make_service(account.company, name="Dauerwelle", duration_minutes=135)
        make_service(account.company, name="Bartpflege", is_active=False)
        account.company.opening_hours = {"saturday": [["10:00", "14:00"]]}
        account.company.save()
        return account

    def test_it_is_made_from_what_the_company_offers(self, salon: Account) -> None:
        told = salon.call("getAgentPromptTemplate", language="de")
        for words in (salon.company.name, "Dauerwelle, 135", "Samstag 10 Uhr bis 14 Uhr", "{{today}}", "Anrufer"):
            assert words in told["prompt"]
        assert "Bartpflege" not in told["prompt"]

    def test_in_english_too(self, salon: Account) -> None:
        told = salon.call("getAgentPromptTemplate", language="en")
        assert "You answer the phone" in told["prompt"]
        assert "Dauerwelle, 135 minutes" in told["prompt"]

    def test_by_default_in_the_companys_language(self, salon: Account) -> None:
        assert salon.call("getAgentPromptTemplate")["language"] == salon.company.default_language

    @pytest.mark.parametrize("language", ["de", "en"])
    @pytest.mark.parametrize("mode", Company.BookingMode)
    def test_it_knows_only_variables_that_the_agent_gets(self, salon: Account, language: str, mode: str) -> None:
        salon.company.booking_mode = mode
        salon.company.save()
        answer = inbound.answer(salon.company, {"call_inbound": {"from_number": "+4915112345678"}})
        given = set(answer["call_inbound"]["dynamic_variables"])
        prompt = salon.call("getAgentPromptTemplate", language=language)["prompt"]
        used = {part.split("}}")[0] for part in prompt.split("{{")[1:]}
        assert used <= given
        assert {"today", "current_time", "customer_name", "next_appointment"} <= used

    def test_a_yes_is_asked_for_only_where_it_books(self, salon: Account) -> None:
        assert "confirmed" not in salon.call("getAgentPromptTemplate", language="en")["prompt"]
        salon.company.booking_mode = Company.BookingMode.DURING_CALL
        salon.company.save()
        assert "`confirmed`" in salon.call("getAgentPromptTemplate", language="en")["prompt"]

    def test_each_prompt_is_a_version(self, account: Account, agent_id: str) -> None:
        for text in ("First.", "First.", "Second."):
            account.call("updateAgent", prompt=text)
        versions = account.call("getPromptVersions")["versions"]
        assert [(one["number"], one["text"], one["author"]) for one in versions] == [
            (2, "Second.", "test"),
            (1, "First.", "test"),
        ]

    def test_it_tells_what_it_went_out_with(self, account: Account, agent_id: str) -> None:
        account.call("updateAgent", prompt="First.")
        account.deploy()
        account.call("updateAgent", prompt="Second.")
        versions = account.call("getPromptVersions")["versions"]
        assert [one["deployed_version"] for one in versions] == [None, 1]

    def test_rolling_back_makes_a_new_version(self, account: Account, agent_id: str) -> None:
        for text in ("First.", "Second."):
            account.call("updateAgent", prompt=text)
            account.deploy()
        versions = account.call("rollBackPrompt", number=1)["versions"]
        assert (versions[0]["number"], versions[0]["text"], versions[0]["restores"]) == (3, "First.", 1)
        assert account.live_llm(agent_id).general_prompt == "Second."
        assert account.deploy()["live_version"] == 3
        assert account.live_llm(agent_id).general_prompt == "First."

    def test_rolling_back_to_what_is_there_changes_nothing(self, account: Account, agent_id: str) -> None:
        account.call("updateAgent", prompt="First.")
        assert len(account.call("rollBackPrompt", number=1)["versions"]) == 1

    def test_there_is_no_rolling_back_to_what_never_was(self, account: Account, agent_id: str) -> None:
        with pytest.raises(NotFound):
            account.call("rollBackPrompt", number=7)

    def test_a_prompt_that_was_written_into_the_row_gets_its_version(self, account: Account, agent_id: str) -> None:
        RetellConfiguration.objects.update(prompt_template="By hand.")
        account.deploy()
        version = PromptVersion.objects.get()
        assert (version.text, version.deployed_version) == ("By hand.", 1)

    def test_an_emptied_prompt_leaves_retells(self, account: Account, agent_id: str) -> None:
        account.call("updateAgent", prompt="First.")
        account.deploy()
        account.call("updateAgent", prompt="")
        assert account.deploy()["status"] == "up_to_date"
        assert account.live_llm(agent_id).general_prompt == "First."


class TestDrift:
    def drift(self, account: Account) -> dict[str, Any]:
        (found,) = account.call("getDrift")["agents"]
        return dict(found)

    def test_none_after_deploying(self, account: Account, agent_id: str) -> None:
        account.number(agent_id)
        account.deploy(set_inbound_webhook=True)
        found = self.drift(account)
        assert (found["in_sync"], found["words"], found["differences"]) == (True, [], [])
        assert (found["live_version"], found["deployed_version"]) == (1, 1)

    def test_before_deploying_all_is_missing(self, account: Account, agent_id: str) -> None:
        found = self.drift(account)
        assert found["in_sync"] is False
        assert {one["name"] for one in found["differences"]} == {*FUNCTIONS, "webhook_url"}

    def test_what_somebody_published_since(self, account: Account, agent_id: str) -> None:
        account.deploy()
        draft = account.draft(agent_id, base=1)
        account.sdk.llm.update(draft.response_engine.llm_id, version=2, general_tools=FOREIGN)
        account.sdk.agent.update(agent_id, version=2, webhook_events=["call_started"])
        account.sdk.agent.publish(agent_id, version=2)
        found = self.drift(account)
        assert (found["live_version"], found["deployed_version"]) == (2, 1)
        assert {one["name"] for one in found["differences"]} == {*FUNCTIONS, "webhook_events"}
        assert any("2" in words and "1" in words for words in found["words"])

    def test_what_is_set_here_since(self, account: Account, agent_id: str) -> None:
        account.deploy()
        account.call("updateAgent", prompt="New.")
        (difference,) = self.drift(account)["differences"]
        assert (difference["kind"], difference["before"], difference["after"]) == (
            "prompt",
            "You answer the phone.",
            "New.",
        )

    def test_somebodys_open_draft(self, account: Account, agent_id: str) -> None:
        account.deploy()
        account.draft(agent_id, base=1)
        account.sdk.agent.update(agent_id, version=2, agent_name="Adam")
        found = self.drift(account)
        assert (found["in_sync"], found["draft_version"], found["differences"]) == (False, 2, [])
        assert [one["name"] for one in found["foreign_changes"]] == ["agent_name"]

    def test_numbers_that_stay_behind_or_do_not_ask(self, account: Account, agent_id: str) -> None:
        number = account.number(agent_id, version=0, inbound_webhook_url="https://other.example.com/in?key=s3cr3t")
        account.deploy()
        found = self.drift(account)
        (line,) = found["numbers"]
        assert (line["is_behind"], line["asks_us"], found["in_sync"]) == (True, False, False)
        assert any(number in words for words in found["words"])
        assert "s3cr3t" not in str(found)

    def test_one_agents_trouble_is_not_the_others(self, account: Account, agent_id: str) -> None:
        account.configured("agent_gone")
        found = {one["agent_id"]: one for one in account.call("getDrift")["agents"]}
        assert (found["agent_gone"]["kind"], found[agent_id]["kind"]) == ("not_found", "")

    def test_looking_changes_nothing(self, account: Account, agent_id: str) -> None:
        account.call("getDrift")
        assert account.writes() == []


class TestWebhookTrial:
    def test_nobody_answers(self, account: Account, agent_id: str, settings: Any) -> None:
        settings.APP_URL = "http://127.0.0.1:9"
        told = account.call("testWebhook")
        assert (told["agent_id"], told["http_status"], told["event_id"]) == (agent_id, None, None)
        assert told["problem"] == "APP_URL can't be reached"
        assert stored().last_test_outcome.startswith("APP_URL can't be reached")

    def test_the_address_that_is_stored_is_the_one_that_is_tried(
        self, account: Account, agent_id: str, vendor: Vendor
    ) -> None:
        RetellConfiguration.objects.update(webhook_url=f"{vendor.base_url}/somewhere")
        told = account.call("testWebhook")
        assert (told["url"], told["http_status"], told["problem"]) == (f"{vendor.base_url}/somewhere", 404, "refused")

    def test_a_private_address_is_not_reached_in_production(
        self, account: Account, agent_id: str, vendor: Vendor, settings: Any
    ) -> None:
        settings.ALLOW_PRIVATE_URLS = False
        RetellConfiguration.objects.update(webhook_url=vendor.base_url.replace("http:", "https:"))
        assert account.call("testWebhook")["http_status"] is None
        assert account.vendor.requests() == []
