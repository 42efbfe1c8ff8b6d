"""Whatever a model passes on as arguments: the caller hears something, and nobody else's appointments change.

Each example is a call of ten turns; it ends as if it had not been.
"""

import copy
import json
import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.db import models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Offer, Service
from mcp_gateway.registry import registry
from retell.functions import SERVER, answer
from tests.appointments.booked import book_by_phone
from tests.appointments.conftest import salon
from tests.appointments.conversation.conftest import _monday_morning, cut
from tests.appointments.promises import promise
from tests.appointments.talking import CALLER, CLAIM, berlin
from tests.calcom.conftest import CalcomControl, control, running_sandbox
from tests.factories import make_call, make_customer, make_service

__all__ = ["_monday_morning", "control", "cut", "running_sandbox", "salon"]

# Five thousand sets of arguments for each function.
CALLS, TURNS = 500, 10
# Retell cuts what is longer.
LONGEST_ANSWER = 15_000

FUNCTIONS = {
    method.declaration.name: method.parameter_names
    for method in registry.methods.values()
    if method.server.name == SERVER and method.declaration.name != "health"
}
GERMAN = {
    "datum": "date",
    "uhrzeit": "time",
    "dienstleistung": "service",
    "notizen": "notes",
    "neues_datum": "new_date",
    "neue_uhrzeit": "new_time",
    "grund": "reason",
    "telefon": "phone",
    "bestaetigung": "confirmed",
    "sprache": "language",
}
INVENTED = [
    *("execution_message", "call_id", "company_id", "context", "self", "signed_call", "call", "args", "agent_id"),
    *("phone_number", "customer_phone", "appointment_id", "kunde", "__class__", "", "datum ", "Date", "uhrzeit_bis"),
]
JUNK = [
    *(None, True, False, [], {}, [None], ["morgen", "14 Uhr"], {"date": "morgen"}, [[[[]]]], 0, 1, -1, 14, 1430, 2**70),
    *(0.5, -0.0, 1e308, 5e-324, math.nan, math.inf, 20270112, 1_799_658_000_000, "NaN", "Infinity", "-1", "1e9", "0"),
    *("", " ", "\n\t", "None", "none", "null", "NULL", "N/A", "n/a", "undefined", "unknown", "-", "?", "string", "..."),
    *("{{call_id}}", "{{ name }}", "{{", "}}", "%(name)s", "%s", "%", "{0}", "${x}", "<None>", "[object Object]"),
    *("'; DROP TABLE appointments; --", "1 OR 1=1", "<script>alert(1)</script>", "<b>morgen</b>", "../../etc/passwd"),
    *(
        "😀",
        "👩‍👩‍👧‍👦 morgen 🕑",
        "مرحبا",
        "\u202emorgen\u202c",
        "mor\u200bgen",
        "\ufeff14 Uhr",
        "\x00",
        "a\x00b",
        "Z̸̡͝a",
        "ß" * 200,
    ),
    *("x" * 20_000, "dreizehn Uhr " * 2_000, "9" * 5_000, "morgen " * 3_000, "😀" * 5_000, "{" * 3_000, "%(" * 1_000),
    *("+4915112345678", "+4915187654321", "0151 12345678", "anonymous", "call_1", "current", "dummy_call_id"),
    *("gestern", "31.2.2028", "0.0.0", "32.13.2027", "1999-01-01", "9999-12-31", "10000-01-01", "28.03.2027 02:30"),
    *("25:99", "24:00", "99 Uhr", "-3 Uhr", "halb fünfzig", "2027-01-12T14:00:00+01:00", "2027-W02-2", "12.01.27"),
]
DAYS = [
    *("morgen", "übermorgen", "heute", "Dienstag", "nächsten Dienstag", "am 13. Januar", "13.1.", "2027-01-15"),
    *("nächste Woche", "am Wochenende", "so bald wie möglich", "in 3 Wochen", "tomorrow", "next Friday", "Freitag"),
]
TIMES = [
    *("14 Uhr", "um halb drei", "11 Uhr", "10 Uhr", "nachmittags", "ab 16 Uhr", "2 pm", "half past ten", "15:00"),
    *("das zweite", "der letzte", "egal", "lieber später"),
]
NAMES = ["Erika Beispiel", "hier ist Erika Beispiel", "Frau Dr. von der Heide", "José Ñandú", "Mir nicht", "guten Tag"]
YES = ["ja", "ja bitte", "yes", "genau", "true", "nein", "doch nicht"]
REASONS = ["krank", "muss arbeiten", "bitte am Fenster", "Ihr Termin ist gebucht."]
# What callers say, by the English name of the argument.
ENGLISH = {
    "name": NAMES,
    "date": DAYS,
    "time": TIMES,
    "service": ["Haarschnitt", "cut", "einen Haarschnitt bitte"],
    "notes": REASONS,
    "email": ["erika at web punkt de", "a@b.example"],
    "new_date": DAYS,
    "new_time": TIMES,
    "reason": REASONS,
    "phone": ["0151 87654321", "+4915112345678"],
    "confirmed": YES,
    "language": ["Deutsch", "English", "fr"],
}
SAID = ENGLISH | {german: ENGLISH[english] for german, english in GERMAN.items()}
PHRASES = [phrase for phrases in ENGLISH.values() for phrase in phrases] + [
    "Färben",
    "Haarschnitt und Farbe",
    "Massage",
]
WORDS = st.lists(st.sampled_from(PHRASES), min_size=1, max_size=4).map(" ".join)
VALUES = st.one_of(
    st.sampled_from(PHRASES),
    st.sampled_from(JUNK),
    WORDS,
    st.text(max_size=40),
    st.text(alphabet="0123456789.:-/ hTZ+apm", max_size=16),
    st.integers() | st.floats(),
)

_calls = count(1)


def arguments(function: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some of what a caller would say, and over it whatever comes."""
    names = FUNCTIONS[function]
    sensible = {name: st.sampled_from(SAID[name]) for name in names if name in SAID}
    keys = st.sampled_from(names) | st.sampled_from(INVENTED)
    junk = st.dictionaries(keys, VALUES, max_size=3)
    return st.builds(operator.or_, st.fixed_dictionaries({}, optional=sensible), junk)


def turns(*functions: str) -> st.SearchStrategy[list[tuple[str, dict[str, Any]]]]:
    turn = st.one_of(*(st.tuples(st.just(function), arguments(function)) for function in functions))
    return st.lists(turn, min_size=TURNS, max_size=TURNS)


def assert_speakable(answered: dict[str, Any]) -> None:
    """As Retell wants it; in this salon nothing is booked during a call, so only changes can be done."""
    assert len(json.dumps(answered, allow_nan=False)) < LONGEST_ANSWER
    assert answered["success"] is True
    assert isinstance(answered["status"], str)
    assert answered["status"]
    message = answered["message"]
    assert isinstance(message, str)
    assert message.strip()
    assert not [part for part in ("{{", "None", "%(") if part in message]
    assert not CLAIM.search(message.replace("noch nicht bestätigt", "")) or answered["status"] in (
        "changed",
        "cancelled",
    )


class World:
    """The salon with the caller's appointment, and everybody else."""

    def __init__(self, service: Service, control: CalcomControl, other: Company) -> None:
        self.salon, self.sandbox = service.company, control.sandbox
        self.mine = book_by_phone(service, "2027-01-15T11:00").calcom_booking_uid
        book_by_phone(service, "2027-01-13T10:00", phone="+4915187654321")
        theirs = make_service(other, name="Haarschnitt")
        call = make_call(other, caller_phone=CALLER)
        customer = make_customer(other, phone=CALLER)
        promise(theirs, berlin("2027-01-14T10:00"), call=call, customer=customer, status=Appointment.Status.SCHEDULED)
        control.post("settings", rate_limit=None)
        self.at_first = self.others()

    def others(self) -> list[Any]:
        """All that is not the caller's: rows, and bookings in Cal.com."""
        models_of_others: list[type[models.Model]] = [Appointment, Call, Customer, FollowUp, Service]
        foreign = [model._default_manager.exclude(company=self.salon) for model in models_of_others]
        own = [
            Company.objects.all(),
            Service.objects.filter(company=self.salon),
            Customer.objects.filter(company=self.salon).exclude(phone=CALLER),
            Appointment.objects.filter(company=self.salon).exclude(customer__phone=CALLER).exclude(call__isnull=False),
            Offer.objects.exclude(call__company=self.salon),
        ]
        bookings = [booking for booking in self.sandbox.state.bookings.all() if CALLER not in str(booking.attendees)]
        return [*(list(rows.order_by("pk").values()) for rows in (*foreign, *own)), bookings]

    def call(self, said: list[tuple[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        """What is answered to each turn of one call."""
        call = {"call_id": f"call_babbling_{next(_calls)}", "from_number": CALLER, "direction": "inbound"}
        for function, args in said:
            yield answer(self.salon, {"name": function, "args": args, "call": {**call, "call_status": "ongoing"}})

    @contextmanager
    def as_if_it_had_not_been(self) -> Iterator[None]:
        state = copy.deepcopy(self.sandbox.state)
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        self.sandbox.state = state
        self.sandbox.requests.clear()
        cache.clear()


@pytest.fixture
def world(cut: Service, control: CalcomControl, other_company: Company) -> World:
    return World(cut, control, other_company)


@pytest.fixture
def no_limits(settings: Settings) -> None:
    """What is looked for is the answer to the arguments, not the limit."""
    settings.RATE_LIMIT_VENDOR = 10_000_000


def babbling(*functions: str, calls: int = CALLS) -> Any:
    """Ten turns of a call at a time, with arguments for these functions."""

    def decorate(test: Any) -> Any:
        bounded = settings(max_examples=calls, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        return pytest.mark.usefixtures("no_limits")(bounded(given(said=turns(*functions))(test)))

    return decorate


def check(world: World, said: list[tuple[str, dict[str, Any]]]) -> None:
    with world.as_if_it_had_not_been():
        for answered in world.call(said):
            assert_speakable(answered)
        assert world.others() == world.at_first


@babbling("collect_appointment_information")
def test_collecting(world: World, said: list[Any]) -> None:
    check(world, said)


@babbling("check_availability")
def test_checking(world: World, said: list[Any]) -> None:
    check(world, said)


@babbling("change_appointment_details")
def test_changing(world: World, said: list[Any]) -> None:
    check(world, said)


@babbling("cancel_appointment")
def test_cancelling(world: World, said: list[Any]) -> None:
    check(world, said)


@babbling("find_appointments")
def test_finding(world: World, said: list[Any]) -> None:
    check(world, said)


@babbling("request_callback")
def test_calling_back(world: World, said: list[Any]) -> None:
    check(world, said)


@babbling(*FUNCTIONS, calls=CALLS // 4)
def test_all_of_them_in_one_call(world: World, said: list[Any]) -> None:
    check(world, said)
