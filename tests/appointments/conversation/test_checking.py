"""What the caller hears when they ask what is free."""

import pytest

from appointments.conversation.checking import spread
from appointments.models import Appointment, Company, Service
from tests.appointments.promises import promise
from tests.appointments.talking import NOW, Conversation, berlin, times, told
from tests.calcom.conftest import HOUR, CalcomControl
from tests.factories import make_service


def test_a_day_is_answered_with_at_most_five_times_spread_over_it(caller: Conversation) -> None:
    reply = caller.check(date="morgen")
    assert reply.status == "available"
    assert times(reply, "times") == [f"2027-01-12 {hour}:00" for hour in ("09", "11", "13", "16", "18")]
    assert reply.message == (
        "Im Moment ist frei: Dienstag, 12. Januar 2027 um 9 Uhr, 11 Uhr, 13 Uhr, 16 Uhr oder 18 Uhr. "
        "Was passt Ihnen am besten?"
    )


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("vormittags", "09:00", "11:00"),
        ("mittags", "11:00", "13:00"),
        ("nachmittags", "12:00", "17:00"),
        ("abends", "17:00", "18:00"),
        ("ab 16 Uhr", "16:00", "18:00"),
        ("vor 12", "09:00", "11:00"),
        ("zwischen 10 und 12", "10:00", "11:00"),
    ],
)
def test_a_part_of_the_day_is_answered_with_times_in_it(
    caller: Conversation, words: str, first: str, last: str
) -> None:
    found = [one[-5:] for one in times(caller.check(date="morgen", time=words), "times")]
    assert (found[0], found[-1]) == (first, last)


def test_a_time_that_is_free_is_said_to_be(caller: Conversation) -> None:
    reply = caller.check(date="morgen", time="14 Uhr")
    assert (reply.status, times(reply, "times")) == ("available", ["2027-01-12 14:00"])
    assert reply.message == "Dienstag, 12. Januar 2027 um 14 Uhr ist frei. Soll ich das für Sie notieren?"


def test_a_time_that_is_taken_is_answered_with_the_nearest(caller: Conversation) -> None:
    caller.take("2027-01-12T14:00")
    reply = caller.check(date="morgen", time="14 Uhr")
    assert (reply.status, times(reply, "times")) == (
        "slot_taken",
        ["2027-01-12 12:00", "2027-01-12 13:00", "2027-01-12 15:00"],
    )


def test_a_part_of_the_day_that_is_full_is_said_to_be(caller: Conversation) -> None:
    for hour in (9, 10, 11):
        caller.take(f"2027-01-12T{hour:02}:00")
    reply = caller.check(date="morgen", time="vormittags")
    assert reply.status == "slot_taken"
    assert reply.message.startswith("Da ist leider nichts frei. Frei wäre: ")
    assert all(one.startswith("2027-01-12") for one in times(reply, "times"))


def test_a_day_that_is_full_is_answered_with_the_next_days(caller: Conversation) -> None:
    for hour in range(9, 19):
        caller.take(f"2027-01-12T{hour:02}:00")
    reply = caller.check(date="morgen")
    assert reply.status == "slot_taken"
    assert {one[:10] for one in times(reply, "times")} == {"2027-01-13"}


@pytest.mark.parametrize("words", ["so bald wie möglich", "der nächste freie Termin", "as soon as possible", None])
def test_the_next_free_times_are_those_of_the_first_days(caller: Conversation, words: str | None) -> None:
    found = times(caller.check(date=words), "times")
    assert found[0] == "2027-01-11 13:00"
    assert {one[:10] for one in found} == {"2027-01-11", "2027-01-12"}


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("nächste Woche", "2027-01-18", "2027-01-24"),
        ("diese Woche", "2027-01-11", "2027-01-17"),
        ("am Wochenende", "2027-01-16", "2027-01-17"),
    ],
)
def test_a_stretch_of_days_is_answered_with_times_in_it(
    caller: Conversation, words: str, first: str, last: str
) -> None:
    found = [one[:10] for one in times(caller.check(date=words), "times")]
    assert (found[0], found[-1]) == (first, last)


def test_a_part_of_the_day_holds_for_the_whole_stretch(caller: Conversation) -> None:
    found = times(caller.check(date="nächste Woche", time="vormittags"), "times")
    assert all(one[-5:] < "12:00" for one in found)


def test_an_hour_without_a_day_is_looked_for_on_the_next_days(caller: Conversation) -> None:
    found = times(caller.check(time="16 Uhr"), "times")
    assert found == ["2027-01-11 16:00", "2027-01-12 16:00"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"date": "gestern"}, "date_in_past"),
        ({"date": "31.2.2028"}, "date_impossible"),
        ({"date": "Montag, den 13. Januar"}, "weekday_mismatch"),
        ({"date": "morgen", "time": "00:00"}, "time_ambiguous"),
        ({"date": "blau"}, "date_unclear"),
    ],
)
def test_what_is_not_understood_is_asked(caller: Conversation, words: dict[str, str], status: str) -> None:
    assert caller.check(**words).status == status


def test_the_service_is_asked_for(caller: Conversation, salon: Company) -> None:
    make_service(salon, name="Färben")
    assert caller.check(service=None).status == "service_required"


def test_nothing_is_held_by_asking(caller: Conversation) -> None:
    caller.check(date="morgen")
    assert not Appointment.objects.exists()


def test_what_was_told_can_be_taken_up(caller: Conversation) -> None:
    caller.check(date="morgen")
    reply = caller.adds(name="Erika Beispiel", time="das zweite")
    assert (reply.status, told(reply, "date"), told(reply, "time")) == ("collected", "2027-01-12", "11:00")


def test_what_was_told_to_one_is_free_for_another(caller: Conversation, other_caller: Conversation) -> None:
    caller.check(date="morgen", time="14 Uhr")
    assert other_caller.collect().status == "collected"


def test_what_others_hold_is_not_free(caller: Conversation, other_caller: Conversation) -> None:
    other_caller.collect()
    assert caller.check(date="morgen", time="14 Uhr").status == "slot_taken"


def test_what_the_caller_holds_is_free_for_the_caller(caller: Conversation) -> None:
    caller.collect()
    assert caller.check(date="morgen", time="14 Uhr").status == "available"


def test_a_calendar_that_does_not_answer_is_neither_free_nor_full(caller: Conversation, control: CalcomControl) -> None:
    control.fault("reset", path="/v2/slots")
    reply = caller.check(date="morgen")
    assert (reply.success, reply.status) == (True, "calendar_unreachable")


def test_a_second_question_is_answered_without_the_calendar(caller: Conversation, control: CalcomControl) -> None:
    caller.check(date="morgen")
    caller.check(date="übermorgen", time="nachmittags")
    assert len(control.requests()) == 1


def test_as_many_at_once_as_there_is_room_for(caller: Conversation, cut: Service) -> None:
    cut.parallel_capacity = 2
    cut.save()
    promise(cut, start=berlin("2027-01-12T14:00"))
    assert caller.check(date="morgen", time="14 Uhr").status == "available"


@pytest.mark.parametrize(("count", "places"), [(0, []), (3, [0, 1, 2]), (5, [0, 1, 2, 3, 4]), (9, [0, 2, 4, 6, 8])])
def test_times_are_spread_from_the_first_to_the_last(count: int, places: list[int]) -> None:
    starts = [NOW + place * HOUR for place in range(count)]
    assert spread(starts, 5) == [starts[place] for place in places]
