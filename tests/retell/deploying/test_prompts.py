"""Prompts: made from what the company offers, kept in versions, rolled back."""

import pytest

from appointments.models import Company
from mcp_gateway.errors import NotFound
from retell import inbound
from retell.models import PromptVersion, RetellConfiguration
from tests.factories import make_service
from tests.retell.deploying.conftest import Account


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
