"""The forms of companies, services and customers: hours in words, no edit lost, and what a customer's page tells."""

import re
from typing import Any

import pytest
from django.test import Client

from appointments.models import Company, Customer, Service
from tests.appointments.staff.conftest import In, make_appointment
from tests.factories import make_call, make_customer, make_service

pytestmark = pytest.mark.django_db
COMPANIES, CUSTOMERS = "/admin/appointments/company/", "/admin/appointments/customer/"


def company_form(**fields: str) -> dict[str, str]:
    return {
        "name": "Salon Neu",
        "slug": "salon-neu",
        "default_language": "de",
        "timezone": "Europe/Berlin",
        "booking_mode": "after_call",
        "mails_customers": "calendar",
        "notice_hours": "24",
        "rejected_numbers": "[]",
        **fields,
    }


def hours(day: str, *spans: tuple[str, str]) -> dict[str, str]:
    ends = {}
    for number, (begins, closes) in enumerate(spans):
        ends |= {f"opening_hours_{day}_{number}_from": begins, f"opening_hours_{day}_{number}_to": closes}
    return ends


def seen_in(page: str) -> str:
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


class TestOpeningHours:
    def test_they_are_shown_by_day(self, logged_in: In, company: Company) -> None:
        shown = logged_in("admin").get(f"{COMPANIES}{company.pk}/change/").text
        assert 'name="opening_hours_monday_0_from" value="09:00"' in shown
        assert 'name="opening_hours_sunday_0_from" value=""' in shown

    def test_two_spans_a_day_are_kept_in_order(self, logged_in: In, company: Company) -> None:
        form = company_form(**hours("monday", ("14:00", "18:00"), ("09:00", "12:00")), **hours("friday", ("", "")))
        assert logged_in("admin").post(f"{COMPANIES}{company.pk}/change/", form).status_code == 302
        company.refresh_from_db()
        assert company.opening_hours == {"monday": [["09:00", "12:00"], ["14:00", "18:00"]]}

    @pytest.mark.parametrize(
        ("spans", "words"),
        [
            ([("09:00", "")], "both when you open"),
            ([("18:00", "09:00")], "closing comes after opening"),
            ([("09:00", "13:00"), ("12:00", "18:00")], "overlap"),
            ([("9 Uhr", "99:99")], "Write the hours"),
        ],
    )
    def test_what_can_not_be_is_refused(
        self, logged_in: In, company: Company, spans: list[tuple[str, str]], words: str
    ) -> None:
        answer = logged_in("admin").post(f"{COMPANIES}{company.pk}/change/", company_form(**hours("monday", *spans)))
        assert words in answer.text
        assert company.opening_hours == Company.objects.get(pk=company.pk).opening_hours


class TestAddingACompany:
    def test_who_adds_one_works_for_it(self, logged_in: In) -> None:
        admin = logged_in("admin")
        assert admin.post(f"{COMPANIES}add/", company_form()).status_code == 302
        made = Company.objects.get(slug="salon-neu")
        assert [user.username for user in made.staff.all()] == ["admin"]
        assert admin.get(f"{COMPANIES}{made.pk}/change/").status_code == 200

    def test_an_operator_adds_none(self, operator: Client) -> None:
        assert operator.post(f"{COMPANIES}add/", company_form()).status_code == 403


class TestServicesOfACompany:
    def test_its_page_leads_to_each_and_to_a_new_one(self, logged_in: In, company: Company) -> None:
        service = make_service(company, name="<b>Schnitt</b>")
        shown = logged_in("admin").get(f"{COMPANIES}{company.pk}/change/").text
        assert f'href="/admin/appointments/service/{service.pk}/change/">&lt;b&gt;Schnitt' in shown
        assert f'href="/admin/appointments/service/add/?company={company.pk}"' in shown

    def test_the_companys_form_writes_none(self, logged_in: In, company: Company) -> None:
        service, admin = make_service(company, name="Schnitt"), logged_in("admin")
        url = f"{COMPANIES}{company.pk}/change/"
        seen = seen_in(admin.get(url).text)
        Service.objects.filter(pk=service.pk).update(duration_minutes=45)
        row = {"services-TOTAL_FORMS": "1", "services-INITIAL_FORMS": "1", "services-0-id": str(service.pk)}
        row |= {"services-0-name": "Schnitt", "services-0-duration_minutes": "30"}
        assert admin.post(url, company_form(seen=seen, **row)).status_code == 302
        service.refresh_from_db()
        assert service.duration_minutes == 45

    def test_the_second_save_of_one_is_refused_with_the_difference(self, logged_in: In, company: Company) -> None:
        service, admin = make_service(company, name="Schnitt"), logged_in("admin")
        url = f"/admin/appointments/service/{service.pk}/change/"
        seen = seen_in(admin.get(url).text)
        Service.objects.filter(pk=service.pk).update(duration_minutes=45)
        stale = {"company": company.pk, "name": "Schnitt", "aliases": "[]", "duration_minutes": "30", "seen": seen}
        answer = admin.post(url, {**stale, "parallel_capacity": "1", "is_active": "on"}).text
        assert "Duration: was “30”, is “45” now." in answer
        service.refresh_from_db()
        assert service.duration_minutes == 45

    def test_a_new_company_leads_to_them(self, logged_in: In) -> None:
        admin = logged_in("admin")
        page = admin.post(f"{COMPANIES}add/", company_form(), follow=True)
        made = Company.objects.get(slug="salon-neu")
        assert page.redirect_chain == [(f"{COMPANIES}{made.pk}/change/#services", 302)]
        assert "No service yet" in page.text
        assert page.text.count(f"?company={made.pk}") == 1

    def test_who_may_only_look_is_offered_none_to_add(self, logged_in: In, company: Company) -> None:
        shown = logged_in("viewer").get(f"{COMPANIES}{company.pk}/change/").text
        assert "/admin/appointments/service/add/" not in shown


class TestTwoEditOneRow:
    @pytest.fixture
    def customer(self, company: Company) -> Customer:
        return make_customer(company, name="Erika", phone="+4915112345678")

    def form(self, customer: Customer, **fields: str) -> dict[str, Any]:
        return {
            "company": customer.company_id,
            "name": customer.name,
            "phone": customer.phone,
            "language": "",
            **fields,
        }

    def test_the_second_save_is_refused_with_the_difference(self, operator: Client, customer: Customer) -> None:
        url = f"{CUSTOMERS}{customer.pk}/change/"
        seen = seen_in(operator.get(url).text)
        assert operator.post(url, self.form(customer, name="Erika Neu", seen=seen)).status_code == 302
        answer = operator.post(url, self.form(customer, language="en", seen=seen)).text
        assert "nothing was saved" in answer
        assert "Name: was “Erika”, is “Erika Neu” now." in answer
        assert Customer.objects.get().language == ""

    def test_saving_again_after_that_is_meant(self, operator: Client, customer: Customer) -> None:
        url = f"{CUSTOMERS}{customer.pk}/change/"
        seen = seen_in(operator.get(url).text)
        operator.post(url, self.form(customer, name="Erika Neu", seen=seen))
        refused = operator.post(url, self.form(customer, language="en", seen=seen)).text
        again = self.form(customer, language="en", seen=seen_in(refused))
        assert operator.post(url, again).status_code == 302
        assert (Customer.objects.get().name, Customer.objects.get().language) == ("Erika", "en")

    def test_one_after_the_other_is_fine(self, operator: Client, customer: Customer) -> None:
        url = f"{CUSTOMERS}{customer.pk}/change/"
        for name in ("Erika Eins", "Erika Zwei"):
            seen = seen_in(operator.get(url).text)
            assert operator.post(url, self.form(customer, name=name, seen=seen)).status_code == 302

    def test_what_the_form_does_not_have_may_change(self, operator: Client, customer: Customer) -> None:
        url = f"{CUSTOMERS}{customer.pk}/change/"
        seen = seen_in(operator.get(url).text)
        customer.save()
        assert operator.post(url, self.form(customer, name="Erika Neu", seen=seen)).status_code == 302

    def test_a_replaced_secret_is_told_but_not_shown(self, logged_in: In, company: Company) -> None:
        url, admin = f"{COMPANIES}{company.pk}/change/", logged_in("admin")
        page = admin.get(url).text
        company.calcom_api_key = "cal_live_of_a_colleague"
        company.save()
        answer = admin.post(url, company_form(seen=seen_in(page))).text
        assert "Cal.com API key: replaced." in answer
        assert "cal_live_of_a_colleague" not in answer
        company.refresh_from_db()
        assert company.calcom_api_key == "cal_live_of_a_colleague"


class TestACustomersPage:
    def test_it_tells_calls_and_appointments(
        self, operator: Client, company: Company, django_assert_max_num_queries: Any
    ) -> None:
        customer = make_customer(company)
        rows = [make_appointment(company, customer=customer) for _ in range(8)]
        calls = [make_call(company, customer=customer, summary="<b>Bart</b>") for _ in range(8)]
        operator.get(CUSTOMERS)
        with django_assert_max_num_queries(12):
            shown = operator.get(f"{CUSTOMERS}{customer.pk}/change/").text
        assert all(f"/appointment/{row.pk}/" in shown for row in rows)
        assert all(f"/call/{call.pk}/" in shown for call in calls)
        assert "&lt;b&gt;Bart" in shown

    def test_a_new_customer_has_none(self, operator: Client, company: Company) -> None:
        assert operator.get(f"{CUSTOMERS}add/").status_code == 200
        shown = operator.get(f"{CUSTOMERS}{make_customer(company).pk}/change/").text
        assert "No appointment yet." in shown


def test_whose_name_is_just_what_was_searched_for_comes_first(operator: Client, company: Company) -> None:
    for name in ("Ada Anna", "Anna"):
        make_customer(company, name=name)
    found = operator.get(CUSTOMERS, {"q": "Anna"}).context["cl"].result_list
    assert [customer.name for customer in found] == ["Anna", "Ada Anna"]
