"""The sandbox's signatures against fixed vectors and the SDK's own check."""

import time

import pytest

from retell.sandbox.signing import sign
from tests.retell.sandbox.sdk import verify

AT = 1_700_000_000_000
VECTORS = [
    ("key_test", '{"name":"book","args":{}}', "9d7cc3362e0d3e026b73d452c33390b28467262357e885b5e710c577ee75ebcf"),
    ("k", "", "8cbac3fa8741a4e7e6081cb3f491d2cd1dd8a7f1395bac0a1f832ceba350a2b3"),
    ("test-api-key", '{"event":"call_ended"}', "07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e"),
]


@pytest.mark.parametrize(("key", "body", "digest"), VECTORS)
def test_known_vectors_are_reproduced(key, body, digest):
    assert sign(body, key, AT) == f"v={AT},d={digest}"


def test_text_and_its_utf8_bytes_sign_alike():
    assert sign("Grüße", "k", AT) == sign("Grüße".encode(), "k", AT)


def test_sdk_accepts_a_fresh_signature():
    assert verify("Grüße", "k", sign("Grüße", "k", int(time.time() * 1000)))


def test_sdk_refuses_an_old_signature():
    assert not verify("{}", "k", sign("{}", "k", int(time.time() * 1000) - 301_000))
