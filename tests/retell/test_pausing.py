"""A paused agent takes no calls and books nothing; whoever called before is not forgotten."""

from typing import Any

import pytest

from appointments.models import Appointment, FollowUp
from mcp_gateway.principal import Principal
from retell import configuring
from retell.models import RetellConfiguration
from tests import bells
from tests.factories import make_configuration
from tests.retell.door import CALLER, COLLECT, WISH, Door, now_ms

pytestmark = pytest.mark.usefixtures("monday")
HERE = ("", "/{}")


def pause(configuration: RetellConfiguration, *, is_paused: bool = True) -> bool:
    return configuring.set_paused(configuration, Principal.of_task("test"), is_paused=is_paused)


def ring(door: Door, path: str, **fields: Any) -> dict[str, Any]:
    inbound = {"agent_id": door.configuration.agent_id, "from_number": CALLER, "to_number": door.company.phone_number}
    body = {"event": "call_inbound", "event_timestamp": now_ms(), "call_inbound": {**inbound, **fields}}
    return door.post(path, body).json()


def ask(door: Door, name: str, args: dict[str, Any], path: str = "custom-function", **call: Any) -> dict[str, Any]:
    return door.post(path, {"name": name, "call": door.call_object(**call), "args": args}).json()


@pytest.mark.parametrize("end", HERE)
def test_its_new_calls_are_turned_away(door: Door, end: str) -> None:
    pause(door.configuration)
    assert ring(door, "inbound" + end.format(door.configuration.pk)) == {"call_inbound": {"reject": True}}


@pytest.mark.parametrize("end", HERE)
def test_it_takes_calls_again(door: Door, end: str) -> None:
    pause(door.configuration)
    pause(door.configuration, is_paused=False)
    assert "dynamic_variables" in ring(door, "inbound" + end.format(door.configuration.pk))["call_inbound"]


def test_another_agent_at_the_same_address_goes_on(door: Door) -> None:
    pause(door.configuration)
    other = make_configuration(door.company)
    path = f"inbound/{door.configuration.pk}"
    assert "dynamic_variables" in ring(door, path, agent_id=other.agent_id)["call_inbound"]


def test_a_paused_agent_is_turned_away_at_anothers_address(door: Door) -> None:
    pause(door.configuration)
    other = make_configuration(door.company)
    assert ring(door, f"inbound/{other.pk}") == {"call_inbound": {"reject": True}}


@pytest.mark.parametrize("end", HERE)
@pytest.mark.parametrize("name", [COLLECT, "check_availability", "cancel_appointment", "find_appointments"])
def test_in_a_running_call_it_sees_to_no_appointment(door: Door, name: str, end: str) -> None:
    pause(door.configuration)
    reply = ask(door, name, WISH, "custom-function" + end.format(door.configuration.pk))
    assert (reply["success"], reply["status"]) == (True, "paused")
    assert reply["message"]
    assert not Appointment.objects.exists()


def test_it_still_notes_who_wants_to_be_called_back(door: Door) -> None:
    pause(door.configuration)
    assert ask(door, "request_callback", {"reason": "Farbe"})["status"] != "paused"
    assert FollowUp.objects.filter(kind=FollowUp.Kind.CALLBACK).exists()


def test_it_says_so_in_the_callers_language(door: Door) -> None:
    pause(door.configuration)
    german, english = (ask(door, COLLECT, {"language": language})["message"] for language in ("de", "en"))
    assert english == "I can't see to appointments at the moment. May somebody call you back?"
    assert german.startswith("Ich kann mich")


def test_what_was_agreed_on_before_is_still_booked(door: Door, worker: Any) -> None:
    ask(door, COLLECT, {**WISH, "confirmed": True})
    pause(door.configuration)
    assert door.post("webhook", {"event": "call_ended", "call": door.ended_call()}).status_code == 204
    worker()
    assert Appointment.objects.get().status == Appointment.Status.SCHEDULED
    bells.rung()


def test_done_twice_it_acts_once(door: Door) -> None:
    assert [pause(door.configuration), pause(door.configuration)] == [True, False]
    assert [pause(door.configuration, is_paused=False), pause(door.configuration, is_paused=False)] == [True, False]
