"""A running Retell sandbox, and a company's account there."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from appointments.models import Company
from mcp_gateway.sandbox import Fault, RunningSandbox
from retell.sandbox import RetellSandbox


class Vendor:
    """The sandbox behind its port; accounts and calls are put into it directly."""

    def __init__(self, sandbox: RetellSandbox) -> None:
        self.sandbox = sandbox
        self.base_url = sandbox.base_url

    def post(self, path: str, **body: Any) -> None:
        requests.post(f"{self.base_url}/_sandbox/{path}", json=body, timeout=5).raise_for_status()

    def open_account(self, api_key: str, org_name: str = "Salon Eva") -> None:
        self.post("workspaces", api_key=api_key, org_name=org_name)

    def account_of(self, company: Company) -> None:
        """An account for the company, whose row gets the key."""
        company.retell_api_key = f"key_rest_{company.slug}"
        company.save()
        self.open_account(company.retell_api_key, company.name)

    def knows(self, api_key: str, call: dict[str, Any]) -> None:
        """The account has this call, as it is described."""
        self.sandbox.workspaces[api_key].calls[call["call_id"]] = call

    def fault(self, action: str, path: str = ".*", **fields: Any) -> None:
        self.sandbox.faults.append(Fault(action=action, path=path, **fields))

    def requests(self) -> list[str]:
        """Which paths were asked for, the oldest first."""
        return [request.path for request in self.sandbox.requests]

    def keys(self) -> list[str]:
        """With which keys."""
        return [request.headers["authorization"].removeprefix("Bearer ") for request in self.sandbox.requests]


@pytest.fixture(scope="session")
def running_retell() -> Iterator[RetellSandbox]:
    sandbox = RetellSandbox()
    with RunningSandbox(sandbox):
        yield sandbox


@pytest.fixture
def vendor(running_retell: RetellSandbox, settings: Any) -> Vendor:
    vendor = Vendor(running_retell)
    vendor.post("reset")
    settings.RETELL_API_URL = vendor.base_url
    return vendor
