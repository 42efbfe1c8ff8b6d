"""Companies that book while the caller waits: only on a yes, and only what the calendar has confirmed is so called."""

import pytest

from appointments.booking import placeholder_email
from appointments.intents import book_wish
from appointments.models import Appointment, Call, Company, FollowUp, Service
from tests.appointments.talking import CLAIM, Conversation, berlin, times
from tests.calcom.conftest import CalcomControl

Status = Appointment.Status


@pytest.fixture(autouse=True)
def _during_the_call(salon: Company) -> None:
    Company.objects.update(booking_mode=Company.BookingMode.DURING_CALL)


def accepted(control: CalcomControl) -> int:
    return sum(row["status"] == "accepted" for row in control.bookings())


def hang_up(caller: Conversation) -> Appointment | None:
    Call.objects.update(status=Call.Status.ENDED)
    return book_wish(Call.objects.select_related("company", "customer").get(pk=caller.call.pk))


def test_a_free_time_is_held_and_a_yes_is_asked_for(caller: Conversation, control: CalcomControl) -> None:
    reply = caller.collect()
    assert reply.status == "confirmation_required"
    assert reply.message == (
        "Dienstag, 12. Januar 2027 um 14 Uhr ist frei: Haarschnitt für Erika Beispiel. Soll ich das jetzt buchen?"
    )
    assert (caller.row().status, control.bookings()) == (Status.HELD, [])


def test_after_the_yes_it_is_booked(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    reply = caller.collect(confirmed=True)
    assert reply.status == "booked"
    assert reply.message == (
        "Ihr Termin ist gebucht: Haarschnitt am Dienstag, 12. Januar 2027 um 14 Uhr für Erika Beispiel."
    )
    assert (caller.row().status, accepted(control)) == (Status.SCHEDULED, 1)


@pytest.mark.parametrize("yes", [True, "true", "ja", "Ja, bitte", "yes"])
def test_a_yes_alone_is_enough(caller: Conversation, yes: object) -> None:
    caller.collect()
    assert caller.adds(confirmed=yes).status == "booked"


@pytest.mark.parametrize("no", [None, False, "None", "nein", "vielleicht", "{{confirmed}}", 1.5, ""])
def test_what_is_no_yes_books_nothing(caller: Conversation, control: CalcomControl, no: object) -> None:
    caller.collect()
    assert caller.collect(confirmed=no).status == "confirmation_required"
    assert control.bookings() == []


def test_a_yes_before_the_question_is_none(caller: Conversation, control: CalcomControl) -> None:
    assert caller.collect(confirmed=True).status == "confirmation_required"
    assert control.bookings() == []


def test_a_yes_to_another_time_than_was_read_back_is_none(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    assert caller.collect(time="16 Uhr", confirmed=True).status == "confirmation_required"
    assert control.bookings() == []


def test_a_repeated_yes_is_the_same_booking(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    assert [caller.collect(confirmed=True).status for _ in range(3)] == ["booked"] * 3
    assert accepted(control) == 1


def test_the_end_of_the_call_books_nothing_more(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    caller.collect(confirmed=True)
    hang_up(caller)
    assert accepted(control) == 1


def test_who_hangs_up_on_the_question_is_called_back_and_nothing_is_booked(
    caller: Conversation, control: CalcomControl
) -> None:
    caller.collect()
    assert hang_up(caller) is None
    assert control.bookings() == []
    assert [row.kind for row in caller.follow_ups()] == [FollowUp.Kind.CALLBACK]
    assert caller.row().status == Status.EXPIRED


def test_a_time_that_was_taken_meanwhile_is_answered_with_others(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    caller.take("2027-01-12T14:00")
    reply = caller.collect(confirmed=True)
    assert (reply.status, times(reply)) == (
        "slot_taken",
        ["2027-01-12 12:00", "2027-01-12 13:00", "2027-01-12 15:00"],
    )
    assert not CLAIM.search(reply.message)


def test_what_the_host_has_moved_meanwhile_is_told_where_it_is(caller: Conversation, control: CalcomControl) -> None:
    """An earlier request of ours arrived after all, and the host moved what it booked."""
    caller.collect()
    row = caller.row()
    ours = {"email": placeholder_email(row), "metadata": {"booking_key": str(row.booking_key)}}
    event_type_id = row.service.calcom_event_type_id
    made = control.post("bookings", event_type_id=event_type_id, start=row.starts_at.isoformat(), **ours)
    control.post(f"bookings/{made['uid']}/reschedule", start=berlin("2027-01-12T16:00").isoformat())
    caller.take("2027-01-12T14:00")
    reply = caller.collect(confirmed=True)
    assert reply.status == "already_booked"
    assert "16 Uhr" in reply.message
    assert "14 Uhr" not in reply.message


def test_one_of_the_others_is_booked_on_a_yes(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    caller.take("2027-01-12T14:00")
    caller.collect(confirmed=True)
    assert caller.adds(time="das zweite").status == "confirmation_required"
    assert caller.adds(confirmed=True).status == "booked"
    assert caller.row().starts_at == berlin("2027-01-12T13:00")
    assert not FollowUp.objects.exclude(status=FollowUp.Status.DONE).exists()


def test_who_hangs_up_on_the_others_is_called_back(caller: Conversation) -> None:
    caller.collect()
    caller.take("2027-01-12T14:00")
    caller.collect(confirmed=True)
    hang_up(caller)
    assert FollowUp.objects.filter(status=FollowUp.Status.OPEN).exists()


@pytest.mark.parametrize("action", ["reset", "malformed", "reply"])
def test_a_lost_answer_is_seen_to_after_the_call(caller: Conversation, control: CalcomControl, action: str) -> None:
    caller.collect()
    control.fault(action, path="/v2/bookings", when="after")
    reply = caller.collect(confirmed=True)
    assert (reply.success, reply.status) == (True, "booking_pending")
    assert not CLAIM.search(reply.message)
    Appointment.objects.update(leased_until=None)
    assert hang_up(caller).status == Status.SCHEDULED
    assert accepted(control) == 1


def test_a_calendar_that_is_away_before_the_question_falls_back_to_after_the_call(
    caller: Conversation, control: CalcomControl
) -> None:
    control.fault("reset", path="/v2/slots")
    assert caller.collect().status == "collected_unchecked"
    assert hang_up(caller).status == Status.SCHEDULED


def test_what_the_calendar_never_accepts_goes_to_staff(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    refusal = {"statusCode": 403, "message": "Cannot use this email to create the booking."}
    control.fault("reply", path="/v2/bookings", method="POST", status=403, body=refusal)
    reply = caller.collect(confirmed=True)
    assert reply.status == "booking_failed"
    assert not CLAIM.search(reply.message)
    assert FollowUp.objects.get().kind == FollowUp.Kind.BOOKING_FAILED


def test_what_has_to_be_confirmed_by_staff_is_not_called_booked(caller: Conversation, control: CalcomControl) -> None:
    Service.objects.update(calcom_event_type_id=control.ids["colour"], duration_minutes=30)
    caller.collect()
    reply = caller.collect(confirmed=True)
    assert reply.status == "requested"
    assert not CLAIM.search(reply.message)


def test_a_wish_after_the_end_of_the_call_needs_a_yes_too(caller: Conversation, control: CalcomControl) -> None:
    Call.objects.update(status=Call.Status.ENDED)
    assert caller.collect().status == "confirmation_required"
    hang_up(caller)
    assert control.bookings() == []
