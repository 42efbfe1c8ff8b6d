"""Retell's signature, against fixed vectors, Retell's own SDK and the sandbox that signs from the description."""

import time

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from retell.sandbox import signing
from retell.signature import InvalidSignature, sign, verify
from tests.retell.sandbox.sdk import verify as sdk_verify

AT = 1_700_000_000_000
KEY = "key_test"
BODY = b'{"name":"book","args":{}}'
HEADER = f"v={AT},d=9d7cc3362e0d3e026b73d452c33390b28467262357e885b5e710c577ee75ebcf"
VECTORS = [
    (KEY, BODY, HEADER.partition("d=")[2]),
    ("k", b"", "8cbac3fa8741a4e7e6081cb3f491d2cd1dd8a7f1395bac0a1f832ceba350a2b3"),
    ("test-api-key", b'{"event":"call_ended"}', "07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e"),
]
MALFORMED = [
    None,
    "",
    "v=,d=",
    HEADER.partition(",")[0],
    HEADER.partition(",")[2],
    HEADER.upper(),
    HEADER.replace("d=9d7c", "d=9D7C"),
    HEADER.replace("1700", "١٧٠٠"),
    HEADER.replace(",", ", "),
    HEADER[:-1],
    f"{HEADER}0",
    f"{HEADER}\n",
    f"x{HEADER}",
    HEADER.replace("v=", "v=-"),
    f"v={'1' * 5000},d={HEADER.partition('d=')[2]}",
]


@pytest.mark.parametrize(("key", "body", "digest"), VECTORS)
def test_known_vectors_hold(key: str, body: bytes, digest: str) -> None:
    verify(body, f"v={AT},d={digest}", key, now_ms=AT)


@pytest.mark.parametrize(("key", "body", "digest"), VECTORS)
def test_signing_gives_the_known_vectors(key: str, body: bytes, digest: str) -> None:
    assert sign(body, key, AT) == f"v={AT},d={digest}"


@pytest.mark.parametrize("skew_ms", [-300_000, 300_000])
def test_five_minutes_apart_are_within_the_tolerance(skew_ms: int) -> None:
    verify(BODY, HEADER, KEY, now_ms=AT + skew_ms)


@pytest.mark.parametrize("skew_ms", [-300_001, 300_001])
def test_a_millisecond_more_is_refused(skew_ms: int) -> None:
    with pytest.raises(InvalidSignature, match="clocks"):
        verify(BODY, HEADER, KEY, now_ms=AT + skew_ms)


def test_an_altered_body_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="badge"):
        verify(BODY.replace(b"book", b"cook"), HEADER, KEY, now_ms=AT)


def test_another_time_than_the_signed_one_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="badge"):
        verify(BODY, HEADER.replace(str(AT), str(AT + 1)), KEY, now_ms=AT)


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_header_is_refused(header: str | None) -> None:
    with pytest.raises(InvalidSignature, match="malformed"):
        verify(BODY, header, KEY, now_ms=AT)


def test_without_a_key_nothing_is_let_in() -> None:
    with pytest.raises(InvalidSignature, match="no webhook key"):
        verify(BODY, sign(BODY, "", AT), "", now_ms=AT)


@given(body=st.text(), key=st.text(min_size=1), skew_ms=st.integers(-400_000, 400_000))
def test_retells_sdk_and_we_agree(body: str, key: str, skew_ms: int) -> None:
    header = sign(body.encode(), key, AT + skew_ms)
    with time_machine.travel(AT / 1000, tick=False):
        assert _holds(body, header, key) == sdk_verify(body, key, header)


@given(body=st.text(), other=st.text(), key=st.text(min_size=1))
def test_retells_sdk_and_we_agree_on_bodies_that_were_not_signed(body: str, other: str, key: str) -> None:
    header = sign(body.encode(), key, int(time.time() * 1000))
    assert _holds(other, header, key) == sdk_verify(other, key, header) == (body == other)


@given(body=st.binary(), key=st.text(min_size=1))
def test_what_the_sandbox_signs_holds(body: bytes, key: str) -> None:
    verify(body, signing.sign(body, key, AT), key, now_ms=AT)


def _holds(body: str, header: str, key: str) -> bool:
    try:
        verify(body.encode(), header, key)
    except InvalidSignature:
        return False
    return True
