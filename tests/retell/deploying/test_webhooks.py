"""The webhook's address and events: what is taken, what is refused, and what is told."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from mcp_gateway.errors import GatewayError, InvalidParams, NotFound
from mcp_gateway.models import AuditEntry
from retell.addresses import own_webhook_url
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.deploying.conftest import Account, account_of
from tests.retell.vendor import Vendor

PUBLIC = "https://8.8.8.8/hook"
PRIVATE = [
    "https://127.0.0.1/hook",
    "https://localhost/hook",
    "https://10.1.2.3/hook",
    "https://172.16.0.1",
    "https://192.168.1.1",
    "https://169.254.169.254/latest/meta-data",
    "https://100.100.100.200/",
    "https://[::1]/hook",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://224.0.0.1/",
    "https://0.0.0.0/",
]
NO_ADDRESSES = [
    "http://8.8.8.8/hook",
    "ftp://8.8.8.8",
    "8.8.8.8",
    "https://",
    "https://anna:secret@8.8.8.8/",
    "https://[::1",
]


def stored() -> RetellConfiguration:
    return RetellConfiguration.objects.get()


def problems(account: Account, **params: Any) -> list[dict[str, str]]:
    with pytest.raises(InvalidParams) as raised:
        account.call("updateWebhook", **params)
    found: list[dict[str, str]] = raised.value.data["errors"]
    return found


class TestInProduction:
    @pytest.fixture(autouse=True)
    def _production(self, settings: Any) -> None:
        settings.ALLOW_PRIVATE_URLS = False

    @pytest.fixture
    def web(self) -> Iterator[responses.RequestsMock]:
        with responses.RequestsMock() as web:
            yield web

    def names(self, monkeypatch: pytest.MonkeyPatch, **hosts: str) -> None:
        """The internet's names; others are unknown."""

        def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            address = hosts.get(host.replace(".", "_"), host)
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    def test_a_public_address_is_kept(self, account: Account, agent_id: str, web: responses.RequestsMock) -> None:
        web.head(PUBLIC, status=405)
        told = account.call("updateWebhook", webhook_url=PUBLIC, events=["call_ended", "call_ended"], timeout_ms=5000)
        assert told == {"success": True, "updated_count": 1, "agent_ids": [agent_id]}
        row = stored()
        assert (row.webhook_url, row.webhook_events, row.settings) == (
            PUBLIC,
            ["call_ended"],
            {"webhook_timeout_ms": 5000},
        )

    @pytest.mark.parametrize("url", [*PRIVATE, *NO_ADDRESSES])
    def test_no_other_is(self, account: Account, agent_id: str, url: str) -> None:
        (problem,) = problems(account, webhook_url=url)
        assert problem["parameter"] == "webhook_url"
        assert stored().webhook_url is None

    @pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
    def test_nor_is_a_name_that_leads_to_one(
        self, account: Account, agent_id: str, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        self.names(monkeypatch, hooks_example_com=address)
        assert problems(account, webhook_url="https://hooks.example.com/x")

    @pytest.mark.parametrize(
        "there",
        ["https://10.0.0.1/", "http://8.8.8.8/plain", "https://169.254.169.254/", "//[::1]/", "https://localhost/"],
    )
    def test_nor_is_one_that_sends_on_to_one(
        self, account: Account, agent_id: str, web: responses.RequestsMock, there: str
    ) -> None:
        web.head(PUBLIC, status=307, headers={"Location": "/next"})
        web.head("https://8.8.8.8/next", status=302, headers={"Location": there})
        assert problems(account, webhook_url=PUBLIC)
        assert stored().webhook_url is None

    def test_nor_is_one_that_sends_on_for_ever(
        self, account: Account, agent_id: str, web: responses.RequestsMock
    ) -> None:
        web.head(PUBLIC, status=308, headers={"Location": PUBLIC})
        assert problems(account, webhook_url=PUBLIC)

    def test_one_that_does_not_answer_now_is_kept(
        self, account: Account, agent_id: str, web: responses.RequestsMock
    ) -> None:
        web.head(PUBLIC, body=requests.ConnectionError())
        account.call("updateWebhook", webhook_url=PUBLIC)
        assert stored().webhook_url == PUBLIC

    def test_a_name_that_leads_elsewhere_after_the_check_is_not_followed(
        self, account: Account, agent_id: str, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The name was public when it was checked; the connection finds out that it is not."""
        asked = iter(["8.8.8.8"])

        def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(asked, "127.0.0.1"), port))]

        with socket.create_server(("127.0.0.1", 0)) as listener:
            monkeypatch.setattr(socket, "getaddrinfo", look_up)
            account.call("updateWebhook", webhook_url=f"https://rebound.example.com:{listener.getsockname()[1]}/")
            connection, _address = listener.accept()
            with connection:
                connection.settimeout(5)
                assert connection.recv(1) == b""

    def test_a_deployment_looks_once_more(
        self, account: Account, agent_id: str, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.APP_URL = "https://phone.example.com"
        RetellConfiguration.objects.update(webhook_url="https://hooks.example.com/x")
        self.names(monkeypatch, phone_example_com="8.8.8.8", hooks_example_com="10.0.0.1")
        row = account.deploy()
        assert (row["status"], row["kind"]) == ("refused", "address_not_public")
        assert "hooks.example.com" in row["reason"]

    def test_our_own_address_must_be_reachable_for_retell(self, account: Account, agent_id: str, settings: Any) -> None:
        settings.APP_URL = "http://127.0.0.1:8000"
        assert account.deploy()["kind"] == "address_not_public"


def test_sandboxes_are_taken_where_that_is_allowed(account: Account, agent_id: str) -> None:
    account.call("updateWebhook", webhook_url="http://127.0.0.1:9000/hook")
    assert stored().webhook_url == "http://127.0.0.1:9000/hook"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "nowhere", "http://", f"https://x.example.com/{'y' * 600}"])
def test_what_is_no_address_is_not_taken_even_there(account: Account, agent_id: str, url: str) -> None:
    with pytest.raises(InvalidParams):
        account.call("updateWebhook", webhook_url=url)


@pytest.mark.parametrize("events", [["call_inbound"], ["call_ended", "everything"], "call_ended", [1]])
def test_events_are_retells(account: Account, agent_id: str, events: Any) -> None:
    assert problems(account, events=events)


@pytest.mark.parametrize("timeout_ms", [0, 999, -1, 60_001, "soon", True])
def test_a_timeout_has_its_limits(account: Account, agent_id: str, timeout_ms: Any) -> None:
    assert problems(account, timeout_ms=timeout_ms)


def test_empty_is_ours_and_retells_defaults(account: Account, agent_id: str) -> None:
    RetellConfiguration.objects.update(webhook_url=PUBLIC, webhook_events=["call_ended"])
    account.call("updateWebhook", webhook_url="", events=[])
    assert (stored().webhook_url, stored().webhook_events) == (None, [])


def test_what_is_not_said_stays(account: Account, agent_id: str) -> None:
    RetellConfiguration.objects.update(webhook_url=PUBLIC, webhook_events=["call_ended"])
    account.call("updateWebhook", timeout_ms=4000)
    assert (stored().webhook_url, stored().webhook_events) == (PUBLIC, ["call_ended"])


def test_all_agents_or_the_named_ones(account: Account, agent_id: str) -> None:
    other = account.configured("agent_2")
    assert account.call("updateWebhook", agent_ids=["agent_2"], events=["call_ended"])["updated_count"] == 1
    assert account.call("updateWebhook", events=["call_analyzed"])["updated_count"] == 2
    other.refresh_from_db()
    assert other.webhook_events == ["call_analyzed"]


def test_a_change_is_in_the_audit_trail_once(account: Account, agent_id: str) -> None:
    for _ in range(2):
        account.call("updateWebhook", webhook_url="http://127.0.0.1:9000/hook?token=s3cr3t")
    entry = AuditEntry.objects.get(action="retell.webhook_changed")
    assert entry.before == {"webhook_url": None}
    assert entry.after == {"webhook_url": "http://127.0.0.1:9000/hook?…"}


def test_what_is_and_what_is_to_be(account: Account, agent_id: str) -> None:
    account.call("updateWebhook", events=["call_ended"])
    told = account.call("getWebhook")
    (state,) = told["agents"]
    assert state["webhook_url"] == own_webhook_url(stored())
    assert (state["webhook_events"], state["live"]["webhook_url"]) == (["call_ended"], None)
    assert "call_analyzed" in told["available_events"]
    assert told["webhook_url"].endswith("/api/mcp/retell/webhook")
    account.deploy()
    (state,) = account.call("getWebhook")["agents"]
    assert state["live"]["webhook_events"] == ["call_ended"]


def test_an_agent_that_retell_lost_is_told(account: Account) -> None:
    account.configured("agent_gone")
    (state,) = account.call("getWebhook")["agents"]
    assert (state["live"], state["problem"]) == (None, "not_found")


class TestAnothersAgent:
    CALLS = [
        ("getAgent", "agent_id", {}),
        ("updateAgent", "agent_id", {"prompt": "x"}),
        ("getWebhook", "agent_ids", {}),
        ("updateWebhook", "agent_ids", {"events": []}),
        ("testWebhook", "agent_id", {}),
        ("getCustomFunctions", "agent_id", {}),
        ("updateCustomFunction", "agent_id", {"name": "cancel_appointment", "enabled": False}),
        ("getDrift", "agent_ids", {}),
        ("getPromptVersions", "agent_id", {}),
        ("rollBackPrompt", "agent_id", {"number": 1}),
    ]

    @pytest.mark.parametrize(("method", "name", "params"), CALLS)
    def test_it_sounds_like_none_at_all(
        self, account: Account, agent_id: str, other_company: Any, method: str, name: str, params: dict[str, Any]
    ) -> None:
        theirs = make_configuration(other_company, prompt_template="Theirs.").agent_id
        told = []
        for one in (theirs, "agent_nobodys"):
            with pytest.raises(NotFound) as raised:
                account.call(method, **{name: [one] if name == "agent_ids" else one}, **params)
            told.append((raised.value.message, raised.value.kind, raised.value.data))
        assert told[0] == told[1]
        assert RetellConfiguration.objects.get(agent_id=theirs).prompt_template == "Theirs."

    def test_deploying_it_is_refused_in_its_row(
        self, account: Account, agent_id: str, other_company: Any, vendor: Vendor
    ) -> None:
        other = account_of(other_company, vendor)
        theirs = other.agent()
        other.configured(theirs)
        rows = account.call("deployCustomFunctions", agent_ids=[theirs, "agent_nobodys", agent_id])["deployed"]
        assert [(row["success"], row["kind"]) for row in rows] == [
            (True, ""),
            (False, "not_found"),
            (False, "not_found"),
        ]
        assert rows[1]["reason"] == rows[2]["reason"]
        assert other.versions(theirs) == [(0, True)]


def test_without_any_agent_it_is_not_configured(account: Account) -> None:
    for method in ("getWebhook", "deployCustomFunctions", "getDrift", "getCustomFunctions", "testWebhook"):
        with pytest.raises(GatewayError) as raised:
            account.call(method)
        assert raised.value.kind == "not_configured"


def test_with_several_one_must_be_named(account: Account, agent_id: str) -> None:
    account.configured("agent_2")
    with pytest.raises(InvalidParams):
        account.call("getCustomFunctions")
    assert account.call("getCustomFunctions", agent_id=agent_id)["agent_id"] == agent_id
