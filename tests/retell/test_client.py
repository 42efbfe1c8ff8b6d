"""The client against the sandbox: what goes out, what comes back, and what each failure is taken for."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from mcp_gateway.errors import DeadlineExceeded
from retell.client import ErrorKind, RetellClient, RetellError
from tests.calcom.dripping import dripping
from tests.retell.vendor import Vendor
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor
from tests.servers import free_port

API_KEY = "key_rest_salon_0123456789"
CALL = {"call_id": "call_1", "call_type": "phone_call", "call_status": "ended", "agent_id": "agent_1"}
UNKNOWN_ASSET = {"status": "error", "message": "Cannot find requested asset under given api key."}


@pytest.fixture
def retell(vendor: Vendor) -> RetellClient:
    vendor.open_account(API_KEY)
    return RetellClient(vendor.base_url, API_KEY)


def failure(action: Callable[[], Any]) -> RetellError:
    with pytest.raises(RetellError) as raised:
        action()
    return raised.value


def kind_after(retell: RetellClient, vendor: Vendor, status: int, body: Any) -> ErrorKind:
    """What an answer is taken for."""
    vendor.fault("reply", status=status, body=body)
    return failure(lambda: retell.call("call_1")).kind


def test_the_key_tells_whose_it_is(retell: RetellClient) -> None:
    known = retell.key_info()
    assert (known.org_name, known.api_key_name) == ("Salon Eva", "REST")
    assert known.org_id


def test_a_call_comes_as_retell_describes_it(retell: RetellClient, vendor: Vendor) -> None:
    vendor.knows(API_KEY, {**CALL, "a_field_of_tomorrow": [1]})
    assert retell.call("call_1") == {**CALL, "a_field_of_tomorrow": [1]}


def test_a_request_carries_key_and_correlation_id(retell: RetellClient, vendor: Vendor) -> None:
    retell.key_info()
    assert vendor.keys() == [API_KEY]
    assert vendor.sandbox.requests[0].headers["x-correlation-id"]


def test_a_call_id_can_not_lead_elsewhere(retell: RetellClient, vendor: Vendor) -> None:
    failure(lambda: retell.call("call_1/../../get-api-key-info?x=1"))
    assert vendor.requests() == ["/v2/get-call/call_1%2F..%2F..%2Fget-api-key-info%3Fx%3D1"]


def test_a_call_that_retell_does_not_know(retell: RetellClient) -> None:
    error = failure(lambda: retell.call("call_2"))
    assert (error.kind, error.status) == (ErrorKind.NOT_FOUND, 422)


def test_another_accounts_call_sounds_the_same(retell: RetellClient, vendor: Vendor) -> None:
    vendor.open_account("key_rest_barber")
    vendor.knows("key_rest_barber", CALL)
    assert failure(lambda: retell.call("call_1")).message == failure(lambda: retell.call("call_2")).message


def test_a_wrong_key(vendor: Vendor) -> None:
    error = failure(RetellClient(vendor.base_url, "key_wrong").key_info)
    assert (error.kind, error.status) == (ErrorKind.UNAUTHORISED, 401)


def test_nobody_there() -> None:
    error = failure(RetellClient(f"http://127.0.0.1:{free_port()}", API_KEY).key_info)
    assert (error.kind, error.status) == (ErrorKind.UNREACHABLE, None)


@pytest.mark.parametrize("action", ["reset", "malformed"])
def test_an_answer_that_breaks_off(retell: RetellClient, vendor: Vendor, action: str) -> None:
    vendor.fault(action)
    assert failure(retell.key_info).kind is ErrorKind.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error_message": "Unknown query parameter 'version'"}, ErrorKind.REFUSED),
        (402, {"status": "error", "message": "No payment method."}, ErrorKind.REFUSED),
        (403, {"status": "error", "message": "Forbidden"}, ErrorKind.UNAUTHORISED),
        (404, UNKNOWN_ASSET, ErrorKind.NOT_FOUND),
        (404, {"status": "error", "message": "Not Found"}, ErrorKind.NOT_FOUND),
        (404, {"status": "error", "message": "Cannot GET /v2/get-call/call_1"}, ErrorKind.REFUSED),
        (404, b"<html>Not Found</html>", ErrorKind.UNREACHABLE),
        (422, UNKNOWN_ASSET, ErrorKind.NOT_FOUND),
        (422, {"status": "error", "message": "Something else."}, ErrorKind.REFUSED),
        (429, {"status": "error", "message": "Account rate limited."}, ErrorKind.RATE_LIMITED),
        (429, b"slow down", ErrorKind.RATE_LIMITED),
        (500, UNKNOWN_ASSET, ErrorKind.UNREACHABLE),
        (502, b"<html>Bad Gateway</html>", ErrorKind.UNREACHABLE),
        (200, b"<html>Welcome</html>", ErrorKind.UNREACHABLE),
        (200, [], ErrorKind.UNREACHABLE),
        (200, None, ErrorKind.UNREACHABLE),
        (200, {**CALL, "call_id": "call_2"}, ErrorKind.UNREACHABLE),
        (302, {"message": "Moved"}, ErrorKind.UNREACHABLE),
        (400, {"message": ["not", "a", "text"]}, ErrorKind.REFUSED),
    ],
)
def test_what_answers_are_taken_for(
    retell: RetellClient, vendor: Vendor, status: int, body: Any, kind: ErrorKind
) -> None:
    assert kind_after(retell, vendor, status, body) is kind


def test_key_info_of_an_unknown_form(retell: RetellClient, vendor: Vendor) -> None:
    vendor.fault("reply", status=200, body={"org": "Salon"})
    assert failure(retell.key_info).kind is ErrorKind.UNREACHABLE


@pytest.mark.parametrize("name", ["message", "error_message"])
def test_retells_own_words_are_told_under_both_names(retell: RetellClient, vendor: Vendor, name: str) -> None:
    vendor.fault("reply", status=400, body={name: "Unknown query parameter"})
    assert failure(retell.key_info).message == "Unknown query parameter"


def test_the_pause_that_retell_asks_for(retell: RetellClient, vendor: Vendor) -> None:
    vendor.fault("reply", status=429, body={"message": "Slow"}, headers={"Retry-After": "7"})
    assert failure(retell.key_info).retry_after == 7


def test_nothing_is_repeated(retell: RetellClient, vendor: Vendor) -> None:
    for action in ("reset", "malformed", "reply"):
        vendor.fault(action)
        failure(retell.key_info)
    assert len(vendor.requests()) == 3


def test_silence_ends_when_the_time_is_up(retell: RetellClient, vendor: Vendor) -> None:
    vendor.fault("hang", seconds=1)
    started = monotonic()
    error = failure(RetellClient(vendor.base_url, API_KEY, timeout=0.3).key_info)
    assert error.kind is ErrorKind.UNREACHABLE
    assert 0.29 <= monotonic() - started < 0.8


def test_an_answer_that_drips_in_is_cut_off() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b" " * 500, every=0.05) as url:
        started = monotonic()
        error = failure(RetellClient(url, API_KEY, seconds_left=lambda: 0.3).key_info)
    assert error.kind is ErrorKind.UNREACHABLE
    assert monotonic() - started < 0.8


def test_without_time_left_nothing_is_sent(vendor: Vendor) -> None:
    def too_late() -> float:
        raise DeadlineExceeded

    with pytest.raises(DeadlineExceeded):
        RetellClient(vendor.base_url, API_KEY, seconds_left=too_late).key_info()
    assert vendor.requests() == []


@pytest.mark.parametrize("key", ["schlüssel", "key\nX-Other: 1"])
def test_a_key_that_fits_into_no_header(vendor: Vendor, key: str) -> None:
    assert failure(RetellClient(vendor.base_url, key).key_info).kind is ErrorKind.REFUSED
    assert vendor.requests() == []


def test_an_address_that_is_none() -> None:
    assert failure(RetellClient("nowhere", API_KEY).key_info).kind is ErrorKind.REFUSED


def test_neither_key_nor_text_nor_body_is_logged(
    retell: RetellClient, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.knows(API_KEY, {**CALL, "transcript": "Erika Beispiel"})
    retell.call("call_1")
    vendor.fault("reply", status=400, body={"message": f"Erika's key {API_KEY} is wrong"})
    error = failure(retell.key_info)
    assert "Erika" not in caplog.text + str(error)
    assert API_KEY not in caplog.text + error.message
