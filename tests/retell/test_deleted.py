"""What staff have deleted is gone for callers too, until it is restored."""

from typing import Any

import pytest

from appointments.models import Appointment
from mcp_gateway import deletion
from mcp_gateway.principal import Principal
from tests.factories import make_customer
from tests.retell.door import CALLER, COLLECT, WISH, Door, now_ms

pytestmark = pytest.mark.usefixtures("monday")
TASK = Principal.of_task("test")


def ring(door: Door) -> Any:
    inbound = {"agent_id": door.configuration.agent_id, "from_number": CALLER, "to_number": door.company.phone_number}
    body = {"event": "call_inbound", "event_timestamp": now_ms(), "call_inbound": inbound}
    return door.post("inbound", body).json()["call_inbound"]["dynamic_variables"]


def ask(door: Door, function: str, **args: Any) -> Any:
    return door.post("custom-function", {"name": function, "call": door.call_object(), "args": args}).json()


@pytest.mark.parametrize("path", ["webhook", "custom-function", "inbound"])
def test_a_deleted_agents_address_is_nobodys(door: Door, path: str) -> None:
    body = {"event": "call_started", "name": COLLECT, "call": door.call_object(), "args": {}}
    address = f"{path}/{door.configuration.pk}"
    deletion.delete(door.configuration, TASK)
    assert door.post(address, body).status_code == 404
    deletion.restore(door.configuration, TASK)
    assert door.post(address, body).status_code in (200, 204)


def test_a_deleted_agents_calls_go_to_no_company_by_its_name(door: Door) -> None:
    deletion.delete(door.configuration, TASK)
    call = door.call_object(to_number="+4930999999")
    assert door.post("webhook", {"event": "call_started", "call": call}).status_code == 404


def test_a_deleted_customer_is_a_stranger(door: Door) -> None:
    customer = make_customer(door.company, name="Erika", phone=CALLER)
    assert ring(door)["customer_name"] == "Erika"
    deletion.delete(customer, TASK)
    assert ring(door)["customer_name"] == ""
    deletion.restore(customer, TASK)
    assert ring(door)["customer_name"] == "Erika"


def test_a_deleted_customer_who_books_is_a_new_one(door: Door, worker: Any) -> None:
    old = make_customer(door.company, name="Mustermann", phone=CALLER)
    ask(door, "check_availability", date="morgen")
    deletion.delete(old, TASK)
    ask(door, COLLECT, **WISH, confirmed=True)
    door.post("webhook", {"event": "call_ended", "call": door.ended_call()})
    worker()
    booked = Appointment.objects.get()
    assert (booked.status, booked.customer.name) == ("scheduled", "Erika Beispiel")
    assert booked.customer != old


def test_a_deleted_service_is_neither_named_nor_booked(door: Door) -> None:
    deletion.delete(door.service, TASK)
    assert ring(door)["services"] == ""
    assert ask(door, COLLECT, **WISH, confirmed=True)["status"] not in ("collected", "booked", "requested")
    assert not Appointment.objects.exists()
