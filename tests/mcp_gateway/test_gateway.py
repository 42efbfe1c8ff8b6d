"""The way of a call through the gateway."""

import logging
from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway import correlation, gateway
from mcp_gateway.errors import Conflict, Forbidden, GatewayError, InternalError, InvalidParams, MethodNotFound, NotFound
from mcp_gateway.principal import Kind, Principal
from tests.factories import make_company
from tests.mcp_gateway.conftest import TestingMCPServer

UNKNOWN_COMPANY = 2**40


def principal(*companies: Company, scopes: tuple[str, ...] = ("*",)) -> Principal:
    ids = frozenset(company.pk for company in companies)
    return Principal(kind=Kind.TOKEN, name="token:test", companies=ids, scopes=scopes)


def refusal(params: dict[str, Any], caller: Principal) -> tuple[str, str, dict[str, Any]]:
    with pytest.raises(NotFound) as raised:
        gateway.call("testing.whose", params, principal=caller)
    return raised.value.kind, raised.value.message, raised.value.data


@pytest.fixture
def line(caplog: pytest.LogCaptureFixture) -> Any:
    """The one line that a call has left in the log."""
    caplog.set_level(logging.INFO)

    def read() -> dict[str, Any]:
        (record,) = [record for record in caplog.records if record.name == "mcp-external"]
        return vars(record)

    return read


@pytest.mark.parametrize(
    "params", [[42, 23], {"minuend": 42, "subtrahend": 23}, {"subtrahend": 23, "minuend": 42}, (42, 23)]
)
def test_parameters_by_name_and_by_position(server: TestingMCPServer, everybody: Principal, params: Any) -> None:
    assert gateway.call("testing.subtract", params, principal=everybody) == 19


def test_no_parameters(server: TestingMCPServer, everybody: Principal) -> None:
    assert gateway.call("testing.note", principal=everybody) is None
    assert server.noted == [None]


def test_unknown_parameters_are_refused(server: TestingMCPServer, everybody: Principal) -> None:
    with pytest.raises(InvalidParams):
        gateway.call("testing.note", {"value": 1, "more": 2}, principal=everybody)
    assert server.noted == []


def test_a_lenient_method_takes_unknown_parameters(server: TestingMCPServer, everybody: Principal) -> None:
    assert gateway.call("testing.lenient", {"word": "hi", "mood": 1}, principal=everybody) == "hi"


def test_unknown_methods(server: TestingMCPServer, everybody: Principal) -> None:
    with pytest.raises(MethodNotFound):
        gateway.call("testing.nothing", principal=everybody)


@pytest.mark.parametrize("scope", ["testing.note", "testing.*", "*", "*.note"])
def test_a_scope_opens_what_it_matches(server: TestingMCPServer, scope: str) -> None:
    gateway.call("testing.note", [1], principal=principal(scopes=(scope,)))
    assert server.noted == [1]


@pytest.mark.parametrize("scopes", [(), ("testing",), ("testing.not",), ("Testing.*",), ("calcom.*",)])
def test_everything_else_is_forbidden(server: TestingMCPServer, scopes: tuple[str, ...]) -> None:
    with pytest.raises(Forbidden):
        gateway.call("testing.note", [1], principal=principal(scopes=scopes))
    assert server.noted == []


def test_the_company_is_the_callers(server: TestingMCPServer, company: Company) -> None:
    assert gateway.call("testing.whose", principal=principal(company)) == company.pk


def test_a_caller_may_name_its_own_company(server: TestingMCPServer, company: Company) -> None:
    assert gateway.call("testing.whose", {"company_id": company.pk}, principal=principal(company)) == company.pk


def test_one_of_several_companies_is_named(
    server: TestingMCPServer, company: Company, other_company: Company, everybody: Principal
) -> None:
    for caller in (everybody, principal(company, other_company)):
        assert gateway.call("testing.whose", {"company_id": other_company.pk}, principal=caller) == other_company.pk


def test_of_several_companies_none_is_guessed(
    server: TestingMCPServer, company: Company, other_company: Company, everybody: Principal
) -> None:
    for caller in (everybody, principal(company, other_company)):
        with pytest.raises(InvalidParams, match="-32602"):
            gateway.call("testing.whose", principal=caller)


def test_a_caller_without_company_gets_none(server: TestingMCPServer, company: Company) -> None:
    with pytest.raises(GatewayError):
        gateway.call("testing.whose", principal=principal())


def test_foreign_and_unknown_companies_sound_the_same(
    server: TestingMCPServer, company: Company, other_company: Company, everybody: Principal
) -> None:
    foreign = refusal({"company_id": other_company.pk}, principal(company))
    assert foreign == refusal({"company_id": UNKNOWN_COMPANY}, principal(company))
    assert foreign == refusal({"company_id": UNKNOWN_COMPANY}, everybody)


def test_an_inactive_company_is_not_served(server: TestingMCPServer, db: None, everybody: Principal) -> None:
    closed = make_company(is_active=False)
    assert refusal({"company_id": closed.pk}, everybody) == refusal({"company_id": UNKNOWN_COMPANY}, everybody)
    assert refusal({}, principal(closed)) == refusal({"company_id": UNKNOWN_COMPANY}, everybody)


@pytest.mark.parametrize("company_id", [True, "1", 1.0, [1], {"pk": 1}])
def test_a_company_is_an_integer(
    server: TestingMCPServer, company: Company, everybody: Principal, company_id: Any
) -> None:
    with pytest.raises(InvalidParams):
        gateway.call("testing.whose", {"company_id": company_id}, principal=everybody)


@pytest.mark.parametrize("company_id", [-1, 2**63, 10**30])
def test_an_impossible_company_is_no_such_company(
    server: TestingMCPServer, company: Company, everybody: Principal, company_id: int
) -> None:
    assert refusal({"company_id": company_id}, everybody)[0] == "not_found"


def test_an_application_error_passes_with_its_words(server: TestingMCPServer, everybody: Principal) -> None:
    with pytest.raises(Conflict) as raised:
        gateway.call("testing.refuse", principal=everybody)
    error = raised.value
    assert (error.code, error.kind, error.message, error.data) == (1409, "taken", "Taken already", {"alternative": 7})


def test_what_breaks_inside_keeps_its_text_to_itself(
    server: TestingMCPServer, everybody: Principal, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InternalError) as raised:
        gateway.call("testing.break", {"secret": "geheim"}, principal=everybody)
    error = raised.value
    assert (error.code, error.message, error.data) == (-32603, "Internal error", {})
    assert "geheim" not in f"{error} {error!r} {caplog.text}"
    assert "RuntimeError" in caplog.text


def test_a_result_that_is_not_json_is_our_fault(server: TestingMCPServer, everybody: Principal) -> None:
    with pytest.raises(InternalError):
        gateway.call("testing.object", principal=everybody)


def test_the_log_line_of_a_call(server: TestingMCPServer, company: Company, line: Any) -> None:
    with correlation.bound("00000000-0000-4000-8000-000000000001"):
        gateway.call("testing.whose", principal=principal(company))
    written = line()
    assert {name: written[name] for name in ("correlation_id", "server", "method", "company", "status")} == {
        "correlation_id": "00000000-0000-4000-8000-000000000001",
        "server": "testing",
        "method": "whose",
        "company": company.pk,
        "status": "ok",
    }
    assert written["duration_ms"] >= 0


@pytest.mark.parametrize(
    ("method", "params", "status"),
    [
        ("testing.refuse", {}, "taken"),
        ("testing.break", {"secret": "geheim"}, "internal_error"),
        ("testing.subtract", {"minuend": "geheim"}, "invalid_params"),
    ],
)
def test_the_log_line_of_a_failed_call(
    server: TestingMCPServer, everybody: Principal, line: Any, method: str, params: dict[str, Any], status: str
) -> None:
    with pytest.raises(GatewayError):
        gateway.call(method, params, principal=everybody)
    written = line()
    assert f"{written['server']}.{written['method']}" == method
    assert written["status"] == status
    assert "geheim" not in str(written)


def test_names_that_nobody_registered_are_not_logged(server: TestingMCPServer, everybody: Principal, line: Any) -> None:
    with pytest.raises(MethodNotFound):
        gateway.call("geheim.+4930123456", principal=everybody)
    written = line()
    assert (written["server"], written["method"], written["status"]) == ("unknown", "unknown", "method_not_found")
    assert "geheim" not in str(written)


def test_a_method_knows_its_correlation_id(server: TestingMCPServer, everybody: Principal) -> None:
    with correlation.bound("00000000-0000-4000-8000-000000000002"):
        found = gateway.call("testing.correlate", principal=everybody)
    assert found == "00000000-0000-4000-8000-000000000002"
