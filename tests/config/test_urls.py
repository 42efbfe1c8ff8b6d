"""Where people and programs find things."""

import pytest
from django.test import Client
from django.urls import reverse


def test_the_root_leads_to_the_admin(client: Client) -> None:
    assert client.get("/")["Location"] == reverse("admin:index")


def test_the_admin_asks_who_is_there(client: Client, db: None) -> None:
    assert client.get("/admin/", follow=True).templates[0].name == "admin/login.html"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("mcp-gateway", "/api/mcp/gateway"),
        ("mcp-health", "/api/mcp/health"),
        ("mcp-live", "/api/mcp/health/live"),
        ("mcp-ready", "/api/mcp/health/ready"),
        ("retell-webhook", "/api/mcp/retell/webhook"),
        ("retell-function", "/api/mcp/retell/custom-function"),
        ("retell-inbound", "/api/mcp/retell/inbound"),
    ],
)
def test_the_published_addresses(name: str, path: str) -> None:
    assert reverse(name) == path


def test_calcoms_address_names_the_company() -> None:
    assert reverse("calcom-webhook", args=[7]) == "/api/mcp/calcom/webhook/7"


@pytest.mark.parametrize("path", ["/api/mcp/", "/api/mcp/gateway/", "/api/mcp/health/x", "/nothing"])
def test_everything_else_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
