"""One agent: its webhook's address, events and timeout, and whether a test event arrives."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from appointments.models import Company
from mcp_gateway.models import AuditEntry, WebhookEvent
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.agent_pages.conftest import as_user, at, person, seen_in
from tests.retell.deploying.conftest import Account

SAID = {
    "webhook_url": "https://8.8.8.8/hook",
    "events": ["call_ended", "call_analyzed"],
    "timeout_ms": "5000",
}


@pytest.fixture
def here(company: Company) -> RetellConfiguration:
    """An agent that needs no Retell to be looked at."""
    return make_configuration(company)


def test_it_shows_where_the_webhook_goes(admin: Client, here: RetellConfiguration) -> None:
    page = admin.get(at("retell_agent", here.pk)).text
    assert f"/api/mcp/retell/webhook/{here.pk}" in page
    assert 'data-copy="#webhook-url"' in page


def test_what_is_saved_is_kept_for_the_next_deployment(admin: Client, here: RetellConfiguration) -> None:
    response = admin.post(at("retell_agent", here.pk), SAID)
    assert response.status_code == 302
    here.refresh_from_db()
    assert here.webhook_url == SAID["webhook_url"]
    assert here.webhook_events == SAID["events"]
    assert here.settings == {"webhook_timeout_ms": 5000}
    assert AuditEntry.objects.filter(action="retell.webhook_changed").count() == 1


def test_saving_what_is_there_already_changes_nothing(admin: Client, here: RetellConfiguration) -> None:
    for _ in range(2):
        admin.post(at("retell_agent", here.pk), SAID)
    assert AuditEntry.objects.count() == 1


class TestTwoEditOne:
    def test_the_second_save_is_refused_with_the_difference(self, admin: Client, here: RetellConfiguration) -> None:
        url = at("retell_agent", here.pk)
        second = {**SAID, "webhook_url": "", "timeout_ms": "10000", "seen": seen_in(admin.get(url).text)}
        admin.post(url, SAID)
        answer = admin.post(url, second).text
        assert "Somebody has saved this since you opened it" in answer
        assert "Webhook address: was “”, is “https://8.8.8.8/hook” now." in answer
        assert "Timeout in ms: was “10000”, is “5000” now." in answer
        here.refresh_from_db()
        assert (here.webhook_url, here.settings) == (SAID["webhook_url"], {"webhook_timeout_ms": 5000})

    def test_one_after_the_other_is_fine(self, admin: Client, here: RetellConfiguration) -> None:
        url = at("retell_agent", here.pk)
        for timeout in ("5000", "6000"):
            mine = {**SAID, "timeout_ms": timeout, "seen": seen_in(admin.get(url).text)}
            assert admin.post(url, mine).status_code == 302

    def test_another_agent_may_change(self, admin: Client, here: RetellConfiguration, company: Company) -> None:
        url, other = at("retell_agent", here.pk), make_configuration(company)
        mine = {**SAID, "seen": seen_in(admin.get(url).text)}
        admin.post(at("retell_agent", other.pk), {**SAID, "timeout_ms": "7000"})
        assert admin.post(url, mine).status_code == 302


def test_defaults_that_nobody_touched_are_not_stored(admin: Client, here: RetellConfiguration) -> None:
    said = {"webhook_url": "", "events": ["call_started", "call_ended", "call_analyzed"], "timeout_ms": "10000"}
    assert admin.post(at("retell_agent", here.pk), said).status_code == 302
    here.refresh_from_db()
    assert (here.webhook_url, here.webhook_events, here.settings) == (None, [], {})


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("webhook_url", "nowhere"),
        ("webhook_url", "https://anna:secret@8.8.8.8/"),
        ("webhook_url", f"https://8.8.8.8/{'x' * 600}"),
        ("events", ["everything"]),
        ("events", []),
        ("timeout_ms", "999"),
        ("timeout_ms", "soon"),
    ],
)
def test_what_retell_would_not_take_is_refused_at_its_field(
    admin: Client, here: RetellConfiguration, field: str, wrong: Any
) -> None:
    page = admin.post(at("retell_agent", here.pk), {**SAID, field: wrong})
    assert list(page.context["form"].errors) == [field]
    assert not AuditEntry.objects.exists()


def test_a_private_address_is_refused_in_production(admin: Client, here: RetellConfiguration, settings: Any) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    page = admin.post(at("retell_agent", here.pk), {**SAID, "webhook_url": "https://127.0.0.1/hook"})
    assert list(page.context["form"].errors) == ["webhook_url"]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_only_look_changes_and_tests_nothing(company: Company, here: RetellConfiguration, role: str) -> None:
    client = as_user(person(company, role))
    page = client.get(at("retell_agent", here.pk))
    assert page.status_code == 200
    assert "Send test event" not in page.text
    assert client.post(at("retell_agent", here.pk), SAID).status_code == 403
    assert client.post(at("retell_agent_test", here.pk)).status_code == 403


@pytest.mark.parametrize("name", ["retell_agent", "retell_functions", "retell_prompt"])
def test_another_companys_agent_is_not_there(admin: Client, other_company: Company, name: str) -> None:
    theirs = make_configuration(other_company)
    assert admin.get(at(name, theirs.pk)).status_code == 404
    assert admin.get(at(name, 987654)).status_code == 404


def test_another_companys_webhook_is_not_touched(admin: Client, other_company: Company) -> None:
    theirs = make_configuration(other_company)
    assert admin.post(at("retell_agent", theirs.pk), SAID).status_code == 404
    assert admin.post(at("retell_agent_test", theirs.pk)).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.webhook_url, theirs.last_test_at) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_a_test_event_arrives_and_is_linked(
    transactional_db: None, live_server: LiveServer, settings: Any, company: Company
) -> None:
    settings.APP_URL = live_server.url
    here = make_configuration(company)
    client = as_user(person(company, "admin"))
    page = client.post(at("retell_agent_test", here.pk), follow=True)
    event = WebhookEvent.objects.get()
    assert page.context["trial"]["http_status"] == 204
    assert at("mcp_gateway_webhookevent_change", event.pk) in page.text
    here.refresh_from_db()
    assert here.last_test_outcome.startswith("ok: HTTP 204")
    assert client.get(at("retell_agent", here.pk)).context["trial"] is None


def test_a_refused_test_event_shows_what_was_answered_as_text(
    admin: Client, account: Account, configuration: RetellConfiguration
) -> None:
    RetellConfiguration.objects.update(webhook_url=f"{account.vendor.base_url}/somewhere")
    account.vendor.fault("reply", "/somewhere", status=502, body="<script>alert(1)</script>")
    page = admin.post(at("retell_agent_test", configuration.pk), follow=True)
    assert page.context["trial"]["http_status"] == 502
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text


def test_an_address_where_nobody_answers_is_told_in_the_readers_language(
    here: RetellConfiguration, settings: Any
) -> None:
    settings.APP_URL = "http://127.0.0.1:9"
    client = as_user(person(here.company, "admin"), "de")
    page = client.post(at("retell_agent_test", here.pk), follow=True).text
    assert page.count("APP_URL ist nicht zu erreichen") == 2


def test_a_test_is_sent_by_post_only(admin: Client, here: RetellConfiguration) -> None:
    assert admin.get(at("retell_agent_test", here.pk)).status_code == 405


def test_it_asks_the_database_little(
    admin: Client, here: RetellConfiguration, django_assert_max_num_queries: Any, in_memory: None
) -> None:
    admin.get(at("retell_agent", here.pk))
    with django_assert_max_num_queries(12):
        admin.get(at("retell_agent", here.pk))
