"""Event types that somebody has to confirm: a requested booking is no booking yet."""

import pytest
import requests

from appointments.booking import book
from appointments.intents import book_wish
from appointments.models import Appointment, Customer, FollowUp, Service
from tests.appointments.wishing import an_ended_call, free_lease
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl

Status = Appointment.Status


@pytest.fixture
def requested(colour: Service) -> Appointment:
    appointment = book_wish(an_ended_call(colour))
    assert appointment is not None
    return appointment


def looked_at_again(appointment: Appointment) -> Appointment:
    free_lease(appointment)
    return book(Appointment.objects.get())


def test_a_request_is_not_scheduled(requested: Appointment, control: CalcomControl) -> None:
    (kept,) = control.bookings()
    assert (requested.status, kept["status"]) == (Status.BOOKING, "pending")
    assert requested.calcom_booking_uid == kept["uid"]
    assert not Customer.objects.exists()


def test_staff_are_asked_to_confirm_once(requested: Appointment) -> None:
    FollowUp.objects.update(status=FollowUp.Status.DONE)
    for _ in range(3):
        assert looked_at_again(requested).status == Status.BOOKING
    follow_up = FollowUp.objects.get()
    assert follow_up.what_to_do == "Die Buchung wartet im Kalender auf Bestätigung."
    assert follow_up.status == FollowUp.Status.DONE


def test_looking_again_asks_for_nothing_twice(requested: Appointment, control: CalcomControl) -> None:
    looked_at_again(requested)
    assert [row["method"] for row in control.requests()] == ["POST", "GET"]


def test_a_confirmed_request_is_scheduled(requested: Appointment, control: CalcomControl) -> None:
    confirm(control, requested, "confirm")
    assert looked_at_again(requested).status == Status.SCHEDULED


def test_a_declined_request_is_told_to_staff(requested: Appointment, control: CalcomControl) -> None:
    confirm(control, requested, "decline")
    assert looked_at_again(requested).status == Status.FAILED
    latest = FollowUp.objects.get(kind=FollowUp.Kind.BOOKING_FAILED)
    assert "im Kalender abgesagt oder abgelehnt" in latest.what_to_do


def test_a_request_that_the_host_moved_is_booked_there_and_told_to_staff(
    requested: Appointment, control: CalcomControl
) -> None:
    FollowUp.objects.update(status=FollowUp.Status.DONE)
    control.post(f"bookings/{requested.calcom_booking_uid}/reschedule", start=(SLOT + HOUR).isoformat())
    moved = looked_at_again(requested)
    assert (moved.status, moved.starts_at) == (Status.SCHEDULED, SLOT + HOUR)
    follow_up = FollowUp.objects.get()
    assert "zu einer anderen Zeit" in follow_up.what_to_do
    assert follow_up.status == FollowUp.Status.OPEN


def test_waiting_long_uses_up_no_attempts(requested: Appointment, control: CalcomControl) -> None:
    for _ in range(8):
        looked_at_again(requested)
    control.fault("reset", method="GET")
    assert looked_at_again(requested).status == Status.BOOKING


def confirm(control: CalcomControl, appointment: Appointment, answer: str) -> None:
    response = requests.post(
        f"{control.base_url}/v2/bookings/{appointment.calcom_booking_uid}/{answer}",
        headers={"Authorization": f"Bearer {API_KEY}", "cal-api-version": "2024-08-13"},
        json={},
        timeout=5,
    )
    response.raise_for_status()
