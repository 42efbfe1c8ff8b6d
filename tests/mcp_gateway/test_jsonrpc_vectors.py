"""Every vector over HTTP."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.mcp_gateway.conftest import Wire
from tests.mcp_gateway.jsonrpc_vectors import VECTORS, Answer


def essence(answer: dict[str, Any]) -> Answer:
    """What a vector says of an answer; everything else of it must be as the specification has it."""
    assert answer["jsonrpc"] == "2.0"
    assert set(answer) - {"jsonrpc", "id"} in ({"result"}, {"error"})
    if "error" in answer:
        assert isinstance(answer["error"]["message"], str)
        return {"error": answer["error"]["code"], "id": answer["id"]}
    return {"result": answer["result"], "id": answer["id"]}


def as_multiset(answers: Iterable[Answer]) -> list[str]:
    return sorted(json.dumps(answer, sort_keys=True) for answer in answers)


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in VECTORS], ids=[row[0] for row in VECTORS])
def test_vector(wire: Wire, body: str | bytes, expected: Any) -> None:
    answer = wire.answer(body)
    if expected is None:
        assert answer is None
    elif isinstance(expected, list):
        assert as_multiset(map(essence, answer)) == as_multiset(expected)
    else:
        assert json.dumps(essence(answer)) == json.dumps(expected)


def test_there_are_no_two_vectors_of_one_name() -> None:
    names = [name for name, *_ in VECTORS]
    assert len(set(names)) == len(names) >= 80
