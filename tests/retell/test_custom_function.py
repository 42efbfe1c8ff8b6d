"""Function calls of the agent: whatever it sends, the answer is HTTP 200 and can be spoken."""

from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.models import Call, Company
from retell.functions import answer, canonical_name
from tests.factories import make_call, make_customer, make_service
from tests.retell.door import CALLER, COLLECT, WISH, Door

APOLOGY = "Something went wrong on our side. Nothing was booked or changed. May somebody call you back?"
CALL_IDS_OF_A_MODEL = ["dummy_call_id", "None", "current", "call_1", "1", "undefined", "{{call_id}}"]

pytestmark = pytest.mark.usefixtures("monday")


def apology(company: Company) -> str:
    with translation.override(company.default_language):
        return gettext(APOLOGY)


def assert_noted(answered: dict[str, Any]) -> None:
    """The wish of `WISH` was understood, and nothing is claimed to be booked."""
    assert (answered["success"], answered["status"]) == (True, "collected")
    assert (answered["date"], answered["time"], answered["today"]) == ("2027-01-12", "14:30", "2027-01-11")
    assert "Dienstag, 12. Januar 2027" in answered["message"]


def assert_technical_failure(door: Door, answered: dict[str, Any], status: str) -> None:
    assert answered == {"success": False, "status": status, "message": apology(door.company)}


def test_a_wish_is_noted_and_read_back(door: Door) -> None:
    assert_noted(door.function())


def test_the_answer_is_in_the_companys_language(door: Door) -> None:
    door.company.default_language = "en"
    door.company.save()
    assert "Tuesday, January 12, 2027" in door.function({**WISH, "date": "tomorrow"})["message"]


def test_the_answer_is_in_the_known_callers_language(door: Door) -> None:
    make_customer(door.company, phone=CALLER, language="en")
    assert "Tuesday, January 12, 2027" in door.function({**WISH, "date": "tomorrow"})["message"]


@pytest.mark.parametrize(
    "name", [COLLECT, f"{COLLECT}_v17", f"{COLLECT}_v1", "collect_appointment", "collect_appointment_v2"]
)
def test_every_spelling_of_the_function_works(door: Door, name: str) -> None:
    assert_noted(door.function(name=name))


@pytest.mark.parametrize("name", [f"{COLLECT}_v", f"{COLLECT}_vx", f"v1_{COLLECT}", f"{COLLECT}_v1_", COLLECT.upper()])
def test_a_name_that_is_only_similar_is_not_taken_for_it(name: str) -> None:
    assert canonical_name(name) != COLLECT


@pytest.mark.parametrize("name_field", ["name", "function_name"])
@pytest.mark.parametrize("args_field", ["args", "arguments", "parameters"])
def test_every_spelling_of_the_body_works(door: Door, name_field: str, args_field: str) -> None:
    assert_noted(door.ask({name_field: COLLECT, args_field: WISH, "call": door.call_object()}))


def test_a_flat_call_object_works(door: Door) -> None:
    assert_noted(door.ask({"name": COLLECT, "args": WISH, **door.call_object()}))


def test_the_url_with_the_configuration_works(door: Door) -> None:
    body = {"name": COLLECT, "args": WISH, "call": door.call_object()}
    assert_noted(door.post(f"custom-function/{door.configuration.pk}", body).json())


def test_german_arguments_work(door: Door) -> None:
    assert_noted(
        door.function({"name": "Erika", "datum": "morgen", "uhrzeit": "halb drei", "dienstleistung": "Herrenschnitt"})
    )


def test_german_notes_are_noted(door: Door) -> None:
    door.function({**WISH, "notizen": "am Fenster"})
    assert door.call().collected_data["notes"] == "am Fenster"


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_english_argument_leaves_the_word_to_its_german_twin(door: Door, empty: str | None) -> None:
    assert_noted(door.function({**WISH, "date": empty, "datum": "morgen"}))


def test_what_the_model_adds_is_dropped(door: Door, other_door: Door) -> None:
    added = {
        "call_id": "call_1",
        "company_id": other_door.company.pk,
        "execution_message": "Einen Moment bitte.",
        "context": {},
        "self": 1,
        "signed_call": {"call_id": "x"},
    }
    assert_noted(door.function({**WISH, **added}))
    assert list(Call.objects.values_list("call_id", "company")) == [(door.call_id, door.company.pk)]


@pytest.mark.parametrize("call_id", CALL_IDS_OF_A_MODEL)
def test_the_call_id_among_the_arguments_is_not_the_calls(door: Door, call_id: str) -> None:
    answered = door.function({**WISH, "call_id": call_id}, call_id=None)
    assert_technical_failure(door, answered, "call_id_missing")
    assert not Call.objects.exists()


def test_even_a_real_call_id_among_the_arguments_is_not_the_calls(door: Door) -> None:
    live = make_call(door.company, status=Call.Status.ONGOING)
    door.function({**WISH, "call_id": live.call_id}, call_id=None)
    live.refresh_from_db()
    assert live.collected_data == {}


def test_numbers_stand_for_words(door: Door) -> None:
    answered = door.function({**WISH, "name": 4711, "time": 16})
    assert (answered["status"], answered["time"]) == ("collected", "16:00")


@pytest.mark.parametrize("junk", ["None", "null", "N/A", "{{date}}", "", None, [], {}, True])
def test_junk_instead_of_a_day_is_asked_about(door: Door, junk: object) -> None:
    answered = door.function({**WISH, "date": junk, "time": junk})
    assert (answered["success"], answered["status"]) == (True, "date_required")
    assert "Montag, 11. Januar 2027" in answered["message"]


@pytest.mark.parametrize("args", [None, "text", 5, [], [WISH], True])
def test_arguments_that_are_no_object_are_none(door: Door, args: object) -> None:
    answered = door.ask({"name": COLLECT, "args": args, "call": door.call_object()})
    assert (answered["success"], answered["status"]) == (True, "date_required")


def test_a_day_that_is_over_is_asked_about(door: Door) -> None:
    assert door.function({**WISH, "date": "10.01.2027"})["status"] == "date_in_past"


@pytest.mark.parametrize("name", ["book_a_flight", "", "retell_custom.collect", "../health", None, 5, ["x"]])
def test_an_unknown_function_is_a_technical_failure(door: Door, name: Any) -> None:
    assert_technical_failure(door, door.function(name=name), "unknown_function")


@pytest.mark.parametrize("server", ["webhook.processRetellWebhook", "calcom.createBooking"])
def test_no_other_server_can_be_reached(door: Door, server: str) -> None:
    assert_technical_failure(door, door.function({"event_id": 1}, name=server), "unknown_function")


def test_a_failure_is_spoken_in_the_companys_language(door: Door) -> None:
    door.company.default_language = "en"
    door.company.save()
    assert door.function(name="book_a_flight")["message"] == APOLOGY


@pytest.mark.parametrize("call_id", [None, "", "x" * 65, 5, []])
def test_without_a_usable_call_id_the_wish_is_not_noted(door: Door, call_id: Any) -> None:
    assert_technical_failure(door, door.function(call_id=call_id), "call_id_missing")


def test_a_body_without_a_call_is_answered(door: Door) -> None:
    body = {"name": COLLECT, "args": WISH}
    answered = door.post(f"custom-function/{door.configuration.pk}", body).json()
    assert_technical_failure(door, answered, "call_id_missing")


def test_the_function_makes_the_call_itself(door: Door) -> None:
    door.function()
    call = door.call()
    assert (call.company, call.status, call.caller_phone) == (door.company, Call.Status.ONGOING, CALLER)


def test_the_call_of_another_company_gets_no_wish(door: Door, other_door: Door) -> None:
    foreign = make_call(other_door.company, call_id=door.call_id)
    assert_technical_failure(door, door.function(), "not_found")
    foreign.refresh_from_db()
    assert (foreign.collected_data, foreign.company) == ({}, other_door.company)


def test_said_twice_the_wish_is_one(door: Door) -> None:
    first, again = door.function(), door.function(dict(reversed(WISH.items())))
    assert first == again
    assert Call.objects.count() == 1


def test_a_corrected_wish_replaces_the_first(door: Door) -> None:
    door.function()
    door.function({**WISH, "time": "16 Uhr"})
    assert door.call().collected_data["appointment_time"] == "16:00:00"


def test_another_companys_service_is_not_offered(door: Door, other_door: Door) -> None:
    make_service(door.company, name="Färben", aliases=[])
    make_service(other_door.company, name="Massage", aliases=[])
    answered = door.function({**WISH, "service": "Massage"})
    assert (answered["status"], set(answered["services"])) == ("service_required", {"Färben", "Herrenhaarschnitt"})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=3,
)
ARGUMENTS = st.dictionaries(st.sampled_from([*WISH, "email", "notes", "datum", "uhrzeit"]) | st.text(), ANYTHING)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(args=ARGUMENTS, name=st.just(COLLECT) | ANYTHING, call=st.fixed_dictionaries({"call_id": ANYTHING}) | ANYTHING)
def test_whatever_is_sent_the_answer_can_be_spoken(door: Door, args: Any, name: Any, call: Any) -> None:
    answered = answer(door.company, {"name": name, "args": args, "call": call})
    assert isinstance(answered["success"], bool)
    assert answered["message"]
