"""Whole calls, from the first signed request to the rows and the booking."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from appointments.models import Appointment, Call, Customer, FollowUp
from mcp_gateway.models import WebhookEvent
from tests.journeys.scripts import CALLER, a_call, a_start
from tests.journeys.world import World
from tests.waiting import eventually

pytestmark = pytest.mark.processes


def booked(call_id: str = "call_journey") -> Appointment:
    """The call's appointment once it is scheduled."""
    rows = Appointment.objects.filter(call__call_id=call_id, status=Appointment.Status.SCHEDULED)
    return eventually(rows.first, what=f"{call_id} is booked", seconds=30)


def everything_processed() -> None:
    open_states = (WebhookEvent.State.RECEIVED, WebhookEvent.State.PROCESSING)
    eventually(
        lambda: not WebhookEvent.objects.filter(state__in=open_states).exists(),
        what="no event waits",
        seconds=30,
    )


def test_a_call_becomes_a_booking(world: World) -> None:
    company = world.company()
    report = world.play(a_call(company))
    appointment = booked()
    (booking,) = world.bookings()
    assert [step["status"] for step in report["steps"]] == [204, 200, 204, 204]
    assert booking["uid"] == appointment.calcom_booking_uid
    assert booking["id"] == appointment.calcom_booking_id
    assert booking["metadata"]["booking_key"] == str(appointment.booking_key)
    assert appointment.starts_at == a_start(company)
    assert (appointment.customer.phone, appointment.customer.name) == (CALLER, "Erika Beispiel")


def test_the_ended_call_has_all_its_data(world: World) -> None:
    world.play(a_call(world.company(), call_analysis={"call_summary": "Wants a haircut."}))
    everything_processed()
    call = Call.objects.get()
    assert call.status == Call.Status.ENDED
    assert call.summary == "Wants a haircut."
    assert call.caller_phone == CALLER
    assert call.started_at < call.ended_at


def test_ten_times_the_same_call_in_parallel_reversed_and_doubled_is_one_booking(world: World) -> None:
    company = world.company()
    script = a_call(company, order="reversed", deliveries=2, parallel=True)
    with ThreadPoolExecutor(10) as pool:
        reports = list(pool.map(world.play, [script] * 10))
    booked()
    everything_processed()
    assert {step["status"] for report in reports for step in report["steps"]} <= {200, 204}
    assert len(world.bookings()) == 1
    assert Appointment.objects.count() == Customer.objects.count() == Call.objects.count() == 1
    assert Counter(WebhookEvent.objects.values_list("event", flat=True)) == {
        "call_started": 1,
        "call_ended": 1,
        "call_analyzed": 1,
    }


def test_events_that_come_before_the_function_call_still_book_it(world: World) -> None:
    company = world.company()
    world.play(a_call(company, order=["call_ended", "call_analyzed", "functions", "call_started"]))
    assert booked().starts_at == a_start(company)
    everything_processed()
    assert len(world.bookings()) == 1


def test_two_companies_with_the_same_caller_stay_apart(world: World) -> None:
    first, second = world.company("first", "+493012345678"), world.company("second", "+493087654321")
    for company in (first, second):
        world.play(a_call(company, call_id=f"call_{company.slug}"))
    appointments = [booked("call_first"), booked("call_second")]
    accounts = {row["uid"]: row["accountId"] for row in world.bookings()}
    assert [appointment.company for appointment in appointments] == [first, second]
    assert len({accounts[appointment.calcom_booking_uid] for appointment in appointments}) == 2
    assert len({appointment.customer_id for appointment in appointments}) == 2


def test_a_hidden_number_is_nobody_we_know(world: World) -> None:
    company = world.company()
    known = Customer.objects.create(company=company, name="Erika Beispiel", phone=CALLER)
    world.play(a_call(company, from_number="anonymous"))
    customer = booked().customer
    assert customer.phone is None
    assert customer != known


def test_a_slot_that_is_taken_between_hold_and_booking_becomes_a_follow_up(world: World) -> None:
    company = world.company()
    world.play(a_call(company, skip_events=["call_ended", "call_analyzed"]))
    world.book_on_the_web(company, a_start(company))
    world.play(a_call(company, script=[]))
    follow_up = eventually(FollowUp.objects.first, what="a follow-up", seconds=30)
    assert follow_up.kind == FollowUp.Kind.BOOKING_FAILED
    assert follow_up.appointment.status == Appointment.Status.FAILED
    assert len(world.bookings()) == 1


def test_a_call_that_ends_while_no_worker_is_up_is_booked_later(world: World) -> None:
    company = world.company()
    with world.workers_away():
        report = world.play(a_call(company))
        assert {step["status"] for step in report["steps"]} <= {200, 204}
    assert booked().starts_at == a_start(company)
