"""Whose appointments a caller hears of and changes: those of the number that calls, and nobody else's.

What the agent sends goes the way that Retell's requests go, so that the number is the one of the signed body.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from appointments.changes import create_appointment
from appointments.conversation.identity import LOOKUPS_PER_CALL
from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from appointments.phones import HIDDEN, HIDDEN_NUMBERS
from retell.functions import answer
from tests.appointments.promises import promise
from tests.appointments.talking import CALLER, NOW, Conversation, berlin
from tests.appointments.threads import at_once
from tests.calcom.conftest import API_KEY, CalcomControl
from tests.factories import make_company, make_customer, make_service

Status = Appointment.Status

FIND, CANCEL, CHANGE = "find_appointments", "cancel_appointment", "change_appointment_details"
VICTIM = "+4915187654321"
LATER = {"new_date": "Donnerstag", "new_time": "15 Uhr"}
# Each way to ask for an appointment, with what the caller knows of it.
ASKS: list[tuple[str, dict[str, str]]] = [
    (FIND, {}),
    (CANCEL, {}),
    (CANCEL, {"date": "Mittwoch", "time": "10 Uhr", "service": "Färben"}),
    (CHANGE, LATER),
    (CHANGE, {"date": "13.1.", "time": "10 Uhr", "service": "Färben", **LATER}),
]
SECRETS = ("Geheim", "Färben", "13. Januar", "2027-01-13", "10 Uhr", "10:00")

_calls = count(1)


def rings(company: Company, function: str, args: dict[str, Any], **call: Any) -> dict[str, Any]:
    """What the agent is answered in a call; None removes a field of the call object."""
    fields = {
        "call_id": f"call_ringing_{next(_calls)}",
        "call_type": "phone_call",
        "call_status": "ongoing",
        "direction": "inbound",
        "from_number": CALLER,
        "to_number": company.phone_number,
        **call,
    }
    signed = {name: value for name, value in fields.items() if value is not None}
    return answer(company, {"name": function, "args": args, "call": signed})


@pytest.fixture
def colouring(salon: Company, control: CalcomControl) -> Service:
    return make_service(
        salon, name="Färben", aliases=[], duration_minutes=60, calcom_event_type_id=control.ids["staff"]
    )


@pytest.fixture
def theirs(colouring: Service) -> Appointment:
    """On Wednesday at ten, of somebody else's number."""
    return book(colouring, VICTIM)


@pytest.fixture
def mine(cut: Service) -> Appointment:
    """On Friday at eleven, of the caller's number."""
    return book(cut, CALLER, "2027-01-15T11:00", name="Erika Beispiel")


def book(
    service: Service, phone: str | None, moment: str = "2027-01-13T10:00", name: str = "Max Geheim"
) -> Appointment:
    return create_appointment(company=service.company, service=service, start=berlin(moment), name=name, phone=phone)


def assert_tells_nothing(answered: dict[str, Any]) -> None:
    text = json.dumps(answered, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in text] == []


@contextmanager
def nothing_changes(control: CalcomControl) -> Iterator[None]:
    before = (control.bookings(), rows())
    yield
    assert (control.bookings(), rows()) == before


def rows() -> list[dict[str, Any]]:
    return [*Appointment.objects.order_by("pk").values(), *Customer.objects.order_by("pk").values()]


def appointments_in(answered: dict[str, Any]) -> list[str]:
    return [f"{one['date']} {one['time']}" for one in answered["appointments"]]


@pytest.mark.parametrize(("function", "args"), ASKS)
class TestOfOthers:
    def test_another_numbers_appointment(
        self, salon: Company, theirs: Appointment, control: CalcomControl, function: str, args: dict[str, str]
    ) -> None:
        with nothing_changes(control):
            answered = rings(salon, function, args)
        assert answered["status"] == "not_found"
        assert_tells_nothing(answered)

    def test_beside_ones_own(
        self,
        salon: Company,
        theirs: Appointment,
        mine: Appointment,
        control: CalcomControl,
        function: str,
        args: dict[str, str],
    ) -> None:
        assert_tells_nothing(rings(salon, function, args))
        theirs_now = next(row for row in control.bookings() if row["uid"] == theirs.calcom_booking_uid)
        assert theirs_now["status"] == "accepted"

    @pytest.mark.parametrize("name", ["Max Geheim", "max geheim", "Geheim"])
    def test_who_only_knows_the_name(
        self,
        salon: Company,
        theirs: Appointment,
        control: CalcomControl,
        function: str,
        args: dict[str, str],
        name: str,
    ) -> None:
        with nothing_changes(control):
            answered = rings(salon, function, {**args, "name": name, "customer_name": name})
        assert answered["status"] == "not_found"
        assert_tells_nothing(answered)

    @pytest.mark.parametrize("is_active", [True, False])
    def test_another_companys_customer_with_the_same_number(
        self, salon: Company, control: CalcomControl, function: str, args: dict[str, str], is_active: bool
    ) -> None:
        other = make_company(calcom_api_key=API_KEY, calcom_base_url=control.base_url)
        book(make_service(other, name="Färben", calcom_event_type_id=control.ids["staff"]), CALLER)
        Company.objects.filter(pk=other.pk).update(is_active=is_active)
        with nothing_changes(control):
            answered = rings(salon, function, args)
        assert answered["status"] == "not_found"
        assert_tells_nothing(answered)

    def test_in_another_companys_call(
        self, salon: Company, theirs: Appointment, control: CalcomControl, function: str, args: dict[str, str]
    ) -> None:
        rings(salon, FIND, {}, call_id="call_of_the_salon", from_number=VICTIM)
        with nothing_changes(control):
            answered = rings(make_company(), function, args, call_id="call_of_the_salon", from_number=VICTIM)
        assert (answered["success"], answered["status"]) == (False, "not_found")
        assert_tells_nothing(answered)

    def test_a_company_that_is_closed_here_tells_nobody(
        self, salon: Company, colouring: Service, control: CalcomControl, function: str, args: dict[str, str]
    ) -> None:
        book(colouring, CALLER)
        Company.objects.filter(pk=salon.pk).update(is_active=False)
        salon.refresh_from_db()
        with nothing_changes(control):
            answered = rings(salon, function, args)
        assert not answered["success"]
        assert_tells_nothing(answered)


@pytest.mark.parametrize("function", [FIND, CANCEL, CHANGE, "request_callback", "check_availability"])
@pytest.mark.parametrize(
    "key",
    [
        *("phone", "telefon", "telefonnummer", "phone_number", "from_number", "to_number", "number", "caller"),
        *("customer_phone", "caller_phone", "customer", "kunde", "user_number", "ani", "signed_call", "call"),
    ],
)
def test_a_number_that_is_said_is_nobodys_identity(
    salon: Company, theirs: Appointment, control: CalcomControl, function: str, key: str
) -> None:
    for value in (VICTIM, "0151 87654321", {"from_number": VICTIM}):
        with nothing_changes(control):
            answered = rings(salon, function, {key: value, "service": "Haarschnitt", **LATER})
        assert "Geheim" not in json.dumps(answered)
        assert not answered.get("appointments")


def test_nor_afterwards(salon: Company, theirs: Appointment) -> None:
    """A number to call back on is not the caller's from then on."""
    rings(salon, "request_callback", {"phone": VICTIM}, call_id="call_1", from_number="anonymous")
    answered = rings(salon, FIND, {}, call_id="call_1", from_number="anonymous")
    assert answered["status"] == "callback_required"
    assert Call.objects.get(call_id="call_1").caller_phone is None


@pytest.mark.parametrize("key", ["call_id", "id", "call", "customer_id", "company_id", "appointment_id", "uid"])
@pytest.mark.parametrize("function", [CANCEL, CHANGE])
def test_anothers_wish_is_not_reached_by_any_id(
    salon: Company, other_caller: Conversation, control: CalcomControl, function: str, key: str
) -> None:
    other_caller.collect()
    row, wish = other_caller.row(), other_caller.wish()
    for value in (other_caller.call.call_id, other_caller.call.pk, row.pk, str(row.booking_key), salon.pk):
        with nothing_changes(control):
            assert rings(salon, function, {key: value, **LATER})["status"] == "not_found"
    assert other_caller.wish() == wish


class TestHidden:
    @pytest.mark.parametrize(
        "number", [None, *sorted(HIDDEN), *sorted(HIDDEN_NUMBERS), "+266696687", "sip:x@y.example"]
    )
    def test_whoever_hides_the_number_is_called_back(
        self, salon: Company, theirs: Appointment, control: CalcomControl, number: str | None
    ) -> None:
        answers = []
        for function, args in ASKS:
            with nothing_changes(control):
                answers.append(rings(salon, function, args, call_id="call_1", from_number=number))
        assert {answered["status"] for answered in answers} == {"callback_required"}
        for answered in answers:
            assert_tells_nothing(answered)
        assert FollowUp.objects.get().kind == FollowUp.Kind.CALLBACK

    def test_the_words_are_the_same_whoever_exists(self, salon: Company, colouring: Service) -> None:
        before = [rings(salon, *ask, from_number="anonymous") for ask in ASKS]
        book(colouring, None)
        assert [rings(salon, *ask, from_number="anonymous") for ask in ASKS] == before

    def test_customers_without_a_number_are_not_one_person(self, salon: Company, colouring: Service) -> None:
        book(colouring, None)
        assert_tells_nothing(rings(salon, FIND, {}, from_number=None, call_type="web_call"))


@pytest.mark.parametrize(("function", "args"), ASKS)
class TestTheRefusal:
    """Whether the number is a customer's can't be told from it."""

    def test_it_is_the_same_for_a_customer_without_appointments(
        self, salon: Company, cut: Service, function: str, args: dict[str, str]
    ) -> None:
        make_customer(salon, phone=CALLER)
        known, unknown = (rings(salon, function, args, from_number=number) for number in (CALLER, VICTIM))
        assert known == unknown

    @pytest.mark.parametrize(
        "columns",
        [
            {"status": Status.CANCELLED},
            {"status": Status.FAILED},
            {"status": Status.EXPIRED},
            {"status": Status.HELD},
            {"status": Status.NO_SHOW},
            {"status": Status.COMPLETED},
            {"status": Status.SCHEDULED, "start": NOW - timedelta(days=1)},
            {"status": Status.SCHEDULED, "start": NOW - timedelta(minutes=1)},
        ],
        ids=str,
    )
    def test_it_is_the_same_where_there_is_no_appointment_any_more(
        self,
        salon: Company,
        colouring: Service,
        control: CalcomControl,
        function: str,
        args: dict[str, str],
        columns: dict[str, Any],
    ) -> None:
        customer = make_customer(salon, phone=CALLER, name="Max Geheim")
        promise(
            colouring, customer=customer, calcom_booking_uid="a1b2", **{"start": berlin("2027-01-13T10:00"), **columns}
        )
        with nothing_changes(control):
            known, unknown = (rings(salon, function, args, from_number=number) for number in (CALLER, VICTIM))
        assert known == unknown
        assert_tells_nothing(known)


@pytest.mark.parametrize(("function", "args"), ASKS)
def test_what_another_call_of_the_same_number_holds_is_no_appointment(
    salon: Company, colouring: Service, control: CalcomControl, function: str, args: dict[str, str]
) -> None:
    earlier = Conversation(colouring, control)
    earlier.collect(service="Färben", date="Mittwoch", time="10 Uhr", name="Max Geheim")
    with nothing_changes(control):
        answered = rings(salon, function, args)
    assert answered["status"] == "not_found"
    assert_tells_nothing(answered)
    assert earlier.wish().state == "wanted"


class TestTheNumberThatCalls:
    @pytest.mark.parametrize(
        "written", ["+4915112345678", "004915112345678", "0151 12345678", "+49 (0)151 123-456-78", " +49 151 12345678"]
    )
    def test_it_is_known_however_it_is_written(self, salon: Company, mine: Appointment, written: str) -> None:
        assert appointments_in(rings(salon, FIND, {}, from_number=written)) == ["2027-01-15 11:00"]

    @pytest.mark.parametrize("written", ["+49151123456780", "+4915112345679", "12345678", "+4315112345678"])
    def test_one_that_is_only_similar_is_another(self, salon: Company, mine: Appointment, written: str) -> None:
        assert not rings(salon, FIND, {}, from_number=written).get("appointments")

    def test_of_an_outbound_call_it_is_the_one_that_was_called(
        self, salon: Company, mine: Appointment, theirs: Appointment
    ) -> None:
        answered = rings(salon, FIND, {}, direction="outbound", from_number=salon.phone_number, to_number=CALLER)
        assert appointments_in(answered) == ["2027-01-15 11:00"]
        assert_tells_nothing(answered)

    def test_of_an_outbound_call_it_is_not_the_one_that_calls(self, salon: Company, theirs: Appointment) -> None:
        answered = rings(salon, FIND, {}, direction="outbound", from_number=VICTIM, to_number="anonymous")
        assert answered["status"] == "callback_required"

    def test_of_an_inbound_call_it_is_not_the_one_that_was_called(self, salon: Company, theirs: Appointment) -> None:
        assert rings(salon, FIND, {}, to_number=VICTIM)["status"] == "not_found"

    def test_a_later_body_does_not_make_it_another(self, salon: Company, theirs: Appointment) -> None:
        rings(salon, FIND, {}, call_id="call_1")
        assert rings(salon, FIND, {}, call_id="call_1", from_number=VICTIM)["status"] == "not_found"

    def test_it_may_cancel_its_own(self, salon: Company, mine: Appointment, theirs: Appointment) -> None:
        assert rings(salon, CANCEL, {})["status"] == "cancelled"
        assert set(Appointment.objects.values_list("pk", "status")) == {
            (mine.pk, Status.CANCELLED),
            (theirs.pk, Status.SCHEDULED),
        }


class TestTheLimit:
    def look(self, caller: Conversation, times: int) -> list[str]:
        """The statuses of so many look-ups, by every function that looks."""
        asks = [caller.find, lambda: caller.cancel(date="Samstag"), lambda: caller.change(date="Samstag", **LATER)]
        return [asks[number % len(asks)]().status for number in range(times)]

    def test_of_one_call_it_is_ten_by_whatever_function(self, caller: Conversation, mine: Appointment) -> None:
        assert "too_many_lookups" not in self.look(caller, LOOKUPS_PER_CALL)
        assert self.look(caller, 3) == ["too_many_lookups"] * 3
        assert LOOKUPS_PER_CALL == 10

    def test_then_nothing_is_told_and_somebody_calls_back(self, caller: Conversation, mine: Appointment) -> None:
        self.look(caller, LOOKUPS_PER_CALL)
        answered = caller.find().as_json()
        assert set(answered) == {"success", "status", "message", "today"}
        assert "Januar" not in answered["message"]
        assert [follow_up.kind for follow_up in caller.follow_ups()] == [FollowUp.Kind.CALLBACK]

    def test_then_nothing_is_changed(self, caller: Conversation, mine: Appointment, control: CalcomControl) -> None:
        self.look(caller, LOOKUPS_PER_CALL)
        with nothing_changes(control):
            assert [caller.cancel().status, caller.change(**LATER).status] == ["too_many_lookups"] * 2

    def test_the_next_call_looks_anew(self, caller: Conversation, cut: Service, mine: Appointment) -> None:
        self.look(caller, LOOKUPS_PER_CALL + 1)
        assert Conversation(cut, caller.control).find().status == "found"

    def test_what_needs_no_look_goes_on(self, caller: Conversation, mine: Appointment) -> None:
        self.look(caller, LOOKUPS_PER_CALL + 1)
        statuses = [caller.check(date="morgen").status, caller.collect().status, caller.callback().status]
        assert statuses == ["available", "collected", "callback_noted"]

    def test_hidden_callers_are_never_looked_up(self, hidden_caller: Conversation, mine: Appointment) -> None:
        assert set(self.look(hidden_caller, LOOKUPS_PER_CALL + 1)) == {"callback_required"}
        assert Call.objects.get(pk=hidden_caller.call.pk).lookups == 0

    @pytest.mark.django_db(transaction=True)
    def test_at_once_it_is_the_same(self, caller: Conversation, mine: Appointment) -> None:
        statuses = at_once(15, lambda _: caller.find().status)
        assert statuses.count("found") == LOOKUPS_PER_CALL


def test_what_is_taken_does_not_say_by_whom(salon: Company, theirs: Appointment, control: CalcomControl) -> None:
    args = {"name": "Erika Beispiel", "date": "Mittwoch", "time": "10 Uhr", "service": "Färben"}
    answered = rings(salon, "collect_appointment_information", args)
    assert answered["status"] == "slot_taken"
    assert "Geheim" not in json.dumps(answered)


def test_a_strangers_wish_is_not_made_under_a_customers_name(salon: Company, colouring: Service) -> None:
    make_customer(salon, phone=VICTIM, name="Max Geheim", email="max@geheim.example")
    args = {"date": "Mittwoch", "time": "10 Uhr", "service": "Färben", "phone": VICTIM, "telefon": VICTIM}
    answered = rings(salon, "collect_appointment_information", args)
    assert answered["status"] == "name_required"
    assert "Geheim" not in json.dumps(answered)


def test_a_wish_is_not_made_under_the_name_that_another_company_knows(salon: Company, cut: Service) -> None:
    make_customer(make_company(), phone=CALLER, name="Max Geheim")
    answered = rings(salon, "collect_appointment_information", {"date": "Mittwoch", "time": "10 Uhr"})
    assert answered["status"] == "name_required"
    assert "Geheim" not in json.dumps(answered)


def test_an_appointment_that_is_just_over_can_not_be_cancelled(
    salon: Company, mine: Appointment, control: CalcomControl
) -> None:
    Appointment.objects.update(starts_at=timezone.now(), ends_at=timezone.now() + timedelta(hours=1))
    with nothing_changes(control):
        assert rings(salon, CANCEL, {})["status"] == "not_found"
