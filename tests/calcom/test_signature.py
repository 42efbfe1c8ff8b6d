"""Cal.com's signature, against fixed vectors and the sandbox, which signs from the description."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom.sandbox import delivery
from calcom.signature import UNSIGNED, InvalidSignature, sign, verify

SECRET = "whsec_test"
BODY = b'{"triggerEvent":"BOOKING_CREATED"}'
DIGEST = "e53de753539388ffa83aa0b92cf8e44a17242430e2e8640e2d72987ed35b8169"
# From `openssl dgst -sha256 -hmac`; the second is RFC 4231's test case 2.
VECTORS = [
    (SECRET, BODY, DIGEST),
    (
        "Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("k", b"", "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620"),
]
MALFORMED = [
    None,
    "",
    UNSIGNED,
    DIGEST.upper(),
    f"sha256={DIGEST}",
    DIGEST[:-1],
    f"{DIGEST}0",
    f"{DIGEST}\n",
    f" {DIGEST}",
    "é" * 64,
]


@pytest.mark.parametrize(("secret", "body", "digest"), VECTORS)
def test_known_vectors_hold(secret: str, body: bytes, digest: str) -> None:
    verify(body, digest, secret)


@pytest.mark.parametrize(("secret", "body", "digest"), VECTORS)
def test_signing_gives_the_known_vectors(secret: str, body: bytes, digest: str) -> None:
    assert sign(body, secret) == digest


def test_an_altered_body_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="does not fit"):
        verify(BODY.replace(b"CREATED", b"CANCELLED"), DIGEST, SECRET)


def test_another_secret_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="does not fit"):
        verify(BODY, DIGEST, f"{SECRET}2")


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_header_is_refused(header: str | None) -> None:
    with pytest.raises(InvalidSignature):
        verify(BODY, header, SECRET)


def test_a_webhook_without_a_secret_in_calcom_is_told_from_a_wrong_one() -> None:
    with pytest.raises(InvalidSignature, match="without a secret"):
        verify(BODY, UNSIGNED, SECRET)


@pytest.mark.parametrize("header", [sign(BODY, ""), UNSIGNED, ""])
def test_without_a_secret_nothing_is_let_in(header: str) -> None:
    with pytest.raises(InvalidSignature, match="no webhook secret"):
        verify(BODY, header, "")


@given(body=st.binary(), secret=st.text(min_size=1))
def test_what_the_sandbox_signs_holds(body: bytes, secret: str) -> None:
    verify(body, delivery.signature(secret, body), secret)


@given(body=st.binary(), other=st.binary(), secret=st.text(min_size=1))
def test_a_signature_fits_one_body_only(body: bytes, other: bytes, secret: str) -> None:
    assert (sign(body, secret) == sign(other, secret)) == (body == other)
