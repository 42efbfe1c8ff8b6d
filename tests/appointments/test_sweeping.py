"""The sweep: what was forgotten is found, and one that breaks does not hold up the others."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from appointments.booking import waiting_appointments
from appointments.intents import FORGOTTEN_CALLS, NOT_INTENDED_YET, book_wish, calls_to_book
from appointments.models import Appointment, Call, Company, FollowUp, Service
from appointments.tasks import sweep_bookings
from config.celery import app
from tests import bells
from tests.appointments.wishing import an_ended_call
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_call
from tests.servers import free_port

Status = Appointment.Status


@pytest.fixture(autouse=True)
def _no_bell_has_rung() -> None:
    bells.rung()


def swept() -> list[str]:
    """What the sweep rings for."""
    sweep_bookings()
    return [f"{ring.task.rpartition('.')[2]} {ring.args[0]}" for ring in bells.rung()]


def waiting(service: Service, **lease: object) -> Appointment:
    """An appointment that is to be booked, made a moment ago."""
    call = an_ended_call(service)
    return Appointment.objects.create(
        company=service.company,
        service=service,
        call=call,
        starts_at=SLOT,
        ends_at=SLOT + HOUR,
        attendee_name="Erika",
        status=Status.BOOKING,
        **lease,
    )


def test_a_call_whose_end_rang_no_bell_is_booked(haircut: Service) -> None:
    call = an_ended_call(haircut)
    sweep_bookings()
    bells.answer()
    assert Appointment.objects.get(call=call).status == Status.SCHEDULED


def test_a_calendar_that_comes_back_gets_the_booking(
    haircut: Service, salon: Company, control: CalcomControl, time_machine: TimeMachineFixture
) -> None:
    Company.objects.update(calcom_base_url=f"http://127.0.0.1:{free_port()}")
    book_wish(Call.objects.get(pk=an_ended_call(haircut).pk))
    Company.objects.update(calcom_base_url=control.base_url)
    assert swept() == []
    time_machine.move_to(timezone.now() + timedelta(minutes=1))
    sweep_bookings()
    bells.answer()
    assert Appointment.objects.get().status == Status.SCHEDULED
    assert len(control.bookings()) == 1


@pytest.mark.parametrize("status", [Call.Status.REGISTERED, Call.Status.ONGOING])
def test_a_call_that_goes_on_is_left_alone(haircut: Service, status: Call.Status) -> None:
    an_ended_call(haircut, call={"status": status})
    assert swept() == []


def test_a_call_without_a_wish_is_left_alone(salon: Company) -> None:
    make_call(salon, status=Call.Status.ENDED)
    assert swept() == []


def test_a_call_of_long_ago_is_left_alone(haircut: Service) -> None:
    an_ended_call(haircut)
    Call.objects.update(updated_at=timezone.now() - FORGOTTEN_CALLS - timedelta(seconds=1))
    assert swept() == []


def test_a_call_that_was_booked_is_left_alone(haircut: Service) -> None:
    book_wish(an_ended_call(haircut))
    assert swept() == []


def test_a_call_that_staff_look_after_is_left_alone(haircut: Service) -> None:
    call = an_ended_call(haircut)
    haircut.delete()
    book_wish(call)
    assert swept() == []


def test_a_promised_callback_does_not_hide_the_wish(haircut: Service) -> None:
    call = an_ended_call(haircut)
    FollowUp.objects.create(company=call.company, call=call, kind=FollowUp.Kind.CALLBACK, what_to_do="Call back.")
    assert swept() == [f"book_call {call.pk}"]


def test_an_appointment_that_nobody_works_on_is_booked(haircut: Service) -> None:
    appointment = waiting(haircut)
    assert swept() == [f"book_appointment {appointment.pk}"]


def test_a_dead_workers_appointment_is_booked(haircut: Service) -> None:
    appointment = waiting(haircut, leased_until=timezone.now() - timedelta(seconds=1))
    assert swept() == [f"book_appointment {appointment.pk}"]


def test_a_living_workers_appointment_is_left_alone(haircut: Service) -> None:
    waiting(haircut, leased_until=timezone.now() + timedelta(seconds=30))
    assert swept() == []


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.BOOKING, *NOT_INTENDED_YET)])
def test_what_is_not_to_be_booked_is_left_alone(haircut: Service, status: Appointment.Status) -> None:
    waiting(haircut)
    Appointment.objects.update(status=status)
    assert swept() == []


@pytest.mark.parametrize("status", NOT_INTENDED_YET)
def test_a_hold_of_a_call_that_is_over_is_booked(haircut: Service, status: Appointment.Status) -> None:
    appointment = waiting(haircut)
    Appointment.objects.update(status=status)
    assert swept() == [f"book_call {appointment.call_id}"]


@pytest.mark.parametrize("state", ["dropped", "handed_over"])
def test_a_wish_that_is_settled_is_left_alone(haircut: Service, state: str) -> None:
    an_ended_call(haircut, state=state)
    assert swept() == []


def test_one_that_breaks_does_not_hold_up_the_others(haircut: Service, broken_calendar: None) -> None:
    broken = an_ended_call(haircut, customer_name="Zero")
    whole = an_ended_call(haircut, starts_at=SLOT + HOUR)
    sweep_bookings()
    for ring in bells.rung():
        # As a worker does it: an exception ends one task, not the worker.
        app.tasks[ring.task].apply(args=ring.args)
    assert Appointment.objects.get(call=broken).last_error == "ZeroDivisionError"
    assert Appointment.objects.get(call=whole).status == Status.SCHEDULED


def test_many_broken_ones_do_not_keep_the_others_out(haircut: Service) -> None:
    now = timezone.now()
    broken = [waiting(haircut, leased_until=now - timedelta(seconds=age)) for age in (3, 2, 1)]
    fresh = waiting(haircut)
    assert waiting_appointments(limit=2) == [fresh.pk, broken[0].pk]


def test_a_sweep_is_a_bounded_piece_of_work(haircut: Service) -> None:
    for _ in range(3):
        an_ended_call(haircut)
    assert len(calls_to_book(limit=2)) == 2
