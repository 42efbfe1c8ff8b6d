"""Health for monitors."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import health, inbox
from mcp_gateway.registry import Health, registry
from tests.mcp_gateway.conftest import TestingMCPServer

URL = "/api/mcp/health"


@pytest.fixture(autouse=True)
def _well(company: Company, server: TestingMCPServer) -> Iterator[None]:
    """Two servers, and nothing is wrong with them."""
    everyone, registry.servers = registry.servers, {"testing": server, "webhook": registry.servers["webhook"]}
    yield
    registry.servers = everyone


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_the_overall_word_only(client: Client, method: str) -> None:
    response = getattr(client, method)(URL)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_token_gets_every_servers_verdict(server: TestingMCPServer, client: Client, bearer: dict[str, str]) -> None:
    server.verdict = Health(status="degraded", reason="tired")
    answer = client.get(URL, headers=bearer).json()
    assert answer == {
        "status": "degraded",
        "servers": {
            "testing": {"status": "degraded", "reason": "tired"},
            "webhook": {"status": "ok", "reason": ""},
        },
    }


def test_a_wrong_token_counts_as_a_stranger(client: Client) -> None:
    assert client.get(URL, headers={"Authorization": "Bearer mcp_1_2"}).json() == {"status": "ok"}


@pytest.mark.parametrize(("verdict", "status"), [("ok", 200), ("degraded", 200), ("down", 503)])
def test_only_down_is_unavailable(server: TestingMCPServer, client: Client, verdict: Any, status: int) -> None:
    server.verdict = Health(status=verdict)
    response = client.get(URL)
    assert (response.status_code, response.json()) == (status, {"status": verdict})


def test_a_check_that_crashes_is_down_and_tells_no_secret(
    server: TestingMCPServer, client: Client, bearer: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    server.verdict = RuntimeError("key geheim")
    response = client.get(URL, headers=bearer)
    assert response.status_code == 503
    assert response.json()["servers"]["testing"]["status"] == "down"
    assert "RuntimeError" in response.json()["servers"]["testing"]["reason"]
    assert response.json()["servers"]["webhook"]["status"] == "ok"
    assert "geheim" not in response.content.decode() + caplog.text


def test_events_that_nobody_works_on_degrade(receive: Any) -> None:
    receive()
    with time_machine.travel(timezone.now() + inbox.OVERDUE + timedelta(seconds=1), tick=False):
        assert health.overall()["servers"]["webhook"] == {"status": "degraded", "reason": "1 events are waiting"}


def test_live_needs_nothing(client: Client) -> None:
    response = client.get(f"{URL}/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_needs_the_database_only(server: TestingMCPServer, db: None, client: Client) -> None:
    server.verdict = Health(status="down")
    response = client.get(f"{URL}/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_not_ready_without_the_database(db: None, client: Client) -> None:
    def gone(*args: Any) -> None:
        raise ConnectionError

    with connection.execute_wrapper(gone):
        response = client.get(f"{URL}/ready")
    assert (response.status_code, response.json()) == (503, {"status": "down"})


@pytest.mark.parametrize(("path", "method"), [("", "put"), ("", "delete"), ("/live", "post"), ("/ready", "post")])
def test_other_methods(client: Client, path: str, method: str) -> None:
    assert getattr(client, method)(f"{URL}{path}").status_code == 405
