"""One wish, one booking: whatever is repeated at once, lost on the way, or killed in the middle."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from appointments.booking import STALE_READS, book, placeholder_email
from appointments.intents import book_wish, intended_appointment
from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from appointments.trying_again import LAST_ATTEMPT, LONG_WAIT
from appointments.wishes import wish_of
from calcom import budget
from mcp_gateway import breakers
from mcp_gateway.backoff import PATIENCE
from tests.appointments.threads import at_once
from tests.appointments.wishing import an_ended_call, free_lease
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.servers import free_port

Status = Appointment.Status

# The answer is lost, the booking is made.
LOST_ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("hang", {"seconds": 1}),
    ("reset", {}),
    ("malformed", {}),
    ("reply", {"status": 500, "body": {"statusCode": 500, "message": "Internal server error"}}),
    ("reply", {"status": 502, "body": b"<html>Bad Gateway</html>"}),
    ("reply", {"status": 409, "body": {"statusCode": 409, "message": "booking_conflict_error"}}),
]


def methods(control: CalcomControl) -> list[str]:
    return [row["method"] for row in control.requests()]


def intended(call: Call) -> Appointment:
    wish = wish_of(call)
    assert wish is not None
    return intended_appointment(call, wish)


def sent_by_a_worker_that_died(call: Call, ago: timedelta) -> Appointment:
    """The row as a worker leaves it that is killed while it waits for the calendar's answer."""
    appointment = intended(call)
    now = timezone.now()
    mine = Appointment.objects.filter(pk=appointment.pk)
    mine.update(sent_at=now - ago, leased_until=now - timedelta(seconds=1), attempts=1)
    appointment.refresh_from_db()
    return appointment


def arrive(control: CalcomControl, appointment: Appointment) -> None:
    """The dead worker's request has reached the calendar."""
    control.post(
        "bookings",
        event_type_id=appointment.service.calcom_event_type_id,
        start=appointment.starts_at.isoformat(),
        email=placeholder_email(appointment),
        metadata={"booking_key": str(appointment.booking_key)},
    )


@pytest.mark.django_db(transaction=True)
def test_five_workers_at_once_book_once(haircut: Service, control: CalcomControl) -> None:
    control.fault("delay", method="POST", seconds=0.3)
    call = an_ended_call(haircut)
    at_once(5, lambda _: book_wish(Call.objects.get(pk=call.pk)))
    assert Appointment.objects.get().status == Status.SCHEDULED
    assert len(control.bookings()) == methods(control).count("POST") == 1
    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_calls_of_one_caller_at_once_are_ten_bookings_of_one_customer(
    haircut: Service, control: CalcomControl
) -> None:
    calls = [
        an_ended_call(
            haircut, starts_at=SLOT + timedelta(days=day), email=f"erika{day}@example.com" if day % 2 else None
        )
        for day in range(10)
    ]
    at_once(10, lambda number: book_wish(Call.objects.get(pk=calls[number].pk)))
    assert [row.status for row in Appointment.objects.all()] == [Status.SCHEDULED] * 10
    assert len(control.bookings()) == 10
    assert Customer.objects.count() == 1
    assert set(Call.objects.values_list("customer", flat=True)) == {Customer.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_two_callers_who_want_the_same_time_at_once_do_not_both_get_it(
    haircut: Service, control: CalcomControl
) -> None:
    calls = [an_ended_call(haircut, from_number=number) for number in ("+4915112345678", "+4915187654321")]
    at_once(2, lambda number: book_wish(Call.objects.get(pk=calls[number].pk)))
    assert sorted(row.status for row in Appointment.objects.all()) == [Status.FAILED, Status.SCHEDULED]
    assert len(control.bookings()) == FollowUp.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_intents_at_once_are_one_row(haircut: Service) -> None:
    call = an_ended_call(haircut)
    made = at_once(10, lambda _: intended(Call.objects.get(pk=call.pk)).pk)
    assert set(made) == {Appointment.objects.get().pk}


@pytest.mark.parametrize(("action", "fields"), LOST_ANSWERS)
def test_a_lost_answer_is_looked_up_and_nothing_is_booked_twice(
    haircut: Service, control: CalcomControl, hasty_calendar: None, action: str, fields: dict[str, Any]
) -> None:
    control.fault(action, when="after", method="POST", **fields)
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    assert appointment.status == Status.BOOKING
    free_lease(appointment)
    assert book(appointment).status == Status.SCHEDULED
    (kept,) = control.bookings()
    assert appointment.calcom_booking_uid == kept["uid"]
    assert methods(control).count("POST") == 1


def test_no_row_says_booked_while_the_outcome_is_unknown(haircut: Service, control: CalcomControl) -> None:
    control.fault("reset", when="after", method="POST")
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    assert (appointment.status, appointment.calcom_booking_uid, appointment.customer) == (Status.BOOKING, None, None)
    assert appointment.sent_at is not None


def test_several_looks_cost_no_attempt_while_the_calendar_may_not_show_it_yet(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    control.fault("reset", method="POST")
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    looks = 0
    for _ in range(3):
        time_machine.move_to(timezone.now() + timedelta(seconds=9))
        free_lease(appointment)
        looks += book(appointment).status == Status.BOOKING
    assert (looks, Appointment.objects.get().attempts) == (3, 1)
    assert methods(control).count("POST") == 1


def test_a_calendar_that_asks_for_a_pause_costs_no_attempt(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    control.fault("reply", method="POST", status=429, headers={"Retry-After": "20"})
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    for _ in range(2 * LAST_ATTEMPT):
        free_lease(appointment)
        book(appointment)
    appointment.refresh_from_db()
    assert (appointment.status, appointment.attempts, appointment.sent_at) == (Status.BOOKING, 0, None)
    assert appointment.leased_until is not None
    assert appointment.leased_until - timezone.now() < timedelta(seconds=72)
    assert appointment.last_error.startswith("Cal.com bittet um eine Pause")
    time_machine.move_to(appointment.leased_until + timedelta(seconds=1))
    budget.forget_all()
    assert book(appointment).status == Status.SCHEDULED
    assert len(control.bookings()) == 1


def test_a_pause_that_never_ends_is_told_to_people(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    control.post("settings", rate_limit=0)
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    Appointment.objects.update(created_at=timezone.now() - PATIENCE, attempts=LAST_ATTEMPT - 1)
    free_lease(appointment)
    assert book(appointment).status == Status.FAILED
    assert FollowUp.objects.get().kind == FollowUp.Kind.NEEDS_REVIEW


def test_a_pause_of_half_an_hour_is_told_once_and_done_with_the_booking(
    haircut: Service, control: CalcomControl
) -> None:
    control.fault("reply", method="POST", status=429, headers={"Retry-After": "20"})
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    assert not FollowUp.objects.exists()
    Appointment.objects.update(created_at=timezone.now() - LONG_WAIT - timedelta(minutes=1))
    for _ in range(3):
        free_lease(appointment)
        assert book(appointment).status == Status.BOOKING
    told = FollowUp.objects.get()
    assert (told.status, told.openings) == (FollowUp.Status.OPEN, 1)
    assert "Pause" in told.what_to_do
    budget.forget_all()
    free_lease(appointment)
    assert book(appointment).status == Status.SCHEDULED
    assert FollowUp.objects.get().status == FollowUp.Status.DONE


def test_people_are_told_before_an_appointment_that_would_begin_within_the_pause(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    control.fault("reply", method="POST", status=429, headers={"Retry-After": "60"})
    call = an_ended_call(haircut)
    time_machine.move_to(SLOT - timedelta(seconds=9))
    appointment = book_wish(call)
    assert appointment is not None
    assert appointment.status == Status.FAILED
    assert FollowUp.objects.get().kind == FollowUp.Kind.NEEDS_REVIEW


def test_what_kills_every_worker_is_given_up(haircut: Service, control: CalcomControl) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), timedelta(hours=1))
    Appointment.objects.update(attempts=LAST_ATTEMPT)
    assert book(appointment).status == Status.FAILED
    assert "Kein Versuch, den Termin zu buchen, ist zu Ende gekommen" in FollowUp.objects.get().what_to_do
    assert control.bookings() == []


def test_a_request_that_never_arrived_is_sent_again_only_when_reads_are_fresh(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    control.fault("reset", method="POST")
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    free_lease(appointment)
    assert book(appointment).status == Status.BOOKING
    assert methods(control).count("POST") == 1
    time_machine.move_to(timezone.now() + STALE_READS)
    free_lease(appointment)
    assert book(appointment).status == Status.SCHEDULED
    assert len(control.bookings()) == 1


def test_a_calendar_that_shows_new_bookings_late_is_waited_for(
    haircut: Service, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    control.post("settings", read_lag_seconds=20)
    control.fault("reset", when="after", method="POST")
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    free_lease(appointment)
    assert book(appointment).status == Status.BOOKING
    time_machine.move_to(timezone.now() + timedelta(seconds=21))
    free_lease(appointment)
    assert book(appointment).status == Status.SCHEDULED
    assert len(control.bookings()) == methods(control).count("POST") == 1


def test_a_look_up_that_fails_books_nothing(haircut: Service, control: CalcomControl) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), ago=HOUR)
    control.fault("reset", method="GET", times=2)
    assert book(appointment).status == Status.BOOKING
    assert "POST" not in methods(control)


def test_a_worker_killed_before_it_sent_is_taken_over(haircut: Service, control: CalcomControl) -> None:
    intended(an_ended_call(haircut))
    Appointment.objects.update(leased_until=timezone.now() - timedelta(seconds=1), attempts=1)
    assert book(Appointment.objects.get()).status == Status.SCHEDULED
    assert len(control.bookings()) == 1


def test_a_worker_killed_before_its_answer_came_is_taken_over(haircut: Service, control: CalcomControl) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), ago=timedelta(seconds=5))
    arrive(control, appointment)
    assert book(appointment).status == Status.SCHEDULED
    assert appointment.calcom_booking_uid == control.bookings()[0]["uid"]
    assert methods(control) == ["GET"]


def test_a_worker_killed_before_its_request_arrived_is_taken_over(haircut: Service, control: CalcomControl) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), ago=HOUR)
    assert book(appointment).status == Status.SCHEDULED
    assert len(control.bookings()) == 1


def test_a_request_that_arrives_after_the_look_up_is_not_booked_twice(haircut: Service, control: CalcomControl) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), ago=HOUR)
    arrive(control, appointment)
    # The look-up, under two addresses, comes a moment too early.
    control.fault("reply", method="GET", status=200, body={"status": "success", "data": []}, times=2)
    assert book(appointment).status == Status.SCHEDULED
    assert len(control.bookings()) == 1


def test_a_living_workers_appointment_is_not_taken_over(haircut: Service, control: CalcomControl) -> None:
    appointment = intended(an_ended_call(haircut))
    Appointment.objects.update(leased_until=timezone.now() + timedelta(seconds=30))
    assert book(appointment).status == Status.BOOKING
    assert control.requests() == []


@pytest.mark.parametrize("by", [HOUR, timedelta(days=7)])
def test_a_booking_that_staff_moved_before_we_looked_is_where_they_moved_it(
    haircut: Service, control: CalcomControl, by: timedelta
) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), ago=HOUR)
    arrive(control, appointment)
    (kept,) = control.bookings()
    control.post(f"bookings/{kept['uid']}/reschedule", start=(SLOT + by).isoformat())
    booked = book(appointment)
    past, now = control.bookings()
    assert (past["status"], now["status"]) == ("cancelled", "accepted")
    assert (booked.status, booked.starts_at, booked.calcom_booking_uid) == (Status.SCHEDULED, SLOT + by, now["uid"])
    task = FollowUp.objects.get()
    assert (task.kind, task.status) == (FollowUp.Kind.NEEDS_REVIEW, FollowUp.Status.OPEN)
    assert "steht im Kalender zu einer anderen Zeit als gewünscht" in task.what_to_do


def test_a_booking_that_staff_cancelled_before_we_looked_is_not_made_again(
    haircut: Service, control: CalcomControl
) -> None:
    appointment = sent_by_a_worker_that_died(an_ended_call(haircut), ago=HOUR)
    arrive(control, appointment)
    (kept,) = control.bookings()
    control.post(f"bookings/{kept['uid']}/cancel", reason="ill")
    assert book(appointment).status == Status.FAILED
    assert "wurde im Kalender abgesagt oder abgelehnt" in FollowUp.objects.get().what_to_do
    assert [row["status"] for row in control.bookings()] == ["cancelled"]


def test_the_same_wish_of_another_call_is_not_taken_for_ours(haircut: Service, control: CalcomControl) -> None:
    book_wish(an_ended_call(haircut, email="erika@example.com"))
    second = sent_by_a_worker_that_died(an_ended_call(haircut, email="erika@example.com"), ago=HOUR)
    assert book(second).status == Status.FAILED
    assert len(control.bookings()) == 1


def nobody_is_there(haircut: Service) -> Appointment:
    Company.objects.update(calcom_base_url=f"http://127.0.0.1:{free_port()}")
    haircut.company.refresh_from_db()
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    return appointment


def tried_until(attempts: int, time_machine: TimeMachineFixture) -> Appointment:
    """So many attempts at the one appointment have failed, each when its time had come."""
    appointment = Appointment.objects.get()
    while appointment.attempts < attempts:
        assert appointment.leased_until is not None
        time_machine.move_to(appointment.leased_until + timedelta(seconds=1))
        appointment = book(Appointment.objects.get())
    return appointment


def test_people_know_of_a_booking_that_waits_for_half_an_hour(
    haircut: Service, time_machine: TimeMachineFixture
) -> None:
    nobody_is_there(haircut)
    tried_until(3, time_machine)
    assert not FollowUp.objects.exists()
    assert tried_until(4, time_machine).status == Status.BOOKING
    told = FollowUp.objects.get()
    assert (told.kind, told.status) == (FollowUp.Kind.NEEDS_REVIEW, FollowUp.Status.OPEN)
    assert told.what_to_do.startswith("Noch nicht gebucht, es wird weiter versucht")
    tried_until(5, time_machine)
    assert FollowUp.objects.get().openings == told.openings


def test_there_is_nothing_to_do_any_more_once_it_is_booked_after_all(
    haircut: Service, salon: Company, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    there = salon.calcom_base_url
    nobody_is_there(haircut)
    appointment = tried_until(4, time_machine)
    Company.objects.update(calcom_base_url=there)
    breakers.reset_all()
    free_lease(appointment)
    assert book(Appointment.objects.get()).status == Status.SCHEDULED
    assert FollowUp.objects.get().status == FollowUp.Status.DONE


def test_a_refusal_overtakes_what_people_were_told_before(
    haircut: Service, salon: Company, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    there = salon.calcom_base_url
    nobody_is_there(haircut)
    appointment = tried_until(4, time_machine)
    Company.objects.update(calcom_base_url=there)
    breakers.reset_all()
    control.post("bookings", event_type_id=haircut.calcom_event_type_id, start=SLOT.isoformat(), email="a@web.example")
    free_lease(appointment)
    assert book(Appointment.objects.get()).status == Status.FAILED
    (open_one,) = FollowUp.objects.exclude(status=FollowUp.Status.DONE)
    assert open_one.kind == FollowUp.Kind.BOOKING_FAILED


def test_who_is_never_reached_is_given_up_and_left_to_staff(
    haircut: Service, salon: Company, time_machine: TimeMachineFixture
) -> None:
    salon.calcom_base_url = f"http://127.0.0.1:{free_port()}"
    salon.save()
    appointment = book_wish(an_ended_call(haircut))
    assert appointment is not None
    tries = 1
    while appointment.status == Status.BOOKING and tries < 20:
        assert appointment.leased_until is not None
        time_machine.move_to(appointment.leased_until + timedelta(seconds=1))
        appointment = book(Appointment.objects.get())
        tries += 1
    assert (appointment.status, tries, appointment.attempts) == (Status.FAILED, 7, 7)
    follow_up = FollowUp.objects.get()
    assert follow_up.kind == FollowUp.Kind.NEEDS_REVIEW
    assert follow_up.what_to_do.startswith("Cal.com ist nicht erreichbar")
    assert "bevor Sie von Hand buchen" in follow_up.what_to_do
