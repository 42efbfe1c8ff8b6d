"""What JSON-RPC 2.0 demands of the wire, row by row: a request body, and the answer to it.

The answer is None for no body at all, `ok(result, id)` or `error(code, id)`; a list for a batch, in any order.
"""

import json
from typing import Any

PARSE, INVALID, NO_METHOD, PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
Answer = dict[str, Any]
Vector = tuple[str, str | bytes, Answer | list[Answer] | None]


def ok(result: Any, request_id: Any) -> Answer:
    return {"result": result, "id": request_id}


def error(code: int, request_id: Any = None) -> Answer:
    return {"error": code, "id": request_id}


def call(params: str = "[42, 23]", request_id: str = "1", method: str = "testing.subtract") -> str:
    return f'{{"jsonrpc": "2.0", "method": "{method}", "params": {params}, "id": {request_id}}}'


def notify(params: str = "[42, 23]", method: str = "testing.subtract") -> str:
    return f'{{"jsonrpc": "2.0", "method": "{method}", "params": {params}}}'


def batch(*members: str) -> str:
    return f"[{', '.join(members)}]"


SPECIFICATION: list[Vector] = [
    ("positional parameters", call("[42, 23]"), ok(19, 1)),
    ("positional parameters the other way round", call("[23, 42]", "2"), ok(-19, 2)),
    ("named parameters", call('{"subtrahend": 23, "minuend": 42}', "3"), ok(19, 3)),
    ("named parameters in another order", call('{"minuend": 42, "subtrahend": 23}', "4"), ok(19, 4)),
    ("a notification", notify("[1, 2]"), None),
    ("a notification without parameters", '{"jsonrpc": "2.0", "method": "testing.note"}', None),
    ("an unknown method", call("[]", '"1"', "foobar"), error(NO_METHOD, "1")),
    ("invalid JSON", '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', error(PARSE)),
    ("an invalid request object", '{"jsonrpc": "2.0", "method": 1, "params": "bar"}', error(INVALID)),
    ("a batch of invalid JSON", '[{"jsonrpc": "2.0", "method": "sum"}, {"jsonrpc": "2.0", "method"', error(PARSE)),
    ("an empty batch", "[]", error(INVALID)),
    ("an invalid batch that is not empty", "[1]", [error(INVALID)]),
    ("an invalid batch", "[1, 2, 3]", [error(INVALID)] * 3),
    (
        "a mixed batch",
        batch(
            call("[7, 5]", '"1"'),
            notify("[7]"),
            call("[42, 23]", '"2"'),
            '{"foo": "boo"}',
            call('{"name": "myself"}', '"5"', "foo.get"),
            call("[]", '"9"', "testing.infinity"),
        ),
        [ok(2, "1"), ok(19, "2"), error(INVALID), error(NO_METHOD, "5"), error(INTERNAL, "9")],
    ),
    ("a batch of notifications only", batch(notify("[1]"), notify("[2]")), None),
]

IDS: list[Vector] = [
    (f"the id {written} comes back as it was", call(request_id=written), ok(19, json.loads(written)))
    for written in ("0", "-1", '""', '"1"', "9007199254740993", "1.5", '"ü"', "null", "123456789012345678901234567890")
]
IDS += [
    (f"{written} is no id", call(request_id=written), error(INVALID))
    for written in ("true", "false", "[]", "[1]", "{}", '{"a": 1}')
]
IDS += [
    ("an id of null is no notification", call("[1, 1]", "null"), ok(0, None)),
    ("an error keeps its id", call('["x"]', '"k"'), error(PARAMS, "k")),
]

ENVELOPE: list[Vector] = [
    ("no version", '{"method": "testing.subtract", "params": [1], "id": 1}', error(INVALID)),
    ("another version", '{"jsonrpc": "1.0", "method": "testing.subtract", "id": 1}', error(INVALID)),
    ("a version that is a number", '{"jsonrpc": 2.0, "method": "testing.subtract", "id": 1}', error(INVALID)),
    ("no method", '{"jsonrpc": "2.0", "id": 1}', error(INVALID)),
    ("a method of null", '{"jsonrpc": "2.0", "method": null, "id": 1}', error(INVALID)),
    ("an empty method", call("[]", "1", ""), error(NO_METHOD, 1)),
    ("a method with other letters", call("[]", "1", "Testing.subtract"), error(NO_METHOD, 1)),
    ("a method of a server that isn't there", call("[]", "1", "nobody.subtract"), error(NO_METHOD, 1)),
    ("a method without a server", call("[]", "1", "subtract"), error(NO_METHOD, 1)),
    ("a private method", call("[]", "1", "testing.__init__"), error(NO_METHOD, 1)),
    ("a method by its Python name", call('["x"]', "1", "testing.break_down"), error(NO_METHOD, 1)),
    ("an unknown reserved method", call("[]", "1", "rpc.shutdown"), error(NO_METHOD, 1)),
    ("parameters that are a string", call('"x"'), error(INVALID)),
    ("parameters that are a number", call("1"), error(INVALID)),
    ("parameters of null", call("null"), error(INVALID)),
    ("parameters that are true", call("true"), error(INVALID)),
    ("a member that the specification does not know", call()[:-1] + ', "extra": 1}', ok(19, 1)),
    (
        "members in another order",
        '{"id": 1, "params": [3, 1], "method": "testing.subtract", "jsonrpc": "2.0"}',
        ok(2, 1),
    ),
    ("white space around", f"\n\t {call()} \r\n", ok(19, 1)),
    ("a notification of an invalid request is answered", '{"jsonrpc": "1.0", "method": "x"}', error(INVALID)),
]

PARAMETERS: list[Vector] = [
    (
        "no parameters where one is needed",
        '{"jsonrpc": "2.0", "method": "testing.subtract", "id": 1}',
        error(PARAMS, 1),
    ),
    ("a default is used", call("[5]"), ok(5, 1)),
    ("too many by position", call("[1, 2, 3]"), error(PARAMS, 1)),
    ("an unknown name", call('{"minuend": 1, "x": 2}'), error(PARAMS, 1)),
    ("an unknown name where they are ignored", call('{"word": "a", "x": 2}', "1", "testing.lenient"), ok("a", 1)),
    ("the wrong type", call('["x", 1]'), error(PARAMS, 1)),
    ("null for a number", call("[null]"), error(PARAMS, 1)),
    ("a fraction for an integer", call("[1.5]"), error(PARAMS, 1)),
    ("empty positional parameters", call("[]", "1", "testing.note"), ok(None, 1)),
    ("empty named parameters", call("{}", "1", "testing.note"), ok(None, 1)),
    ("a name like the method's own", call('{"self": 1}', "1", "testing.note"), error(PARAMS, 1)),
    ("the context can't be given", call('{"context": 1}', "1", "testing.note"), error(PARAMS, 1)),
    (
        "deep but bounded values",
        call("[" * 20 + "]" * 20, "1", "testing.note"),
        ok(json.loads("[" * 19 + "]" * 19), 1),
    ),
    ("letters beyond the first plane", call('["😀ß"]', "1", "testing.note"), ok("😀ß", 1)),
    ("a wrong company", call('{"company_id": 0}', "1", "testing.whose"), error(1404, 1)),
]

JSON: list[Vector] = [
    ("white space", "  ", error(PARSE)),
    ("a string", '"x"', error(INVALID)),
    ("a number", "42", error(INVALID)),
    ("null", "null", error(INVALID)),
    ("true", "true", error(INVALID)),
    ("NaN", call("[NaN]"), error(PARSE)),
    ("Infinity", call("[Infinity]"), error(PARSE)),
    ("-Infinity", call("[-Infinity]"), error(PARSE)),
    ("a number beyond all bounds", call("[1e999]"), error(PARSE)),
    ("an integer of 5,000 digits", call(f"[{'9' * 5000}]"), error(PARSE)),
    ("an id of 5,000 digits", call("[1]", "9" * 5000), error(PARSE)),
    ("20,000 brackets", "[" * 20_000, error(PARSE)),
    ("100 brackets that close", "[" * 100 + "]" * 100, error(PARSE)),
    ("two documents", call() + call(), error(PARSE)),
    ("a trailing comma", '{"jsonrpc": "2.0",}', error(PARSE)),
    ("single quotes", "{'jsonrpc': '2.0'}", error(PARSE)),
    ("a comment", "/* x */ {}", error(PARSE)),
    ("bytes that are no UTF-8", b'{"jsonrpc": "2.0", "method": "\xff", "id": 1}', error(PARSE)),
    ("UTF-16", call().encode("utf-16"), error(PARSE)),
    ("half a character", call('["\\ud800"]', "1", "testing.note"), error(PARSE)),
    ("a byte order mark", b"\xef\xbb\xbf" + call().encode(), error(PARSE)),
]

FAILURES: list[Vector] = [
    ("an application's refusal", call("[]", "1", "testing.refuse"), error(1409, 1)),
    ("a bug", call('["x"]', "1", "testing.break"), error(INTERNAL, 1)),
    ("a result that JSON does not have", call("[]", "1", "testing.infinity"), error(INTERNAL, 1)),
    ("a result that can't be written", call("[]", "1", "testing.object"), error(INTERNAL, 1)),
    ("a notification that fails", notify('["x"]', "testing.break"), None),
    ("a notification of an unknown method", notify("[]", "foo.bar"), None),
    ("a notification with wrong parameters", notify('["x"]'), None),
]

BATCHES: list[Vector] = [
    ("one call", batch(call()), [ok(19, 1)]),
    ("the same id twice", batch(call(), call("[1]")), [ok(19, 1), ok(1, 1)]),
    ("a bad member between good ones", batch(call(), "7", call("[1]", "2")), [ok(19, 1), error(INVALID), ok(1, 2)]),
    (
        "a bug between good ones",
        batch(call(), call('["x"]', "2", "testing.break"), call("[1]", "3")),
        [ok(19, 1), error(INTERNAL, 2), ok(1, 3)],
    ),
    (
        "a result that can't be written between good ones",
        batch(call(), call("[]", "2", "testing.object"), call("[1]", "3")),
        [ok(19, 1), error(INTERNAL, 2), ok(1, 3)],
    ),
    ("a batch in a batch", batch(call(), batch(call("[1]", "2"))), [ok(19, 1), error(INVALID)]),
    ("a member of null", batch("null", call()), [error(INVALID), ok(19, 1)]),
    ("notifications and a call", batch(notify(), call(), notify()), [ok(19, 1)]),
    ("a hundred calls", batch(*[call("[1]", str(n)) for n in range(100)]), [ok(1, n) for n in range(100)]),
    ("a hundred and one", batch(*[call("[1]", str(n)) for n in range(101)]), error(INVALID)),
    ("notifications and an invalid member", batch(notify(), "{}"), [error(INVALID)]),
]

VECTORS = [*SPECIFICATION, *IDS, *ENVELOPE, *PARAMETERS, *JSON, *FAILURES, *BATCHES]
