"""Retell fails at each request of a deployment: the row tells how things stand, and a repeat ends what was begun."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier, Thread
from time import monotonic
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from mcp_gateway import gateway
from mcp_gateway.errors import Conflict, GatewayError, UpstreamError
from mcp_gateway.models import AuditEntry
from mcp_gateway.principal import Principal
from mcp_gateway.sandbox import Fault, Request
from retell.models import PromptVersion, RetellConfiguration
from tests.factories import make_company
from tests.retell.deploying.conftest import FUNCTIONS, Account, account_of, call
from tests.retell.vendor import Vendor

REQUESTS = [
    "GET list-phone-numbers",
    "GET get-agent",
    "GET get-retell-llm",
    "POST create-agent-version",
    "GET get-agent",
    "GET get-retell-llm",
    "PATCH update-retell-llm",
    "PATCH update-agent",
    "POST publish-agent-version",
    "GET get-agent",
    "GET get-retell-llm",
]
STEPS = [None, "look", "look", "draft", "draft", "draft", "functions", "settings", "publish", "check", "check"]
TROUBLES: dict[str, dict[str, Any]] = {
    "500": {"action": "reply", "status": 500, "body": {"status": "error", "message": "Internal error"}},
    "reset": {"action": "reset"},
    "422": {"action": "reply", "status": 422, "body": {"status": "error", "message": "No."}},
    "429": {"action": "reply", "status": 429, "body": {"status": "error"}, "headers": {"Retry-After": "7"}},
    "malformed": {"action": "malformed"},
}
KINDS = {
    "500": "unreachable",
    "reset": "unreachable",
    "422": "refused",
    "429": "rate_limited",
    "malformed": "unreachable",
}
PLACES = [(n, "before") for n in range(len(REQUESTS))] + [
    (n, "after") for n, request in enumerate(REQUESTS) if not request.startswith("GET")
]


@dataclass(kw_only=True)
class AtRequest(Fault):
    """The trouble comes with the request of this number, and with so many after it."""

    number: int
    seen: int = 0

    def matches(self, request: Request) -> bool:
        self.seen += 1
        return self.seen > self.number and super().matches(request)


def trouble(account: Account, name: str, number: int, when: str, *, times: int = 1) -> None:
    account.vendor.sandbox.faults = [AtRequest(path=".*", number=number, when=when, times=times, **TROUBLES[name])]


def is_whole(account: Account, agent_id: str) -> bool:
    names = [tool.name for tool in account.live_llm(agent_id).general_tools]
    return names == ["ask_weather", "hang_up", *FUNCTIONS] and bool(account.live(agent_id).webhook_url)


def test_these_are_a_deployments_requests(account: Account, agent_id: str) -> None:
    account.deploy()
    asked = [f"{one.method} {one.path.removeprefix('/v2').split('/')[1]}" for one in account.vendor.sandbox.requests]
    assert asked == REQUESTS


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize(("number", "when"), PLACES)
def test_one_request_fails(account: Account, agent_id: str, name: str, number: int, when: str) -> None:
    trouble(account, name, number, when)
    if STEPS[number] is None:
        with pytest.raises(GatewayError) as raised:
            account.deploy()
        assert raised.value.kind == KINDS[name]
    else:
        row = account.deploy()
        # Whether it is published is looked up.
        assert row["success"] is (STEPS[number] == "publish" and when == "after"), row
        if not row["success"]:
            assert (row["step"], row["kind"]) == (STEPS[number], KINDS[name])
            assert row["retry_after"] == (7 if name == "429" else None)
        assert row["live_version"] == (None if STEPS[number] == "look" else account.live(agent_id).version)
        drafts = [version for version, is_published in account.versions(agent_id) if not is_published]
        assert row["draft_version"] == (drafts[0] if drafts else None)
    account.vendor.sandbox.faults.clear()
    again = account.deploy()
    assert (again["success"], again["live_version"], again["draft_version"]) == (True, 1, None)
    assert account.versions(agent_id) == [(1, True), (0, True)]
    assert is_whole(account, agent_id)
    assert RetellConfiguration.objects.get().deployed_version == 1


@pytest.mark.parametrize("number", [n for n, request in enumerate(REQUESTS) if request.startswith("GET") and n])
@pytest.mark.parametrize("changed", [{}, {"version": 77}, {"agent_id": "x", "llm_id": "x"}])
def test_an_answer_about_something_else_is_none(
    account: Account, agent_id: str, number: int, changed: dict[str, Any]
) -> None:
    """Tools are written back whole: of an engine that seems to have none, all others' would be gone."""
    body = {"agent_id": agent_id, "version": 0, "response_engine": {"type": "retell-llm"}, **changed}
    fault = {"action": "reply", "status": 200, "body": body if changed else {}}
    account.vendor.sandbox.faults = [AtRequest(path=".*", number=number, **fault)]
    row = account.deploy()
    assert (row["success"], row["kind"], row["step"]) == (False, "unreachable", STEPS[number])
    assert account.deploy()["success"] is True
    assert is_whole(account, agent_id)


@pytest.mark.parametrize("number", range(3, 9))
def test_what_is_left_by_an_attempt_is_told(account: Account, agent_id: str, number: int) -> None:
    trouble(account, "500", number, "after")
    row = account.deploy()
    if row["success"]:
        return
    assert (row["live_version"], row["draft_version"]) == (0, 1)
    assert "0" in row["reason"]
    assert "1" in row["reason"]


def test_whether_it_is_live_is_said_to_be_unknown_where_it_is(account: Account, agent_id: str) -> None:
    trouble(account, "reset", 8, "after", times=2)
    row = account.deploy()
    assert (row["success"], row["step"], row["live_version"], row["draft_version"]) == (False, "publish", None, 1)
    assert account.deploy()["status"] == "up_to_date"


def test_a_refusal_to_publish_is_no_doubt(account: Account, agent_id: str) -> None:
    trouble(account, "429", 8, "before", times=2)
    row = account.deploy()
    assert (row["step"], row["live_version"], row["draft_version"]) == ("publish", 0, 1)


def test_what_an_attempt_has_written_is_ours_though_something_else_is_wanted_now(
    account: Account, agent_id: str
) -> None:
    account.call("updateAgent", prompt="First.")
    trouble(account, "500", 8, "before")
    account.deploy()
    account.call("updateAgent", prompt="Second.")
    row = account.deploy()
    assert (row["status"], row["live_version"], row["foreign_changes"]) == ("deployed", 1, [])
    assert account.live_llm(agent_id).general_prompt == "Second."


def test_so_is_what_the_attempt_before_has_written(account: Account, agent_id: str) -> None:
    account.call("updateAgent", prompt="First.")
    trouble(account, "500", 8, "before")
    account.deploy()
    account.call("updateAgent", prompt="Second.")
    account.vendor.fault("reply", "/update-retell-llm/.*", status=500)
    assert account.deploy()["step"] == "functions"
    row = account.deploy()
    assert (row["status"], row["live_version"], row["foreign_changes"]) == ("deployed", 1, [])


def test_a_deployment_whose_end_was_not_heard_of_is_noted_by_the_repeat(account: Account, agent_id: str) -> None:
    account.call("updateAgent", prompt="First.")
    trouble(account, "500", 9, "before")
    assert account.deploy()["step"] == "check"
    assert not AuditEntry.objects.filter(action="retell.agent_deployed").exists()
    assert account.deploy()["status"] == "up_to_date"
    row = RetellConfiguration.objects.get()
    assert (row.deployed_version, row.attempted) == (1, None)
    assert row.deployed_at is not None
    assert AuditEntry.objects.get(action="retell.agent_deployed").after["version"] == 1
    assert PromptVersion.objects.get().deployed_version == 1


def test_what_others_add_to_an_attempts_draft_is_theirs(account: Account, agent_id: str) -> None:
    trouble(account, "500", 8, "before")
    account.deploy()
    account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
    row = account.deploy()
    assert [change["name"] for change in row["foreign_changes"]] == ["agent_name"]


def test_a_draft_of_ours_that_is_not_needed_any_more_hurts_nobody(account: Account, agent_id: str) -> None:
    account.deploy()
    account.call("updateAgent", settings={"voice_speed": 1.5})
    trouble(account, "500", 6, "before")
    account.deploy()
    account.vendor.sandbox.faults.clear()
    account.call("updateAgent", settings={"voice_speed": None})
    row = account.deploy()
    assert (row["status"], row["live_version"]) == ("up_to_date", 1)
    account.call("updateAgent", settings={"voice_speed": 0.9})
    assert account.deploy()["status"] == "deployed"
    assert account.live(agent_id).voice_speed == 0.9


def test_numbers_that_could_not_be_moved_are_told_and_moved_by_a_repeat(account: Account, agent_id: str) -> None:
    number = account.number(agent_id, version=0)
    account.vendor.fault("reply", "/update-phone-number/.*", status=500)
    row = account.deploy(move_numbers=True)
    assert (row["success"], row["step"], row["kind"], row["live_version"]) == (False, "numbers", "unreachable", 1)
    assert account.deploy(move_numbers=True)["success"] is True
    assert account.sdk.phone_number.retrieve(number).inbound_agents[0].agent_version == 1


def test_one_agents_trouble_is_not_the_others(account: Account, agent_id: str) -> None:
    other = account.agent()
    account.configured(other)
    account.vendor.fault("reply", f"/update-agent/{agent_id}", status=500)
    rows = {row["agent_id"]: row for row in account.call("deployCustomFunctions")["deployed"]}
    assert (rows[agent_id]["success"], rows[other]["success"]) == (False, True)


def test_a_wrong_key(account: Account, agent_id: str) -> None:
    account.company.retell_api_key = "key_wrong"
    account.company.save()
    with pytest.raises(UpstreamError) as raised:
        account.deploy()
    assert (raised.value.kind, raised.value.retryable) == ("unauthorised", False)


def test_without_a_key(account: Account, agent_id: str) -> None:
    account.company.retell_api_key = ""
    account.company.save()
    with pytest.raises(Conflict) as raised:
        account.deploy()
    assert raised.value.kind == "not_configured"


def test_an_agent_that_retell_does_not_know(account: Account) -> None:
    account.configured("agent_gone")
    row = account.deploy()
    assert (row["success"], row["status"], row["kind"]) == (False, "refused", "not_found")


def test_who_has_no_time_to_see_it_through_does_not_begin(account: Account, agent_id: str) -> None:
    name, principal = "retell_config.deployCustomFunctions", Principal.of_task("test", account.company.pk)
    (row,) = gateway.call(name, {}, principal=principal, deadline=monotonic() + 10)["deployed"]
    assert (row["success"], row["kind"], row["live_version"]) == (False, "deadline_exceeded", 0)
    assert account.writes() == []


def test_nothing_is_published_without_time_to_hear_the_answer(account: Account, agent_id: str) -> None:
    account.vendor.fault("delay", "/update-agent/.*", seconds=1.0)
    name, principal = "retell_config.deployCustomFunctions", Principal.of_task("test", account.company.pk)
    (row,) = gateway.call(name, {}, principal=principal, deadline=monotonic() + 16.9)["deployed"]
    assert (row["kind"], row["live_version"]) == ("deadline_exceeded", 0)
    assert account.versions(agent_id)[-1] == (0, True)
    assert account.deploy()["live_version"] == 1


class TestTwoAtOnce:
    def test_one_is_refused_while_the_other_runs(self, account: Account, agent_id: str) -> None:
        RetellConfiguration.objects.update(deploying_until=timezone.now() + timedelta(seconds=60))
        account.forget_requests()
        row = account.deploy()
        assert (row["success"], row["kind"], row["retryable"]) == (False, "deploying_already", True)
        assert 0 < row["retry_after"] <= 61
        assert account.writes() == []

    def test_a_dead_one_is_in_the_way_for_a_while_only(self, account: Account, agent_id: str) -> None:
        RetellConfiguration.objects.update(deploying_until=timezone.now() - timedelta(seconds=1))
        assert account.deploy()["success"] is True

    def test_a_failed_one_is_in_nobodys_way(self, account: Account, agent_id: str) -> None:
        trouble(account, "500", 6, "before")
        account.deploy()
        assert RetellConfiguration.objects.get().deploying_until is None

    def test_another_company_with_the_same_agent_waits_too(
        self, account: Account, agent_id: str, other_company: Any
    ) -> None:
        other_company.retell_api_key = account.company.retell_api_key
        other_company.save()
        theirs = RetellConfiguration.objects.create(company=other_company, agent_id=agent_id)
        RetellConfiguration.objects.filter(pk=theirs.pk).update(deploying_until=timezone.now() + timedelta(seconds=60))
        assert account.deploy()["kind"] == "deploying_already"

    def test_a_dry_run_waits_for_nobody(self, account: Account, agent_id: str) -> None:
        RetellConfiguration.objects.update(deploying_until=timezone.now() + timedelta(seconds=60))
        assert account.deploy(dry_run=True)["status"] == "would_deploy"

    @pytest.mark.django_db(transaction=True)
    def test_really_at_once(self, transactional_db: None, vendor: Vendor) -> None:
        account = account_of(make_company(), vendor)
        agent_id = account.agent()
        account.configured(agent_id)
        # The first stays in the middle until the second has been refused.
        account.vendor.fault("delay", "/create-agent-version/.*", seconds=1.0)
        rows = in_parallel(2, lambda: call(account.company, "deployCustomFunctions")["deployed"][0])
        assert sorted(row["kind"] for row in rows) == ["", "deploying_already"]
        assert account.versions(agent_id) == [(1, True), (0, True)]


def in_parallel(number: int, do: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    barrier = Barrier(number)

    def run() -> None:
        barrier.wait(timeout=10)
        try:
            results.append(do())
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
