"""Cancelling by phone."""

import pytest

from appointments.models import Appointment, Company, FollowUp, Service
from tests.appointments.booked import book_by_phone
from tests.appointments.talking import Conversation, berlin, told
from tests.calcom.conftest import CalcomControl

Status = Appointment.Status


@pytest.fixture
def booked(cut: Service) -> Appointment:
    """Of the caller's number, on Wednesday at ten, made in an earlier call."""
    return book_by_phone(cut, "2027-01-13T10:00")


def status_of(appointment: Appointment) -> str:
    appointment.refresh_from_db()
    return appointment.status


def test_it_is_cancelled_in_the_calendar_and_here(
    caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    reply = caller.cancel(reason="bin krank")
    assert reply.status == "cancelled"
    assert reply.message == "Ihr Termin ist abgesagt: Haarschnitt am Mittwoch, 13. Januar 2027 um 10 Uhr."
    assert status_of(booked) == Status.CANCELLED
    assert booked.cancellation_reason == "bin krank"
    assert [(row["status"], row["cancellationReason"]) for row in control.bookings()] == [("cancelled", "bin krank")]


def test_without_a_reason_the_calendar_gets_one(
    caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    caller.cancel()
    assert control.bookings()[0]["cancellationReason"]


def test_its_time_is_free_at_once(caller: Conversation, booked: Appointment, other_caller: Conversation) -> None:
    assert other_caller.check(date="Mittwoch", time="10 Uhr").status == "slot_taken"
    caller.cancel()
    assert other_caller.check(date="Mittwoch", time="10 Uhr").status == "available"


def test_cancelling_again_finds_nothing(caller: Conversation, booked: Appointment) -> None:
    assert [caller.cancel().status for _ in range(2)] == ["cancelled", "not_found"]


def test_of_several_the_caller_is_asked_which(caller: Conversation, booked: Appointment, cut: Service) -> None:
    friday = book_by_phone(cut, "2027-01-15T10:00")
    assert caller.cancel().status == "which_appointment"
    assert caller.cancel(date="Freitag").status == "cancelled"
    assert (status_of(booked), status_of(friday)) == (Status.SCHEDULED, Status.CANCELLED)


@pytest.mark.parametrize("words", [{"date": "Freitag"}, {"date": "irgendwann"}, {"time": "16 Uhr"}])
def test_the_only_one_is_not_taken_for_another(
    caller: Conversation, booked: Appointment, words: dict[str, str]
) -> None:
    assert caller.cancel(**words).status == "which_appointment"
    assert status_of(booked) == Status.SCHEDULED


def test_too_late_is_too_late(caller: Conversation, booked: Appointment) -> None:
    Company.objects.update(notice_hours=72)
    reply = caller.cancel()
    assert reply.status == "too_late"
    assert "nur bis 72 Stunden vorher" in reply.message
    assert status_of(booked) == Status.SCHEDULED


def test_a_lost_answer_is_not_called_done(caller: Conversation, booked: Appointment, control: CalcomControl) -> None:
    control.fault("reset", path="/v2/bookings/.*/cancel", when="after")
    assert caller.cancel().status == "cancellation_pending"
    assert FollowUp.objects.filter(appointment=booked, kind=FollowUp.Kind.NEEDS_REVIEW).exists()


def test_what_was_cancelled_in_the_calendar_already_is_done(
    caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    control.post(f"bookings/{booked.calcom_booking_uid}/cancel", reason="On the web")
    assert caller.cancel().status == "cancelled"


def test_where_the_calendar_refuses_it_stands_and_staff_call_back(
    caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    refusal = {"statusCode": 400, "message": "This event type does not allow cancellations"}
    control.fault("reply", path="/v2/bookings/.*/cancel", status=400, body=refusal)
    reply = caller.cancel()
    assert reply.status == "not_changeable"
    assert status_of(booked) == Status.SCHEDULED
    assert [row.kind for row in caller.follow_ups()] == [FollowUp.Kind.CALLBACK]


def test_another_numbers_appointment_is_not_cancelled(other_caller: Conversation, booked: Appointment) -> None:
    assert other_caller.cancel().status == "not_found"
    assert status_of(booked) == Status.SCHEDULED


def test_a_hidden_caller_is_called_back(hidden_caller: Conversation, booked: Appointment) -> None:
    assert hidden_caller.cancel(date="Mittwoch").status == "callback_required"
    assert status_of(booked) == Status.SCHEDULED
    assert [row.kind for row in hidden_caller.follow_ups()] == [FollowUp.Kind.CALLBACK]


class TestAWishOfThisCall:
    def test_it_is_dropped_and_its_time_is_free(
        self, caller: Conversation, other_caller: Conversation, control: CalcomControl
    ) -> None:
        caller.collect()
        reply = caller.cancel()
        assert reply.status == "wish_dropped"
        assert (caller.wish().state, caller.row().status) == ("dropped", Status.EXPIRED)
        assert other_caller.collect().status == "collected"

    def test_a_hidden_callers_too(self, hidden_caller: Conversation) -> None:
        hidden_caller.collect()
        assert hidden_caller.cancel().status == "wish_dropped"

    def test_who_wishes_again_is_heard(self, caller: Conversation) -> None:
        caller.collect()
        caller.cancel()
        assert caller.collect(date="Mittwoch").status == "collected"
        assert caller.wish().state == "wanted"

    def test_beside_an_appointment_it_is_asked_which(self, caller: Conversation, booked: Appointment) -> None:
        caller.collect()
        assert caller.cancel().status == "which_appointment"
        assert caller.cancel(date="morgen").status == "wish_dropped"
        assert status_of(booked) == Status.SCHEDULED


def test_who_cancels_what_the_call_has_booked_can_book_anew(caller: Conversation, cut: Service) -> None:
    Company.objects.update(booking_mode=Company.BookingMode.DURING_CALL, notice_hours=0)
    caller.collect()
    caller.collect(confirmed=True)
    caller.cancel()
    caller.collect(date="Mittwoch")
    assert caller.collect(date="Mittwoch", confirmed=True).status == "booked"
    assert sorted(Appointment.objects.values_list("status", flat=True)) == [Status.CANCELLED, Status.SCHEDULED]
    assert caller.row().starts_at == berlin("2027-01-13T14:00")


def test_the_answer_names_what_was_cancelled(caller: Conversation, booked: Appointment) -> None:
    (cancelled,) = told(caller.cancel(), "appointments")
    assert (cancelled["date"], cancelled["time"], cancelled["service"]) == ("2027-01-13", "10:00", "Haarschnitt")
