"""One row per call, whatever tells of it, in any order."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from appointments.calls import CallNews, ForeignCall, record_call
from appointments.models import Call, Company
from tests import bells
from tests.appointments.threads import at_once
from tests.factories import make_customer

CALL_ID = "call_0123456789abcdef"
Status = Call.Status
STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENDED = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)

FUNCTION = {"agent_id": "agent_1", "transcript": "Agent: Hallo."}
NEWS: tuple[dict[str, Any], ...] = (
    {"status": Status.ONGOING, "from_number": "0151 12345678", "direction": "inbound", "started_at": STARTED},
    {**FUNCTION, "started_at": STARTED},
    {
        "status": Status.ENDED,
        "ended_at": ENDED,
        "transcript": "Agent: Hallo. User: Guten Tag.",
        "disconnection_reason": "user_hangup",
        "cost_cents": Decimal("12.5"),
    },
    {"status": Status.ENDED, "summary": "Wants a haircut.", "analysis": {"call_successful": True}, "agent_version": 3},
)
IGNORED = ("id", "created_at", "updated_at")


def news(**told: Any) -> CallNews:
    return CallNews(**{"call_id": CALL_ID, "provider": "retell", **told})


def row() -> dict[str, Any]:
    (values,) = Call.objects.values()
    return {name: value for name, value in values.items() if name not in IGNORED}


@pytest.mark.parametrize("order", list(permutations(NEWS)))
def test_the_same_news_in_any_order_give_the_same_row(company: Company, order: tuple[dict[str, Any], ...]) -> None:
    for told in order:
        record_call(company, news(**told))
    expected = {name: value for told in NEWS for name, value in told.items()}
    found = row()
    assert {name: found[name] for name in expected} == expected
    assert found["caller_phone"] == "+4915112345678"


def test_news_told_twice_change_nothing(company: Company) -> None:
    for told in NEWS:
        record_call(company, news(**told))
    once = row()
    for told in NEWS:
        record_call(company, news(**told))
    assert row() == once


@pytest.mark.parametrize("over", [Status.ENDED, Status.NOT_CONNECTED, Status.ERROR])
@pytest.mark.parametrize("late", [Status.REGISTERED, Status.ONGOING])
def test_a_call_that_is_over_does_not_begin_again(company: Company, over: Status, late: Status) -> None:
    record_call(company, news(status=over))
    assert record_call(company, news(status=late)).status == over


def test_a_call_that_has_begun_is_not_registered_again(company: Company) -> None:
    record_call(company, news(status=Status.ONGOING))
    assert record_call(company, news()).status == Status.ONGOING


def test_news_that_say_nothing_erase_nothing(company: Company) -> None:
    for told in NEWS:
        record_call(company, news(**told))
    before = row()
    record_call(company, news())
    assert row() == before


def test_a_transcript_does_not_shrink(company: Company) -> None:
    record_call(company, news(transcript="Agent: Hallo. User: Guten Tag."))
    assert record_call(company, news(transcript="Agent: Hallo.")).transcript == "Agent: Hallo. User: Guten Tag."


def test_why_it_ended_is_mended_by_later_news(company: Company) -> None:
    record_call(company, news(status=Status.ENDED, disconnection_reason="end never told"))
    assert record_call(company, news(disconnection_reason="user_hangup")).disconnection_reason == "user_hangup"


def test_a_test_call_stays_one(company: Company) -> None:
    record_call(company, news(is_test=True))
    assert record_call(company, news()).is_test


def test_another_companys_call_is_foreign_and_stays_as_it_is(company: Company, other_company: Company) -> None:
    record_call(company, news())
    before = row()
    with pytest.raises(ForeignCall):
        record_call(other_company, news(status=Status.ENDED, summary="Stolen."))
    assert row() == before


def test_the_caller_is_known_by_number(company: Company) -> None:
    customer = make_customer(company, phone="+4915112345678")
    assert record_call(company, news(from_number="0151 12345678")).customer == customer


def test_the_callee_is_who_is_known_of_an_outbound_call(company: Company) -> None:
    customer = make_customer(company, phone="+4915112345678")
    call = record_call(company, news(from_number="+493012345678", to_number="015112345678", direction="outbound"))
    assert call.customer == customer


def test_another_companys_customer_is_not_known(company: Company, other_company: Company) -> None:
    make_customer(other_company, phone="+4915112345678")
    assert record_call(company, news(from_number="+4915112345678")).customer is None


def test_a_hidden_caller_is_nobody(company: Company) -> None:
    make_customer(company, phone=None)
    call = record_call(company, news(from_number="anonymous"))
    assert (call.customer, call.caller_phone, call.from_number) == (None, None, "anonymous")


def test_a_customer_made_meanwhile_is_linked_by_the_next_news(company: Company) -> None:
    record_call(company, news(from_number="+4915112345678"))
    customer = make_customer(company, phone="+4915112345678")
    assert record_call(company, news(status=Status.ENDED)).customer == customer


def test_news_do_not_touch_the_wish(company: Company) -> None:
    call = record_call(company, news())
    Call.objects.filter(pk=call.pk).update(collected_data={"customer_name": "Erika"})
    assert record_call(company, news(status=Status.ENDED)).collected_data == {"customer_name": "Erika"}


@pytest.mark.django_db(transaction=True)
def test_ten_first_news_at_once_make_one_row(company: Company) -> None:
    made = at_once(10, lambda _: record_call(company, news(status=Status.ONGOING)).pk)
    assert set(made) == {Call.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_different_news_at_once_are_all_kept(company: Company) -> None:
    for told in NEWS:
        record_call(company, news(**told))
    expected = row()
    Call.objects.all().delete()
    at_once(12, lambda number: record_call(company, news(**NEWS[number % len(NEWS)])).pk)
    assert row() == expected


def test_the_first_news_of_a_call_warm_what_is_free(company: Company, django_capture_on_commit_callbacks: Any) -> None:
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        record_call(company, news())
        record_call(company, news(status=Status.ENDED))
    assert [(ring.task, ring.args) for ring in bells.rung()] == [
        ("appointments.tasks.warm_availability", (company.pk,))
    ]


def test_news_that_tell_nothing_new_cost_one_query(
    company: Company, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    record_call(company, news(from_number="+4915112345678", status=Status.ONGOING))
    with django_assert_num_queries(1):
        record_call(company, news(from_number="+4915112345678", status=Status.ONGOING))
