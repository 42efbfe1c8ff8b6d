"""The appointments' pages of staff, with a real Cal.com sandbox behind them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from appointments import changes
from appointments.models import Appointment, Company, FollowUp, Service
from tests import trail
from tests.appointments.staff.conftest import In, make_appointment
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_company

pytestmark = pytest.mark.django_db
LIST = "/admin/appointments/appointment/"
Status = Appointment.Status
FORWARD = {"en": "the clocks go forward", "de": "werden über sie hinweg vorgestellt"}
BACK = {"en": "This time comes twice", "de": "Diese Uhrzeit kommt zweimal vor"}
TRACED = {"X-Correlation-ID": "0b0a6a52-54ff-4fe4-9fb0-5b8f3d2d9a11"}
CLOCK_CHANGES = [("2027-03-28T02:30", FORWARD), ("2027-10-31T02:30", BACK)]


@pytest.fixture
def company(salon: Company) -> Company:
    return salon


@pytest.fixture
def booked(haircut: Service) -> Appointment:
    return changes.create_appointment(
        company=haircut.company, service=haircut, start=SLOT, name="Erika Beispiel", phone="+4915112345678"
    )


def page(appointment: Appointment, name: str = "change") -> str:
    return f"{LIST}{appointment.pk}/{name}/"


def live(control: CalcomControl) -> list[dict[str, Any]]:
    return [row for row in control.bookings() if row["status"] in ("accepted", "pending")]


def move_to(appointment: Appointment, start: Any) -> str:
    return f"{page(appointment, 'move')}?start={start:%Y-%m-%dT%H:%M:%SZ}"


class TestCancelling:
    def test_it_is_asked_by_name_and_time_first(self, operator: Client, booked: Appointment) -> None:
        asked = operator.get(page(booked, "cancel")).text
        assert "Erika Beispiel" in asked
        assert "The booking is cancelled in Cal.com" in asked
        booked.refresh_from_db()
        assert booked.status == Status.SCHEDULED

    def test_it_is_cancelled_in_both_places_and_told_in_the_trail(
        self, operator: Client, booked: Appointment, control: CalcomControl
    ) -> None:
        answer = operator.post(page(booked, "cancel"), {"reason": "Stylist is ill"}, follow=True)
        assert "Cancelled: Erika Beispiel" in answer.text
        booked.refresh_from_db()
        assert (booked.status, booked.cancellation_reason, live(control)) == (Status.CANCELLED, "Stylist is ill", [])
        entry = trail.done().get(action="appointment.cancelled")
        assert (entry.actor_kind, entry.reason, entry.after["status"]) == ("staff", "Stylist is ill", "cancelled")

    def test_it_wants_a_reason(self, operator: Client, booked: Appointment) -> None:
        operator.post(page(booked, "cancel"), {"reason": " "})
        booked.refresh_from_db()
        assert booked.status == Status.SCHEDULED

    def test_twice_acts_once(self, operator: Client, booked: Appointment, control: CalcomControl) -> None:
        operator.post(page(booked, "cancel"), {"reason": "Ill"})
        sent = len(control.requests())
        answer = operator.post(page(booked, "cancel"), {"reason": "Ill"}, follow=True)
        assert "the appointment is cancelled by now" in answer.text
        assert len(control.requests()) == sent
        assert trail.done().filter(action="appointment.cancelled").count() == 1

    def test_a_refusal_of_the_calendar_changes_nothing_and_is_told(
        self, operator: Client, booked: Appointment, control: CalcomControl
    ) -> None:
        refusal = {"status": "error", "error": {"code": "BadRequestException", "message": "Not now"}}
        control.fault("reply", path="/v2/bookings/[^/]+/cancel", status=400, body=refusal)
        answer = operator.post(page(booked, "cancel"), {"reason": "Ill"}, headers=TRACED, follow=True)
        booked.refresh_from_db()
        assert booked.status == Status.SCHEDULED
        assert "The calendar does not accept this" in answer.text
        assert f"Request id: {TRACED['X-Correlation-ID']}" in answer.text

    def test_an_unknown_outcome_is_not_called_done(
        self, operator: Client, booked: Appointment, control: CalcomControl
    ) -> None:
        control.fault("reset", path="/v2/bookings/[^/]+/cancel", when="after")
        control.fault("reset", path="/v2/bookings/.*", when="before", times=20)
        answer = operator.post(page(booked, "cancel"), {"reason": "Ill"}, follow=True)
        booked.refresh_from_db()
        assert booked.status == Status.SCHEDULED
        assert "may have reached it, or not" in answer.text
        assert trail.done().get(action="appointment.cancelled").after == {"outcome": "unknown"}
        assert FollowUp.objects.get().kind == FollowUp.Kind.NEEDS_REVIEW


class TestMoving:
    def test_free_times_are_offered(self, operator: Client, booked: Appointment) -> None:
        offered = operator.get(page(booked, "move")).text
        assert f"start={SLOT + HOUR:%Y-%m-%dT%H:%M:%SZ}" in offered
        assert f"start={SLOT:%Y-%m-%dT%H:%M:%SZ}" not in offered

    def test_a_calendar_that_does_not_tell_is_not_taken_for_full(
        self, operator: Client, booked: Appointment, control: CalcomControl
    ) -> None:
        control.fault("reset", path="/v2/slots", times=9)
        offered = operator.get(page(booked, "move"), headers=TRACED).text
        assert "does not tell at this moment" in offered
        assert f"Request id: {TRACED['X-Correlation-ID']}" in offered
        assert "Nothing is free" not in offered

    def test_the_new_time_is_confirmed_first(self, operator: Client, booked: Appointment) -> None:
        asked = operator.get(move_to(booked, SLOT + HOUR)).text
        assert "The booking is moved in Cal.com" in asked
        booked.refresh_from_db()
        assert booked.starts_at == SLOT

    def test_it_is_moved_in_both_places(self, operator: Client, booked: Appointment, control: CalcomControl) -> None:
        answer = operator.post(move_to(booked, SLOT + HOUR), {"reason": "Customer asked"}, follow=True)
        assert "Moved: Erika Beispiel" in answer.text
        booked.refresh_from_db()
        assert booked.starts_at == SLOT + HOUR
        assert [row["uid"] for row in live(control)] == [booked.calcom_booking_uid]
        assert trail.done().get(action="appointment.moved").reason == "Customer asked"

    def test_a_taken_time_is_refused_with_the_nearest_free_ones(
        self, operator: Client, booked: Appointment, haircut: Service
    ) -> None:
        changes.create_appointment(
            company=haircut.company, service=haircut, start=SLOT + HOUR, name="Max", phone="+4915187654321"
        )
        answer = operator.post(move_to(booked, SLOT + HOUR), {"reason": "Later"}).text
        assert "This time is not free any more" in answer
        assert f"start={SLOT + 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}" in answer
        booked.refresh_from_db()
        assert booked.starts_at == SLOT

    @pytest.mark.parametrize("start", ["soon", "2027-03-28T02:30", "2026-10-25T02:30"])
    def test_a_time_that_is_none_is_refused(self, operator: Client, booked: Appointment, start: str) -> None:
        answer = operator.post(f"{page(booked, 'move')}?start={start}", {"reason": "Later"})
        assert answer.status_code == 200
        assert 'class="errorlist"' in answer.text
        booked.refresh_from_db()
        assert booked.starts_at == SLOT

    @pytest.mark.parametrize(("start", "words"), CLOCK_CHANGES)
    def test_a_time_that_the_clock_skips_or_shows_twice_is_refused_in_words(
        self, logged_in: In, booked: Appointment, start: str, words: dict[str, str]
    ) -> None:
        for browser, word in ((logged_in("operator"), words["en"]), (logged_in("admin", "de"), words["de"])):
            assert word in browser.get(f"{page(booked, 'move')}?start={start}").text

    def test_a_local_time_is_the_companys(self, operator: Client, booked: Appointment, salon: Company) -> None:
        local = (SLOT + HOUR).astimezone(salon.zone)
        operator.post(f"{page(booked, 'move')}?start={local:%Y-%m-%dT%H:%M}", {"reason": "Later"})
        booked.refresh_from_db()
        assert booked.starts_at == SLOT + HOUR


class TestConfirming:
    def test_what_waits_is_confirmed(self, operator: Client, colour: Service, control: CalcomControl) -> None:
        asked = changes.create_appointment(
            company=colour.company, service=colour, start=SLOT, name="Erika Beispiel", phone="+4915112345678"
        )
        assert "?view=waits" in operator.get(LIST).text
        assert operator.get(f"{LIST}?view=waits").context["cl"].result_count == 1
        assert "Confirmed" in operator.post(page(asked, "confirm"), follow=True).text
        asked.refresh_from_db()
        assert asked.status == Status.SCHEDULED
        assert not FollowUp.objects.exclude(status="done").exists()


class TestClosing:
    @pytest.fixture
    def past(self, company: Company) -> Appointment:
        return make_appointment(company, starts_at=timezone.now() - HOUR)

    @pytest.mark.parametrize(("name", "status"), [("no-show", Status.NO_SHOW), ("completed", Status.COMPLETED)])
    def test_it_is_noted_whether_the_customer_came(
        self, operator: Client, past: Appointment, name: str, status: str
    ) -> None:
        operator.post(page(past, name))
        past.refresh_from_db()
        assert past.status == status
        assert trail.done().get().after["status"] == status

    def test_a_mistake_is_put_right(self, operator: Client, past: Appointment) -> None:
        operator.post(page(past, "no-show"))
        operator.post(page(past, "completed"))
        past.refresh_from_db()
        assert past.status == Status.COMPLETED

    def test_nobody_has_missed_what_is_ahead(self, operator: Client, booked: Appointment) -> None:
        operator.post(page(booked, "no-show"))
        booked.refresh_from_db()
        assert booked.status == Status.SCHEDULED


class TestBooking:
    @pytest.fixture
    def admin(self, logged_in: In) -> Client:
        return logged_in("admin")

    def url(self, service: Service, **more: Any) -> str:
        return f"{LIST}book/?service={service.pk}&start={SLOT:%Y-%m-%dT%H:%M:%SZ}"

    def form(self, **fields: Any) -> dict[str, Any]:
        return {"name": "Erika Beispiel", "phone": "0151 12345678", "booking_key": str(uuid4()), **fields}

    def test_free_times_of_a_service_are_offered(self, admin: Client, haircut: Service) -> None:
        shown = admin.get(f"{LIST}book/?service={haircut.pk}&day={SLOT:%Y-%m-%d}").text
        assert f"service={haircut.pk}&amp;start={SLOT:%Y-%m-%dT%H:%M:%SZ}" in shown

    @pytest.mark.parametrize(("start", "words"), CLOCK_CHANGES)
    def test_a_time_that_the_clock_skips_or_shows_twice_books_nothing(
        self, admin: Client, haircut: Service, start: str, words: dict[str, str]
    ) -> None:
        answer = admin.post(f"{LIST}book/?service={haircut.pk}&start={start}", self.form())
        assert words["en"] in answer.text
        assert not Appointment.objects.exists()

    def test_it_is_booked_in_the_calendar(self, admin: Client, haircut: Service, control: CalcomControl) -> None:
        answer = admin.post(self.url(haircut), self.form(), follow=True)
        assert "Booked: Erika Beispiel" in answer.text
        made = Appointment.objects.get()
        assert (made.status, made.starts_at, made.customer.phone) == (Status.SCHEDULED, SLOT, "+4915112345678")
        assert len(live(control)) == 1
        done = ["appointment.created", "appointment.booked", "customer.created"]
        assert [entry.action for entry in trail.done()] == done

    def test_the_form_sent_twice_books_once(self, admin: Client, haircut: Service, control: CalcomControl) -> None:
        form = self.form()
        for _ in range(2):
            assert admin.post(self.url(haircut), form).status_code == 302
        assert (Appointment.objects.count(), len(live(control))) == (1, 1)

    def test_a_taken_time_is_refused(self, admin: Client, haircut: Service, booked: Appointment) -> None:
        answer = admin.post(self.url(haircut), self.form()).text
        assert "This time is not free any more" in answer
        assert Appointment.objects.count() == 1

    def test_a_number_that_is_none_is_refused(self, admin: Client, haircut: Service) -> None:
        answer = admin.post(self.url(haircut), self.form(phone="abc"))
        assert "no phone number" in answer.text
        assert not Appointment.objects.exists()

    def test_another_companys_service_is_not_offered(self, admin: Client, haircut: Service) -> None:
        foreign = Service.objects.create(
            company=make_company(), name="Fremd", duration_minutes=30, calcom_event_type_id=haircut.calcom_event_type_id
        )
        assert "Fremd" not in admin.get(f"{LIST}book/").text
        admin.post(self.url(foreign), self.form())
        assert not Appointment.objects.exists()

    def test_a_failed_one_is_booked_again_with_what_is_known(
        self, admin: Client, haircut: Service, company: Company
    ) -> None:
        failed = make_appointment(company, service=haircut, status=Status.FAILED, attendee_name="Frau Nochmal")
        assert f"?like={failed.pk}&amp;service={haircut.pk}" in admin.get(page(failed)).text
        assert 'value="Frau Nochmal"' in admin.get(f"{self.url(haircut)}&like={failed.pk}").text

    def test_an_operator_does_not_book(self, operator: Client, haircut: Service) -> None:
        assert operator.get(f"{LIST}book/").status_code == 403
        assert "book/" not in operator.get(LIST).text
        assert operator.post(self.url(haircut), self.form()).status_code == 403


ACTS = ["confirm", "cancel", "move", "no-show", "completed"]


@pytest.mark.parametrize("name", ACTS)
def test_a_viewer_neither_sees_nor_does_it(logged_in: In, booked: Appointment, name: str) -> None:
    viewer = logged_in("viewer")
    assert f"{name}/" not in viewer.get(page(booked)).text.partition("<main")[2]
    assert viewer.get(page(booked, name)).status_code == 403
    assert viewer.post(page(booked, name), {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("name", ACTS)
def test_another_companys_appointment_is_not_found(operator: Client, other_company: Company, name: str) -> None:
    foreign = make_appointment(other_company, starts_at=timezone.now() - HOUR)
    assert operator.get(page(foreign, name)).status_code == 404
    assert operator.post(page(foreign, name), {"reason": "x"}).status_code == 404
    assert operator.get(f"{LIST}x/{name}/").status_code == 404


def test_the_page_tells_what_was_done(operator: Client, booked: Appointment) -> None:
    operator.post(page(booked, "cancel"), {"reason": "Stylist <b>ill</b>"})
    told = operator.get(page(booked)).text
    assert "appointment.cancelled" in told
    assert "Stylist &lt;b&gt;ill&lt;/b&gt;" in told


def test_what_strangers_say_is_text(operator: Client, company: Company) -> None:
    row = make_appointment(company, attendee_name="<script>alert(1)</script>", notes="<img src=x>")
    for url in (LIST, page(row), page(row, "cancel")):
        shown = operator.get(url).text
        assert "<script>alert" not in shown
        assert "<img src=x>" not in shown


@pytest.mark.parametrize(
    ("view", "found"), [("today", 1), ("tomorrow", 1), ("failed", 1), ("waits", 1), ("booked_today", 2)]
)
def test_saved_views(operator: Client, company: Company, view: str, found: int) -> None:
    today = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    make_appointment(company, starts_at=today)
    make_appointment(company, starts_at=today + timedelta(days=1))
    make_appointment(company, starts_at=today + timedelta(days=4), status=Status.FAILED)
    make_appointment(company, starts_at=today + timedelta(days=4), status=Status.BOOKING)
    listed = operator.get(f"{LIST}?view={view}")
    assert listed.context["cl"].result_count == found
    assert f'?view={view}" aria-current="page"' in listed.text


def test_a_day_is_chosen(operator: Client, company: Company) -> None:
    row = make_appointment(company, starts_at=SLOT)
    make_appointment(company, starts_at=SLOT + timedelta(days=1))
    listed = operator.get(f"{LIST}?from={SLOT:%Y-%m-%d}&to={SLOT:%Y-%m-%d}&status__exact=scheduled")
    assert [found.pk for found in listed.context["cl"].result_list] == [row.pk]
    assert 'name="status__exact" value="scheduled"' in listed.text
    assert operator.get(f"{LIST}?from=yesterday").context["cl"].result_count == 2


@pytest.mark.parametrize("written", ["0151 12345678", "+49 151 12345678", "0049 151 123", "0151 123"])
def test_a_number_is_found_however_it_is_written(operator: Client, booked: Appointment, written: str) -> None:
    make_appointment(booked.company)
    assert [row.pk for row in operator.get(LIST, {"q": written}).context["cl"].result_list] == [booked.pk]


def test_a_number_is_not_looked_for_in_names(operator: Client, company: Company) -> None:
    make_appointment(company, attendee_name="Zimmer 151123")
    assert operator.get(LIST, {"q": "0151 123"}).context["cl"].result_count == 0


def test_each_view_says_how_many_rows_its_list_has(operator: Client, company: Company) -> None:
    for _ in range(2):
        make_appointment(company)
    make_appointment(company, starts_at=timezone.now() + timedelta(days=4), status=Status.FAILED)
    views = operator.get(LIST).context["cl"].views
    assert {"1", "2"} == {link.count for link in views} - {"0"}
    for link in views:
        assert str(operator.get(LIST + link.url).context["cl"].result_count) == link.count


def test_an_uid_is_found_alone(operator: Client, company: Company) -> None:
    row = make_appointment(company, calcom_booking_uid="abc")
    make_appointment(company, attendee_name="abc")
    assert [found.pk for found in operator.get(LIST, {"q": "abc"}).context["cl"].result_list] == [row.pk]


def test_an_empty_list_says_why(operator: Client) -> None:
    assert "No appointment yet" in operator.get(LIST).text
    assert "Nothing matches the search" in operator.get(LIST, {"q": "Erika"}).text


@pytest.mark.usefixtures("in_memory")
def test_pages_cost_the_same_however_many_there_are(
    operator: Client, company: Company, django_assert_max_num_queries: Any
) -> None:
    rows = [make_appointment(company) for _ in range(20)]
    operator.get(LIST)
    with django_assert_max_num_queries(12):
        operator.get(LIST)
    with django_assert_max_num_queries(12):
        operator.get(page(rows[0]))


def test_it_is_german_for_germans(logged_in: In, booked: Appointment) -> None:
    browser = logged_in("operator", language="de")
    assert "Termin verschieben" in browser.get(page(booked)).text
    assert "Das geschieht" in browser.get(page(booked, "cancel")).text
