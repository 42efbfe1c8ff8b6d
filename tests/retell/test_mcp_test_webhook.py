"""`manage.py mcp_test_webhook`, against the real web stack on a loopback port."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from appointments.models import Company
from mcp_gateway import inbox
from mcp_gateway.models import WebhookEvent
from retell.models import RetellConfiguration
from tests.factories import make_company, make_configuration
from tests.servers import free_port


@pytest.fixture
def configuration(transactional_db: None, live_server: LiveServer, settings: Any) -> RetellConfiguration:
    """An agent whose webhook address is the live server's."""
    settings.APP_URL = live_server.url
    return make_configuration(make_company())


def run(company: Company, *arguments: str) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("mcp_test_webhook", f"--company={company.pk}", *arguments, stdout=output)
    except SystemExit as end:
        return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


def test_an_event_arrives_through_the_real_address(configuration: RetellConfiguration) -> None:
    code, output = run(configuration.company)
    event = WebhookEvent.objects.get()
    assert code == 0
    assert (event.event, event.company_id) == ("gateway_test", configuration.company_id)
    assert f"/api/mcp/retell/webhook/{configuration.pk}" in output
    assert "HTTP status  204" in output
    assert f"stored as    event {event.pk}" in output


def test_the_event_is_ignored_afterwards(configuration: RetellConfiguration) -> None:
    run(configuration.company)
    assert inbox.process(WebhookEvent.objects.get().pk) == WebhookEvent.State.IGNORED


def test_the_outcome_is_kept(configuration: RetellConfiguration) -> None:
    run(configuration.company)
    configuration.refresh_from_db()
    assert configuration.last_test_at is not None
    assert configuration.last_test_outcome.startswith("ok: HTTP 204, ")


def test_each_test_is_an_event_of_its_own(configuration: RetellConfiguration) -> None:
    assert [run(configuration.company)[0] for _ in range(2)] == [0, 0]
    assert WebhookEvent.objects.count() == 2


def test_every_agent_of_the_company_is_tested(configuration: RetellConfiguration) -> None:
    make_configuration(configuration.company)
    run(configuration.company)
    assert WebhookEvent.objects.count() == 2


def test_one_agent_may_be_named(configuration: RetellConfiguration) -> None:
    other = make_configuration(configuration.company)
    (trial,) = json.loads(run(configuration.company, f"--agent={other.agent_id}", "--json")[1])
    assert trial["agent_id"] == other.agent_id
    assert WebhookEvent.objects.count() == 1


def test_json_is_for_programs(configuration: RetellConfiguration) -> None:
    (trial,) = json.loads(run(configuration.company, "--json")[1])
    assert (trial["http_status"], trial["passed"], trial["problem"]) == (204, True, "")
    assert trial["event_id"] == WebhookEvent.objects.get().pk


def test_a_server_that_is_down_is_told(configuration: RetellConfiguration, settings: Any) -> None:
    settings.APP_URL = f"http://127.0.0.1:{free_port()}"
    code, output = run(configuration.company, "--json")
    (trial,) = json.loads(output)
    assert (code, trial["http_status"], trial["event_id"]) == (1, None, None)
    configuration.refresh_from_db()
    assert configuration.last_test_outcome.startswith("APP_URL can't be reached: no answer")


def test_an_address_that_leads_elsewhere_is_told(configuration: RetellConfiguration, settings: Any) -> None:
    settings.APP_URL += "/elsewhere"
    code, output = run(configuration.company, "--json")
    assert (code, json.loads(output)[0]["http_status"]) == (1, 404)


def test_without_a_key_nothing_is_sent(configuration: RetellConfiguration) -> None:
    Company.objects.update(retell_webhook_key="", retell_api_key="")
    code, output = run(configuration.company)
    assert code == 1
    assert "the company has no Retell key" in output
    assert not WebhookEvent.objects.exists()


def test_the_key_is_shown_nowhere(configuration: RetellConfiguration) -> None:
    for form in ([], ["--json"]):
        assert configuration.company.retell_webhook_key not in run(configuration.company, *form)[1]


@pytest.mark.parametrize("which", ["unknown", "inactive", "without agents", "another's agent"])
def test_where_there_is_nothing_to_test_the_exit_code_is_two(configuration: RetellConfiguration, which: str) -> None:
    company, arguments = make_company(is_active=which != "inactive"), []
    if which == "unknown":
        company.pk = 4711
    if which == "inactive":
        make_configuration(company)
    if which == "another's agent":
        arguments = [f"--agent={configuration.agent_id}"]
    with pytest.raises(CommandError) as refusal:
        run(company, *arguments)
    assert refusal.value.returncode == 2
    assert not WebhookEvent.objects.exists()


def test_it_needs_a_company() -> None:
    with pytest.raises(CommandError):
        call_command("mcp_test_webhook")
