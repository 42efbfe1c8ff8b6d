"""JSON-RPC 2.0 on the wire; the examples are those of the specification, with our method names."""

import json
from typing import Any

import pytest

from mcp_gateway.jsonrpc import MAX_BATCH
from tests.mcp_gateway.conftest import TestingMCPServer, Wire


def request(method: str, params: Any = None, **members: Any) -> dict[str, Any]:
    made = {"jsonrpc": "2.0", "method": f"testing.{method}", **members}
    return made if params is None else {**made, "params": params}


def code(answer: Any) -> tuple[int, Any]:
    """The error's code and the id that it is for."""
    assert set(answer) == {"jsonrpc", "error", "id"}
    assert answer["jsonrpc"] == "2.0"
    return answer["error"]["code"], answer["id"]


@pytest.mark.parametrize(
    ("params", "result"),
    [([42, 23], 19), ([23, 42], -19), ({"minuend": 42, "subtrahend": 23}, 19), ({"subtrahend": 2, "minuend": 5}, 3)],
)
def test_a_call_with_parameters(wire: Wire, params: Any, result: int) -> None:
    assert wire.call("testing.subtract", params) == {"jsonrpc": "2.0", "result": result, "id": 1}


@pytest.mark.parametrize("params", [None, [], {}])
def test_a_call_without_parameters(wire: Wire, params: Any) -> None:
    assert wire.call("testing.note", params) == {"jsonrpc": "2.0", "result": None, "id": 1}


def test_a_notification_is_carried_out_and_not_answered(wire: Wire, server: TestingMCPServer) -> None:
    assert wire.answer(request("note", [7])) is None
    assert server.noted == [7]


@pytest.mark.parametrize("method", ["nothing", "refuse", "subtract"])
def test_a_notification_that_fails_is_not_answered_either(wire: Wire, method: str) -> None:
    assert wire.answer(request(method)) is None


@pytest.mark.parametrize("method", ["testing.nothing", "testing", "", "rpc.nothing", "testing.health", "__class__"])
def test_unknown_methods(wire: Wire, method: str) -> None:
    assert code(wire.call(method, request_id="1")) == (-32601, "1")


@pytest.mark.parametrize(
    "body",
    [
        '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
        '[{"jsonrpc": "2.0", "method": "sum", "id": "1"},{"jsonrpc": "2.0", "method"',
        " ",
        "NaN",
        '{"jsonrpc": "2.0", "method": "testing.note", "params": [NaN], "id": 1}',
        '{"jsonrpc": "2.0", "method": "testing.note", "params": [1e999], "id": 1}',
        '{"jsonrpc": "2.0", "method": "testing.note", "params": [' + "9" * 5000 + '], "id": 1}',
        '{"jsonrpc": "2.0", "method": "testing.note", "params": ' + "[" * 70 + "]" * 70 + ', "id": 1}',
        "[" * 20_000,
        b'{"jsonrpc": "2.0", "method": "testing.note", "id": "\xff"}',
    ],
)
def test_what_cannot_be_parsed(wire: Wire, server: TestingMCPServer, body: str | bytes) -> None:
    assert code(wire.answer(body)) == (-32700, None)
    assert server.noted == []


@pytest.mark.parametrize(
    "body",
    [
        {"jsonrpc": "2.0", "method": 1, "params": "bar"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "1.0", "method": "testing.note", "id": 1},
        {"jsonrpc": 2.0, "method": "testing.note", "id": 1},
        {"method": "testing.note", "id": 1},
        {"jsonrpc": "2.0", "method": "testing.note", "params": "bar", "id": 1},
        {"jsonrpc": "2.0", "method": "testing.note", "params": None, "id": 1},
        {"jsonrpc": "2.0", "method": "testing.note", "params": 1, "id": 1},
        {},
        [],
        1,
        "text",
        None,
        True,
    ],
)
def test_what_is_no_request(wire: Wire, server: TestingMCPServer, body: Any) -> None:
    assert code(wire.answer(json.dumps(body))) == (-32600, None)
    assert server.noted == []


@pytest.mark.parametrize("request_id", ["true", "false", "[]", "[1]", "{}", '{"a": 1}'])
def test_ids_that_are_none(wire: Wire, server: TestingMCPServer, request_id: str) -> None:
    body = f'{{"jsonrpc": "2.0", "method": "testing.note", "id": {request_id}}}'
    assert code(wire.answer(body)) == (-32600, None)
    assert server.noted == []


@pytest.mark.parametrize("request_id", ["0", "-1", '""', '"1"', "9007199254740993", "1.5", "null", '"\\u00fc\\u0000"'])
def test_ids_come_back_as_they_were(wire: Wire, request_id: str) -> None:
    for method in ("note", "nothing"):
        answer = wire.answer(f'{{"jsonrpc": "2.0", "method": "testing.{method}", "id": {request_id}}}')
        assert json.dumps(answer["id"]) == request_id


def test_members_that_nobody_knows_are_ignored(wire: Wire) -> None:
    assert wire.answer(request("note", [1], id=1, trace="x"))["result"] == 1


@pytest.mark.parametrize("params", [["a"], [1, 2, 3], {"minuend": 1, "more": 2}, {}, [None]])
def test_wrong_parameters(wire: Wire, params: Any) -> None:
    assert code(wire.call("testing.subtract", params)) == (-32602, 1)


@pytest.mark.parametrize("name", ["self", "context", "method", "name", "args", "kwargs", "__class__"])
def test_no_parameter_name_reaches_our_own_workings(wire: Wire, name: str) -> None:
    assert code(wire.call("testing.note", {name: 1})) == (-32602, 1)


def test_an_application_error(wire: Wire) -> None:
    error = wire.call("testing.refuse")["error"]
    request_id = error["data"].pop("request_id")
    assert error == {
        "code": 1409,
        "message": "Taken already",
        "data": {"kind": "taken", "retryable": False, "alternative": 7},
    }
    assert len(request_id) == 36


def test_an_internal_error_tells_nothing(wire: Wire) -> None:
    response = wire.send(json.dumps(request("break", ["geheim"], id=1)))
    assert code(response.json()) == (-32603, 1)
    assert response.json()["error"]["message"] == "Internal error"
    assert "geheim" not in response.content.decode()
    assert "RuntimeError" not in response.content.decode()


@pytest.mark.parametrize("method", ["infinity", "object"])
def test_a_result_that_json_cannot_hold_is_an_internal_error(wire: Wire, method: str) -> None:
    assert code(wire.call(f"testing.{method}")) == (-32603, 1)


def test_a_batch(wire: Wire, server: TestingMCPServer) -> None:
    answers = wire.answer(
        [
            request("note", [1], id="1"),
            request("note", [7]),
            request("subtract", [42, 23], id="2"),
            {"foo": "boo"},
            request("nothing", {"name": "myself"}, id="5"),
            request("infinity", id="7"),
            request("note", ["last"], id="9"),
        ]
    )
    by_id = {answer["id"]: answer for answer in answers}
    assert {key: answer["result"] for key, answer in by_id.items() if "result" in answer} == {
        "1": 1,
        "2": 19,
        "9": "last",
    }
    assert {key: answer["error"]["code"] for key, answer in by_id.items() if "error" in answer} == {
        None: -32600,
        "5": -32601,
        "7": -32603,
    }
    assert server.noted == [1, 7, "last"]


def test_a_batch_of_no_requests(wire: Wire) -> None:
    assert [code(answer) for answer in wire.answer([1, 2, [3]])] == [(-32600, None)] * 3


def test_a_batch_of_one_is_answered_by_a_list(wire: Wire) -> None:
    assert wire.answer([request("note", [1], id=1)]) == [{"jsonrpc": "2.0", "result": 1, "id": 1}]


def test_a_batch_of_notifications_is_not_answered(wire: Wire, server: TestingMCPServer) -> None:
    assert wire.answer([request("note", [1]), request("note", [2])]) is None
    assert server.noted == [1, 2]


def test_the_largest_batch(wire: Wire) -> None:
    assert len(wire.answer([request("note", id=number) for number in range(MAX_BATCH)])) == MAX_BATCH


def test_a_batch_beyond_it_is_refused_whole(wire: Wire, server: TestingMCPServer) -> None:
    assert code(wire.answer([request("note", id=number) for number in range(MAX_BATCH + 1)])) == (-32600, None)
    assert server.noted == []


def test_nothing_of_one_member_reaches_the_next(wire: Wire) -> None:
    first, second = wire.answer([request("refuse", id=1), request("refuse", id=2)])
    assert first["error"]["data"]["alternative"] == second["error"]["data"]["alternative"] == 7
