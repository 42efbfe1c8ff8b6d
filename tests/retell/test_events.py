"""What a worker makes of call events, whatever comes first, twice or never."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.core.cache import cache

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from mcp_gateway import inbox
from mcp_gateway.models import WebhookEvent
from tests.factories import make_call, make_customer
from tests.retell.door import CALLER, WISH, Door

State = WebhookEvent.State
Worker = Callable[[], None]
ANALYSIS = {"call_summary": "Möchte einen Termin.", "user_sentiment": "Positive", "in_voicemail": False}
TUESDAY_HALF_PAST_TWO = datetime(2027, 1, 12, 13, 30, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("monday")

STEPS: dict[str, Callable[[Door], object]] = {
    "started": lambda door: door.tell("call_started"),
    "function": lambda door: door.function(),
    "ended": lambda door: door.tell("call_ended"),
    "analyzed": lambda door: door.tell("call_analyzed", call_analysis=ANALYSIS),
}
IN_ANY_ORDER = pytest.mark.parametrize("order", list(permutations(STEPS)), ids="-".join)


def row(call: Call) -> dict[str, Any]:
    """What a call's row says, without the row's own key and times."""
    own = {"id", "created_at", "updated_at"}
    return {field.name: getattr(call, field.name) for field in Call._meta.concrete_fields if field.name not in own}


def state_of_the_only_event() -> str:
    return WebhookEvent.objects.get().state


def assert_told_whole(door: Door) -> None:
    call = door.call()
    assert row(call) == {
        "provider": "retell",
        "call_id": door.call_id,
        "company": door.company,
        "customer": Customer.objects.get(),
        "agent_id": door.configuration.agent_id,
        "agent_version": 3,
        "from_number": CALLER,
        "caller_phone": CALLER,
        "to_number": door.company.phone_number,
        "direction": "inbound",
        "language": "de",
        "status": "ended",
        "started_at": datetime(2027, 1, 11, 9, 0, tzinfo=UTC),
        "ended_at": datetime(2027, 1, 11, 9, 1, tzinfo=UTC),
        "disconnection_reason": "user_hangup",
        "collected_data": call.collected_data,
        "lookups": 0,
        "transcript": "Agent: Guten Tag\nUser: Auf Wiederhören\n",
        "summary": "Möchte einen Termin.",
        "analysis": ANALYSIS,
        "cost_cents": Decimal("12.5"),
        "is_test": False,
    }
    assert datetime.fromisoformat(call.collected_data["starts_at"]) == TUESDAY_HALF_PAST_TWO


def assert_booked_once(door: Door) -> None:
    appointment = Appointment.objects.get()
    assert (appointment.status, appointment.starts_at) == (Appointment.Status.SCHEDULED, TUESDAY_HALF_PAST_TWO)
    assert (appointment.company, appointment.call) == (door.company, door.call())
    assert door.bookings() == [f"{TUESDAY_HALF_PAST_TWO:%Y-%m-%dT%H:%M}"]
    assert not FollowUp.objects.exists()


@IN_ANY_ORDER
def test_any_order_gives_the_same_call_and_one_booking(door: Door, worker: Worker, order: tuple[str, ...]) -> None:
    for step in order:
        STEPS[step](door)
        worker()
    assert_told_whole(door)
    assert_booked_once(door)


@IN_ANY_ORDER
def test_a_worker_that_comes_late_makes_the_same_of_it(door: Door, worker: Worker, order: tuple[str, ...]) -> None:
    for step in order:
        STEPS[step](door)
    worker()
    assert_told_whole(door)
    assert_booked_once(door)


def test_every_event_twice_and_processed_twice_changes_nothing(door: Door, worker: Worker) -> None:
    for step in (*STEPS.values(), *STEPS.values()):
        step(door)
        worker()
    WebhookEvent.objects.update(state=State.RECEIVED)
    for event_id in inbox.due_events():
        inbox.process(event_id)
    assert_told_whole(door)
    assert_booked_once(door)


def test_a_started_call_is_on_its_way(door: Door, worker: Worker) -> None:
    door.tell("call_started")
    worker()
    assert (door.call().status, state_of_the_only_event()) == (Call.Status.ONGOING, State.DONE)


def test_an_end_becomes_a_booking_with_few_queries_and_one_request(
    door: Door, in_memory: None, django_assert_max_num_queries: Any
) -> None:
    door.function()
    door.tell("call_ended")
    asked_before = len(door.control.requests())
    with django_assert_max_num_queries(38):  # twenty-five, and savepoints around some of them
        inbox.process(WebhookEvent.objects.get().pk)
    assert Appointment.objects.get().status == Appointment.Status.SCHEDULED
    assert len(door.control.requests()) == asked_before + 1


def test_a_call_that_ended_without_a_wish_books_nothing(door: Door, worker: Worker) -> None:
    door.tell("call_ended")
    worker()
    assert not Appointment.objects.exists()
    assert not FollowUp.objects.exists()


def test_the_start_told_after_the_end_does_not_begin_the_call_again(door: Door, worker: Worker) -> None:
    door.tell("call_ended")
    worker()
    door.tell("call_started")
    worker()
    assert door.call().status == Call.Status.ENDED


def test_a_wish_told_after_the_end_is_worked_on_at_once(door: Door, worker: Worker) -> None:
    door.tell("call_ended")
    worker()
    assert door.function(call_status="ongoing")["status"] == "collected_unchecked"
    worker()
    assert_booked_once(door)


def test_a_lost_end_is_made_up_for_by_the_analysis(door: Door, worker: Worker) -> None:
    door.function()
    door.tell("call_analyzed", call_analysis=ANALYSIS)
    worker()
    assert_booked_once(door)


def test_a_wish_whose_cache_entry_is_gone_is_still_there(door: Door, worker: Worker) -> None:
    door.function()
    cache.clear()
    door.tell("call_ended")
    worker()
    assert_booked_once(door)


def test_what_the_calendar_refuses_is_given_to_staff_once(door: Door, worker: Worker) -> None:
    Service.objects.update(calcom_event_type_id=None)
    door.function()
    for event in ("call_ended", "call_analyzed"):
        door.tell(event)
        worker()
    appointment, follow_up = Appointment.objects.get(), FollowUp.objects.get()
    assert (appointment.status, appointment.starts_at) == (Appointment.Status.FAILED, TUESDAY_HALF_PAST_TWO)
    assert (follow_up.appointment, follow_up.company, follow_up.kind) == (
        appointment,
        door.company,
        FollowUp.Kind.BOOKING_FAILED,
    )


def test_a_wish_that_was_not_settled_is_given_to_staff_once(door: Door, worker: Worker) -> None:
    door.function()
    door.function({**WISH, "time": "vielleicht"})
    for event in ("call_ended", "call_analyzed"):
        door.tell(event)
        worker()
    assert FollowUp.objects.get().kind == FollowUp.Kind.CALLBACK
    assert (door.bookings(), door.call().collected_data["state"]) == ([], "handed_over")


def test_a_dropped_wish_is_nobodys_business(door: Door, worker: Worker) -> None:
    door.function()
    door.function({}, name="cancel_appointment")
    door.tell("call_ended")
    worker()
    assert (door.bookings(), FollowUp.objects.count()) == ([], 0)


def test_what_was_booked_during_the_call_is_not_booked_again(door: Door, worker: Worker) -> None:
    door.company.booking_mode = Company.BookingMode.DURING_CALL
    door.company.save()
    door.function()
    assert door.function({"confirmed": True})["status"] == "booked"
    door.tell("call_ended")
    worker()
    assert_booked_once(door)


def test_a_call_that_was_never_connected_is_over(door: Door, worker: Worker) -> None:
    door.tell("call_ended", call_status="not_connected", disconnection_reason="dial_no_answer", start_timestamp=None)
    worker()
    call = door.call()
    assert (call.status, call.disconnection_reason, call.started_at) == ("not_connected", "dial_no_answer", None)


def test_a_web_call_without_numbers_is_a_test(door: Door, worker: Worker) -> None:
    door.tell("call_started", call_type="web_call", from_number=None, to_number=None, direction=None)
    worker()
    call = door.call()
    assert (call.is_test, call.caller_phone, call.from_number) == (True, None, "")


@pytest.mark.parametrize("number", ["anonymous", "unknown", "Restricted", "", "+266696687", "sip:bob@example.com"])
def test_a_caller_who_hides_the_number_is_nobody_we_know(door: Door, worker: Worker, number: str) -> None:
    make_customer(door.company, phone=None)
    door.tell("call_started", from_number=number)
    worker()
    call = door.call()
    assert (call.from_number, call.caller_phone, call.customer) == (number, None, None)


def test_a_known_caller_is_the_calls_customer(door: Door, worker: Worker) -> None:
    customer = make_customer(door.company, phone=CALLER)
    door.tell("call_started", from_number="0151 12345678")
    worker()
    assert door.call().customer == customer


def test_the_customer_of_a_call_that_went_out_is_who_was_called(door: Door, worker: Worker) -> None:
    customer = make_customer(door.company, phone=CALLER)
    numbers = {"from_number": door.company.phone_number, "to_number": CALLER}
    door.tell("call_started", direction="outbound", **numbers)
    worker()
    assert door.call().customer == customer


def test_news_that_say_less_take_nothing_away(door: Door, worker: Worker) -> None:
    door.tell("call_ended")
    worker()
    door.post(
        "webhook",
        {"event": "call_analyzed", "call": {"call_id": door.call_id, "agent_id": door.configuration.agent_id}},
    )
    worker()
    call = door.call()
    assert (call.from_number, call.transcript[:5], call.cost_cents) == (CALLER, "Agent", Decimal("12.5"))


def test_junk_in_a_signed_event_is_worked_off(door: Door, worker: Worker) -> None:
    junk = {
        "from_number": 5,
        "direction": [],
        "start_timestamp": "soon",
        "end_timestamp": 10**300,
        "transcript": {"a": 1},
        "transcript_with_tool_calls": [None, {"role": "tool_call_invocation", "tool_call_id": [], "name": 5}],
        "call_analysis": "none",
        "call_cost": {"combined_cost": "NaN"},
        "agent_version": -1,
    }
    door.tell("call_ended", **junk)
    worker()
    assert state_of_the_only_event() == State.DONE
    assert door.call().status == Call.Status.ENDED


def test_the_call_of_another_company_is_not_touched(door: Door, other_door: Door, worker: Worker) -> None:
    foreign = make_call(other_door.company, call_id=door.call_id, status=Call.Status.ONGOING)
    door.tell("call_ended")
    worker()
    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts[0]["error"]) == (
        State.FAILED,
        "The call id belongs to another company's call.",
    )
    assert row(Call.objects.get()) == row(foreign)
