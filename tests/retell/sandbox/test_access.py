"""Keys, workspaces and what the API refuses before it looks at anything."""

import pytest
import requests

from tests.retell.sandbox.conftest import API_KEY
from tests.retell.sandbox.sdk import client_for, sdk

FOREIGN = "Cannot find requested asset under given api key."
LEGACY = [
    ("GET", "/list-agents"),
    ("GET", "/list-retell-llms"),
    ("GET", "/list-conversation-flows"),
    ("GET", "/list-phone-numbers"),
    ("POST", "/v2/list-calls"),
    ("POST", "/v2/create-web-call"),
    ("POST", "/publish-agent/agent_1"),
    ("GET", "/get-agent-versions/agent_1"),
    ("POST", "/create-llm-version/llm_1"),
]


def test_key_names_its_organisation(world):
    assert world.client.identity.retrieve().org_name == "Salon Eva"


def test_concurrency_is_free_when_nobody_calls(world):
    concurrency = world.client.concurrency.retrieve()
    assert (concurrency.current_concurrency, concurrency.concurrency_limit) == (0, 20)


def test_unknown_key_is_401(world):
    with pytest.raises(sdk.AuthenticationError) as refusal:
        client_for(world.base_url, "key_wrong").identity.retrieve()
    assert refusal.value.body == {"status": "error", "message": "API key is missing or invalid."}


def test_missing_key_is_401(world):
    assert requests.get(f"{world.base_url}/get-api-key-info", timeout=10).status_code == 401


def test_webhook_key_does_not_open_the_rest_api(world):
    assert world.rest("GET", "/get-api-key-info", key="key_webhook").status_code == 401


def test_other_workspace_sees_nothing(world):
    agent = world.agent()
    world.control("workspaces", {"api_key": "key_other", "org_name": "Other"})
    other = client_for(world.base_url, "key_other")
    with pytest.raises(sdk.UnprocessableEntityError) as refusal:
        other.agent.retrieve(agent.agent_id)
    assert refusal.value.body == {"status": "error", "message": FOREIGN}
    assert other.agent.list().items == []


def test_workspace_without_key_is_refused(world):
    assert world.control("workspaces", {"org_name": "No key"}).status_code == 400


@pytest.mark.parametrize(("method", "path"), LEGACY)
def test_removed_paths_are_404(world, method, path):
    assert world.rest(method, path, json={}).status_code == 404


def test_unknown_query_parameter_is_refused_with_error_message(world):
    answer = world.rest("GET", "/get-api-key-info?version=1")
    assert (answer.status_code, answer.json()) == (400, {"error_message": "Unknown query parameter 'version'"})


def test_body_that_is_no_object_is_400(world):
    assert world.rest("POST", "/create-agent", data="[1]").status_code == 400


def test_rate_limit_comes_by_fault(world):
    body = {"status": "error", "message": "Account rate limited."}
    world.control("faults", {"path": "/get-api-key-info", "action": "reply", "status": 429, "body": body})
    with pytest.raises(sdk.RateLimitError):
        world.client.identity.retrieve()
    assert world.client.identity.retrieve().org_name == "Salon Eva"


def test_reset_forgets_workspaces(world):
    world.control("reset", {})
    assert world.rest("GET", "/get-api-key-info", key=API_KEY).status_code == 401
