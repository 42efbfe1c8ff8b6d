"""What the agent knows before its first word."""

from typing import Any

import pytest
import time_machine

from appointments.models import Call
from mcp_gateway.models import WebhookEvent
from tests.factories import make_customer
from tests.retell.door import CALLER, Door, now_ms

pytestmark = pytest.mark.usefixtures("monday")


def variables(door: Door, path: str = "inbound", **fields: Any) -> dict[str, str]:
    inbound = {"agent_id": door.configuration.agent_id, "from_number": CALLER, "to_number": door.company.phone_number}
    body = {"event": "call_inbound", "event_timestamp": now_ms(), "call_inbound": {**inbound, **fields}}
    response = door.post(path, body)
    assert response.status_code == 200
    return response.json()["call_inbound"]["dynamic_variables"]


def test_the_agent_knows_the_day_in_the_companys_words(door: Door) -> None:
    told = variables(door)
    assert {name: told[name] for name in ("current_date", "current_weekday", "today", "tomorrow")} == {
        "current_date": "2027-01-11",
        "current_weekday": "Montag",
        "today": "Montag, 11. Januar 2027",
        "tomorrow": "Dienstag, 12. Januar 2027",
    }


def test_the_day_is_the_one_in_the_companys_zone(door: Door) -> None:
    door.company.timezone = "Pacific/Auckland"
    door.company.save()
    with time_machine.travel("2027-01-11T12:00:00Z", tick=False):
        assert variables(door)["current_date"] == "2027-01-12"


def test_an_english_company_hears_english(door: Door) -> None:
    door.company.default_language = "en"
    door.company.save()
    assert variables(door)["today"] == "Monday, January 11, 2027"


def test_a_known_customer_is_greeted_by_name(door: Door) -> None:
    make_customer(door.company, phone=CALLER, name="Erika Beispiel")
    told = variables(door, from_number="0151 12345678")
    assert (told["customer_name"], told["is_known_customer"]) == ("Erika Beispiel", "true")


def test_another_companys_customer_is_a_stranger(door: Door, other_door: Door) -> None:
    make_customer(other_door.company, phone=CALLER, name="Erika Beispiel")
    told = variables(door)
    assert (told["customer_name"], told["is_known_customer"]) == ("", "false")


def test_each_company_greets_its_own_customer_with_the_same_number(door: Door, other_door: Door) -> None:
    make_customer(door.company, phone=CALLER, name="Erika Beispiel")
    make_customer(other_door.company, phone=CALLER, name="Erich Muster")
    assert variables(door)["customer_name"] == "Erika Beispiel"
    assert variables(other_door)["customer_name"] == "Erich Muster"


@pytest.mark.parametrize("number", ["anonymous", "", "Restricted", "+266696687", "sip:a@b.c", None, 5, []])
def test_who_hides_the_number_is_a_stranger(door: Door, number: Any) -> None:
    make_customer(door.company, phone=None, name="Erika Beispiel")
    told = variables(door, from_number=number)
    assert (told["customer_name"], told["is_known_customer"]) == ("", "false")


def test_every_variable_is_a_string(door: Door) -> None:
    make_customer(door.company, phone=CALLER)
    assert {type(value) for value in variables(door).values()} == {str}


def test_a_number_without_an_agent_is_answered(door: Door) -> None:
    assert variables(door, agent_id=None)["company_name"] == door.company.name


def test_the_url_with_the_configuration_works(door: Door) -> None:
    told = variables(door, f"inbound/{door.configuration.pk}", agent_id="agent_swapped_in", to_number="")
    assert told["company_name"] == door.company.name


def test_a_body_without_a_call_is_answered(door: Door) -> None:
    response = door.post(f"inbound/{door.configuration.pk}", {"call_inbound": "soon"})
    assert response.json()["call_inbound"]["dynamic_variables"]["is_known_customer"] == "false"


def test_nothing_is_stored_of_a_call_that_may_never_be_made(door: Door) -> None:
    variables(door, call_id="call_1")
    assert not Call.objects.exists()
    assert not WebhookEvent.objects.exists()
