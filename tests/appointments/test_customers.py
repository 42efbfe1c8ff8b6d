"""Customers: found by number, filled up, never overwritten."""

import pytest

from appointments.customers import customer_for
from appointments.models import Company, Customer
from tests.appointments.threads import at_once
from tests.factories import make_customer

PHONE = "+4915112345678"


def the_customer(company: Company, **told: str | None) -> Customer:
    return customer_for(company, **{"phone": PHONE, "name": "Erika", "email": None, "language": "de", **told})


def test_a_new_number_makes_a_customer(company: Company) -> None:
    customer = the_customer(company, email="erika@example.com")
    assert (customer.phone, customer.name, customer.email, customer.language) == (
        PHONE,
        "Erika",
        "erika@example.com",
        "de",
    )


def test_a_known_number_finds_the_customer(company: Company) -> None:
    known = make_customer(company, phone=PHONE)
    assert the_customer(company) == known
    assert Customer.objects.count() == 1


def test_a_hidden_number_is_always_somebody_new(company: Company) -> None:
    first, second = the_customer(company, phone=None), the_customer(company, phone=None)
    assert first != second
    assert first.email is None


def test_gaps_are_filled(company: Company) -> None:
    make_customer(company, phone=PHONE, name="", email=None, language="")
    the_customer(company, name="Erika", email="erika@example.com", language="en")
    customer = Customer.objects.get()
    assert (customer.name, customer.email, customer.language) == ("Erika", "erika@example.com", "en")


def test_what_is_known_is_not_overwritten(company: Company) -> None:
    make_customer(company, phone=PHONE, name="Erika Beispiel", email="erika@example.com", language="de")
    the_customer(company, name="Acht Uhr", email="other@example.com", language="en")
    customer = Customer.objects.get()
    assert (customer.name, customer.email, customer.language) == ("Erika Beispiel", "erika@example.com", "de")


def test_nothing_told_leaves_no_empty_email(company: Company) -> None:
    make_customer(company, phone=PHONE, email=None)
    assert the_customer(company, email="").email is None


def test_the_same_number_at_two_companies_is_two_customers(company: Company, other_company: Company) -> None:
    assert the_customer(company) != the_customer(other_company)
    assert [known.customers.count() for known in (company, other_company)] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_ten_first_calls_at_once_make_one_customer(company: Company) -> None:
    found = at_once(10, lambda number: the_customer(company, email=f"erika{number}@example.com").pk)
    assert set(found) == {Customer.objects.get().pk}
