"""Function calls of the agent: whatever it sends, the answer is HTTP 200 and can be spoken."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone, translation
from django.utils.translation import gettext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from appointments.models import Appointment, Call, Company, FollowUp, Service
from mcp_gateway.registry import registry
from retell.functions import answer, canonical_name
from tests.appointments.booked import book_by_phone
from tests.appointments.promises import promise
from tests.appointments.talking import CLAIM
from tests.factories import make_call, make_customer, make_service
from tests.retell.door import CALLER, COLLECT, WISH, Door

CHECK, CHANGE, CANCEL = "check_availability", "change_appointment_details", "cancel_appointment"
FIND, CALLBACK = "find_appointments", "request_callback"
# Each function, what may be said to it, and the answer if the caller has an appointment on Wednesday.
GOOD: dict[str, tuple[dict[str, Any], str]] = {
    COLLECT: (WISH, "collected"),
    CHECK: ({"date": "morgen", "service": "Herrenschnitt"}, "available"),
    CHANGE: ({"date": "Mittwoch", "new_date": "Donnerstag", "new_time": "15 Uhr"}, "changed"),
    CANCEL: ({"date": "Mittwoch"}, "cancelled"),
    FIND: ({}, "found"),
    CALLBACK: ({"reason": "Was kostet eine Dauerwelle?"}, "callback_noted"),
}
ARGUMENTS = {name: registry.methods[f"retell_custom.{name}"].parameter_names for name in GOOD}
EACH_FUNCTION = pytest.mark.parametrize("name", GOOD)
IN_ENGLISH = {
    COLLECT: "Tuesday, January 12, 2027 at 2:30 pm is free",
    CHECK: "At the moment there is free: Tuesday, January 12, 2027",
    CHANGE: "Your appointment is moved:",
    CANCEL: "Your appointment is cancelled:",
    FIND: "You have these appointments:",
    CALLBACK: "I have noted that you would like to be called back.",
}
APOLOGY = "Something went wrong on our side, and I can't promise you anything now. May somebody call you back?"
CALL_IDS_OF_A_MODEL = ["dummy_call_id", "None", "current", "call_1", "1", "undefined", "{{call_id}}"]
MOST_CHARACTERS = 15_000
WEB_CALL = {"call_type": "web_call", "from_number": None, "to_number": None, "direction": None}

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def appointment(door: Door) -> Appointment:
    """The caller's, on Wednesday at ten."""
    return book_by_phone(door.service, "2027-01-13T10:00")


def apology(company: Company) -> str:
    with translation.override(company.default_language):
        return gettext(APOLOGY)


def assert_noted(answered: dict[str, Any]) -> None:
    """The wish of `WISH` was understood, and nothing is claimed to be booked."""
    assert (answered["success"], answered["status"]) == (True, "collected")
    assert (answered["date"], answered["time"], answered["today"]) == ("2027-01-12", "14:30", "2027-01-11")
    assert answered["message"] == (
        "Dienstag, 12. Januar 2027 um 14 Uhr 30 ist frei, und ich halte Ihnen die Zeit frei: Herrenhaarschnitt für "
        "Erika Beispiel. Gebucht wird der Termin gleich nach unserem Gespräch."
    )


def assert_technical_failure(door: Door, answered: dict[str, Any], status: str) -> None:
    assert answered == {"success": False, "status": status, "message": apology(door.company)}


def untouched(appointment: Appointment) -> bool:
    before = (appointment.status, appointment.starts_at)
    appointment.refresh_from_db()
    return (appointment.status, appointment.starts_at) == before


class TestFunctions:
    @pytest.mark.parametrize("suffix", ["", "_v1", "_v12"])
    @EACH_FUNCTION
    def test_each_works_whatever_its_version(
        self, door: Door, appointment: Appointment, name: str, suffix: str
    ) -> None:
        args, status = GOOD[name]
        answered = door.function(args, name=f"{name}{suffix}")
        assert (answered["success"], answered["status"]) == (True, status)
        assert answered["message"]

    @EACH_FUNCTION
    def test_each_tells_what_day_it_is(self, door: Door, appointment: Appointment, name: str) -> None:
        assert door.function(GOOD[name][0], name=name)["today"] == "2027-01-11"

    @pytest.mark.parametrize(
        ("alias", "name"),
        [
            ("collect_appointment", COLLECT),
            ("collect_appointment_v12", COLLECT),
            ("change_appointment", CHANGE),
            ("change_appointment_v12", CHANGE),
        ],
    )
    def test_the_older_names_work(self, door: Door, appointment: Appointment, alias: str, name: str) -> None:
        args, status = GOOD[name]
        assert door.function(args, name=alias)["status"] == status

    @pytest.mark.parametrize("name", [f"{COLLECT}_v", f"{COLLECT}_vx", f"v1_{COLLECT}", f"{COLLECT}_v1_", "COLLECT"])
    def test_a_name_that_is_only_similar_is_not_taken_for_one(self, name: str) -> None:
        assert canonical_name(name) not in GOOD

    def test_a_wish_is_held_and_read_back(self, door: Door) -> None:
        assert_noted(door.function())
        assert Appointment.objects.get().status == Appointment.Status.HELD

    def test_an_appointment_is_moved_in_the_calendar(self, door: Door, appointment: Appointment) -> None:
        door.function(GOOD[CHANGE][0], name=CHANGE)
        assert door.bookings() == ["2027-01-14T14:00"]

    def test_an_appointment_is_cancelled_in_the_calendar(self, door: Door, appointment: Appointment) -> None:
        door.function(GOOD[CANCEL][0], name=CANCEL)
        assert door.bookings() == []

    def test_the_callers_appointments_are_named(self, door: Door, appointment: Appointment) -> None:
        message = door.function({}, name=FIND)["message"]
        assert "Herrenhaarschnitt am Mittwoch, 13. Januar 2027 um 10 Uhr" in message

    def test_a_call_back_is_a_task_for_staff(self, door: Door) -> None:
        door.function(GOOD[CALLBACK][0], name=CALLBACK)
        follow_up = FollowUp.objects.get()
        assert (follow_up.kind, follow_up.company, follow_up.call) == ("callback", door.company, door.call())
        assert "Dauerwelle" in follow_up.what_to_do

    def test_the_function_makes_the_call_itself(self, door: Door) -> None:
        door.function()
        call = door.call()
        assert (call.company, call.status, call.caller_phone) == (door.company, Call.Status.ONGOING, CALLER)

    def test_said_twice_the_wish_is_one(self, door: Door) -> None:
        first, again = door.function(), door.function(dict(reversed(WISH.items())))
        assert first == again
        assert (Call.objects.count(), Appointment.objects.count()) == (1, 1)

    def test_a_corrected_wish_replaces_the_first(self, door: Door) -> None:
        door.function()
        door.function({**WISH, "time": "16 Uhr"})
        assert door.call().collected_data["appointment_time"] == "16:00:00"

    def test_a_day_that_is_over_is_asked_about(self, door: Door) -> None:
        assert door.function({**WISH, "date": "10.01.2027"})["status"] == "date_in_past"

    def test_what_was_offered_is_taken_up_by_a_later_function(self, door: Door) -> None:
        offered = door.function(GOOD[CHECK][0], name=CHECK)["times"]
        taken = door.function({"name": "Erika Beispiel", "date": "das zweite"})
        assert (taken["status"], taken["time"]) == ("collected", offered[1]["time"])

    def test_a_wish_is_dropped_without_a_booking(self, door: Door) -> None:
        door.function()
        assert door.function({}, name=CANCEL)["status"] == "wish_dropped"


class TestBodies:
    @pytest.mark.parametrize("name_field", ["name", "function_name"])
    @pytest.mark.parametrize("args_field", ["args", "arguments", "parameters"])
    def test_every_spelling_works(self, door: Door, name_field: str, args_field: str) -> None:
        assert_noted(door.ask({name_field: COLLECT, args_field: WISH, "call": door.call_object()}))

    @EACH_FUNCTION
    def test_a_flat_call_object_works(self, door: Door, appointment: Appointment, name: str) -> None:
        args, status = GOOD[name]
        assert door.ask({"name": name, "args": args, **door.call_object()})["status"] == status

    @EACH_FUNCTION
    def test_the_url_with_the_configuration_works(self, door: Door, appointment: Appointment, name: str) -> None:
        args, status = GOOD[name]
        body = {"name": name, "args": args, "call": door.call_object()}
        assert door.post(f"custom-function/{door.configuration.pk}", body).json()["status"] == status

    @pytest.mark.parametrize("args", [None, "text", 5, [], [WISH], True])
    @EACH_FUNCTION
    def test_arguments_that_are_no_object_are_none(self, door: Door, name: str, args: object) -> None:
        answered = door.ask({"name": name, "args": args, "call": door.call_object()})
        assert (answered["success"], answered["status"]) != (True, GOOD[COLLECT][1])
        assert answered["success"]


class TestGermanArguments:
    def test_a_wish(self, door: Door) -> None:
        words = {"datum": "morgen", "uhrzeit": "halb drei", "dienstleistung": "Herrenschnitt", "notizen": "am Fenster"}
        assert_noted(door.function({"name": "Erika Beispiel", **words}))
        assert door.call().collected_data["notes"] == "am Fenster"

    @pytest.mark.parametrize("yes", [True, "ja"])
    def test_a_yes(self, door: Door, yes: object) -> None:
        door.company.booking_mode = Company.BookingMode.DURING_CALL
        door.company.save()
        assert door.function()["status"] == "confirmation_required"
        assert door.function({"bestaetigung": yes})["status"] == "booked"
        assert door.bookings() == ["2027-01-12T13:30"]

    def test_a_question_what_is_free(self, door: Door) -> None:
        make_service(door.company, name="Färben", aliases=[])
        words = {"datum": "morgen", "uhrzeit": "halb drei", "dienstleistung": "Herrenschnitt"}
        answered = door.function(words, name=CHECK)
        assert (answered["status"], answered["service"]) == ("available", "Herrenhaarschnitt")
        assert [(time["date"], time["time"]) for time in answered["times"]] == [("2027-01-12", "14:30")]

    def test_a_change(self, door: Door, appointment: Appointment) -> None:
        friday = book_by_phone(door.service, "2027-01-15T11:00")
        which = {"datum": "Freitag", "uhrzeit": "11 Uhr", "dienstleistung": "Herrenschnitt"}
        to = {"neues_datum": "Donnerstag", "neue_uhrzeit": "15 Uhr", "grund": "muss arbeiten"}
        assert door.function({**which, **to}, name=CHANGE)["status"] == "changed"
        assert untouched(appointment)
        assert not untouched(friday)
        assert any("muss arbeiten" in row["body"] for row in door.control.requests())

    def test_cancelling(self, door: Door, appointment: Appointment) -> None:
        friday = book_by_phone(door.service, "2027-01-15T11:00")
        which = {"datum": "Freitag", "uhrzeit": "11 Uhr", "dienstleistung": "Herrenschnitt"}
        assert door.function({**which, "grund": "bin krank"}, name=CANCEL)["status"] == "cancelled"
        assert untouched(appointment)
        friday.refresh_from_db()
        assert (friday.status, friday.cancellation_reason) == (Appointment.Status.CANCELLED, "bin krank")

    @pytest.mark.parametrize("name", ["grund", "notizen"])
    def test_a_call_back(self, door: Door, name: str) -> None:
        words = {"name": "Erika Beispiel", "telefon": "030 7654321", name: "Was kostet das?"}
        assert door.function(words, name=CALLBACK, from_number="anonymous")["status"] == "callback_noted"
        told = FollowUp.objects.get().what_to_do
        assert all(word in told for word in ("Erika Beispiel", "+49307654321", "Was kostet das?"))

    @pytest.mark.parametrize("argument", ["sprache", "language"])
    @EACH_FUNCTION
    def test_the_language(self, door: Door, appointment: Appointment, name: str, argument: str) -> None:
        answered = door.function({**GOOD[name][0], argument: "Englisch"}, name=name)
        assert answered["message"].startswith(IN_ENGLISH[name])

    @pytest.mark.parametrize("empty", [None, "", " ", "None", "null", "{{date}}"])
    def test_an_english_argument_that_says_nothing_leaves_the_word_to_its_twin(
        self, door: Door, empty: str | None
    ) -> None:
        assert_noted(door.function({**WISH, "date": empty, "datum": "morgen"}))

    def test_an_english_argument_goes_before_its_twin(self, door: Door) -> None:
        assert_noted(door.function({**WISH, "datum": "übermorgen"}))


class TestWhatModelsInvent:
    ADDED = {
        "call_id": "call_1",
        "execution_message": "Einen Moment bitte.",
        "context": {},
        "self": 1,
        "signed_call": {"call_id": "x"},
        "from_number": "+4930999999",
        "customer_phone": "N/A",
    }

    @EACH_FUNCTION
    def test_what_is_added_is_dropped(self, door: Door, appointment: Appointment, other_door: Door, name: str) -> None:
        args, status = GOOD[name]
        added = {**self.ADDED, "company_id": other_door.company.pk}
        assert door.function({**args, **added}, name=name)["status"] == status
        call = Call.objects.get()
        assert (call.call_id, call.company, call.caller_phone) == (door.call_id, door.company, CALLER)

    @pytest.mark.parametrize("call_id", CALL_IDS_OF_A_MODEL)
    def test_a_call_id_among_the_arguments_is_not_the_calls(self, door: Door, call_id: str) -> None:
        answered = door.function({**WISH, "call_id": call_id}, call_id=None)
        assert_technical_failure(door, answered, "call_id_missing")
        assert not Call.objects.exists()

    @EACH_FUNCTION
    def test_even_a_real_call_id_among_the_arguments_is_not_the_calls(self, door: Door, name: str) -> None:
        live = make_call(door.company, status=Call.Status.ONGOING)
        answered = door.function({**GOOD[name][0], "call_id": live.call_id}, name=name, call_id=None)
        assert_technical_failure(door, answered, "call_id_missing")
        live.refresh_from_db()
        assert (live.collected_data, live.follow_ups.count()) == ({}, 0)

    def test_a_number_stands_for_words(self, door: Door) -> None:
        answered = door.function({**WISH, "time": 16})
        assert (answered["status"], answered["time"]) == ("collected", "16:00")

    @pytest.mark.parametrize("name", [4711, "Unbekannt", "None", "Acht Uhr"])
    def test_what_is_no_name_is_asked_for(self, door: Door, name: object) -> None:
        assert door.function({**WISH, "name": name})["status"] == "name_required"

    @pytest.mark.parametrize("junk", ["None", "null", "N/A", "{{date}}", "", None, [], {}, True])
    def test_junk_instead_of_a_day_is_asked_about(self, door: Door, junk: object) -> None:
        answered = door.function({**WISH, "date": junk, "time": junk})
        assert (answered["success"], answered["status"]) == (True, "date_required")
        assert "Montag, 11. Januar 2027" in answered["message"]

    @pytest.mark.parametrize("junk", ["None", "N/A", "{{x}}", 5, -1, 1e300, [], {"a": []}, True, "x" * 5000, "\x00\n"])
    @EACH_FUNCTION
    def test_junk_in_every_argument_claims_nothing(self, door: Door, name: str, junk: object) -> None:
        answered = door.function(dict.fromkeys(ARGUMENTS[name], junk), name=name)
        assert answered["success"]
        assert answered["status"] not in ("collected", "booked", "changed", "cancelled")
        assert door.bookings() == []


class TestLanguages:
    def test_the_answer_is_in_the_companys_language(self, door: Door) -> None:
        door.company.default_language = "en"
        door.company.save()
        assert "Tuesday, January 12, 2027" in door.function({**WISH, "date": "12.01.2027", "time": "14:30"})["message"]

    def test_the_answer_is_in_the_known_callers_language(self, door: Door) -> None:
        make_customer(door.company, phone=CALLER, language="en")
        assert "Tuesday, January 12, 2027" in door.function()["message"]

    def test_an_english_caller_at_a_german_company_hears_english(self, door: Door) -> None:
        answered = door.function({**WISH, "date": "tomorrow", "time": "half past two"})
        assert answered["message"].startswith("Tuesday, January 12, 2027 at 2:30 pm is free")

    def test_and_goes_on_to_hear_it(self, door: Door) -> None:
        door.function({**WISH, "date": "tomorrow", "time": "half past two"})
        assert door.function({}, name=FIND)["message"] == "I find no upcoming appointment for your number."

    @pytest.mark.parametrize("words", [{"date": "tomorrow"}, {"language": "English"}, {"sprache": "Englisch"}])
    def test_a_failure_is_spoken_in_the_callers_language(self, door: Door, words: dict[str, str]) -> None:
        assert door.function(words, name="book_a_flight")["message"] == APOLOGY

    def test_a_failure_is_spoken_in_the_companys_language(self, door: Door) -> None:
        door.company.default_language = "en"
        door.company.save()
        assert door.function({}, name="book_a_flight")["message"] == APOLOGY


class TestWhoCalls:
    @pytest.mark.parametrize("fields", [WEB_CALL, {"from_number": "anonymous"}, {"from_number": "+266696687"}])
    def test_without_a_number_a_wish_is_noted(self, door: Door, fields: dict[str, Any]) -> None:
        assert_noted(door.function(**fields))
        assert door.call().caller_phone is None

    def test_a_web_call_is_a_test(self, door: Door) -> None:
        door.function(**WEB_CALL)
        assert door.call().is_test

    @pytest.mark.parametrize("fields", [WEB_CALL, {"from_number": "anonymous"}, {"from_number": "+266696687"}])
    @pytest.mark.parametrize("name", [FIND, CHANGE, CANCEL])
    def test_without_a_number_no_appointment_is_the_callers(
        self, door: Door, appointment: Appointment, name: str, fields: dict[str, Any]
    ) -> None:
        said = {**GOOD[name][0], "name": "Erika Beispiel", "phone": CALLER}
        assert door.function(said, name=name, **fields)["status"] == "callback_required"
        assert untouched(appointment)

    @pytest.mark.parametrize("name", [FIND, CHANGE, CANCEL])
    def test_the_refusal_is_the_same_where_there_is_nothing(self, door: Door, name: str) -> None:
        before = door.function(GOOD[name][0], name=name, from_number="anonymous", call_id="before")
        book_by_phone(door.service, "2027-01-13T10:00", phone=None)
        assert door.function(GOOD[name][0], name=name, from_number="anonymous", call_id="after") == before

    @pytest.mark.parametrize("name", [FIND, CHANGE, CANCEL])
    def test_another_numbers_appointment_is_not_the_callers(
        self, door: Door, appointment: Appointment, name: str
    ) -> None:
        assert door.function(GOOD[name][0], name=name, from_number="+4915187654321")["status"] == "not_found"
        assert untouched(appointment)

    @EACH_FUNCTION
    def test_the_call_of_another_company_is_not_touched(self, door: Door, other_door: Door, name: str) -> None:
        foreign = make_call(other_door.company, call_id=door.call_id)
        assert_technical_failure(door, door.function(GOOD[name][0], name=name), "not_found")
        foreign.refresh_from_db()
        assert (foreign.collected_data, foreign.company, foreign.lookups) == ({}, other_door.company, 0)

    @pytest.mark.parametrize("name", [FIND, CHANGE, CANCEL])
    def test_the_callers_appointment_at_another_company_is_unseen(
        self, door: Door, other_door: Door, name: str
    ) -> None:
        appointment = book_by_phone(other_door.service, "2027-01-13T10:00")
        assert door.function(GOOD[name][0], name=name)["status"] == "not_found"
        assert untouched(appointment)

    def test_another_companys_service_is_not_offered(self, door: Door, other_door: Door) -> None:
        make_service(door.company, name="Färben", aliases=[])
        make_service(other_door.company, name="Massage", aliases=[])
        answered = door.function({**WISH, "service": "Massage"})
        assert (answered["status"], set(answered["services"])) == ("service_required", {"Färben", "Herrenhaarschnitt"})


class TestBusinessOutcomes:
    """What can't be done is no failure: Retell would take `success: false` for a broken function."""

    def told(self, door: Door, name: str = COLLECT, /, **words: Any) -> str:
        answered = door.function({**GOOD[name][0], **words}, name=name)
        assert answered["success"]
        assert answered["message"]
        return answered["status"]

    def test_a_taken_time(self, door: Door) -> None:
        taken = {"event_type_id": door.service.calcom_event_type_id, "start": "2027-01-12T13:30:00Z"}
        door.control.post("bookings", **taken)
        assert self.told(door) == "slot_taken"

    def test_a_time_that_another_caller_holds(self, door: Door) -> None:
        door.function(call_id="another", from_number="+4915187654321")
        assert self.told(door) == "slot_taken"

    def test_nothing_free_at_all(self, door: Door) -> None:
        event_type = {"title": "Soon", "slug": "soon", "length_minutes": 30, "booking_window_days": 1}
        door.company.calcom_api_key = "cal_live_soon"
        door.company.save()
        ids = door.control.add_account("soon", "cal_live_soon", [event_type])
        Service.objects.update(calcom_event_type_id=ids["soon"])
        assert self.told(door, date="12.02.2027") == "no_slots"

    @pytest.mark.parametrize(
        ("name", "status"),
        [(COLLECT, "collected_unchecked"), (CHECK, "calendar_unreachable"), (CHANGE, "calendar_unreachable")],
    )
    def test_a_calendar_that_does_not_answer(
        self, door: Door, appointment: Appointment, name: str, status: str
    ) -> None:
        door.control.fault("reset", path="/v2/slots", times=10)
        assert self.told(door, name) == status

    def test_no_services(self, door: Door) -> None:
        Service.objects.update(is_active=False)
        assert self.told(door) == "no_services"

    @pytest.mark.parametrize("name", [CHANGE, CANCEL])
    def test_too_late_for_a_change(self, door: Door, appointment: Appointment, name: str) -> None:
        door.company.notice_hours = 72
        door.company.save()
        assert self.told(door, name) == "too_late"

    @pytest.mark.parametrize("name", [FIND, CHANGE, CANCEL])
    def test_no_appointment(self, door: Door, name: str) -> None:
        assert self.told(door, name) == "not_found"

    def test_asked_too_often(self, door: Door) -> None:
        assert [self.told(door, FIND) for _ in range(11)][-1] == "too_many_lookups"


class AwayAfter:
    """The line to the database breaks after so many questions."""

    def __init__(self, answered: int) -> None:
        self.left = answered

    def __call__(self, execute: Callable[..., Any], *question: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise OperationalError(2006, "Server has gone away")
        return execute(*question)


class TestTechnicalFailures:
    @pytest.mark.parametrize("name", ["book_a_flight", "", "retell_custom.collect", "../health", None, 5, ["x"]])
    def test_an_unknown_function(self, door: Door, name: Any) -> None:
        assert_technical_failure(door, door.function(name=name), "unknown_function")

    @pytest.mark.parametrize("server", ["webhook.processRetellWebhook", "calcom.createBooking"])
    def test_another_server(self, door: Door, server: str) -> None:
        assert_technical_failure(door, door.function({"event_id": 1}, name=server), "unknown_function")

    @pytest.mark.parametrize("call_id", [None, "", "x" * 65, 5, []])
    @EACH_FUNCTION
    def test_no_usable_call_id(self, door: Door, name: str, call_id: Any) -> None:
        answered = door.function(GOOD[name][0], name=name, call_id=call_id)
        assert_technical_failure(door, answered, "call_id_missing")

    def test_no_call_at_all(self, door: Door) -> None:
        body = {"name": COLLECT, "args": WISH}
        answered = door.post(f"custom-function/{door.configuration.pk}", body).json()
        assert_technical_failure(door, answered, "call_id_missing")

    @pytest.mark.parametrize("name", [COLLECT, CHECK, CHANGE, CANCEL])
    def test_a_fault_of_our_own(self, door: Door, appointment: Appointment, name: str, settings: Settings) -> None:
        settings.CALENDAR_BACKEND = "no.such.Calendar"
        assert_technical_failure(door, door.function(GOOD[name][0], name=name), "internal_error")
        assert untouched(appointment)

    @pytest.mark.parametrize("answered", [0, 1, 3])
    def test_a_database_that_is_away(self, door: Door, answered: int) -> None:
        """From the first question on, or in the middle."""
        with connection.execute_wrapper(AwayAfter(answered)):
            reply = door.function()
        assert_technical_failure(door, reply, "internal_error")

    def test_more_calls_than_a_company_may_make(self, door: Door, settings: Settings) -> None:
        settings.RATE_LIMIT_VENDOR = 1
        door.function()
        assert_technical_failure(door, door.function(), "rate_limited")


class TestLength:
    """Retell cuts an answer after 15,000 characters."""

    @pytest.mark.parametrize("service", ["Herrenhaarschnitt", "Färben", "Ü" * 150])
    @pytest.mark.parametrize("name", [FIND, CANCEL, CHANGE])
    def test_fifty_appointments_fit(self, door: Door, name: str, service: str) -> None:
        door.service.name = service
        door.service.save()
        customer = make_customer(door.company, phone=CALLER)
        for day in range(60):
            start = timezone.now() + timedelta(days=50 + day)
            promise(door.service, start, status=Appointment.Status.SCHEDULED, customer=customer)
        body = {"name": name, "args": {}, "call": door.call_object()}
        content = door.post("custom-function", body).content.decode()
        assert len(content) <= MOST_CHARACTERS
        assert service[:2] in json.loads(content)["message"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=3,
)
WORDS = st.sampled_from(
    ["Herrenschnitt", "morgen", "14 Uhr 30", "das zweite", "tomorrow", "ja", "Erika", "None", CALLER]
)
ANY_ARGUMENT = st.sampled_from(sorted({argument for names in ARGUMENTS.values() for argument in names}))
CALL_IDS = st.integers(1, 100).map("call_{}".format)
ONE_DOOR = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_DOOR
@given(
    args=st.dictionaries(ANY_ARGUMENT | st.text(), ANYTHING) | ANYTHING,
    name=st.sampled_from(sorted(GOOD)) | ANYTHING,
    call=st.fixed_dictionaries({"call_id": CALL_IDS | ANYTHING}) | ANYTHING,
)
def test_whatever_is_sent_the_answer_can_be_spoken(door: Door, args: Any, name: Any, call: Any) -> None:
    answered = answer(door.company, {"name": name, "args": args, "call": call})
    assert isinstance(answered["success"], bool)
    assert answered["message"]


@ONE_DOOR
@given(
    args=st.dictionaries(ANY_ARGUMENT, WORDS | ANYTHING),
    name=st.sampled_from(sorted(GOOD)),
    call_id=CALL_IDS,
)
def test_whatever_a_caller_says_is_no_failure_and_claims_nothing(
    door: Door, args: dict[str, Any], name: str, call_id: str
) -> None:
    answered = answer(door.company, {"name": name, "args": args, "call": door.call_object(call_id=call_id)})
    assert answered["success"]
    assert not CLAIM.search(answered["message"])
    assert door.bookings() == []
