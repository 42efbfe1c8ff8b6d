"""Deploying by hand: looking first, deciding, doing, reading what became of it, doing it again."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import background
from mcp_gateway.models import AuditEntry, LongAction, LongActionResult
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.agent_pages.conftest import as_user, at, person
from tests.retell.deploying.conftest import Account


@pytest.fixture
def url(company: Company) -> str:
    return at("retell_deploy", company.pk)


def deployed(client: Client, url: str, data: dict[str, Any] | None = None) -> Any:
    """Confirm, let a worker do it, and read the page that the confirmation has led to."""
    to = client.post(url, data or {})["Location"]
    background.run(LongAction.objects.latest("pk").pk)
    return client.get(to)


def test_looking_shows_what_would_change_and_changes_nothing(
    admin: Client, account: Account, agent_id: str, url: str
) -> None:
    page = admin.get(url).text
    assert "The function request_callback is added" in page
    assert "would be deployed" in page
    assert account.writes() == []


def test_deploying_brings_the_functions_and_tells_of_each_agent(
    admin: Client, account: Account, agent_id: str, url: str
) -> None:
    account.configured(account.agent())
    page = deployed(admin, url)
    assert [row["status"] for row in page.context["rows"]] == ["deployed", "deployed"]
    assert "2 done," in page.text
    assert len(account.live_llm(agent_id).general_tools) == 8
    entry = AuditEntry.objects.filter(action="retell.agent_deployed").first()
    assert entry is not None
    assert entry.actor.startswith("staff:")
    assert entry.correlation_id == LongAction.objects.get().correlation_id


def test_the_request_only_starts_it(admin: Client, account: Account, agent_id: str, url: str) -> None:
    response = admin.post(url)
    action = LongAction.objects.get()
    assert response["Location"] == at("mcp_gateway_longaction_change", action.pk)
    assert (action.state, action.items) == ("waiting", [agent_id])
    assert account.writes() == []


def test_the_agents_that_were_looked_at_are_deployed_and_none_that_came_since(
    admin: Client, account: Account, agent_id: str, url: str
) -> None:
    named = re.findall(r'name="agent" value="([^"]+)"', admin.get(url).text)
    account.configured(account.agent())
    assert [row["agent_id"] for row in deployed(admin, url, {"agent": named}).context["rows"]] == [agent_id]


def test_only_the_named_agents_are_deployed(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.configured(account.agent())
    page = deployed(admin, url, {"agent": agent_id})
    assert [row["agent_id"] for row in page.context["rows"]] == [agent_id]


def test_deploying_twice_publishes_once(admin: Client, account: Account, agent_id: str, url: str) -> None:
    deployed(admin, url)
    page = deployed(admin, url)
    assert [row["status"] for row in page.context["rows"]] == ["up_to_date"]
    assert "1 skipped," in page.text
    assert account.versions(agent_id) == [(1, True), (0, True)]


def test_posted_twice_it_is_one_deployment(admin: Client, account: Account, agent_id: str, url: str) -> None:
    (once,) = re.findall(r'name="once" value="([^"]+)"', admin.get(url).text)
    places = {admin.post(url, {"once": once})["Location"] for _ in range(2)}
    assert len(places) == 1
    assert LongAction.objects.count() == 1


def test_after_a_worker_was_killed_the_agent_is_found_as_it_should_be(
    admin: Client, account: Account, agent_id: str, url: str
) -> None:
    """It had deployed, and died before it could say so."""
    deployed(admin, url)
    LongAction.objects.update(state="running", done=0, leased_until=None)
    LongActionResult.objects.all().delete()
    background.run(LongAction.objects.get().pk)
    assert LongActionResult.objects.get().outcome == "skipped"
    assert account.versions(agent_id) == [(1, True), (0, True)]


def test_with_the_calls_of_a_minute_used_up_the_agents_left_wait_for_the_next(
    admin: Client, account: Account, agent_id: str, url: str, company: Company, settings: Any
) -> None:
    settings.RATE_LIMIT_CALLER = 5
    second = account.configured(account.agent()).agent_id
    admin.post(url)
    action = LongAction.objects.get()
    assert background.run(action.pk) == LongAction.State.RUNNING
    settings.RATE_LIMIT_CALLER = 10  # Redis counts by a clock of its own
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert background.run(action.pk) == LongAction.State.DONE
    assert {one: len(account.live_llm(one).general_tools) for one in (agent_id, second)} == {agent_id: 8, second: 8}


def test_cancelled_the_agents_left_are_offered_again(admin: Client, account: Account, agent_id: str, url: str) -> None:
    page = admin.post(url, follow=True)
    admin.post(at("mcp_gateway_longaction_cancel", LongAction.objects.get().pk))
    background.run(LongAction.objects.get().pk)
    page = admin.get(page.redirect_chain[0][0])
    assert page.context["undone"] == [agent_id]
    assert f"?agent={agent_id}" in page.text
    assert account.writes() == []


def test_the_work_of_others_needs_a_tick(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.draft(agent_id)
    account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
    page = admin.get(url)
    assert "Eva → Adam" in page.text
    assert list(page.context["form"].fields) == ["accept_foreign_changes"]
    refused = deployed(admin, url)
    assert refused.context["rows"][0]["kind"] == "foreign_changes"
    assert refused.context["undone"] == [agent_id]
    deployed(admin, url, {"accept_foreign_changes": "on"})
    assert account.live(agent_id).agent_name == "Adam"


def test_pinned_numbers_are_moved_with_a_tick_only(admin: Client, account: Account, agent_id: str, url: str) -> None:
    number = account.number(agent_id, version=0)
    assert list(admin.get(url).context["form"].fields) == ["move_numbers", "set_inbound_webhook"]
    assert "stays with version 0" in deployed(admin, url).text
    deployed(admin, url, {"move_numbers": "on", "set_inbound_webhook": "on"})
    moved = account.sdk.phone_number.retrieve(number)
    assert moved.inbound_agents[0].agent_version == 1
    assert "/api/mcp/retell/inbound/" in moved.inbound_webhook_url


def test_what_failed_is_told_and_can_be_done_again(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.vendor.fault("reply", "/publish-agent-version.*", status=400, times=2)
    page = deployed(admin, url)
    (row,) = page.context["rows"]
    assert row["status"] == "failed"
    assert LongAction.objects.get().state == "failed"
    assert f"?agent={agent_id}" in page.text
    account.vendor.sandbox.faults.clear()
    assert deployed(admin, url, {"agent": agent_id}).context["rows"][0]["status"] == "deployed"


def test_with_retell_down_nothing_is_done_and_staff_are_told(
    admin: Client, account: Account, agent_id: str, url: str
) -> None:
    account.vendor.fault("reset", times=9)
    assert "Retell can&#x27;t be reached" in admin.get(url).text
    assert "Retell can&#x27;t be reached" in deployed(admin, url, {"agent": agent_id}).text


def test_a_company_without_agents_is_told(admin: Client, account: Account, url: str) -> None:
    assert "No agent is set up for this company" in admin.get(url).text
    assert "No agent is set up for this company" in admin.post(url, follow=True).text
    assert not LongAction.objects.exists()


def test_another_companys_agent_is_not_deployed(
    admin: Client, account: Account, agent_id: str, other_company: Company, url: str
) -> None:
    theirs = make_configuration(other_company)
    (row,) = deployed(admin, url, {"agent": theirs.agent_id}).context["rows"]
    assert (row["status"], row["reason"]) == ("refused", "There is no such agent here.")


def test_another_companys_page_is_not_there(admin: Client, other_company: Company) -> None:
    assert admin.get(at("retell_deploy", other_company.pk)).status_code == 404
    assert admin.post(at("retell_deploy", other_company.pk)).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_change_agents_may_not_deploy(company: Company, role: str, url: str) -> None:
    client = as_user(person(company, role))
    assert client.get(url).status_code == 403
    assert client.post(url).status_code == 403


def test_what_strangers_wrote_at_retell_is_text(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.draft(agent_id)
    account.sdk.agent.update(agent_id, version=1, agent_name="<script>alert(1)</script>")
    page = admin.get(url).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_it_is_there_in_german(account: Account, agent_id: str, url: str) -> None:
    client = as_user(person(account.company, "admin"), "de")
    page = client.get(url).text
    assert "Die Funktion request_callback kommt dazu" in page
    assert "würde ausgerollt" in page
    assert f"Agent {agent_id}: ausgerollt" in deployed(client, url).text


def test_it_asks_the_database_little(
    admin: Client, account: Account, agent_id: str, url: str, django_assert_max_num_queries: Any, in_memory: None
) -> None:
    RetellConfiguration.objects.exclude(agent_id=agent_id).delete()
    admin.get(url)
    with django_assert_max_num_queries(20):
        admin.get(url)
