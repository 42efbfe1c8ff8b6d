"""The agents of a company: what is known of them, what is live, and taking another one."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from retell.addresses import own_webhook_url
from retell.deploying import last_seen
from retell.models import RetellConfiguration
from tests.factories import make_company, make_configuration
from tests.retell.agent_pages.conftest import as_user, at, person
from tests.retell.deploying.conftest import Account

URL = "/admin/retell-webhook-configuration/"


def test_what_is_known_here_is_shown_without_asking_retell(
    admin: Client, account: Account, configuration: RetellConfiguration
) -> None:
    page = admin.get(URL)
    assert page.status_code == 200
    assert configuration.agent_id in page.text
    assert "never tested" in page.text
    assert account.vendor.requests() == []


@pytest.mark.parametrize("stored", ["", "own", "https://elsewhere.example.com/hook"])
def test_our_own_address_is_this_systems_also_where_it_was_stored(
    admin: Client, configuration: RetellConfiguration, stored: str
) -> None:
    configuration.webhook_url = own_webhook_url(configuration) if stored == "own" else stored
    configuration.save()
    page = admin.get(URL).text
    assert ("this system</span>" in page) is (stored in ("", "own"))
    assert ("an address of its own</span>" in page) is (stored not in ("", "own"))


def test_check_now_tells_what_is_live(admin: Client, account: Account, configuration: RetellConfiguration) -> None:
    page = admin.get(URL, {"check": "1"}).text
    assert "Nothing was deployed from here yet" in page
    assert "Eva" in page


def test_what_is_live_as_configured_is_said_so(admin: Client, account: Account, agent_id: str) -> None:
    account.deploy(set_inbound_webhook=True)
    page = admin.get(URL, {"check": "1"}).text
    assert "as it is configured here" in page


def test_with_retell_down_the_last_known_state_stands_there_with_its_age(
    admin: Client, account: Account, configuration: RetellConfiguration
) -> None:
    admin.get(URL, {"check": "1"})
    account.vendor.fault("reset", times=9)
    page = admin.get(URL, {"check": "1"}).text
    assert "Retell can&#x27;t be reached" in page
    assert "Request id" in page
    assert "seen 0 s ago" in page or "seen 1 s ago" in page


@pytest.mark.parametrize("name", ["retell_agent", "retell_functions", "retell_prompt"])
def test_with_retell_down_for_hours_every_page_of_an_agent_opens_and_its_state_tells_its_age(
    admin: Client, account: Account, configuration: RetellConfiguration, name: str
) -> None:
    admin.get(URL, {"check": "1"})
    seen = last_seen.last_seen([configuration])[configuration.pk]
    last_seen.note(configuration, seen.model_copy(update={"at": seen.at - timedelta(hours=3, minutes=5)}))
    account.vendor.fault("reset", times=99)
    assert admin.get(at(name, configuration.pk)).status_code == 200
    for page in (at("retell_agent", configuration.pk), URL, f"{URL}?check=1"):
        assert "seen 3 h 5 min ago" in admin.get(page).text


def test_an_agent_of_the_account_is_taken(admin: Client, account: Account, company: Company) -> None:
    other = account.agent()
    assert "Take this agent" in admin.get(URL, {"check": "1"}).text
    url = at("retell_add_agent", company.pk)
    for _ in range(2):
        response = admin.post(url, {"agent_id": other})
    made = RetellConfiguration.objects.get()
    assert (made.company, made.agent_id) == (company, other)
    assert response["Location"] == at("retell_agent", made.pk)
    assert AuditEntry.objects.filter(action="retell.agent_added").count() == 1


@pytest.mark.parametrize("named", ["agent_of_nobody", ""])
def test_an_agent_that_the_account_does_not_have_is_not_taken(
    admin: Client, account: Account, company: Company, named: str
) -> None:
    response = admin.post(at("retell_add_agent", company.pk), {"agent_id": named}, follow=True)
    assert response.context["messages"]
    assert not RetellConfiguration.objects.exists()


def test_another_companys_agent_of_a_shared_account_is_not_taken(
    admin: Client, account: Account, company: Company, other_company: Company
) -> None:
    theirs = account.agent()
    make_configuration(other_company, agent_id=theirs)
    admin.post(at("retell_add_agent", company.pk), {"agent_id": theirs})
    assert not RetellConfiguration.objects.filter(company=company).exists()


def test_who_may_only_look_takes_no_agent(viewer: Client, account: Account, company: Company) -> None:
    other = account.agent()
    page = viewer.get(URL, {"check": "1"}).text
    assert other in page
    assert "Take this agent" not in page
    assert viewer.post(at("retell_add_agent", company.pk), {"agent_id": other}).status_code == 403


def test_another_companys_page_is_not_there(admin: Client, other_company: Company) -> None:
    assert admin.get(URL, {"company": other_company.pk}).status_code == 404
    assert admin.post(at("retell_add_agent", other_company.pk), {"agent_id": "x"}).status_code == 404


@pytest.mark.parametrize("named", ["x", "-1", "1' OR 1=1", "9" * 30])
def test_what_is_no_company_is_not_there(admin: Client, named: str) -> None:
    assert admin.get(URL, {"company": named}).status_code == 404


def test_who_has_several_companies_chooses(company: Company, other_company: Company) -> None:
    user = person(company, "viewer")
    other_company.staff.add(user)
    page = as_user(user).get(URL, {"company": other_company.pk})
    assert page.context["company"] == other_company
    assert f'value="{other_company.pk}" selected' in page.text


def test_who_has_none_is_told_what_to_do(company: Company) -> None:
    user = person(company, "viewer")
    company.staff.clear()
    assert "add you" in as_user(user).get(URL).text


def test_the_steps_tick_themselves(admin: Client, account: Account, agent_id: str) -> None:
    def done() -> list[bool]:
        return [step.is_done for step in admin.get(URL).context["steps"]]

    assert done() == [True, True, True, False, False]
    account.deploy()
    RetellConfiguration.objects.update(last_test_outcome="ok: HTTP 204, 5 ms")
    assert done() == [True] * 5


def test_a_new_company_begins_with_the_key(admin: Client) -> None:
    page = admin.get(URL)
    assert [step.is_done for step in page.context["steps"]] == [False, True, False, False, False]
    assert "No agent of this company is set up yet" in page.text


def test_it_is_there_in_german(company: Company) -> None:
    page = as_user(person(company, "admin"), "de").get(URL).text
    assert "Für diesen Betrieb ist noch kein Agent eingerichtet" in page


def test_names_of_strangers_are_text(admin: Client, company: Company, account: Account) -> None:
    Company.objects.filter(pk=company.pk).update(name="<script>alert(1)</script>")
    account.configured(account.agent(), settings={"agent_name": "<b>x</b>"})
    page = admin.get(URL, {"check": "1"}).text
    assert "<script>alert" not in page
    assert "<b>x" not in page


@pytest.mark.parametrize("agents", [1, 12])
def test_it_asks_the_database_the_same_for_more_agents(
    admin: Client, company: Company, agents: int, django_assert_max_num_queries: Any, in_memory: None
) -> None:
    for _ in range(agents):
        make_configuration(company)
    make_company()
    admin.get(URL)
    with django_assert_max_num_queries(12):
        admin.get(URL)


def test_staff_without_a_role_see_nothing(company: Company) -> None:
    user = person(company, "viewer")
    user.groups.clear()
    client = as_user(user)
    assert client.get(URL).status_code == 403
    assert "retell-webhook-configuration" not in client.get("/admin/").text


def test_strangers_are_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 302
