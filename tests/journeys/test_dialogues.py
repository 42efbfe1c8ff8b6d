"""Whole conversations, as Retell's model leads them: what the caller is told, and what stands in Cal.com afterwards."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from appointments.models import Appointment, Call, Company, Customer, FollowUp
from tests.journeys.scripts import CALLER, a_call, a_start, next_workday
from tests.journeys.test_a_call import booked, everything_processed
from tests.journeys.world import World
from tests.waiting import eventually

pytestmark = pytest.mark.processes

Turn = tuple[str, dict[str, Any]]
COLLECT, CHECK = "collect_appointment_information", "check_availability"
CHANGE, CANCEL = "change_appointment_details", "cancel_appointment"
FIND, CALL_BACK = "find_appointments", "request_callback"


def workday_after(day: date) -> date:
    following = day + timedelta(days=1)
    return following if following.weekday() < 5 else workday_after(following)


def said(day: date) -> str:
    return f"{day:%d.%m.%Y}"


DAY = next_workday()
NEXT_DAY = workday_after(DAY)
WISH = {"name": "Erika Beispiel", "service": "Herrenschnitt", "date": said(DAY), "time": "14 Uhr 30"}


def talk(world: World, company: Company, *turns: Turn, **more: Any) -> list[dict[str, Any]]:
    """Play the call; the answers to its functions, in their order."""
    script = [{"function": name, "args": args} for name, args in turns]
    report = world.play(a_call(company, script=script, **more))
    steps = [step for step in report["steps"] if step["what"].startswith("function:")]
    assert {step["status"] for step in steps} == {200}
    return [step["body"] for step in steps]


def statuses(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["status"] for answer in answers]


def live(world: World) -> list[dict[str, Any]]:
    return [row for row in world.bookings() if row["status"] == "accepted"]


def have_an_appointment(world: World, company: Company, at: str = "14 Uhr 30", **more: Any) -> Appointment:
    """Made in an earlier call of the same number."""
    talk(world, company, (COLLECT, {**WISH, "time": at}), call_id="call_earlier", **more)
    return booked("call_earlier")


def test_a_caller_changes_their_mind_and_corrects_the_name(world: World) -> None:
    company = world.company()
    answers = talk(
        world,
        company,
        (COLLECT, {**WISH, "name": "Erika Beispil"}),
        (COLLECT, {"name": "Erika Beispiehl"}),
        (CHECK, {"date": said(NEXT_DAY), "time": "vormittags"}),
        (COLLECT, {"time": "das zweite"}),
        (COLLECT, {"time": "doch lieber um 16 Uhr"}),
    )
    assert statuses(answers) == ["collected", "collected", "available", "collected", "collected"]
    assert answers[3]["time"] == answers[2]["times"][1]["time"]
    appointment = booked()
    assert appointment.starts_at == a_start(company, time(16)) + (NEXT_DAY - DAY)
    assert (appointment.attendee_name, len(live(world))) == ("Erika Beispiehl", 1)


def test_the_second_alternative_of_a_taken_time_is_booked(world: World) -> None:
    company = world.company()
    have_an_appointment(world, company, from_number="+4915187654321")
    answers = talk(world, company, (COLLECT, WISH), (COLLECT, {"time": "ja, das zweite bitte"}))
    assert statuses(answers) == ["slot_taken", "collected"]
    second = answers[0]["alternatives"][1]
    assert (answers[1]["date"], answers[1]["time"]) == (second["date"], second["time"])
    local = booked().starts_at.astimezone(company.zone)
    assert (f"{local:%Y-%m-%d}", f"{local:%H:%M}") == (second["date"], second["time"])
    assert len(live(world)) == 2


def test_an_appointment_of_an_earlier_call_is_moved(world: World) -> None:
    company = world.company()
    earlier = have_an_appointment(world, company)
    answers = talk(world, company, (FIND, {}), (CHANGE, {"new_date": said(NEXT_DAY), "new_time": "10 Uhr"}))
    assert statuses(answers) == ["found", "changed"]
    everything_processed()
    old_uid = earlier.calcom_booking_uid
    earlier.refresh_from_db()
    (booking,) = live(world)
    assert booking["uid"] == earlier.calcom_booking_uid != old_uid
    assert earlier.starts_at == a_start(company, time(10)) + (NEXT_DAY - DAY)


def test_another_appointment_is_cancelled_and_the_new_one_booked(world: World) -> None:
    company = world.company()
    earlier = have_an_appointment(world, company)
    answers = talk(
        world,
        company,
        (COLLECT, {**WISH, "date": said(NEXT_DAY), "time": "9 Uhr"}),
        (CANCEL, {}),
        (CANCEL, {"date": said(DAY), "reason": "passt nicht mehr"}),
    )
    assert statuses(answers) == ["collected", "which_appointment", "cancelled"]
    new = booked()
    earlier.refresh_from_db()
    assert earlier.status == Appointment.Status.CANCELLED
    assert [row["uid"] for row in live(world)] == [new.calcom_booking_uid]


def test_a_wish_that_is_dropped_is_not_booked(world: World) -> None:
    company = world.company()
    assert statuses(talk(world, company, (COLLECT, WISH), (CANCEL, {}))) == ["collected", "wish_dropped"]
    everything_processed()
    assert (world.bookings(), FollowUp.objects.count()) == ([], 0)


def test_a_caller_who_hides_the_number_is_called_back(world: World) -> None:
    company = world.company()
    earlier = have_an_appointment(world, company)
    answers = talk(
        world,
        company,
        (CANCEL, {"name": "Erika Beispiel", "date": said(DAY), "phone": CALLER}),
        (CALL_BACK, {"phone": "0151 12345678", "reason": "Termin absagen"}),
        from_number="anonymous",
    )
    assert statuses(answers) == ["callback_required", "callback_noted"]
    everything_processed()
    earlier.refresh_from_db()
    assert (earlier.status, len(live(world))) == (Appointment.Status.SCHEDULED, 1)
    (row,) = FollowUp.objects.all()
    assert (row.kind, row.call.call_id) == (FollowUp.Kind.CALLBACK, "call_journey")
    assert "+4915112345678" in row.what_to_do


def test_an_english_caller_of_a_german_company_is_spoken_to_in_english(world: World) -> None:
    company = world.company()
    day = f"{DAY:%B} {DAY.day}"
    answers = talk(
        world,
        company,
        (CHECK, {"service": "men's haircut", "date": day, "time": "in the afternoon"}),
        (COLLECT, {"name": "Mary Sample", "service": "men's haircut", "date": day, "time": "half past two"}),
    )
    assert statuses(answers) == ["available", "collected"]
    assert answers[0]["message"].startswith("At the moment there is free: ")
    assert "at 2:30 pm is free, and I am keeping the time for you" in answers[1]["message"]
    assert booked().language == "en"
    assert Customer.objects.get().language == "en"


def test_a_company_that_books_during_the_call_confirms_before_it_ends(world: World) -> None:
    company = world.company()
    Company.objects.update(booking_mode=Company.BookingMode.DURING_CALL)
    answers = talk(world, company, (COLLECT, WISH), (COLLECT, {**WISH, "confirmed": True}), skip_events=["call_ended"])
    assert statuses(answers) == ["confirmation_required", "booked"]
    assert [row["uid"] for row in live(world)] == [booked().calcom_booking_uid]


def test_who_hangs_up_on_a_question_is_called_back_and_nothing_is_booked(world: World) -> None:
    company = world.company()
    answers = talk(world, company, (COLLECT, WISH), (COLLECT, {**WISH, "date": "irgendwann"}))
    assert statuses(answers) == ["collected", "date_unclear"]
    row = eventually(FollowUp.objects.first, what="a follow-up", seconds=30)
    assert (row.kind, world.bookings()) == (FollowUp.Kind.CALLBACK, [])
    assert Appointment.objects.get().status == Appointment.Status.EXPIRED


def test_a_model_that_repeats_itself_and_makes_things_up_books_once(world: World) -> None:
    company = world.company()
    answers = talk(
        world,
        company,
        (COLLECT, WISH),
        repeat_functions=2,
        junk_args=True,
        execution_message=True,
        deliveries={"functions": 2, "call_ended": 3},
    )
    assert set(statuses(answers)) == {"collected"}
    everything_processed()
    assert booked().starts_at == a_start(company)
    assert (len(world.bookings()), Call.objects.count()) == (1, 1)
