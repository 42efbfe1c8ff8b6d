"""Deploying by hand: looking first, deciding, doing, reading what became of it, doing it again."""

from typing import Any

import pytest
from django.test import Client

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.agent_pages.conftest import as_user, at, person
from tests.retell.deploying.conftest import Account


@pytest.fixture
def url(company: Company) -> str:
    return at("retell_deploy", company.pk)


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
    page = admin.post(url, follow=True)
    assert page.redirect_chain == [(at("retell_deployed", account.company.pk), 302)]
    assert [row["status"] for row in page.context["rows"]] == ["deployed", "deployed"]
    assert "2 agents are as configured." in page.text
    assert len(account.live_llm(agent_id).general_tools) == 8
    entry = AuditEntry.objects.filter(action="retell.agent_deployed").first()
    assert entry is not None
    assert entry.actor.startswith("staff:")


def test_only_the_named_agents_are_deployed(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.configured(account.agent())
    page = admin.post(url, {"agent": agent_id}, follow=True)
    assert [row["agent_id"] for row in page.context["rows"]] == [agent_id]


def test_deploying_twice_publishes_once(admin: Client, account: Account, agent_id: str, url: str) -> None:
    admin.post(url)
    page = admin.post(url, follow=True)
    assert [row["status"] for row in page.context["rows"]] == ["up_to_date"]
    assert account.versions(agent_id) == [(1, True), (0, True)]


def test_the_work_of_others_needs_a_tick(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.draft(agent_id)
    account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
    page = admin.get(url)
    assert "Eva → Adam" in page.text
    assert list(page.context["form"].fields) == ["accept_foreign_changes"]
    refused = admin.post(url, follow=True)
    assert refused.context["rows"][0]["kind"] == "foreign_changes"
    assert refused.context["undone"] == [agent_id]
    admin.post(url, {"accept_foreign_changes": "on"})
    assert account.live(agent_id).agent_name == "Adam"


def test_pinned_numbers_are_moved_with_a_tick_only(admin: Client, account: Account, agent_id: str, url: str) -> None:
    number = account.number(agent_id, version=0)
    assert list(admin.get(url).context["form"].fields) == ["move_numbers", "set_inbound_webhook"]
    assert "stays with version 0" in admin.post(url, follow=True).text
    admin.post(url, {"move_numbers": "on", "set_inbound_webhook": "on"})
    moved = account.sdk.phone_number.retrieve(number)
    assert moved.inbound_agents[0].agent_version == 1
    assert "/api/mcp/retell/inbound/" in moved.inbound_webhook_url


def test_what_failed_is_told_and_can_be_done_again(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.vendor.fault("reply", "/publish-agent-version.*", status=400, times=2)
    page = admin.post(url, follow=True)
    (row,) = page.context["rows"]
    assert row["status"] == "failed"
    assert f"?agent={agent_id}" in page.text
    account.vendor.sandbox.faults.clear()
    assert admin.post(url, {"agent": agent_id}, follow=True).context["rows"][0]["status"] == "deployed"


def test_with_retell_down_nothing_is_done_and_staff_are_told(
    admin: Client, account: Account, agent_id: str, url: str
) -> None:
    account.vendor.fault("reset", times=9)
    assert "Retell can&#x27;t be reached" in admin.get(url).text
    assert "Retell can&#x27;t be reached" in admin.post(url, {"agent": agent_id}, follow=True).text


def test_a_company_without_agents_is_told(admin: Client, account: Account, url: str) -> None:
    assert "No agent is set up for this company" in admin.get(url).text


def test_another_companys_agent_is_not_deployed(
    admin: Client, account: Account, agent_id: str, other_company: Company, url: str
) -> None:
    theirs = make_configuration(other_company)
    (row,) = admin.post(url, {"agent": theirs.agent_id}, follow=True).context["rows"]
    assert (row["status"], row["reason"]) == ("refused", "There is no such agent here.")


def test_another_companys_page_is_not_there(admin: Client, other_company: Company) -> None:
    assert admin.get(at("retell_deploy", other_company.pk)).status_code == 404
    assert admin.post(at("retell_deploy", other_company.pk)).status_code == 404
    assert admin.get(at("retell_deployed", other_company.pk)).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_change_agents_may_not_deploy(company: Company, role: str, url: str) -> None:
    client = as_user(person(company, role))
    assert client.get(url).status_code == 403
    assert client.post(url).status_code == 403


def test_nothing_deployed_yet_leads_to_the_preview(admin: Client, company: Company, url: str) -> None:
    assert url in admin.get(at("retell_deployed", company.pk)).text


def test_a_result_is_the_companys_only(company: Company, other_company: Company, account: Account) -> None:
    account.configured(account.agent())
    user = person(company, "admin")
    other_company.staff.add(user)
    client = as_user(user)
    client.post(at("retell_deploy", company.pk))
    assert client.get(at("retell_deployed", other_company.pk)).context["rows"] == []


def test_what_strangers_wrote_at_retell_is_text(admin: Client, account: Account, agent_id: str, url: str) -> None:
    account.draft(agent_id)
    account.sdk.agent.update(agent_id, version=1, agent_name="<script>alert(1)</script>")
    page = admin.get(url).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_it_is_there_in_german(account: Account, agent_id: str, url: str) -> None:
    page = as_user(person(account.company, "admin"), "de").get(url).text
    assert "Die Funktion request_callback kommt dazu" in page
    assert "würde ausgerollt" in page


def test_it_asks_the_database_little(
    admin: Client, account: Account, agent_id: str, url: str, django_assert_max_num_queries: Any, in_memory: None
) -> None:
    RetellConfiguration.objects.exclude(agent_id=agent_id).delete()
    admin.get(url)
    with django_assert_max_num_queries(20):
        admin.get(url)
