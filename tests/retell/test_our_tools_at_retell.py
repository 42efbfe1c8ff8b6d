"""Our MCP endpoint as the vendor's client meets it, which may understand nothing but event streams."""

import json
from collections.abc import Callable

import pytest
from pytest_django.live_server_helper import LiveServer

from appointments.models import Company
from mcp_gateway.tokens import create_token
from retell.sandbox.mcp import McpClient


@pytest.fixture
def visit(live_server: LiveServer, company: Company) -> Callable[..., McpClient]:
    """A client with the company's token in the headers, as an agent's `mcps` would have it."""
    _, token = create_token(name="voice agent", company=company, scopes=["*"])
    server = {
        "id": "house",
        "name": "house",
        "url": f"{live_server.url}/mcp",
        "headers": {"Authorization": f"Bearer {token}"},
    }
    return lambda **switches: McpClient(server=server, variables={}, **switches)


@pytest.mark.parametrize("insists_on_sse", [True, False])
def test_tools_are_listed_to_a_client_that_insists_on_events_and_to_one_that_does_not(
    visit: Callable[..., McpClient], insists_on_sse: bool
) -> None:
    names = {tool["name"] for tool in visit(insists_on_sse=insists_on_sse).tools()}
    assert "appointment_mgmt_findAppointments" in names


def test_tool_is_called_and_its_answer_understood(visit: Callable[..., McpClient]) -> None:
    asked = {"phone": "+4915112345678"}
    text, successful = visit(insists_on_sse=True).call("appointment_mgmt_findAppointments", asked)
    assert (json.loads(text), successful) == ({"appointments": []}, True)


def test_wrong_arguments_are_told_to_the_model_as_a_failed_tool(visit: Callable[..., McpClient]) -> None:
    text, successful = visit(insists_on_sse=True).call("appointment_mgmt_findAppointments", {})
    assert (successful, "phone" in text) == (False, True)
