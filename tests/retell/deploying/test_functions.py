"""Custom functions: what staff may change of what an agent is told."""

from typing import Any

import pytest

from mcp_gateway.errors import InvalidParams
from mcp_gateway.models import AuditEntry
from retell.models import RetellConfiguration
from tests.retell.deploying.conftest import FUNCTIONS, Account

COLLECT = "collect_appointment_information"


def stored() -> RetellConfiguration:
    return RetellConfiguration.objects.get()


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
