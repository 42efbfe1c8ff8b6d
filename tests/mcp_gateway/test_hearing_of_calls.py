"""Who wants to know how calls of a method end is told, whoever called."""

from collections.abc import Iterator

import pytest

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError, InvalidParams
from mcp_gateway.gateway import Ended
from mcp_gateway.principal import Principal
from tests.mcp_gateway.conftest import TestingMCPServer

METHOD = "testing.subtract"


@pytest.fixture
def heard(server: TestingMCPServer) -> Iterator[list[Ended]]:
    heard: list[Ended] = []
    gateway.hears_of(METHOD)(heard.append)
    yield heard
    del gateway._listeners[METHOD]


def test_a_good_end_is_told_with_its_result(heard: list[Ended], everybody: Principal) -> None:
    gateway.call(METHOD, [42, 23], principal=everybody)
    assert [(end.result, end.error) for end in heard] == [(19, None)]


def test_an_error_is_told(heard: list[Ended], everybody: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = GatewayError(kind="sour")
    monkeypatch.setattr(gateway, "_run", lambda _invocation: (_ for _ in ()).throw(failure))
    with pytest.raises(GatewayError):
        gateway.call(METHOD, [1], principal=everybody)
    assert [end.error for end in heard] == [failure]


def test_what_breaks_is_told_without_its_text(
    heard: list[Ended], everybody: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_run", lambda _invocation: {}["secret"])
    with pytest.raises(GatewayError):
        gateway.call(METHOD, [1], principal=everybody)
    assert [end.error.kind for end in heard if end.error] == ["internal_error"]


def test_a_call_that_was_not_permitted_is_nobodys_news(heard: list[Ended], everybody: Principal) -> None:
    with pytest.raises(InvalidParams):
        gateway.call(METHOD, {"wrong": 1}, principal=everybody)
    assert heard == []


def test_other_methods_are_not_told(heard: list[Ended], everybody: Principal) -> None:
    gateway.call("testing.note", principal=everybody)
    assert heard == []


def test_a_listener_that_breaks_does_not_break_the_call(
    heard: list[Ended], everybody: Principal, company: Company
) -> None:
    gateway.hears_of(METHOD)(lambda _end: {}["gone"])
    assert gateway.call(METHOD, [42, 23], principal=everybody) == 19
