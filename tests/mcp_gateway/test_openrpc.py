"""`rpc.discover` and `openrpc.json`."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.test import Client
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from appointments.models import Company
from mcp_gateway import openrpc
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from mcp_gateway.tokens import create_token

DATA = Path(__file__).resolve().parent.parent / "data"
META_SCHEMA = json.loads((DATA / "openrpc-1.4.schema.json").read_text())
JSON_SCHEMA = json.loads((DATA / "json-schema-tools.schema.json").read_text())


def validator() -> jsonschema.Draft7Validator:
    resource = Resource(contents=JSON_SCHEMA, specification=DRAFT7)
    known = Registry().with_resources(
        [(uri, resource) for uri in ("https://meta.json-schema.tools", "https://meta.json-schema.tools/")]
    )
    return jsonschema.Draft7Validator(META_SCHEMA, registry=known)


def discovered(client: Client, text: str) -> dict[str, Any]:
    request = {"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}
    headers = {"Authorization": f"Bearer {text}"}
    response = client.post("/api/mcp/gateway", request, content_type="application/json", headers=headers)
    document: dict[str, Any] = response.json()["result"]
    return document


def test_the_document_is_valid_openrpc() -> None:
    errors = list(validator().iter_errors(openrpc.document(Principal.of_task("test"))))
    assert errors == []


def test_the_validator_would_notice_a_broken_document() -> None:
    document = openrpc.document(Principal.of_task("test"))
    del document["methods"][0]["params"]
    assert list(validator().iter_errors(document))


def test_it_lists_every_method_for_who_may_call_every_method() -> None:
    names = [method["name"] for method in openrpc.document(Principal.of_task("test"))["methods"]]
    assert names == sorted(registry.methods)


def test_it_lists_only_what_the_token_may_call(client: Client, company: Company) -> None:
    _, text = create_token(name="reader", company=company, scopes=["calcom.get*"])
    names = {method["name"] for method in discovered(client, text)["methods"]}
    assert names == {"calcom.getEventTypes", "calcom.getBooking", "calcom.getBookings"}


def test_it_takes_no_parameters(client: Client, company: Company) -> None:
    _, text = create_token(name="reader", company=company, scopes=["*"])
    request = {"jsonrpc": "2.0", "id": 1, "method": "rpc.discover", "params": [1]}
    headers = {"Authorization": f"Bearer {text}"}
    response = client.post("/api/mcp/gateway", request, content_type="application/json", headers=headers)
    assert response.json()["error"]["code"] == -32602


def test_the_same_document_is_there_by_get(client: Client, company: Company) -> None:
    _, text = create_token(name="reader", company=company, scopes=["*"])
    by_get = client.get("/api/mcp/openrpc.json", headers={"Authorization": f"Bearer {text}"})
    assert by_get.json() == discovered(client, text)


@pytest.mark.django_db
def test_it_is_not_for_everybody(client: Client) -> None:
    assert client.get("/api/mcp/openrpc.json").status_code == 401
