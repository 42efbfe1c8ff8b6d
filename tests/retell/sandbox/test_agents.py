"""Agents: drafts, published versions and the engine that moves along."""

import pytest

from tests.retell.sandbox.conftest import API_KEY
from tests.retell.sandbox.sdk import sdk


@pytest.fixture
def published(world):
    agent = world.agent(agent_name="Eva")
    world.client.agent.publish(agent.agent_id, version=0)
    return agent


def versions(world, agent) -> list[tuple[int, bool]]:
    return [(row.version, row.is_published) for row in world.client.agent.list_versions(agent.agent_id).items]


def test_new_agent_is_draft_zero_on_engine_version_zero(world):
    agent = world.agent()
    assert (agent.version, agent.is_published, agent.response_engine.version) == (0, False, 0)


def test_list_items_lack_version_engine_and_webhook(world):
    agent = world.agent(agent_name="Eva")
    (item,) = world.rest("POST", "/v2/list-agents", json={}).json()["items"]
    assert (item["agent_id"], item["agent_name"], item["channel"]) == (agent.agent_id, "Eva", "voice")
    assert not {"version", "response_engine", "webhook_url"} & set(item)


def test_list_is_paged(world):
    agents = [world.agent().agent_id for _ in range(3)]
    first = world.client.agent.list(limit=2)
    second = world.client.agent.list(limit=2, pagination_key=first.pagination_key)
    assert [row.agent_id for row in (*first.items, *second.items)] == agents
    assert (first.has_more, second.has_more, second.pagination_key) == (True, False, None)


def test_list_filters_by_channel(world):
    world.agent()
    chat = {"channel": {"type": "string", "op": "eq", "value": "chat"}}
    assert world.client.agent.list(filter_criteria=chat).items == []


def test_webhook_url_none_removes_it(world):
    agent = world.agent()
    assert world.client.agent.update(agent.agent_id, webhook_url=None).webhook_url is None


def test_unknown_engine_is_422(world):
    engine = {"type": "retell-llm", "llm_id": "llm_none"}
    with pytest.raises(sdk.UnprocessableEntityError):
        world.client.agent.create(response_engine=engine, voice_id="v")


def test_missing_voice_is_400(world):
    engine = {"type": "retell-llm", "llm_id": world.llm().llm_id}
    answer = world.rest("POST", "/create-agent", json={"response_engine": engine})
    assert (answer.status_code, "voice_id" in answer.json()["message"]) == (400, True)


def test_engine_version_other_than_the_agents_is_400(world):
    agent = world.agent()
    engine = {**agent.response_engine.to_dict(), "version": 3}
    with pytest.raises(sdk.BadRequestError):
        world.client.agent.update(agent.agent_id, response_engine=engine)


def test_publish_answers_200_without_a_body(world):
    agent = world.agent()
    answer = world.rest("POST", f"/publish-agent-version/{agent.agent_id}", json={"version": 0})
    assert (answer.status_code, answer.content) == (200, b"")


def test_publish_with_version_in_the_query_is_400(world):
    agent = world.agent()
    answer = world.rest("POST", f"/publish-agent-version/{agent.agent_id}?version=0", json={"version": 0})
    assert (answer.status_code, answer.json()) == (400, {"error_message": "Unknown query parameter 'version'"})


def test_publishing_an_unknown_version_is_404(world):
    with pytest.raises(sdk.NotFoundError):
        world.client.agent.publish(world.agent().agent_id, version=7)


def test_publish_makes_no_new_draft(world, published):
    assert versions(world, published) == [(0, True)]


def test_published_agent_keeps_all_but_its_title(world, published):
    with pytest.raises(sdk.UnprocessableEntityError) as refusal:
        world.client.agent.update(published.agent_id, agent_name="Other")
    assert refusal.value.body["message"] == "Cannot update published agent other than version title"
    assert world.client.agent.update(published.agent_id, version_title="May").version_title == "May"


def test_engine_of_published_agent_is_immutable(world, published):
    with pytest.raises(sdk.BadRequestError) as refusal:
        world.client.llm.update(published.response_engine.llm_id, general_prompt="x")
    assert refusal.value.body["message"] == "Cannot update published LLM"


def test_new_version_is_a_draft_of_agent_and_engine_with_the_same_ids(world, published):
    draft = world.client.agent.create_version(published.agent_id, base_version=0)
    assert (draft.agent_id, draft.version, draft.base_version, draft.is_published) == (published.agent_id, 1, 0, False)
    assert (draft.response_engine.llm_id, draft.response_engine.version) == (published.response_engine.llm_id, 1)
    assert world.client.llm.retrieve(published.response_engine.llm_id, version=1).is_published is False


def test_drafts_branch_from_their_base_and_not_from_the_newest_edits(world, published):
    llm_id = published.response_engine.llm_id
    world.client.agent.create_version(published.agent_id, base_version=0)
    world.client.llm.update(llm_id, version=1, general_prompt="edited")
    world.client.agent.update(published.agent_id, version=1, agent_name="edited")
    assert world.client.agent.create_version(published.agent_id, base_version=0).agent_name == "Eva"
    assert world.client.llm.retrieve(llm_id, version=2).general_prompt is None
    assert versions(world, published) == [(2, False), (1, False), (0, True)]


def test_default_version_is_the_latest_draft_included(world, published):
    world.client.agent.create_version(published.agent_id, base_version=0)
    assert world.client.agent.retrieve(published.agent_id).version == 1
    assert world.client.agent.retrieve(published.agent_id, version="latest_published").version == 0


def test_draft_can_be_deleted_and_a_published_version_not(world, published):
    world.client.agent.create_version(published.agent_id, base_version=0)
    world.client.agent.delete_version(published.agent_id, version=1)
    assert versions(world, published) == [(0, True)]
    with pytest.raises(sdk.BadRequestError):
        world.client.agent.delete_version(published.agent_id, version=0)


def test_deleted_agent_is_gone(world):
    agent = world.agent()
    world.client.agent.delete(agent.agent_id)
    assert world.rest("GET", f"/get-agent/{agent.agent_id}", key=API_KEY).status_code == 422


@pytest.fixture
def twins(world):
    """Two agents with one LLM."""
    llm = world.llm()
    return world.agent(llm=llm), world.agent(llm=llm)


def test_publishing_one_agent_locks_the_llm_for_the_other(world, twins):
    one, other = twins
    world.client.agent.publish(one.agent_id, version=0)
    with pytest.raises(sdk.BadRequestError) as refusal:
        world.client.llm.update(other.response_engine.llm_id, general_prompt="x")
    assert refusal.value.body["message"] == "Cannot update published LLM"
    assert world.client.agent.update(other.agent_id, agent_name="Still a draft").is_published is False


def test_drafts_of_two_agents_never_share_a_version_of_their_llm(world, twins):
    one, other = twins
    world.client.agent.publish(one.agent_id, version=0)
    first = world.client.agent.create_version(one.agent_id, base_version=0)
    second = world.client.agent.create_version(other.agent_id, base_version=0)
    assert (first.version, second.version) == (1, 2)
    assert (first.response_engine.version, second.response_engine.version) == (1, 2)
    llm_id = one.response_engine.llm_id
    world.client.llm.update(llm_id, version=2, general_prompt="other's")
    assert world.client.llm.retrieve(llm_id, version=1).general_prompt is None


def test_published_version_answers_to_its_tag_and_number_only(world, published):
    assert world.client.agent.retrieve(published.agent_id, version=0).is_published is True
    with pytest.raises(sdk.UnprocessableEntityError):
        world.client.agent.retrieve(published.agent_id, version="stable")


def test_publishing_again_changes_nothing(world, published):
    world.client.agent.publish(published.agent_id, version=0)
    assert versions(world, published) == [(0, True)]


def test_versions_are_paged_newest_first(world, published):
    for base in (0, 1):
        world.client.agent.create_version(published.agent_id, base_version=base)
    first = world.client.agent.list_versions(published.agent_id, limit=2)
    second = world.client.agent.list_versions(published.agent_id, limit=2, pagination_key=first.pagination_key)
    assert [row.version for row in (*first.items, *second.items)] == [2, 1, 0]
    assert (first.has_more, second.has_more) == (True, False)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "pagination_key=nobody", "sort_order=random"])
def test_page_that_cannot_be_is_400(world, query):
    assert world.rest("POST", f"/v2/list-agents?{query}", json={}).status_code == 400
