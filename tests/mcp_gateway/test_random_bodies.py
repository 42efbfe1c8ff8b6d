"""Whatever is thrown at the wires: an answer as the protocol has it, and nothing from inside."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.models import Company
from mcp_gateway.registry import registry
from mcp_gateway.tokens import create_token

EXAMPLES = 10_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
READS = [name for name, method in sorted(registry.methods.items()) if method.declaration.access == "read"]
METHODS = st.sampled_from([*READS, "rpc.discover", "tools/list", "tools/call", "ping", "initialize", "server/discover"])
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | VALUES,
        "id": st.integers() | VALUES,
        "method": METHODS | VALUES,
        "params": VALUES | st.dictionaries(st.sampled_from(["company_id", "name", "arguments", "_meta"]), VALUES),
    },
)
BODIES = st.one_of(
    st.binary(max_size=60),
    VALUES.map(json.dumps).map(str.encode),
    REQUESTS.map(json.dumps).map(str.encode),
    st.lists(REQUESTS, max_size=5).map(json.dumps).map(str.encode),
    REQUESTS.map(json.dumps).map(lambda text: text[: len(text) // 2].encode()),
)


@pytest.fixture
def bearer(company: Company) -> dict[str, str]:
    _, text = create_token(name="random", company=company, scopes=[*READS, "rpc.*"])
    return {"Authorization": f"Bearer {text}", "Accept": "application/json, text/event-stream"}


def is_answer(value: Any) -> bool:
    """A response object of JSON-RPC 2.0; MCP leaves out the id of an error where the request had none to echo."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or not {"id", "error"} & set(value):
        return False
    error = value.get("error")
    return ("result" in value) != (error is not None and isinstance(error["code"], int))


def check(client: Client, path: str, body: bytes, headers: dict[str, str]) -> None:
    response = client.post(path, body or b" ", content_type="application/json", headers=headers)
    assert response.status_code in {200, 202, 204, 400, 404, 413, 429}
    text = response.content.decode()
    assert "Traceback" not in text
    assert 'File "' not in text
    if not text:
        return
    if response["Content-Type"].startswith("text/event-stream"):
        text = text.partition("data: ")[2].partition("\n")[0]
    answer = json.loads(text, parse_constant=pytest.fail)
    assert all(map(is_answer, answer)) if isinstance(answer, list) else is_answer(answer)


@pytest.mark.usefixtures("no_limits")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(body=BODIES)
def test_random_bodies_on_the_json_rpc_wire(client: Client, bearer: dict[str, str], body: bytes) -> None:
    check(client, "/api/mcp/gateway", body, bearer)


@pytest.mark.usefixtures("no_limits")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(body=BODIES)
def test_random_bodies_on_the_mcp_wire(client: Client, bearer: dict[str, str], body: bytes) -> None:
    check(client, "/mcp", body, bearer)


@pytest.fixture
def no_limits(settings: Any) -> None:
    """What is looked for is the answer to a body, not the limit."""
    settings.RATE_LIMIT_COMPANY = settings.RATE_LIMIT_CALLER = 10_000_000
