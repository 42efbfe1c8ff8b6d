"""`manage.py mcp_health`."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mcp_gateway.registry import Health, registry
from tests.mcp_gateway.conftest import TestingMCPServer


@pytest.fixture
def alone(server: TestingMCPServer) -> Iterator[TestingMCPServer]:
    """The testing server as the only one: its verdict is the overall one."""
    others = {name: other for name, other in registry.servers.items() if other is not server}
    for name in others:
        del registry.servers[name]
    yield server
    registry.servers.update(others)


def health(*arguments: str) -> tuple[int, str]:
    output = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("mcp_health", *arguments, stdout=output)
    assert isinstance(end.value.code, int)
    return end.value.code, output.getvalue()


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("degraded", 1), ("down", 2)])
def test_the_exit_code_tells_the_overall_state(alone: TestingMCPServer, status: str, code: int) -> None:
    alone.verdict = Health.model_validate({"status": status, "reason": "for a reason"})
    assert health()[0] == code


def test_the_table_tells_each_server_with_its_reason(alone: TestingMCPServer) -> None:
    alone.verdict = Health(status="degraded", reason="two are waiting")
    assert health()[1].splitlines() == ["testing  degraded  two are waiting", "", "overall: degraded"]


def test_a_check_that_breaks_counts_as_down(alone: TestingMCPServer) -> None:
    alone.verdict = RuntimeError("with a secret")
    code, output = health()
    assert code == 2
    assert "secret" not in output


def test_json_is_for_programs(alone: TestingMCPServer) -> None:
    code, output = health("--json")
    assert code == 0
    assert json.loads(output) == {"status": "ok", "servers": {"testing": {"status": "ok", "reason": ""}}}


def test_every_server_is_asked(db: None) -> None:
    servers = json.loads(health("--json")[1])["servers"]
    assert {"calcom", "database", "queue", "retell_custom", "webhook"} <= set(servers)
    assert servers["database"] == {"status": "ok", "reason": ""}


def test_unknown_options_are_refused() -> None:
    with pytest.raises(CommandError):
        call_command("mcp_health", "--xml")
