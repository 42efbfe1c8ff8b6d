"""Who is told of a change."""

import pytest

from mcp_gateway import breakers
from tests.mcp_gateway.breakers.calls import A, fail, is_refused


def test_a_change_is_logged(storage: None, caplog: pytest.LogCaptureFixture) -> None:
    fail(times=5)
    (line,) = [record for record in caplog.records if record.name == "mcp-external"]
    assert (line.levelname, line.getMessage()) == ("WARNING", f"Circuit breaker vendor:{A}: open, was closed")


def test_a_hook_that_fails_does_no_harm(storage: None, changes: list[tuple[str, str]]) -> None:
    breakers.on_change.insert(0, lambda change: 1 / 0)
    try:
        fail(times=5)
    finally:
        del breakers.on_change[0]
    assert changes == [("closed", "open")]
    assert is_refused()
