from dataclasses import dataclass

import pytest
import requests

from mcp_gateway.sandbox import RunningSandbox
from retell.sandbox import RetellSandbox
from tests.retell.sandbox.recorder import Recorder, RunningRecorder
from tests.retell.sandbox.sdk import client_for

API_KEY = "key_rest"
WEBHOOK_KEY = "key_webhook"
NUMBER = "+493012345678"
CALLER = "+4915112345678"


@dataclass
class World:
    """A sandbox with one workspace, the SDK as its client and a customer's server."""

    base_url: str
    client: object
    recorder: Recorder

    def control(self, path: str, body: dict) -> requests.Response:
        return requests.post(f"{self.base_url}/_sandbox/{path}", json=body, timeout=30)

    def rest(self, method: str, path: str, key: str = API_KEY, **kwargs) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.request(method, self.base_url + path, headers=headers, timeout=30, **kwargs)

    def tool(self, name: str = "collect_appointment_information", **settings) -> dict:
        return {"type": "custom", "name": name, "url": f"{self.recorder.url}/tool", **settings}

    def llm(self, *tools: dict, **fields):
        return self.client.llm.create(general_tools=list(tools or (self.tool(),)), **fields)

    def agent(self, *tools: dict, llm=None, **fields):
        """An agent with webhook and tools, not published."""
        llm = llm or self.llm(*tools)
        settings = {"voice_id": "v", "webhook_url": f"{self.recorder.url}/events", **fields}
        return self.client.agent.create(response_engine={"type": "retell-llm", "llm_id": llm.llm_id}, **settings)

    def number(self, agent=None, *, version: int | str | None = None, **fields):
        bound = {"agent_id": agent.agent_id, "weight": 1} if agent else None
        if bound and version is not None:
            bound["agent_version"] = version
        return self.client.phone_number.import_(
            phone_number=NUMBER,
            termination_uri="trunk.pstn.twilio.com",
            inbound_agents=[bound] if bound else None,
            **fields,
        )

    def play(self, *functions: str, **script) -> dict:
        """A call from `CALLER` to `NUMBER`, or what `script` says instead."""
        turns = [{"function": name, "args": {"name": "Eva", "date": "morgen"}} for name in functions]
        body = {"to_number": NUMBER, "from_number": CALLER, "script": turns, "retry_backoff_ms": 1, **script}
        response = self.control("calls", body)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def recorder():
    with RunningRecorder() as running:
        yield running


@pytest.fixture
def world(recorder):
    with RunningSandbox(RetellSandbox()) as running:
        world = World(running.base_url, client_for(running.base_url, API_KEY), recorder)
        workspace = {"api_key": API_KEY, "webhook_key": WEBHOOK_KEY, "org_name": "Salon Eva"}
        assert world.control("workspaces", workspace).status_code == 201
        yield world
