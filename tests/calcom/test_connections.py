"""However slowly an answer comes in, nobody waits for it longer than they have time. Measured, not believed."""

import json
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests.adapters

from calcom.client import CalcomClient
from calcom.errors import CalcomError, ErrorKind
from tests.calcom.conftest import API_KEY, SLOT, CalcomControl
from tests.calcom.dripping import dripping, make_certificate

BUDGET = 0.4
# What a busy machine may be late by; a byte comes four times within it.
GRACE = 0.2
EVERY = 0.05
ACCOUNT = {"username": "salon", "email": "salon@salon.example", "timeZone": "UTC"}
BODY = json.dumps({"status": "success", "data": ACCOUNT}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WITH_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
UNTIL_THE_END = HEAD + b"Connection: close\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKED_BODY = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
BODIES = pytest.mark.parametrize(
    ("at_once", "then"),
    [(WITH_LENGTH, BODY), (UNTIL_THE_END, BODY), (CHUNKED, CHUNKED_BODY)],
    ids=["length", "close", "chunked"],
)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server's certificate, and nobody but its owner is trusted."""
    path = make_certificate(tmp_path / "server.pem")
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(path))
    return path


def cut_off(calcom: CalcomClient) -> ErrorKind:
    """What a question is taken for that is cut off when its time is up, neither earlier nor later."""
    started = monotonic()
    with pytest.raises(CalcomError) as raised:
        calcom.me()
    assert BUDGET - 0.01 <= monotonic() - started < BUDGET + GRACE
    return raised.value.kind


@BODIES
def test_a_body_that_drips_in_is_cut_off(at_once: bytes, then: bytes) -> None:
    with dripping(at_once, then, every=EVERY) as url:
        assert cut_off(CalcomClient(url, API_KEY, timeout=BUDGET)) is ErrorKind.UNREACHABLE


def test_a_head_that_drips_in_is_cut_off() -> None:
    with dripping(b"", WITH_LENGTH + BODY, every=EVERY) as url:
        assert cut_off(CalcomClient(url, API_KEY, timeout=BUDGET)) is ErrorKind.UNREACHABLE


def test_silence_after_the_first_piece_is_no_new_beginning() -> None:
    with dripping(b"", WITH_LENGTH + BODY, every=0.9 * BUDGET) as url:
        assert cut_off(CalcomClient(url, API_KEY, timeout=BUDGET)) is ErrorKind.UNREACHABLE


def test_a_flood_without_end_is_cut_off() -> None:
    with dripping(UNTIL_THE_END, b" " * 10_000_000, every=0) as url:
        assert cut_off(CalcomClient(url, API_KEY, timeout=BUDGET)) is ErrorKind.UNREACHABLE


def test_the_callers_deadline_cuts_off_as_well() -> None:
    with dripping(WITH_LENGTH, BODY, every=EVERY) as url:
        assert cut_off(CalcomClient(url, API_KEY, seconds_left=lambda: BUDGET)) is ErrorKind.UNREACHABLE


def test_tls_makes_no_difference(certificate: Path) -> None:
    with dripping(WITH_LENGTH, BODY, every=EVERY, certificate=certificate) as url:
        assert cut_off(CalcomClient(url, API_KEY, timeout=BUDGET)) is ErrorKind.UNREACHABLE


def test_a_write_that_is_cut_off_may_have_been_done() -> None:
    with dripping(WITH_LENGTH, BODY, every=EVERY) as url, pytest.raises(CalcomError) as raised:
        CalcomClient(url, API_KEY, timeout=BUDGET).reserve(1, SLOT, 10)
    assert raised.value.kind is ErrorKind.UNKNOWN_OUTCOME


@BODIES
def test_an_answer_that_drips_in_soon_enough_is_read_whole(at_once: bytes, then: bytes) -> None:
    with dripping(at_once, then, every=0.001) as url:
        assert CalcomClient(url, API_KEY, timeout=5).me().username == "salon"


def test_a_stranger_with_a_certificate_of_their_own_is_not_talked_to(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "stranger.pem")
    with dripping(WITH_LENGTH, BODY, every=0, certificate=certificate) as url, pytest.raises(CalcomError):
        CalcomClient(url, API_KEY).me()


def test_a_kept_connection_has_its_time_anew_for_each_request(control: CalcomControl) -> None:
    calcom = CalcomClient(control.base_url, API_KEY, timeout=BUDGET)
    for _ in range(3):
        calcom.me()
        sleep(BUDGET / 2)
    control.fault("delay", "/v2/me", seconds=BUDGET / 2)
    assert calcom.me().username == "salon"


def test_connections_are_kept(control: CalcomControl, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="urllib3")
    calcom = CalcomClient(control.base_url, API_KEY)
    for _ in range(3):
        calcom.me()
    assert caplog.text.count('"GET /v2/me HTTP/1.1" 200') == 3
    assert caplog.text.count("Starting new HTTP connection") <= 1
