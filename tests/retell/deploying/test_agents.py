"""Agents, what differs from what is live, and tests of webhooks, through the gateway."""

from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway.errors import InvalidParams, NotFound
from mcp_gateway.models import AuditEntry
from retell.deploying.last_seen import last_seen
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.deploying.conftest import FOREIGN, FUNCTIONS, Account
from tests.retell.vendor import Vendor


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


class TestAddAgent:
    def test_an_agent_of_the_account_is_set_up_once(self, account: Account) -> None:
        agent = account.agent()
        for _ in range(2):
            assert account.call("addAgent", agent_id=agent)["agent_ids"] == [agent]
        assert stored().agent_id == agent

    def test_one_that_the_account_does_not_have_is_refused(self, account: Account) -> None:
        with pytest.raises(NotFound):
            account.call("addAgent", agent_id="agent_of_nobody")
        assert not RetellConfiguration.objects.exists()

    def test_nothing_changes_at_retell(self, account: Account) -> None:
        agent = account.agent()
        account.forget_requests()
        account.call("addAgent", agent_id=agent)
        assert account.writes() == []


class TestLastSeen:
    def test_a_look_is_remembered(self, account: Account, agent_id: str) -> None:
        assert last_seen([stored()]) == {}
        account.call("getDrift")
        (seen,) = last_seen([stored()]).values()
        assert (seen.agent_name, seen.live_version, seen.in_sync, seen.differences) == ("Eva", 0, False, 7)

    def test_no_answer_leaves_what_was_seen(self, account: Account, agent_id: str) -> None:
        account.call("getDrift")
        before = last_seen([stored()])
        account.vendor.fault("reply", "/get-agent.*", status=500, times=9)
        account.call("getDrift")
        assert last_seen([stored()]) == before


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
