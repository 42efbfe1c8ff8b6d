"""Moving an appointment by phone."""

from typing import Any

import pytest
from django.utils import timezone

from appointments.changes import confirm_appointment
from appointments.follow_ups import call_back
from appointments.models import Appointment, Company, FollowUp, Service
from tests.appointments.booked import book_by_phone
from tests.appointments.promises import promise
from tests.appointments.talking import Conversation, berlin, times, told
from tests.calcom.conftest import HOUR, CalcomControl

Status = Appointment.Status

LATER = {"new_date": "Donnerstag", "new_time": "15 Uhr"}


@pytest.fixture
def booked(cut: Service) -> Appointment:
    """Of the caller's number, on Wednesday at ten, made in an earlier call."""
    return book_by_phone(cut, "2027-01-13T10:00")


def live(control: CalcomControl) -> list[str]:
    return [row["start"][:16] for row in control.bookings() if row["status"] == "accepted"]


def test_it_is_moved_in_the_calendar_and_here(
    caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    reply = caller.change(**LATER)
    assert reply.status == "changed"
    assert reply.message == "Ihr Termin ist verlegt: Haarschnitt am Donnerstag, 14. Januar 2027 um 15 Uhr."
    old_uid = booked.calcom_booking_uid
    booked.refresh_from_db()
    assert (booked.starts_at, booked.status) == (berlin("2027-01-14T15:00"), Status.SCHEDULED)
    assert booked.calcom_booking_uid != old_uid
    assert live(control) == ["2027-01-14T14:00"]


def test_the_answer_has_old_and_new_under_both_languages_names(caller: Conversation, booked: Appointment) -> None:
    reply = caller.change(**LATER)
    assert [told(reply, name) for name in ("old_date", "old_time", "new_date", "new_time")] == [
        "Mittwoch, 13. Januar 2027",
        "10 Uhr",
        "Donnerstag, 14. Januar 2027",
        "15 Uhr",
    ]
    assert [told(reply, name) for name in ("altes_datum", "alte_uhrzeit", "neues_datum", "neue_uhrzeit")] == [
        told(reply, name) for name in ("old_date", "old_time", "new_date", "new_time")
    ]


def test_the_callers_reason_reaches_the_calendar(
    caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    caller.change(**LATER, reason="muss arbeiten")
    assert any("muss arbeiten" in row["body"] for row in control.requests())


def test_only_an_hour_is_meant_for_the_same_day(caller: Conversation, booked: Appointment) -> None:
    assert caller.change(new_time="16 Uhr").status == "changed"
    booked.refresh_from_db()
    assert booked.starts_at == berlin("2027-01-13T16:00")


def test_its_own_time_is_not_in_its_way(caller: Conversation, salon: Company, control: CalcomControl) -> None:
    """Ten to twelve becomes eleven to one."""
    event_types = [{"title": "Long", "slug": "long", "length_minutes": 120, "slot_interval": 60}]
    key = "cal_live_long_0123456789"
    ids = control.add_account("long", key, event_types)
    Company.objects.update(calcom_api_key=key)
    salon.refresh_from_db()
    service = Service.objects.get(name="Haarschnitt")
    Service.objects.update(calcom_event_type_id=ids["long"], duration_minutes=120)
    service.refresh_from_db()
    booked = book_by_phone(service, "2027-01-13T10:00")
    assert caller.change(new_time="11 Uhr").status == "changed"
    booked.refresh_from_db()
    assert booked.starts_at == berlin("2027-01-13T11:00")


def test_the_same_time_again_changes_nothing(caller: Conversation, booked: Appointment, control: CalcomControl) -> None:
    before = len(control.requests())
    assert caller.change(new_date="Mittwoch", new_time="10 Uhr").status == "unchanged"
    assert len(control.requests()) == before


def test_a_repeated_change_is_done_once(caller: Conversation, booked: Appointment, control: CalcomControl) -> None:
    assert [caller.change(**LATER).status for _ in range(2)] == ["changed", "unchanged"]
    assert len(live(control)) == 1


class TestTaken:
    def test_the_nearest_are_offered_and_it_stays_where_it_was(self, caller: Conversation, booked: Appointment) -> None:
        caller.take("2027-01-14T15:00")
        reply = caller.change(**LATER)
        assert (reply.status, times(reply)) == (
            "slot_taken",
            ["2027-01-14 13:00", "2027-01-14 14:00", "2027-01-14 16:00"],
        )
        assert "bleibt wie zuvor: Haarschnitt am Mittwoch, 13. Januar 2027 um 10 Uhr" in reply.message

    def test_one_of_them_is_taken_up(self, caller: Conversation, booked: Appointment) -> None:
        caller.take("2027-01-14T15:00")
        caller.change(**LATER)
        assert caller.change(new_time="das zweite").status == "changed"
        booked.refresh_from_db()
        assert booked.starts_at == berlin("2027-01-14T14:00")

    def test_one_of_them_is_taken_up_for_the_appointment_that_it_was_about(
        self, caller: Conversation, booked: Appointment, cut: Service
    ) -> None:
        other = book_by_phone(cut, "2027-01-15T10:00")
        caller.take("2027-01-14T15:00")
        caller.change(date="Mittwoch", **LATER)
        assert caller.change(new_time="das zweite").status == "changed"
        other.refresh_from_db()
        assert other.starts_at == berlin("2027-01-15T10:00")

    def test_what_another_caller_holds_is_taken(
        self, caller: Conversation, other_caller: Conversation, booked: Appointment
    ) -> None:
        other_caller.collect(date="Donnerstag", time="15 Uhr")
        assert caller.change(**LATER).status == "slot_taken"

    def test_what_was_taken_since_we_looked_is_taken(self, caller: Conversation, booked: Appointment) -> None:
        caller.check(date="Donnerstag")
        caller.take("2027-01-14T15:00")
        assert caller.change(**LATER).status == "slot_taken"

    def test_a_day_without_a_time_is_answered_with_what_is_free(
        self, caller: Conversation, booked: Appointment
    ) -> None:
        reply = caller.change(new_date="Donnerstag")
        assert reply.status == "time_required"
        assert caller.change(new_time="11 Uhr").status == "changed"
        booked.refresh_from_db()
        assert booked.starts_at == berlin("2027-01-14T11:00")


class TestWhich:
    @pytest.fixture(autouse=True)
    def _two(self, booked: Appointment, cut: Service) -> None:
        self.friday = book_by_phone(cut, "2027-01-15T10:00")

    def test_of_several_the_caller_is_asked_which(self, caller: Conversation) -> None:
        reply = caller.change(**LATER)
        assert reply.status == "which_appointment"
        assert reply.message == (
            "Das sind Ihre Termine: Haarschnitt am Mittwoch, 13. Januar 2027 um 10 Uhr; Haarschnitt am Freitag, "
            "15. Januar 2027 um 10 Uhr. Welchen meinen Sie?"
        )

    @pytest.mark.parametrize(
        "words", [{"date": "Freitag"}, {"date": "15.1."}, {"date": "15. Januar", "time": "10 Uhr"}]
    )
    def test_the_day_tells_which(self, caller: Conversation, words: dict[str, str]) -> None:
        assert caller.change(**words, **LATER).status == "changed"
        self.friday.refresh_from_db()
        assert self.friday.starts_at == berlin("2027-01-14T15:00")

    @pytest.mark.parametrize("words", [{"date": "Samstag"}, {"time": "9 Uhr"}, {"date": "irgendwann"}])
    def test_what_fits_none_is_asked_about(self, caller: Conversation, words: dict[str, str]) -> None:
        assert caller.change(**words, **LATER).status == "which_appointment"


def test_the_only_one_is_not_taken_for_another(caller: Conversation, booked: Appointment) -> None:
    reply = caller.change(date="Freitag", **LATER)
    assert reply.status == "which_appointment"
    assert reply.message.endswith("Meinen Sie den?")


class TestNotice:
    def test_it_comes_before_what_is_free(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        Company.objects.update(notice_hours=72)
        before = len(control.requests())
        reply = caller.change(**LATER)
        assert (reply.status, told(reply, "notice_hours")) == ("too_late", 72)
        assert len(control.requests()) == before

    def test_at_the_last_moment_it_still_works(self, caller: Conversation, booked: Appointment) -> None:
        hours = (booked.starts_at - timezone.now()) // HOUR
        Company.objects.update(notice_hours=hours)
        assert caller.change(**LATER).status == "changed"


class TestTrouble:
    def test_a_lost_answer_is_not_called_done(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        control.fault("reset", path="/v2/bookings/.*/reschedule", when="after")
        assert caller.change(**LATER).status == "change_pending"
        assert FollowUp.objects.filter(appointment=booked, kind=FollowUp.Kind.NEEDS_REVIEW).exists()

    def test_a_calendar_that_does_not_answer_leaves_it_and_staff_call_back(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        caller.find()
        control.fault("reset", path="/v2/slots")
        reply = caller.change(**LATER)
        assert reply.status == "calendar_unreachable"
        assert "steht noch wie zuvor" in reply.message
        assert [row.kind for row in caller.follow_ups()] == [FollowUp.Kind.CALLBACK]

    def test_nobody_has_to_call_back_once_the_same_call_has_moved_it(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        self.fails_once(caller, control)
        assert caller.change(**LATER).status == "changed"
        assert [row.status for row in caller.follow_ups()] == [FollowUp.Status.DONE]

    def test_nor_once_it_was_cancelled_instead(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        self.fails_once(caller, control)
        assert caller.cancel().status == "cancelled"
        assert [row.status for row in caller.follow_ups()] == [FollowUp.Status.DONE]

    def test_who_asked_to_be_called_besides_is_called_all_the_same(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        self.fails_once(caller, control)
        caller.callback(reason="Rechnung")
        assert caller.change(**LATER).status == "changed"
        (row,) = caller.follow_ups()
        assert row.status == FollowUp.Status.OPEN
        assert "Rechnung" in row.what_to_do

    def test_however_often_it_fails_it_is_one_task_and_opens_again_after_a_success(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        for _ in range(2):
            self.fails_once(caller, control)
        assert len(caller.follow_ups()) == 1
        caller.cancel()
        FollowUp.objects.update(status=FollowUp.Status.DONE)
        call_back(caller.call, caller.follow_ups()[0].what_to_do, about=booked)
        assert [row.status for row in caller.follow_ups()] == [FollowUp.Status.OPEN]

    def fails_once(self, caller: Conversation, control: CalcomControl) -> None:
        caller.find()
        control.fault("reset", path="/v2/slots")
        assert caller.change(**LATER).status == "calendar_unreachable"

    def test_one_that_is_just_being_changed_is_left(
        self, caller: Conversation, booked: Appointment, control: CalcomControl
    ) -> None:
        Appointment.objects.update(leased_until=timezone.now() + HOUR)
        assert caller.change(**LATER).status == "being_changed"
        assert caller.follow_ups() == []


class TestAWishOfThisCall:
    def test_it_moves_without_the_calendar_being_told(self, caller: Conversation, control: CalcomControl) -> None:
        caller.collect()
        reply = caller.change(new_date="Mittwoch", new_time="11 Uhr")
        assert reply.status == "collected"
        assert (caller.row().starts_at, caller.wish().customer_name) == (berlin("2027-01-13T11:00"), "Erika Beispiel")
        assert control.bookings() == []

    def test_a_hidden_callers_too(self, hidden_caller: Conversation) -> None:
        hidden_caller.collect()
        assert hidden_caller.change(new_time="16 Uhr").status == "collected"

    def test_beside_an_appointment_it_is_asked_which(self, caller: Conversation, booked: Appointment) -> None:
        caller.collect()
        assert caller.change(**LATER).status == "which_appointment"
        assert caller.change(date="Mittwoch", **LATER).status == "changed"


def test_who_has_none_is_told_so(caller: Conversation) -> None:
    assert caller.change(**LATER).message == "Zu Ihrer Nummer finde ich keinen kommenden Termin."


def test_a_hidden_caller_is_called_back(hidden_caller: Conversation, booked: Appointment) -> None:
    assert hidden_caller.change(**LATER).status == "callback_required"
    assert [row.kind for row in hidden_caller.follow_ups()] == [FollowUp.Kind.CALLBACK]


@pytest.mark.parametrize("words", [{"new_date": "gestern", "new_time": "9 Uhr"}, {"new_date": "31.2."}, {}])
def test_a_new_time_that_is_not_understood_is_asked(
    caller: Conversation, booked: Appointment, words: dict[str, Any]
) -> None:
    assert caller.change(**words).status in ("date_in_past", "date_impossible", "date_required")


def test_a_time_that_needs_confirming_is_not_called_moved(
    caller: Conversation, salon: Company, control: CalcomControl
) -> None:
    service = Service.objects.get()
    Service.objects.update(calcom_event_type_id=control.ids["colour"])
    service.refresh_from_db()
    booked = book_by_phone(service, "2027-01-13T10:00")
    Appointment.objects.update(leased_until=None)
    confirm_appointment(booked)
    assert caller.change(**LATER).status == "change_requested"
    booked.refresh_from_db()
    assert booked.status == Status.BOOKING


def test_another_numbers_appointment_is_not_moved(
    other_caller: Conversation, booked: Appointment, control: CalcomControl
) -> None:
    assert other_caller.change(**LATER).status == "not_found"
    assert live(control) == ["2027-01-13T09:00"]


def test_a_promise_of_an_earlier_call_is_not_an_appointment(caller: Conversation, cut: Service) -> None:
    promise(cut, start=berlin("2027-01-13T10:00"))
    assert caller.change(**LATER).status == "not_found"
