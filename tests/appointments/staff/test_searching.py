"""Searching the lists: ids, names by the beginnings of their words, what fits whole first; nothing reads every row."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appointments import list_tools
from appointments.models import Company, Customer, FollowUp
from tests.appointments.staff.conftest import make_appointment
from tests.factories import make_call, make_customer

pytestmark = pytest.mark.django_db
CALLS, APPOINTMENTS, FOLLOW_UPS = (f"/admin/appointments/{name}/" for name in ("call", "appointment", "followup"))


def found(client: Client, url: str, words: str) -> list[Any]:
    return list(client.get(url, {"q": words}).context["cl"].result_list)


@pytest.fixture
def anna(company: Company) -> Customer:
    return make_customer(company, name="Anna Meier-Schulz", phone="+493012345678", email="anna@example.org")


@pytest.mark.parametrize("words", ["Anna", "anna mei", "Meier", "mei ann", "Anna Meier-Schulz", "anna@example"])
def test_a_customers_rows_are_found_by_the_beginnings_of_words(
    operator: Client, company: Company, anna: Customer, words: str
) -> None:
    call, appointment = make_call(company, customer=anna), make_appointment(company, customer=anna, attendee_name="")
    follow_up = FollowUp.objects.create(company=company, kind="callback", call=call, what_to_do="x")
    make_call(company, customer=make_customer(company))
    make_appointment(company)
    assert found(operator, CALLS, words) == [call]
    assert found(operator, APPOINTMENTS, words) == [appointment]
    assert found(operator, FOLLOW_UPS, words) == [follow_up]
    assert found(operator, "/admin/appointments/customer/", words) == [anna]


@pytest.mark.parametrize("words", ["eier", "Anna Schmidt", "%", "_nna"])
def test_no_part_within_a_word_is_found(operator: Client, company: Company, anna: Customer, words: str) -> None:
    make_call(company, customer=anna)
    make_appointment(company, customer=anna, attendee_name=anna.name)
    assert found(operator, CALLS, words) == found(operator, APPOINTMENTS, words) == []


def test_it_says_what_a_search_means(operator: Client) -> None:
    for url in (CALLS, APPOINTMENTS, FOLLOW_UPS, "/admin/appointments/customer/"):
        assert "has to begin the words of" in operator.get(url).text


def test_who_is_booked_for_under_another_name_is_found_by_its_beginning(operator: Client, company: Company) -> None:
    appointment = make_appointment(company, customer=None, attendee_name="Bert Beispiel")
    assert found(operator, APPOINTMENTS, "bert b") == [appointment]


def test_an_id_is_all_that_was_meant(operator: Client, company: Company) -> None:
    whole, _longer = make_call(company, call_id="call_1"), make_call(company, call_id="call_11")
    booked = make_appointment(company, calcom_booking_uid="uid-x", call=whole)
    make_appointment(company, attendee_name="uid-x and more")
    assert found(operator, CALLS, "call_1") == [whole]
    assert found(operator, APPOINTMENTS, "call_1") == found(operator, APPOINTMENTS, "uid-x") == [booked]


def test_a_call_is_found_by_the_beginning_of_its_id_and_by_its_agent(operator: Client, company: Company) -> None:
    calls = [make_call(company, call_id=f"call_7{number}", agent_id="agent_1") for number in range(2)]
    assert {call.pk for call in found(operator, CALLS, "call_7")} == {call.pk for call in calls}
    assert {call.pk for call in found(operator, CALLS, "agent_1")} == {call.pk for call in calls}


@pytest.mark.parametrize("words", ["Anna", "anna@example.org"])
def test_a_whole_name_or_address_comes_before_its_longer_ones(operator: Client, company: Company, words: str) -> None:
    """Newer rows come first otherwise."""
    whole = make_customer(company, name="Anna", email="anna@example.org")
    longer = make_customer(company, name="Anna Lang", email="anna@example.org.example")
    calls = [make_call(company, customer=customer) for customer in (whole, longer)]
    assert found(operator, CALLS, words) == calls
    first = make_appointment(company, attendee_name="Anna", attendee_email="anna@example.org")
    second = make_appointment(company, attendee_name="Anna Lang", attendee_email="anna@example.org.example")
    assert found(operator, APPOINTMENTS, words) == [first, second]


def test_a_search_that_finds_too_much_says_so(
    operator: Client, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_tools, "MOST_FOUND", 2)
    for _number in range(4):
        make_call(company, customer=make_customer(company))
    assert "More than 2 rows fit the search" in operator.get(CALLS, {"q": "Erika"}).text


def test_whoever_is_called_just_so_is_found_among_too_many(
    operator: Client, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_tools, "MOST_FOUND", 2)
    for name in ("Anna Meier", "Berta Meier", "Carla Meier"):
        make_call(company, customer=make_customer(company, name=name))
    meant = make_call(company, customer=make_customer(company, name="Meier"))
    assert found(operator, CALLS, "Meier")[0] == meant


def test_another_companys_customer_is_not_found(operator: Client, other_company: Company) -> None:
    customer = make_customer(other_company, name="Xaver Fremd")
    make_call(other_company, customer=customer)
    make_appointment(other_company, customer=customer, attendee_name="Xaver Fremd")
    assert found(operator, CALLS, "Xaver") == found(operator, APPOINTMENTS, "Xaver") == []


@pytest.mark.parametrize("url", [CALLS, APPOINTMENTS])
def test_no_search_looks_into_every_row(operator: Client, company: Company, anna: Customer, url: str) -> None:
    make_call(company, customer=anna)
    make_appointment(company, customer=anna)
    with CaptureQueriesContext(connection) as asked:
        operator.get(url, {"q": "Anna Meier"})
    parts_within = [query["sql"] for query in asked if re.search(r"LIKE '%", query["sql"])]
    assert all('FROM "customers"' in sql.replace("`", '"') for sql in parts_within), parts_within


# MariaDB ends every transaction with ANALYZE.
@pytest.mark.django_db(transaction=True)
@pytest.mark.servers
def test_every_question_of_a_search_has_an_index(operator: Client, company: Company, anna: Customer) -> None:
    """As MariaDB would answer it in a table that is large."""
    for number in range(300):
        make_call(company, call_id=f"call_x{number}", customer=anna if number == 7 else None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE calls, customers")
    with CaptureQueriesContext(connection) as asked:
        operator.get(CALLS, {"q": "Anna Meier"})
    (search,) = [query["sql"] for query in asked if "UNION ALL" in query["sql"] and "`calls`" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {search}")
        columns = [column[0] for column in cursor.description or ()]
        plan = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    assert [step for step in plan if step["table"] == "calls" and step["type"] == "ALL"] == []
