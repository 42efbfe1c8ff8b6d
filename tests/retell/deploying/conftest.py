"""A company whose Retell account, in the real sandbox behind a port, is set up and read with the vendor's own SDK."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.principal import Principal
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.sandbox.sdk import client_for
from tests.retell.vendor import Vendor
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor

FUNCTIONS = [
    "collect_appointment_information",
    "check_availability",
    "change_appointment_details",
    "cancel_appointment",
    "find_appointments",
    "request_callback",
]
FOREIGN: list[dict[str, Any]] = [
    {"type": "custom", "name": "ask_weather", "url": "https://weather.example.com/v1", "headers": {"X-Key": "s3cr3t"}},
    {"type": "end_call", "name": "hang_up", "description": "Ends the call."},
]


@dataclass
class Account:
    company: Company
    vendor: Vendor
    sdk: Any
    numbers: list[str] = field(default_factory=list)

    def llm(self, *tools: dict[str, Any], **fields: Any) -> Any:
        return self.sdk.llm.create(general_tools=list(tools), general_prompt="You answer the phone.", **fields)

    def agent(self, llm: Any = None, *, is_published: bool = True, **fields: Any) -> str:
        """An agent on an LLM, with foreign tools unless one is given; its id."""
        engine = {"type": "retell-llm", "llm_id": (llm or self.llm(*FOREIGN)).llm_id}
        return self._agent(engine, is_published, **fields)

    def flow_agent(self, **flow: Any) -> str:
        body = {
            "start_speaker": "agent",
            "nodes": [],
            "model_choice": {"type": "cascading", "model": "gpt-4.1"},
            **flow,
        }
        made = self.sdk.conversation_flow.create(**body)
        engine = {"type": "conversation-flow", "conversation_flow_id": made.conversation_flow_id}
        return self._agent(engine, True)

    def _agent(self, engine: dict[str, Any], is_published: bool, **fields: Any) -> str:
        agent = self.sdk.agent.create(response_engine=engine, voice_id="v", agent_name="Eva", **fields)
        if is_published:
            self.sdk.agent.publish(agent.agent_id, version=agent.version)
        return str(agent.agent_id)

    def number(self, agent_id: str, version: int | str = "latest_published", **fields: Any) -> str:
        number = f"+4930555000{len(self.numbers)}"
        self.numbers.append(number)
        tie = {"agent_id": agent_id, "weight": 1, "agent_version": version}
        self.sdk.phone_number.import_(
            phone_number=number, termination_uri="sip.example.com", inbound_agents=[tie], **fields
        )
        return number

    def configured(self, agent_id: str, **columns: Any) -> RetellConfiguration:
        return make_configuration(self.company, agent_id=agent_id, **columns)

    def call(self, method: str, **params: Any) -> Any:
        return call(self.company, method, **params)

    def deploy(self, **params: Any) -> dict[str, Any]:
        """The row of the one agent that is deployed."""
        (row,) = self.call("deployCustomFunctions", **params)["deployed"]
        return row

    def versions(self, agent_id: str) -> list[tuple[int, bool]]:
        return [(row.version, bool(row.is_published)) for row in self.sdk.agent.list_versions(agent_id).items]

    def live(self, agent_id: str) -> Any:
        return self.sdk.agent.retrieve(agent_id, version="latest_published")

    def live_llm(self, agent_id: str) -> Any:
        agent = self.live(agent_id)
        return self.sdk.llm.retrieve(agent.response_engine.llm_id, version=agent.version)

    def live_flow(self, agent_id: str) -> Any:
        agent = self.live(agent_id)
        flow_id = agent.response_engine.conversation_flow_id
        return self.sdk.conversation_flow.retrieve(flow_id, version=agent.version)

    def draft(self, agent_id: str, base: int = 0) -> Any:
        """Somebody opens a draft in the dashboard."""
        return self.sdk.agent.create_version(agent_id, base_version=base)

    def writes(self) -> list[str]:
        """What was sent to Retell that could change something."""
        sent = self.vendor.sandbox.requests
        return [
            f"{request.method} {request.path}"
            for request in sent
            if request.method in ("PATCH", "DELETE", "PUT")
            or (request.method == "POST" and not request.path.startswith("/v2/list"))
        ]

    def forget_requests(self) -> None:
        self.vendor.sandbox.requests.clear()


def names(tools: Any) -> list[str]:
    return [tool.name for tool in tools]


def call(company: Company, method: str, **params: Any) -> Any:
    return gateway.call(f"retell_config.{method}", params, principal=Principal.of_task("test", company.pk))


def account_of(company: Company, vendor: Vendor) -> Account:
    vendor.account_of(company)
    return Account(company, vendor, client_for(vendor.base_url, company.retell_api_key))


@pytest.fixture
def account(company: Company, vendor: Vendor) -> Account:
    return account_of(company, vendor)


@pytest.fixture
def agent_id(account: Account) -> str:
    """A published agent that is set up here."""
    made = account.agent()
    account.configured(made)
    account.forget_requests()
    return made
