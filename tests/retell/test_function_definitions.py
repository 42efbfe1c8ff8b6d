"""What agents are told of their functions is what there is."""

import re
from pathlib import Path

import pytest

from mcp_gateway.registry import Method, registry
from retell.function_definitions import DEFINITIONS, tool
from retell.functions import canonical_name
from retell.sandbox.tools import saved_tools

README = Path(__file__).resolve().parents[2] / "README.md"
URL = "https://phone.example.com/api/mcp/retell/custom-function"
EACH = pytest.mark.parametrize("name", DEFINITIONS)


def registered(name: str) -> Method:
    return registry.methods[f"retell_custom.{name}"]


@pytest.fixture(params=[True, False], ids=["during the call", "after the call"])
def books_during_call(request: pytest.FixtureRequest) -> bool:
    return request.param


@EACH
def test_what_is_defined_is_registered(name: str) -> None:
    assert f"retell_custom.{name}" in registry.methods


@pytest.mark.parametrize("method", [name for name in registry.methods if name.startswith("retell_custom.")])
def test_what_is_registered_is_defined(method: str) -> None:
    assert method.removeprefix("retell_custom.") in DEFINITIONS


@EACH
def test_each_parameter_is_one_of_the_method(name: str) -> None:
    assert set(DEFINITIONS[name].parameters) <= set(registered(name).parameter_names)


@EACH
def test_what_is_required_is_a_parameter(name: str) -> None:
    assert set(DEFINITIONS[name].required) <= set(DEFINITIONS[name].parameters)


@EACH
def test_no_call_id_or_company_is_asked_of_a_model(name: str) -> None:
    assert not {"call_id", "company_id"} & set(DEFINITIONS[name].parameters)


@EACH
def test_dates_are_left_to_us(name: str) -> None:
    has_dates = {"date", "new_date"} & set(DEFINITIONS[name].parameters)
    assert bool(has_dates) == ("never compute a date" in DEFINITIONS[name].description)


@EACH
def test_retell_takes_it(name: str, books_during_call: bool) -> None:
    made = tool(name, URL, books_during_call=books_during_call)
    (saved,) = saved_tools([made], "general_tools")
    assert saved | made == saved
    assert canonical_name(saved["name"]) == name


@EACH
def test_a_slow_answer_is_still_heard(name: str) -> None:
    """What a method may take fits into what Retell waits."""
    made = tool(name, URL, books_during_call=True)
    deadline_ms = registered(name).declaration.deadline_seconds * 1000
    assert deadline_ms < made["timeout_ms"] <= 15_000


@EACH
def test_no_function_is_called_again_by_retell(name: str) -> None:
    assert tool(name, URL, books_during_call=True)["max_retry"] == 0


@EACH
def test_nobody_waits_in_silence_for_the_calendar(name: str) -> None:
    made = tool(name, URL, books_during_call=True)
    asks_calendar = name not in ("find_appointments", "request_callback")
    assert made["speak_during_execution"] == asks_calendar
    assert bool(made.get("execution_message_description")) == asks_calendar


def test_a_yes_is_asked_for_only_where_it_books(books_during_call: bool) -> None:
    made = {name: tool(name, URL, books_during_call=books_during_call)["parameters"] for name in DEFINITIONS}
    rules = {name: parameters["properties"] for name, parameters in made.items()}
    asked = {name: found["confirmed"]["type"] for name, found in rules.items() if "confirmed" in found}
    assert asked == ({"collect_appointment_information": "boolean"} if books_during_call else {})


def test_every_other_parameter_is_the_callers_words(books_during_call: bool) -> None:
    for one in (tool(name, URL, books_during_call=books_during_call) for name in DEFINITIONS):
        types = {rule["type"] for name, rule in one["parameters"]["properties"].items() if name != "confirmed"}
        assert types == {"string"}, one["name"]


@EACH
def test_each_is_in_the_readme_with_its_parameters(name: str) -> None:
    row = re.search(rf"^ *\| `{name}` \| (.*) \|$", README.read_text(), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row[1].split(" | ")[0]) == list(DEFINITIONS[name].parameters)
