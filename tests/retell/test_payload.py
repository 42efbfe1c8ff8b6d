"""What we read from Retell's call object, however it is spelt and whatever else is in it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.models import Call
from retell.payload import NoCallId, call_id_of, call_news, call_of, instant, tool_calls

NINE = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
SECONDS = 1_799_658_000
CALL = {"call_id": "call_1", "call_type": "phone_call", "from_number": "+4915112345678", "direction": "inbound"}

# What a body can hold once it is parsed, with numbers and dates beyond what Python's own can take.
BEYOND_ALL_DATES = ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", 10**400, -(10**400), 1e300]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["", "NaN", "Infinity", "-1", "1e999", "{}", "[[", *BEYOND_ALL_DATES])
)
JSON = st.recursive(LEAVES, lambda children: st.lists(children) | st.dictionaries(st.text(), children), max_leaves=3)
FIELDS = [
    *("agent_id", "agent_version", "from_number", "to_number", "direction", "call_status", "call_type"),
    *("start_timestamp", "end_timestamp", "disconnection_reason", "transcript", "transcript_with_tool_calls"),
]
COSTS = st.fixed_dictionaries({}, optional={"combined_cost": JSON})
ANALYSES = st.fixed_dictionaries({}, optional={"call_summary": JSON})
ROWS = st.fixed_dictionaries(
    {"role": st.sampled_from(["tool_call_invocation", "tool_call_result"])},
    optional={"tool_call_id": JSON, "name": JSON, "arguments": JSON, "content": JSON},
)
CALLS = st.fixed_dictionaries(
    {"call_id": st.just("call_1")},
    optional={**dict.fromkeys(FIELDS, JSON), "call_cost": COSTS | JSON, "call_analysis": ANALYSES | JSON},
)


def news(**fields: Any) -> Any:
    return call_news({**CALL, **fields})


@given(call=CALLS, event=st.sampled_from(["", "call_started", "call_ended", "call_analyzed"]) | st.text())
def test_junk_in_any_field_never_raises(call: dict[str, Any], event: str) -> None:
    assert call_news(call, event=event).call_id == "call_1"


@given(rows=st.lists(ROWS | JSON) | JSON)
def test_junk_among_the_function_calls_never_raises(rows: Any) -> None:
    for name, arguments, _ in tool_calls({"transcript_with_tool_calls": rows}):
        assert isinstance(name, str)
        assert isinstance(arguments, dict)


@given(value=JSON)
def test_an_instant_is_aware_or_none(value: Any) -> None:
    found = instant(value)
    assert found is None or found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "written",
    [SECONDS, float(SECONDS), SECONDS * 1000, "2027-01-11T09:00:00Z", "2027-01-11T10:00:00+01:00"],
)
def test_milliseconds_seconds_and_iso_text_are_the_same_instant(written: object) -> None:
    assert instant(written) == NINE


@pytest.mark.parametrize(
    "written",
    [None, True, "", "soon", "2027-01-11T09:00:00", "2027-02-30T09:00:00Z", [], {}, float("nan"), *BEYOND_ALL_DATES],
)
def test_what_names_no_instant_is_none(written: object) -> None:
    assert instant(written) is None


def test_milliseconds_keep_their_fraction() -> None:
    assert instant(SECONDS * 1000 + 7) == NINE + timedelta(milliseconds=7)


@pytest.mark.parametrize("body", [{"event": "call_ended", "call": CALL}, {"event": "call_ended", **CALL}])
def test_the_call_may_be_nested_or_flat(body: dict[str, Any]) -> None:
    assert call_news(call_of(body)) == news()


@pytest.mark.parametrize("call_id", [None, "", "  ", "x" * 65, 1, [], {}, True])
def test_an_unusable_call_id_is_none_at_all(call_id: object) -> None:
    with pytest.raises(NoCallId):
        call_id_of({"call_id": call_id})


def test_the_longest_call_id_is_taken_whole() -> None:
    assert call_id_of({"call_id": f" {'x' * 64} "}) == "x" * 64


def test_a_web_call_has_no_numbers_and_is_a_test() -> None:
    told = call_news({"call_id": "call_1", "call_type": "web_call", "access_token": "t"})
    assert (told.from_number, told.to_number, told.direction, told.is_test) == ("", "", "", True)


def test_a_phone_call_is_no_test() -> None:
    assert not news().is_test


@pytest.mark.parametrize("name", ["direction", "call_status"])
def test_an_unknown_choice_says_nothing(name: str) -> None:
    assert news(**{name: "sideways"}) == news(**{name: None})


def test_an_unknown_disconnection_reason_is_kept() -> None:
    assert news(disconnection_reason="moon_phase").disconnection_reason == "moon_phase"


@pytest.mark.parametrize(
    ("told", "event", "status"),
    [
        ("registered", "call_started", Call.Status.ONGOING),
        ("registered", "call_ended", Call.Status.ENDED),
        ("ongoing", "call_ended", Call.Status.ENDED),
        ("ongoing", "call_analyzed", Call.Status.ENDED),
        ("not_connected", "call_ended", Call.Status.NOT_CONNECTED),
        ("error", "call_analyzed", Call.Status.ERROR),
        ("ended", "call_started", Call.Status.ENDED),
        ("brand_new_status", "", Call.Status.REGISTERED),
    ],
)
def test_the_event_settles_a_sloppy_status(told: str, event: str, status: Call.Status) -> None:
    assert call_news({**CALL, "call_status": told}, event=event).status == status


@pytest.mark.parametrize(
    ("written", "cents"), [(12.5, Decimal("12.5")), (0, Decimal(0)), ("NaN", None), (10**12, None), (True, None)]
)
def test_the_cost_is_a_number_or_unknown(written: object, cents: Decimal | None) -> None:
    assert news(call_cost={"combined_cost": written}).cost_cents == cents


def test_function_calls_come_with_arguments_and_result() -> None:
    rows = [
        {"role": "agent", "content": "Einen Moment."},
        {"role": "tool_call_invocation", "tool_call_id": "a", "name": "collect", "arguments": '{"date": "morgen"}'},
        {"role": "tool_call_result", "tool_call_id": "a", "content": '{"status": "collected"}'},
    ]
    assert list(tool_calls({"transcript_with_tool_calls": rows})) == [
        ("collect", {"date": "morgen"}, {"status": "collected"})
    ]


def test_a_function_call_without_an_answer_has_no_result() -> None:
    rows = [{"role": "tool_call_invocation", "tool_call_id": "a", "name": "collect", "arguments": "{}"}]
    assert list(tool_calls({"transcript_with_tool_calls": rows})) == [("collect", {}, None)]


def test_results_find_their_own_function_calls() -> None:
    rows = [
        {"role": "tool_call_invocation", "tool_call_id": "a", "name": "first"},
        {"role": "tool_call_invocation", "tool_call_id": "b", "name": "second"},
        {"role": "tool_call_result", "tool_call_id": "b", "content": "two"},
        {"role": "tool_call_result", "tool_call_id": "a", "content": "one"},
    ]
    found = [(name, result) for name, _, result in tool_calls({"transcript_with_tool_calls": rows})]
    assert found == [("first", "one"), ("second", "two")]
