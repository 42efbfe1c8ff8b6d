"""The phone numbers of an agent that is deployed."""

import pytest

from mcp_gateway.models import AuditEntry
from retell.models import RetellConfiguration
from tests.retell.deploying.conftest import Account


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

    def test_no_number_is_written_into_the_log(
        self, account: Account, agent_id: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        number = account.number(agent_id, version=0)
        caplog.clear()
        account.deploy(move_numbers=True)
        told = [record.getMessage() for record in caplog.records if record.name == "retell.client"]
        assert "Retell: PATCH /update-phone-number: done" in told
        assert not [line for line in told if number[1:] in line]

    def test_the_inbound_webhook_is_set_where_that_is_wanted(self, account: Account, agent_id: str) -> None:
        number = account.number(agent_id)
        assert account.deploy()["numbers"][0]["asks_us"] is False
        row = account.deploy(set_inbound_webhook=True)
        assert row["numbers"][0]["asks_us"] is True
        url = account.sdk.phone_number.retrieve(number).inbound_webhook_url
        assert url.endswith(f"/api/mcp/retell/inbound/{RetellConfiguration.objects.get().pk}")
