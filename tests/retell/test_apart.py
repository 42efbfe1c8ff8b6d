"""Two companies whose caller has the same number: nothing of one reaches the other."""

from collections.abc import Callable

import pytest

from appointments.models import Appointment, Call, Customer, FollowUp
from mcp_gateway.models import WebhookEvent
from tests.factories import make_customer
from tests.retell.door import CALLER, WISH, Door

Worker = Callable[[], None]
COMPANIES_OF = [Call, Appointment, Customer, FollowUp, WebhookEvent]

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def customers(door: Door, other_door: Door) -> tuple[Customer, Customer]:
    return make_customer(door.company, phone=CALLER), make_customer(other_door.company, phone=CALLER)


def test_two_calls_of_one_caller_become_rows_of_two_companies(door: Door, other_door: Door, worker: Worker) -> None:
    for each in (door, other_door):
        each.function()
        each.function({}, name="request_callback")
        each.tell("call_ended")
    worker()
    both = sorted([door.company.pk, other_door.company.pk])
    assert [sorted(model.objects.values_list("company", flat=True)) for model in COMPANIES_OF] == [both] * 5


def test_the_same_time_is_held_and_booked_at_both(door: Door, other_door: Door, worker: Worker) -> None:
    assert [each.function()["status"] for each in (door, other_door)] == ["collected"] * 2
    for each in (door, other_door):
        each.tell("call_ended")
    worker()
    assert [each.bookings() for each in (door, other_door)] == [["2027-01-12T13:30"]] * 2


def test_each_call_finds_its_own_companys_customer(
    door: Door, other_door: Door, customers: tuple[Customer, Customer]
) -> None:
    door.function()
    other_door.function()
    assert (door.call().customer, other_door.call().customer) == customers


def test_the_name_is_not_taken_from_another_companys_customer(door: Door, other_door: Door) -> None:
    make_customer(other_door.company, phone=CALLER, name="Erika Beispiel")
    answered = door.function({**WISH, "name": None})
    assert answered["status"] == "name_required"


def test_an_event_at_a_companys_url_is_that_companys_whatever_its_body_says(
    door: Door, other_door: Door, worker: Worker
) -> None:
    body = door.event("call_started", agent_id=other_door.configuration.agent_id)
    assert door.post(f"webhook/{door.configuration.pk}", body).status_code == 204
    worker()
    assert door.call().company == door.company


def test_a_wish_is_not_collected_into_another_companys_running_call(
    door: Door, other_door: Door, worker: Worker
) -> None:
    other_door.function()
    noted = other_door.call().collected_data
    door.call_id = other_door.call_id
    door.function({**WISH, "time": "16 Uhr"})
    door.tell("call_ended")
    worker()
    call = other_door.call()
    assert (call.collected_data, call.status, call.company) == (noted, Call.Status.ONGOING, other_door.company)
    assert not Appointment.objects.filter(company=door.company).exists()
    assert (door.bookings(), other_door.bookings()) == ([], [])
