"""Whose booking it is: callers who show their number, callers who hide it, and two companies with the same caller."""

import pytest

from appointments.intents import book_wish
from appointments.models import Appointment, Call, Company, Customer, Service
from tests.appointments.wishing import CALLER, an_ended_call
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_company, make_customer, make_service

Status = Appointment.Status


@pytest.fixture
def rival(db: None, control: CalcomControl) -> Service:
    """The service of another company with a Cal.com account of its own."""
    ids = control.add_account("rival", "cal_live_rival_0123456789", [{"title": "Cut", "slug": "cut"}])
    company = make_company(calcom_api_key="cal_live_rival_0123456789", calcom_base_url=control.base_url)
    return make_service(company, calcom_event_type_id=ids["cut"])


def booked(call: Call) -> Appointment:
    appointment = book_wish(call)
    assert appointment is not None
    assert appointment.status == Status.SCHEDULED
    return appointment


def test_a_new_caller_becomes_a_customer(haircut: Service, salon: Company) -> None:
    call = an_ended_call(haircut, email="erika@example.com")
    appointment = booked(call)
    customer = Customer.objects.get()
    assert (customer.company, customer.phone, customer.name) == (salon, CALLER, "Erika Beispiel")
    assert customer.email == "erika@example.com"
    assert appointment.customer == Call.objects.get().customer == customer


def test_a_known_caller_stays_who_they_are(haircut: Service, salon: Company) -> None:
    known = make_customer(salon, name="Max Muster", phone=CALLER)
    appointment = booked(an_ended_call(haircut))
    assert appointment.customer == known
    assert appointment.attendee_name == "Erika Beispiel"
    assert Customer.objects.get().name == "Max Muster"


def test_a_caller_without_an_address_gets_none_that_is_kept(haircut: Service, control: CalcomControl) -> None:
    appointment = booked(an_ended_call(haircut))
    (kept,) = control.bookings()
    assert kept["attendees"][0]["email"] == f"{appointment.booking_key}@no-mail.invalid"
    assert (Customer.objects.get().email, appointment.attendee_email) == (None, None)


@pytest.mark.parametrize("hidden", ["anonymous", "", "+266696687", "sip:anonymous@anonymous.invalid"])
def test_hidden_callers_are_two_customers_with_two_addresses(
    haircut: Service, control: CalcomControl, hidden: str
) -> None:
    appointments = [
        booked(an_ended_call(haircut, from_number=hidden, starts_at=start)) for start in (SLOT, SLOT + HOUR)
    ]
    assert [customer.phone for customer in Customer.objects.all()] == [None, None]
    assert appointments[0].customer != appointments[1].customer
    attendees = [row["attendees"][0] for row in control.bookings()]
    assert len({attendee["email"] for attendee in attendees}) == 2
    assert not any(attendee.get("phoneNumber") for attendee in attendees)


def test_a_hidden_caller_is_not_taken_for_a_customer_of_that_name(haircut: Service, salon: Company) -> None:
    known = make_customer(salon, name="Erika Beispiel", phone=None)
    assert booked(an_ended_call(haircut, from_number="anonymous")).customer != known


def test_a_hidden_callers_booking_is_the_same_however_often_it_is_tried(
    haircut: Service, control: CalcomControl
) -> None:
    call = an_ended_call(haircut, from_number="anonymous")
    assert len({booked(call).customer for _ in range(3)}) == Customer.objects.count() == len(control.bookings()) == 1


def test_the_same_caller_at_two_companies_is_two_customers(
    haircut: Service, rival: Service, control: CalcomControl
) -> None:
    appointments = [booked(an_ended_call(service)) for service in (haircut, rival)]
    assert [row.customer.company for row in appointments] == [haircut.company, rival.company]
    assert len({row["accountId"] for row in control.bookings()}) == 2


def test_one_companys_customer_does_not_greet_the_others_caller(haircut: Service, rival: Service) -> None:
    known = make_customer(rival.company, name="Max Muster", phone=CALLER)
    appointment = booked(an_ended_call(haircut))
    assert appointment.customer != known
    assert appointment.customer.name == "Erika Beispiel"
