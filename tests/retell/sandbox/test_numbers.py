"""Phone numbers and the agents bound to them."""

import pytest

from tests.retell.sandbox.conftest import NUMBER
from tests.retell.sandbox.sdk import sdk


def test_imported_number_is_found_under_its_plus(world):
    world.number(nickname="Salon")
    number = world.client.phone_number.retrieve(NUMBER)
    assert (number.phone_number, number.phone_number_type, number.nickname) == (NUMBER, "custom", "Salon")
    assert number.sip_outbound_trunk_config.termination_uri == "trunk.pstn.twilio.com"


def test_bought_number_is_listed(world):
    bought = world.client.phone_number.create(area_code=212)
    assert bought.phone_number.startswith("+1212")
    assert [row.phone_number for row in world.client.phone_number.list().items] == [bought.phone_number]


def test_weights_must_add_up_to_one(world):
    agent = world.agent()
    world.number(agent)
    with pytest.raises(sdk.BadRequestError):
        world.client.phone_number.update(NUMBER, inbound_agents=[{"agent_id": agent.agent_id, "weight": 0.5}])


def test_unknown_agent_is_422(world):
    world.number()
    with pytest.raises(sdk.UnprocessableEntityError):
        world.client.phone_number.update(NUMBER, inbound_agents=[{"agent_id": "agent_none", "weight": 1}])


def test_inbound_webhook_is_set_and_cleared(world):
    world.number(inbound_webhook_url="http://x/inbound")
    assert world.client.phone_number.update(NUMBER, inbound_webhook_url=None).inbound_webhook_url is None


def test_old_inbound_agent_id_has_no_effect(world):
    world.number()
    answer = world.rest("PATCH", f"/update-phone-number/{NUMBER}", json={"inbound_agent_id": "agent_1"})
    assert "inbound_agent_id" not in answer.json()


def test_deleted_number_is_gone(world):
    world.number()
    world.client.phone_number.delete(NUMBER)
    with pytest.raises(sdk.UnprocessableEntityError):
        world.client.phone_number.retrieve(NUMBER)


@pytest.mark.parametrize(("pin", "served"), [(0, 0), ("latest_published", 1), ("latest", 2)])
def test_number_serves_the_version_it_is_bound_to(world, pin, served):
    """Version 1 is published last, version 2 a draft."""
    agent = world.agent()
    world.number(agent, version=pin)
    world.client.agent.publish(agent.agent_id, version=0)
    world.client.agent.create_version(agent.agent_id, base_version=0)
    world.client.agent.publish(agent.agent_id, version=1)
    world.client.agent.create_version(agent.agent_id, base_version=1)
    assert world.play()["call"]["agent_version"] == served
