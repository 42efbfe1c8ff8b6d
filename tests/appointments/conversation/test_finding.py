"""Which appointments the caller has."""

from appointments.models import Appointment, Service
from tests.appointments.booked import book_by_phone
from tests.appointments.talking import Conversation, told
from tests.calcom.conftest import CalcomControl


def test_they_are_named_with_weekday_and_date_the_next_one_first(caller: Conversation, cut: Service) -> None:
    book_by_phone(cut, "2027-01-15T10:00")
    book_by_phone(cut, "2027-01-13T16:00")
    reply = caller.find()
    assert reply.status == "found"
    assert reply.message == (
        "Sie haben diese Termine: Haarschnitt am Mittwoch, 13. Januar 2027 um 16 Uhr; Haarschnitt am Freitag, "
        "15. Januar 2027 um 10 Uhr."
    )
    assert [one["date"] for one in told(reply, "appointments")] == ["2027-01-13", "2027-01-15"]


def test_who_has_none_is_told_so(caller: Conversation) -> None:
    assert (caller.find().status, told(caller.find(), "appointments")) == ("not_found", [])


def test_what_is_over_or_cancelled_is_not_named(caller: Conversation, cut: Service) -> None:
    book_by_phone(cut, "2027-01-13T16:00")
    Appointment.objects.update(status=Appointment.Status.CANCELLED)
    assert caller.find().status == "not_found"


def test_the_calendar_is_not_asked(caller: Conversation, cut: Service, control: CalcomControl) -> None:
    book_by_phone(cut, "2027-01-13T16:00")
    before = len(control.requests())
    caller.find()
    assert len(control.requests()) == before


def test_a_hidden_caller_is_called_back(hidden_caller: Conversation) -> None:
    assert hidden_caller.find().status == "callback_required"


def test_many_are_spoken_in_less_than_the_agent_can_read(caller: Conversation, cut: Service) -> None:
    for day in range(50):
        book_by_phone(cut, f"2027-0{2 + day // 25}-{1 + day % 25:02}T10:00")
    reply = caller.find()
    assert reply.message.endswith("um 10 Uhr; und 44 weitere.")
    assert len(reply.model_dump_json()) < 15_000


def test_after_ten_look_ups_in_one_call_a_person_calls_back(caller: Conversation, other_caller: Conversation) -> None:
    assert [caller.find().status for _ in range(11)] == [*["not_found"] * 10, "too_many_lookups"]
    assert len(caller.follow_ups()) == 1
    assert other_caller.find().status == "not_found"
