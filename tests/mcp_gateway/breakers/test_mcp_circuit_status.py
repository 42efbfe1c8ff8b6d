"""`manage.py mcp_circuit_status`."""

import json
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests.mcp_gateway.breakers.calls import A, fail, is_refused
from tests.servers import Redis


def command(*arguments: str) -> str:
    output = StringIO()
    call_command("mcp_circuit_status", *arguments, stdout=output)
    return output.getvalue()


def test_the_command_says_that_nothing_has_failed(alone: None) -> None:
    assert "No circuit breaker has counted a failure" in command()


def test_the_command_shows_closed_breakers(storage: None) -> None:
    fail()
    assert command().splitlines()[1].split() == [f"vendor:{A}", "closed", "1", "-", "-"]


def test_the_command_ends_with_1_when_one_is_open(
    storage: None, clock: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(times=5)
    with pytest.raises(SystemExit) as ended:
        call_command("mcp_circuit_status")
    assert ended.value.code == 1
    assert f"vendor:{A}  open   5         30 s         2026-11-23 12:00:00" in capsys.readouterr().out


def test_the_command_speaks_json(storage: None) -> None:
    fail(times=2)
    assert json.loads(command("--json")) == [
        {"name": f"vendor:{A}", "state": "closed", "failures": 2, "opened_at": None, "retry_after": 0}
    ]


@pytest.mark.parametrize("name", [f"vendor:{A}", "all"])
def test_the_command_resets(db: None, storage: None, name: str) -> None:
    fail(times=5)
    command("--reset", name)
    assert not is_refused()


def test_the_command_refuses_a_name_it_does_not_know(storage: None) -> None:
    with pytest.raises(CommandError) as refused:
        command("--reset", "vendor:99")
    assert refused.value.returncode == 2


@pytest.mark.servers
def test_the_command_says_that_redis_is_away(no_redis: Redis) -> None:
    with pytest.raises(CommandError, match="Redis does not answer") as refused:
        command()
    assert refused.value.returncode == 3
