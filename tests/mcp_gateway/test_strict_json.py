"""What is taken as JSON from strangers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gateway.strict_json import MAX_DEPTH, NotStrictJson, loads

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_whatever_json_can_hold_comes_back(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"'single'",
        b"{} {}",
        b"[1,]",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"9" * 5000,
        b"[" * 100_000,
        b'"\\ud800"',
        b'{"\\udfff": 1}',
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotStrictJson):
        loads(body)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert loads(b'"\\ud83d\\udc88"') == "💈"


def test_numbers_keep_every_digit() -> None:
    assert loads(b"9007199254740993") == 2**53 + 1


@pytest.mark.parametrize("inmost", ["1", "[]"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded(opening: str, closing: str, inmost: str) -> None:
    def nested(depth: int) -> bytes:
        outer = depth - 1 if inmost == "[]" else depth
        return f"{opening * outer}{inmost}{closing * outer}".encode()

    loads(nested(MAX_DEPTH))
    with pytest.raises(NotStrictJson):
        loads(nested(MAX_DEPTH + 1))


def test_the_reason_repeats_nothing_of_the_body() -> None:
    with pytest.raises(NotStrictJson) as raised:
        loads(b'{"phone": "+4930123456", }')
    assert "+49" not in str(raised.value)
    assert raised.value.__cause__ is None
