"""RetellConfigurationMCPServer through the gateway's pipeline, against the sandbox."""

from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway import breakers, gateway
from mcp_gateway.errors import Conflict, GatewayError, InvalidParams, NotFound, UpstreamError
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from retell.account import ERRORS, gateway_error
from retell.client import ErrorKind, RetellError
from tests.factories import make_call, make_configuration
from tests.retell.vendor import Vendor
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor
from tests.servers import free_port

METHODS: dict[str, dict[str, Any]] = {"testConnection": {}, "getCall": {"call_id": "call_1"}}
CALL = {"call_id": "call_1", "call_type": "phone_call", "call_status": "ended", "agent_id": "agent_unknown_here"}


@pytest.fixture
def account(company: Company, vendor: Vendor) -> Vendor:
    """The company's account at Retell, which has one call."""
    vendor.account_of(company)
    vendor.knows(company.retell_api_key, CALL)
    return vendor


def call(company: Company, method: str, **params: Any) -> Any:
    return gateway.call(f"retell_config.{method}", params, principal=Principal.of_task("test", company.pk))


def failure(company: Company, method: str, **params: Any) -> GatewayError:
    with pytest.raises(GatewayError) as raised:
        call(company, method, **params)
    return raised.value


def told(error: GatewayError) -> tuple[Any, ...]:
    """All that a caller sees of it, but for what is Retell's own."""
    return type(error), error.message, error.kind, error.retryable


def test_test_connection_names_the_account(company: Company, account: Vendor) -> None:
    known = call(company, "testConnection")
    assert (known["org_name"], known["api_key_name"]) == (company.name, "REST")


def test_get_call(company: Company, account: Vendor) -> None:
    assert call(company, "getCall", call_id="call_1") == CALL


@pytest.mark.parametrize("method", METHODS)
def test_without_a_key_nothing_is_sent(company: Company, account: Vendor, method: str) -> None:
    company.retell_api_key = " "
    company.save()
    error = failure(company, method, **METHODS[method])
    assert (type(error), error.kind) == (Conflict, "not_configured")
    assert account.requests() == []


@pytest.mark.parametrize("method", METHODS)
def test_each_company_uses_its_own_key(company: Company, other_company: Company, account: Vendor, method: str) -> None:
    account.account_of(other_company)
    account.knows(other_company.retell_api_key, CALL)
    for each in (company, other_company):
        call(each, method, **METHODS[method])
    assert account.keys() == [company.retell_api_key, other_company.retell_api_key]


@pytest.mark.parametrize("call_id", ["", "..", "a/b", "a?b", "call_1\n", "x" * 65, 5, None])
def test_what_is_no_call_id_is_refused(company: Company, account: Vendor, call_id: Any) -> None:
    assert isinstance(failure(company, "getCall", call_id=call_id), InvalidParams)
    assert account.requests() == []


class TestAnothersCall:
    """Two companies with one account, whose key both have."""

    @pytest.fixture
    def unknown(self, company: Company, account: Vendor) -> tuple[Any, ...]:
        return told(failure(company, "getCall", call_id="call_2"))

    def test_a_call_that_is_known_as_anothers_is_not_asked_for(
        self, company: Company, other_company: Company, account: Vendor, unknown: tuple[Any, ...]
    ) -> None:
        make_call(other_company, call_id="call_1")
        asked = len(account.requests())
        assert told(failure(company, "getCall", call_id="call_1")) == unknown
        assert len(account.requests()) == asked

    @pytest.mark.parametrize(
        "numbers",
        [
            {"direction": "inbound", "from_number": "+4915112345678", "to_number": "theirs"},
            {"direction": "outbound", "from_number": "theirs", "to_number": "+4915112345678"},
        ],
    )
    def test_a_call_with_anothers_number_is_unknown(
        self,
        company: Company,
        other_company: Company,
        account: Vendor,
        unknown: tuple[Any, ...],
        numbers: dict[str, str],
    ) -> None:
        numbers = {name: value.replace("theirs", other_company.phone_number or "") for name, value in numbers.items()}
        account.knows(company.retell_api_key, {**CALL, **numbers})
        assert told(failure(company, "getCall", call_id="call_1")) == unknown

    def test_a_call_of_anothers_agent_is_unknown(
        self, company: Company, other_company: Company, account: Vendor, unknown: tuple[Any, ...]
    ) -> None:
        make_configuration(other_company, agent_id=CALL["agent_id"])
        assert told(failure(company, "getCall", call_id="call_1")) == unknown

    def test_of_an_agent_that_both_have_it_is_told(
        self, company: Company, other_company: Company, account: Vendor
    ) -> None:
        for each in (company, other_company):
            make_configuration(each, agent_id=CALL["agent_id"])
        assert call(company, "getCall", call_id="call_1") == CALL

    def test_our_own_call_is_ours_whoever_spoke_last(
        self, company: Company, other_company: Company, account: Vendor
    ) -> None:
        make_call(company, call_id="call_1")
        make_configuration(other_company, agent_id=CALL["agent_id"])
        assert call(company, "getCall", call_id="call_1") == CALL

    def test_a_hidden_number_is_nobodys(self, company: Company, other_company: Company, account: Vendor) -> None:
        other_company.phone_number = None
        other_company.save()
        hidden = {**CALL, "direction": "inbound", "to_number": "anonymous"}
        account.knows(company.retell_api_key, hidden)
        assert call(company, "getCall", call_id="call_1") == hidden


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_has_its_words(kind: ErrorKind) -> None:
    error = gateway_error(RetellError(kind, "Retell's text", status=400, retry_after=3))
    assert (error.kind, error.message) == (kind, ERRORS[kind][1])
    assert error.data == {"vendor_status": 400, "vendor_message": "Retell's text", "retry_after": 3}


def test_a_wrong_key(company: Company, account: Vendor) -> None:
    company.retell_api_key = "key_wrong"
    company.save()
    error = failure(company, "testConnection")
    assert (type(error), error.kind, error.retryable) == (UpstreamError, "unauthorised", False)
    assert error.data["vendor_status"] == 401


def test_a_call_that_retell_does_not_know(company: Company, account: Vendor) -> None:
    error = failure(company, "getCall", call_id="call_2")
    assert (type(error), error.kind) == (NotFound, "not_found")


def test_an_account_that_can_not_be_reached_is_left_alone_for_a_while_and_others_are_not(
    company: Company, other_company: Company, account: Vendor, settings: Any
) -> None:
    account.account_of(other_company)
    settings.RETELL_API_URL = f"http://127.0.0.1:{free_port()}"
    kinds = [failure(company, "testConnection").kind for _ in range(6)]
    assert kinds == ["unreachable"] * 5 + ["service_unavailable"]
    settings.RETELL_API_URL = account.base_url
    assert call(other_company, "testConnection")["org_name"] == other_company.name
    assert f"retell_config:{company.pk}" in [state.name for state in breakers.all_states() if state.state == "open"]


def test_calls_that_retell_does_not_know_open_no_breaker(company: Company, account: Vendor) -> None:
    kinds = {failure(company, "getCall", call_id="call_2").kind for _ in range(6)}
    assert kinds == {"not_found"}


def test_health_is_about_keys(company: Company) -> None:
    server = registry.servers["retell_config"]
    assert server.health().status == "degraded"
    company.retell_api_key = "key_rest"
    company.save()
    assert server.health().status == "ok"


def test_a_company_that_is_not_active_makes_nobody_healthy(company: Company) -> None:
    company.retell_api_key, company.is_active = "key_rest", False
    company.save()
    assert registry.servers["retell_config"].health().status == "degraded"
