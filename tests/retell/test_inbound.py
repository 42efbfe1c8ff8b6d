"""What the agent knows before its first word, and whose calls are not taken."""

from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from appointments.models import Appointment, Call, Company
from mcp_gateway.models import WebhookEvent
from tests import bells
from tests.appointments.booked import book_by_phone
from tests.factories import make_customer, make_service
from tests.retell.door import CALLER, Door, now_ms

HIDDEN = ["anonymous", "", "Restricted", "+266696687", "unknown", None]
REJECTED = {"call_inbound": {"reject": True}}

pytestmark = pytest.mark.usefixtures("monday")


def ring(door: Door, path: str = "inbound", **fields: Any) -> dict[str, Any]:
    """What Retell is told when somebody calls."""
    inbound = {"agent_id": door.configuration.agent_id, "from_number": CALLER, "to_number": door.company.phone_number}
    body = {"event": "call_inbound", "event_timestamp": now_ms(), "call_inbound": {**inbound, **fields}}
    response = door.post(path, body)
    assert response.status_code == 200
    return response.json()


def variables(door: Door, path: str = "inbound", **fields: Any) -> dict[str, str]:
    return ring(door, path, **fields)["call_inbound"]["dynamic_variables"]


def changed(door: Door, **columns: Any) -> None:
    Company.objects.filter(pk=door.company.pk).update(**columns)


class TestTheDay:
    def test_it_is_told_in_the_companys_words(self, door: Door) -> None:
        told = variables(door)
        days = ("current_date", "current_weekday", "current_time", "today", "tomorrow", "day_after_tomorrow")
        assert {name: told[name] for name in days} == {
            "current_date": "2027-01-11",
            "current_weekday": "Montag",
            "current_time": "10 Uhr",
            "today": "Montag, 11. Januar 2027",
            "tomorrow": "Dienstag, 12. Januar 2027",
            "day_after_tomorrow": "Mittwoch, 13. Januar 2027",
        }

    def test_an_english_company_hears_english(self, door: Door) -> None:
        changed(door, default_language="en")
        told = variables(door)
        assert (told["current_weekday"], told["current_time"]) == ("Monday", "10 am")
        assert told["day_after_tomorrow"] == "Wednesday, January 13, 2027"

    def test_day_and_time_are_those_in_the_companys_zone(self, door: Door) -> None:
        changed(door, timezone="Pacific/Auckland")
        with time_machine.travel("2027-01-11T12:05:00Z", tick=False):
            told = variables(door)
        assert (told["current_date"], told["current_time"]) == ("2027-01-12", "ein Uhr 5")

    @pytest.mark.parametrize(
        ("moment", "today", "tomorrow", "day_after"),
        [
            # Half past eleven at night before a day of 23 hours, and within it.
            ("2027-03-27T22:30Z", "27. März", "28. März", "29. März"),
            ("2027-03-28T00:30Z", "28. März", "29. März", "30. März"),
            ("2027-03-28T21:30Z", "28. März", "29. März", "30. März"),
            # Half past two on the day before: tomorrow's clock leaves that hour out.
            ("2027-03-27T01:30Z", "27. März", "28. März", "29. März"),
            # Before a day of 25 hours, and within it: its first hour, the doubled hour, its last.
            ("2027-10-30T21:30Z", "30. Oktober", "31. Oktober", "1. November"),
            ("2027-10-30T22:30Z", "31. Oktober", "1. November", "2. November"),
            ("2027-10-31T01:30Z", "31. Oktober", "1. November", "2. November"),
            ("2027-10-31T22:30Z", "31. Oktober", "1. November", "2. November"),
        ],
    )
    def test_a_day_of_23_or_25_hours_is_a_day(
        self, door: Door, moment: str, today: str, tomorrow: str, day_after: str
    ) -> None:
        with time_machine.travel(moment, tick=False):
            told = variables(door)
        days = [told[name].split(", ")[1] for name in ("today", "tomorrow", "day_after_tomorrow")]
        assert days == [f"{today} 2027", f"{tomorrow} 2027", f"{day_after} 2027"]

    @pytest.mark.parametrize(
        ("moment", "clock"),
        [
            ("2027-03-28T00:59Z", "ein Uhr 59"),
            ("2027-03-28T01:00Z", "3 Uhr"),
            ("2027-10-31T00:30Z", "2 Uhr 30"),
            ("2027-10-31T01:30Z", "2 Uhr 30"),
        ],
    )
    def test_the_clock_is_the_one_on_the_wall(self, door: Door, moment: str, clock: str) -> None:
        with time_machine.travel(moment, tick=False):
            assert variables(door)["current_time"] == clock


class TestTheCompany:
    def test_its_name_is_told(self, door: Door) -> None:
        assert variables(door)["company_name"] == door.company.name

    def test_its_services_are_told_by_name(self, door: Door, other_door: Door) -> None:
        make_service(door.company, name="Färben", aliases=[])
        make_service(door.company, name="Dauerwelle", aliases=[], is_active=False)
        make_service(other_door.company, name="Massage", aliases=[])
        assert variables(door)["services"] == "Färben, Herrenhaarschnitt"

    def test_its_hours_are_told(self, door: Door) -> None:
        assert variables(door)["opening_hours"] == "Montag bis Freitag 9 Uhr bis 18 Uhr"

    def test_without_hours_there_are_none(self, door: Door) -> None:
        changed(door, opening_hours={})
        assert variables(door)["opening_hours"] == ""

    def test_its_notice_is_told_as_a_string(self, door: Door) -> None:
        changed(door, notice_hours=48)
        assert variables(door)["notice_hours"] == "48"

    def test_its_language_is_told(self, door: Door) -> None:
        assert variables(door)["language"] == "de"


class TestTheCaller:
    def test_a_known_customer_is_greeted_by_name(self, door: Door) -> None:
        make_customer(door.company, phone=CALLER, name="Erika Beispiel")
        told = variables(door, from_number="0151 12345678")
        assert (told["customer_name"], told["is_known_customer"]) == ("Erika Beispiel", "true")

    def test_a_stranger_is_none_of_them(self, door: Door) -> None:
        told = variables(door)
        assert [told[name] for name in ("customer_name", "is_known_customer", "next_appointment")] == ["", "false", ""]

    def test_a_customer_hears_their_own_language(self, door: Door) -> None:
        make_customer(door.company, phone=CALLER, language="en")
        told = variables(door)
        assert (told["language"], told["today"]) == ("en", "Monday, January 11, 2027")
        assert told["opening_hours"] == "Monday to Friday 9 am to 6 pm"

    def test_the_next_appointment_is_named(self, door: Door) -> None:
        for moment in ("2027-01-15T11:00", "2027-01-13T10:00"):
            book_by_phone(door.service, moment)
        assert variables(door)["next_appointment"] == "Herrenhaarschnitt am Mittwoch, 13. Januar 2027 um 10 Uhr"

    @pytest.mark.parametrize("status", ["cancelled", "failed", "held", "booking", "expired", "completed"])
    def test_only_what_is_booked_is_an_appointment(self, door: Door, status: str) -> None:
        book_by_phone(door.service, "2027-01-13T10:00")
        Appointment.objects.update(status=status)
        assert variables(door)["next_appointment"] == ""

    def test_what_is_over_is_not_next(self, door: Door) -> None:
        book_by_phone(door.service, "2027-01-13T10:00")
        with time_machine.travel("2027-01-13T09:01Z", tick=False):
            assert variables(door)["next_appointment"] == ""

    @pytest.mark.parametrize("number", [*HIDDEN, "sip:a@b.c", 5, []])
    def test_who_hides_the_number_is_a_stranger(self, door: Door, number: Any) -> None:
        book_by_phone(door.service, "2027-01-13T10:00", phone=None)
        told = variables(door, from_number=number)
        assert [told[name] for name in ("customer_name", "is_known_customer", "next_appointment")] == ["", "false", ""]

    def test_another_companys_customer_is_a_stranger(self, door: Door, other_door: Door) -> None:
        book_by_phone(other_door.service, "2027-01-13T10:00")
        told = variables(door)
        assert [told[name] for name in ("customer_name", "is_known_customer", "next_appointment")] == ["", "false", ""]

    def test_each_company_greets_its_own_customer_with_the_same_number(self, door: Door, other_door: Door) -> None:
        make_customer(door.company, phone=CALLER, name="Erika Beispiel")
        make_customer(other_door.company, phone=CALLER, name="Erich Muster")
        assert variables(door)["customer_name"] == "Erika Beispiel"
        assert variables(other_door)["customer_name"] == "Erich Muster"

    def test_each_company_names_its_own_appointment(self, door: Door, other_door: Door) -> None:
        book_by_phone(door.service, "2027-01-13T10:00")
        book_by_phone(other_door.service, "2027-01-14T11:00")
        assert "Mittwoch" in variables(door)["next_appointment"]
        assert "Donnerstag" in variables(other_door)["next_appointment"]


class TestRejected:
    @pytest.mark.parametrize("written", [CALLER, "0151 12345678", "0049 151 12345678", "+49 (151) 123-45678"])
    def test_a_number_on_the_list_is_not_taken_however_it_is_written(self, door: Door, written: str) -> None:
        changed(door, rejected_numbers=[CALLER])
        assert ring(door, from_number=written) == REJECTED

    @pytest.mark.parametrize("number", HIDDEN)
    def test_hidden_callers_are_not_taken_where_the_list_says_so(self, door: Door, number: Any) -> None:
        changed(door, rejected_numbers=["anonymous"])
        assert ring(door, from_number=number) == REJECTED

    def test_everybody_else_is_taken(self, door: Door) -> None:
        changed(door, rejected_numbers=["+4915187654321", "anonymous"])
        assert "dynamic_variables" in ring(door)["call_inbound"]

    @pytest.mark.parametrize("number", HIDDEN)
    def test_hidden_callers_are_taken_elsewhere(self, door: Door, number: Any) -> None:
        changed(door, rejected_numbers=[CALLER])
        assert "dynamic_variables" in ring(door, from_number=number)["call_inbound"]

    def test_another_companys_list_does_not_count(self, door: Door, other_door: Door) -> None:
        changed(other_door, rejected_numbers=[CALLER])
        assert "dynamic_variables" in ring(door)["call_inbound"]

    @pytest.mark.parametrize("number", ["sip:a@b.example", "12", "+49 not a number"])
    def test_a_number_that_can_not_be_read_is_not_hidden(self, door: Door, number: str) -> None:
        changed(door, rejected_numbers=["anonymous"])
        assert "dynamic_variables" in ring(door, from_number=number)["call_inbound"]

    def test_nothing_is_got_ready_for_a_rejected_call(self, door: Door) -> None:
        changed(door, rejected_numbers=[CALLER])
        bells.rung()
        ring(door)
        assert bells.rung() == []


class TestMeanwhile:
    def test_a_worker_is_asked_to_read_what_is_free(self, door: Door) -> None:
        bells.rung()
        ring(door)
        assert bells.rung() == [
            bells.Ring("appointments.tasks.warm_availability", (door.company.pk,), is_delayed=False)
        ]

    def test_nothing_is_asked_of_the_calendar_while_it_rings(self, door: Door) -> None:
        make_customer(door.company, phone=CALLER)
        ring(door)
        assert door.control.requests() == []

    def test_the_first_question_needs_no_request_then(self, door: Door) -> None:
        bells.rung()
        ring(door)
        bells.answer()
        asked = len(door.control.requests())
        assert door.function({"date": "morgen"}, name="check_availability")["status"] == "available"
        assert len(door.control.requests()) == asked > 0

    def test_few_queries_are_made(self, door: Door, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        for moment in ("2027-01-13T10:00", "2027-01-15T11:00"):
            book_by_phone(door.service, moment)
        make_service(door.company, name="Färben", aliases=[])
        with django_assert_num_queries(4):
            ring(door)

    def test_nothing_is_stored_of_a_call_that_may_never_be_made(self, door: Door) -> None:
        ring(door, call_id="call_1")
        assert not Call.objects.exists()
        assert not WebhookEvent.objects.exists()


def test_every_variable_is_a_string(door: Door) -> None:
    book_by_phone(door.service, "2027-01-13T10:00")
    told = variables(door)
    assert {type(value) for value in told.values()} == {str}
    assert all(told.values())


def test_a_stranger_has_the_same_variables(door: Door) -> None:
    strangers = variables(door)
    book_by_phone(door.service, "2027-01-13T10:00")
    assert strangers.keys() == variables(door).keys()
    assert {type(value) for value in strangers.values()} == {str}


def test_a_number_without_an_agent_is_answered(door: Door) -> None:
    assert variables(door, agent_id=None)["company_name"] == door.company.name


def test_the_url_with_the_configuration_works(door: Door) -> None:
    told = variables(door, f"inbound/{door.configuration.pk}", agent_id="agent_swapped_in", to_number="")
    assert told["company_name"] == door.company.name


@pytest.mark.parametrize("inbound", ["soon", None, [], {}])
def test_a_body_without_a_call_is_answered(door: Door, inbound: Any) -> None:
    response = door.post(f"inbound/{door.configuration.pk}", {"call_inbound": inbound})
    assert response.json()["call_inbound"]["dynamic_variables"]["is_known_customer"] == "false"
