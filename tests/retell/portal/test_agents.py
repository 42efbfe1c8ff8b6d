"""Voice agents: chosen once, for one company, and their webhook tested."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.translation import override
from pytest_django.live_server_helper import LiveServer

from appointments.models import Company
from mcp_gateway.errors import UpstreamError
from mcp_gateway.models import AuditEntry, LongAction
from mcp_gateway.registry import Access, Context, Health, MCPServer, Registry, registry, rpc
from retell.models import IntegrationCheck, RetellConfiguration
from retell.portal import agents, checks, deploying, permissions
from tests.factories import make_configuration
from tests.retell.portal.conftest import Portal


def test_an_agent_is_chosen(portal: Portal, company: Company) -> None:
    assert "The agent agent_1 is set up." in portal.does(company, "agent", agent_id="agent_1")
    assert RetellConfiguration.objects.get().company == company


def test_choosing_it_is_in_the_audit_trail(portal: Portal, company: Company) -> None:
    portal.post(company, "agent", agent_id="agent_1")
    assert AuditEntry.objects.get(action="configuration.added").after == {"agent_id": "agent_1"}


def test_an_agent_is_chosen_once(portal: Portal, company: Company) -> None:
    portal.post(company, "agent", agent_id="agent_1")
    assert "was set up already" in portal.does(company, "agent", agent_id="agent_1")
    assert (RetellConfiguration.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_another_companys_agent_can_not_be_chosen(portal: Portal, company: Company, other_company: Company) -> None:
    make_configuration(other_company, agent_id="agent_theirs")
    page = portal.does(company, "agent", agent_id="agent_theirs")
    assert "can't be chosen" in page
    assert other_company.name not in page
    assert not company.retell_configurations.exists()


@pytest.mark.parametrize("junk", ["", "agent 1", "<b>", "x" * 65])
def test_what_is_no_agents_id_is_refused(portal: Portal, company: Company, junk: str) -> None:
    portal.does(company, "agent", agent_id=junk)
    assert not RetellConfiguration.objects.exists()


class TestingRetell(MCPServer):
    """Answers as the account's methods do."""

    name = "portal_testing"
    __test__ = False
    is_away = False

    def health(self) -> Health:
        return Health()

    @rpc("getAgents", Access.READ)
    def get_agents(self, context: Context) -> dict[str, Any]:
        """The agents of the account."""
        if self.is_away:
            raise UpstreamError(kind="unreachable")
        return {
            "agents": [
                {"agent_id": "agent_1", "agent_name": "<b>Empfang</b>", "is_configured": False},
                {"agent_id": "agent_2", "agent_name": "Abends", "is_configured": True},
            ]
        }

    @rpc("getDrift", Access.READ)
    def get_drift(self, context: Context) -> dict[str, Any]:
        """Compare."""
        return {
            "in_sync": False,
            "agents": [{"agent_id": "agent_1", "in_sync": False, "words": ["The prompt differs."]}],
        }


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestingRetell]:
    """A system whose Retell server can list and compare."""
    known = Registry(servers=dict(registry.servers), methods=dict(registry.methods))
    server = TestingRetell()
    known.add(server)
    monkeypatch.setattr(registry, "servers", known.servers)
    monkeypatch.setattr(registry, "methods", known.methods)
    monkeypatch.setattr(agents, "LIST_AGENTS", "portal_testing.getAgents")
    monkeypatch.setitem(permissions.BY_METHOD, "drift", "portal_testing.getDrift")
    yield server
    assert registry.servers["portal_testing"] is server


def test_the_accounts_agents_are_shown_when_asked_for(superuser: Portal, company: Company, account: Any) -> None:
    assert "Empfang" not in superuser.page(company)
    page = superuser.page(company, agents="1")
    assert "<b>Empfang</b>" in page
    assert "agent_2" in page


def test_an_account_that_is_away_is_told(superuser: Portal, company: Company, account: TestingRetell) -> None:
    account.is_away = True
    assert "Retell.ai: ✕ can't be reached" in superuser.page(company, agents="1")


def test_deploying_is_left_to_a_worker_and_its_page_tells_how_far_it_is(
    superuser: Portal, company: Company, account: Any
) -> None:
    agents = [make_configuration(company).agent_id for _ in range(2)]
    assert "Deploy functions to all 2 agents" in superuser.page(company)
    response = superuser.post(company, "deploy")
    action = LongAction.objects.get()
    assert response["Location"] == reverse("admin:mcp_gateway_longaction_change", args=[action.pk])
    assert (action.company, action.items, action.state) == (company, agents, "waiting")


def test_without_an_agent_there_is_nothing_to_deploy(superuser: Portal, company: Company, account: Any) -> None:
    superuser.does(company, "deploy")
    assert not LongAction.objects.exists()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"success": True, "status": "deployed", "live_version": 4}, "Agent agent_1: deployed, version 4 is live."),
        (
            {"success": True, "status": "up_to_date", "live_version": 2},
            "Agent agent_1: everything is as it should be, version 2 is live.",
        ),
        (
            {"success": False, "status": "failed", "reason": "Retell asks for a pause."},
            "Agent agent_1: not deployed. Retell asks for a pause.",
        ),
    ],
)
def test_what_became_of_an_agent_is_told(row: dict[str, Any], words: str) -> None:
    with override("en"):
        assert deploying.in_words({"agent_id": "agent_1", **row}) == words


def test_what_differs_at_retell_is_told(superuser: Portal, company: Company, account: Any) -> None:
    assert "Agent agent_1: The prompt differs." in superuser.does(company, "drift")


def test_a_difference_is_kept(company: Company) -> None:
    for in_sync in (True, False):
        checks.note_drift(checks.Ended(company=company, result={"in_sync": in_sync}, duration_ms=1))
    assert IntegrationCheck.objects.get(what="drift").kind == checks.DRIFTS


def test_without_such_methods_the_page_says_so(portal: Portal, company: Company) -> None:
    make_configuration(company)
    page = portal.page(company)
    assert agents.can_be_listed() or "can't list the account's agents yet" in page
    assert permissions.BY_METHOD["deploy"] in registry.methods or "Deploying from here is not possible" in page


@pytest.fixture
def reachable(transactional_db: None, live_server: LiveServer, settings: Any) -> None:
    settings.APP_URL = live_server.url


def test_a_webhook_that_arrives(reachable: None, portal: Portal, company: Company) -> None:
    configuration = make_configuration(company)
    page = portal.does(company, "test_webhook", id=configuration.pk)
    assert f"The webhook of {configuration.agent_id} arrives: ok: HTTP 204" in page
    assert "Webhook tested" in page


def test_a_webhook_that_does_not(portal: Portal, company: Company, settings: Any) -> None:
    settings.APP_URL = "http://127.0.0.1:9"
    configuration = make_configuration(company)
    page = portal.does(company, "test_webhook", id=configuration.pk)
    assert f"The webhook of {configuration.agent_id} does not arrive: APP_URL can't be reached" in page
    assert "Retell's webhook: the test failed" in page


@pytest.mark.parametrize("junk", ["", "x", "0"])
def test_a_webhook_of_nobody_is_not_found(portal: Portal, company: Company, junk: str) -> None:
    assert portal.post(company, "test_webhook", id=junk).status_code == 404


def test_another_companys_webhook_is_not_tested(portal: Portal, company: Company, other_company: Company) -> None:
    with transaction.atomic():
        foreign = make_configuration(other_company)
    assert portal.post(company, "test_webhook", id=foreign.pk).status_code == 404
