"""Calls over the REST API: made, read, listed."""

import pytest

from tests.retell.sandbox.conftest import CALLER, NUMBER
from tests.retell.sandbox.sdk import sdk

FIRST = 1_790_000_000_000


@pytest.fixture
def phone(world):
    world.number(world.agent())
    return world


def test_web_call_answers_with_a_gateway_token(world):
    made = world.client.call.create_web_call(agent_id=world.agent().agent_id, metadata={"order": 7})
    assert (made.transport, made.expires_at > 0, bool(made.access_token)) == ("gateway", True, True)
    call = world.client.call.retrieve(made.call_id)
    assert (call.call_type, call.call_status, call.metadata) == ("web_call", "registered", {"order": 7})


def test_web_call_uses_the_latest_version_draft_or_not(world):
    agent = world.agent()
    world.client.agent.publish(agent.agent_id, version=0)
    world.client.agent.create_version(agent.agent_id, base_version=0)
    made = world.client.call.create_web_call(agent_id=agent.agent_id)
    assert world.client.call.retrieve(made.call_id).agent_version == 1


def test_outbound_call_waits_until_it_is_played(phone):
    agent = phone.client.agent.list().items[0].agent_id
    made = phone.client.call.create_phone_call(from_number=NUMBER, to_number=CALLER, override_agent_id=agent)
    assert (made.call_status, made.direction) == ("registered", "outbound")
    phone.control("calls", {"call_id": made.call_id})
    assert phone.client.call.retrieve(made.call_id).call_status == "ended"


def test_outbound_call_without_an_agent_is_400(phone):
    with pytest.raises(sdk.BadRequestError):
        phone.client.call.create_phone_call(from_number=NUMBER, to_number=CALLER)


def test_dynamic_variables_must_be_strings(phone):
    agent_id = phone.client.agent.list().items[0].agent_id
    with pytest.raises(sdk.BadRequestError):
        phone.client.call.create_web_call(agent_id=agent_id, retell_llm_dynamic_variables={"n": 1})


def test_idempotency_key_gives_the_same_call_again(phone):
    agent = phone.client.agent.list().items[0].agent_id
    wish = {"from_number": NUMBER, "to_number": CALLER, "override_agent_id": agent, "idempotency_key": "k1"}
    calls = [phone.client.call.create_phone_call(**wish).call_id for _ in range(2)]
    assert calls[0] == calls[1]


def test_unknown_call_is_422(world):
    with pytest.raises(sdk.UnprocessableEntityError):
        world.client.call.retrieve("call_none")


def test_list_is_newest_first_without_transcripts(phone):
    for n in range(2):
        phone.play("collect_appointment_information", call_id=f"call_{n}", start_timestamp=FIRST + n)
    items = phone.client.call.list(include_total=True)
    assert ([item.call_id for item in items.items], items.total) == (["call_1", "call_0"], 2)
    assert not [name for name in items.items[0].to_dict() if name.startswith("transcript")]


def test_list_pages_on(phone):
    for n in range(3):
        phone.play(call_id=f"call_{n}", start_timestamp=FIRST + n)
    first = phone.client.call.list(limit=2)
    second = phone.client.call.list(limit=2, pagination_key=first.pagination_key)
    assert [item.call_id for item in (*first.items, *second.items)] == ["call_2", "call_1", "call_0"]


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"call_status": {"type": "enum", "op": "in", "value": ["not_connected"]}}, ["call_lost"]),
        ({"start_timestamp": {"type": "range", "op": "bt", "value": [FIRST, FIRST + 1]}}, ["call_done"]),
        ({"from_number": {"type": "string", "op": "sw", "value": "+49"}}, ["call_done", "call_lost"]),
        ({"call_successful": {"type": "boolean", "op": "eq", "value": True}}, ["call_done"]),
        ({"duration_ms": {"type": "number", "op": "ge", "value": 1}}, ["call_done"]),
        ({"metadata": [{"type": "string", "op": "eq", "key": "order", "value": "7"}]}, ["call_done"]),
        ({"agent": [{"agent_id": "agent_none"}]}, []),
    ],
)
def test_list_filters(phone, criteria, found):
    phone.play(call_id="call_done", start_timestamp=FIRST, metadata={"order": "7"})
    phone.play(call_id="call_lost", not_connected=True)
    assert sorted(item.call_id for item in phone.client.call.list(filter_criteria=criteria).items) == found


@pytest.mark.parametrize(
    "criteria",
    [
        {"call_status": ["ended"]},
        {"call_status": {"type": "enum", "op": "in", "value": "ended"}},
        {"duration_ms": {"type": "range", "op": "bt", "value": [1]}},
        {"shoe_size": {"type": "number", "op": "eq", "value": 1}},
    ],
)
def test_filter_of_another_shape_is_400(world, criteria):
    with pytest.raises(sdk.BadRequestError):
        world.client.call.list(filter_criteria=criteria)


@pytest.fixture
def done(phone) -> str:
    return phone.play("collect_appointment_information")["call_id"]


def test_metadata_of_an_ended_call_can_be_changed(phone, done):
    assert phone.client.call.update(done, metadata={"customer": 7}).metadata == {"customer": 7}
    with pytest.raises(sdk.BadRequestError):
        phone.client.call.update_live(done, fields_to_override={"metadata": {}})


def test_call_that_has_not_ended_is_changed_as_a_live_one(phone):
    agent = phone.client.agent.list().items[0].agent_id
    made = phone.client.call.create_phone_call(from_number=NUMBER, to_number=CALLER, override_agent_id=agent)
    with pytest.raises(sdk.BadRequestError):
        phone.client.call.update(made.call_id, metadata={})
    phone.client.call.update_live(made.call_id, fields_to_override={"metadata": {"customer": 7}})
    assert phone.client.call.retrieve(made.call_id).metadata == {"customer": 7}


def test_deleted_call_is_gone(phone, done):
    phone.client.call.delete(done)
    with pytest.raises(sdk.UnprocessableEntityError):
        phone.client.call.retrieve(done)


def test_call_of_foreign_telephony_is_registered_and_played(phone):
    agent_id = phone.client.agent.list().items[0].agent_id
    made = phone.client.call.register_phone_call(agent_id=agent_id, from_number=CALLER, to_number="+49891")
    assert (made.call_status, made.direction) == ("registered", "inbound")
    played = phone.control("calls", {"call_id": made.call_id}).json()
    assert (played["inbound"], played["call"]["call_status"]) == (None, "ended")


def test_one_call_too_many_at_once_is_429(phone):
    phone.rest("PATCH", "/_sandbox/workspaces/key_rest", json={"concurrency_limit": 0})
    agent_id = phone.client.agent.list().items[0].agent_id
    with pytest.raises(sdk.RateLimitError):
        phone.client.call.create_web_call(agent_id=agent_id)
    with pytest.raises(sdk.RateLimitError):
        phone.client.call.create_phone_call(from_number=NUMBER, to_number=CALLER, override_agent_id=agent_id)


def test_list_can_skip(phone):
    for n in range(3):
        phone.play(call_id=f"call_{n}", start_timestamp=FIRST + n)
    assert [item.call_id for item in phone.client.call.list(skip=1).items] == ["call_1", "call_0"]
    ascending = phone.client.call.list(skip=1, sort_order="ascending")
    assert [item.call_id for item in ascending.items] == ["call_1", "call_2"]
