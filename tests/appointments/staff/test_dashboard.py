"""The staff's front page: its numbers are those of the lists, and it opens whatever is away."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import TimeMachineFixture

from appointments.models import Appointment, Call, Company, FollowUp
from config.celery import app
from mcp_gateway import worker_queue
from mcp_gateway.models import WebhookEvent
from mcp_gateway.tasks import sweep_webhook_events
from tests.appointments.staff.conftest import In, make_appointment
from tests.factories import make_call
from tests.servers import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_memory")]

# Half past midnight in Berlin, still the day before in UTC.
NIGHT = datetime(2027, 1, 11, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _night(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NIGHT)


def follow_up(company: Company, **columns: Any) -> FollowUp:
    return FollowUp.objects.create(company=company, **{"kind": "callback", "what_to_do": "Ring her", **columns})


def a_busy_day(company: Company) -> None:
    """What the numbers count, and next to each what they don't."""
    make_call(company)
    make_call(company, is_test=True)
    at(make_call(company), NIGHT - timedelta(hours=1))
    made = make_appointment(company)
    make_appointment(company, status=Appointment.Status.FAILED, calcom_booking_uid=None)
    make_appointment(company, status=Appointment.Status.FAILED, starts_at=NIGHT - timedelta(days=2))
    make_appointment(company, call=make_call(company, is_test=True))
    follow_up(company, appointment=made)
    follow_up(company, status=FollowUp.Status.TAKEN)
    follow_up(company, status=FollowUp.Status.DONE)
    for number, state in enumerate([WebhookEvent.State.RECEIVED, WebhookEvent.State.DONE]):
        WebhookEvent.objects.create(
            provider="x",
            company=company,
            event="ping",
            dedupe_key=f"{company.pk}:{number}",
            payload={},
            state=state,
            received_at=NIGHT - timedelta(minutes=5),
        )


def at(call: Call, moment: datetime) -> None:
    Call.objects.filter(pk=call.pk).update(created_at=moment, started_at=moment)


def tiles(page: str) -> list[tuple[str, int]]:
    """Each tile that has a number, with the address of its list."""
    found = re.findall(r'<a class="card tile" href="([^"]+)"><strong>(\d+)</strong>', page)
    return [(url, int(number)) for url, number in found]


def test_each_number_is_that_of_the_list_behind_it(logged_in: In, company: Company, other_company: Company) -> None:
    a_busy_day(company)
    a_busy_day(other_company)
    browser = logged_in("viewer")
    found = tiles(browser.get("/admin/").text)
    assert [number for _, number in found] == [1, 1, 1, 2, 1]
    assert [browser.get(url).context["cl"].result_count for url, _ in found] == [number for _, number in found]


def test_a_day_is_one_of_the_staffs_zone(logged_in: In, company: Company) -> None:
    at(make_call(company), datetime(2027, 1, 11, 23, 5, tzinfo=UTC))
    at(make_call(company), datetime(2027, 1, 11, 22, 55, tzinfo=UTC))
    browser = logged_in("viewer")
    assert dict(tiles(browser.get("/admin/").text))["/admin/appointments/call/?view=today"] == 1


def test_a_superuser_sees_all_companies(logged_in: In, company: Company, other_company: Company) -> None:
    make_call(company)
    make_call(other_company)
    assert tiles(logged_in("superuser").get("/admin/").text)[0][1] == 2


def test_another_companys_day_is_not_told(logged_in: In, company: Company, other_company: Company) -> None:
    make_appointment(other_company, attendee_name="Frau Fremd")
    follow_up(other_company, what_to_do="Fremde anrufen")
    page = logged_in("viewer").get("/admin/").text
    assert "Fremd" not in page


def test_the_chart_draws_a_dot_for_the_one_day_there_is(logged_in: In, company: Company) -> None:
    make_call(company)
    page = logged_in("viewer").get("/admin/").text
    assert page.count("<circle") == 1
    assert "<title " in page
    assert "<desc " in page


def test_the_chart_says_that_there_is_nothing(logged_in: In) -> None:
    page = logged_in("viewer").get("/admin/").text
    assert "No data for these days yet." in page
    assert "<polyline" not in page


def test_the_charts_numbers_are_in_a_table_too(logged_in: In, company: Company) -> None:
    make_call(company)
    page = logged_in("viewer").get("/admin/").text
    chart = page[page.index('<figure class="chart">') : page.index("</figure>")]
    first, *_days, today = re.findall(r'<tr><th scope="row">[^<]+</th><td>(\d+)</td><td>(\d+)</td></tr>', chart)
    assert (first, today) == (("0", "0"), ("1", "0"))


@pytest.mark.parametrize(
    ("ages", "words"),
    [
        ((), "waiting events"),
        ((67,), "waiting event, for 1 h 7 min"),
        ((3, 65), "waiting events; the oldest waits 1 h 5 min"),
    ],
)
def test_the_tile_of_waiting_events_tells_the_age_of_the_oldest(
    logged_in: In, company: Company, ages: tuple[int, ...], words: str
) -> None:
    for minutes in ages:
        received_at = NIGHT - timedelta(minutes=minutes)
        WebhookEvent.objects.create(
            provider="x", company=company, event="ping", dedupe_key=str(minutes), payload={}, received_at=received_at
        )
    page = logged_in("viewer").get("/admin/").text
    assert f"<strong>{len(ages)}</strong><span>{words}</span>" in page


def test_it_says_of_when_the_numbers_are(logged_in: In) -> None:
    assert f'As of <time datetime="{NIGHT:%Y-%m-%dT%H:%M}' in logged_in("viewer").get("/admin/").text


def test_who_comes_and_what_is_to_be_done(logged_in: In, company: Company) -> None:
    make_appointment(company, attendee_name="Frau Heute")
    make_appointment(company, attendee_name="Frau Morgen", starts_at=NIGHT + timedelta(days=1))
    make_appointment(company, attendee_name="Frau Später", starts_at=NIGHT + timedelta(days=2))
    make_appointment(company, attendee_name="Frau Abgesagt", status=Appointment.Status.CANCELLED)
    follow_up(company)
    page = logged_in("viewer").get("/admin/").text
    assert [name for name in ("Heute", "Morgen", "Später", "Abgesagt") if f"Frau {name}" in page] == ["Heute", "Morgen"]
    assert "Ring her" in page


def test_what_strangers_say_is_text(logged_in: In, company: Company) -> None:
    make_appointment(company, attendee_name="<script>alert(1)</script>")
    follow_up(company, what_to_do="<img src=x>")
    page = logged_in("viewer").get("/admin/").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_it_is_read_once_a_minute(
    logged_in: In, company: Company, time_machine: TimeMachineFixture, django_assert_max_num_queries: Callable
) -> None:
    browser = logged_in("viewer")
    browser.get("/admin/")
    make_call(company)
    with django_assert_max_num_queries(5):
        assert tiles(browser.get("/admin/").text)[0][1] == 0
    time_machine.move_to(NIGHT + timedelta(seconds=61))
    assert tiles(browser.get("/admin/").text)[0][1] == 1


def test_two_members_of_different_companies_do_not_share_it(
    logged_in: In, company: Company, other_company: Company, client: Client
) -> None:
    browser = logged_in("viewer")
    browser.get("/admin/")
    make_call(other_company)
    user = browser.get("/admin/").wsgi_request.user
    company.staff.remove(user)
    other_company.staff.add(user)
    assert tiles(browser.get("/admin/").text)[0][1] == 1


def test_it_costs_twelve_queries_at_most(
    logged_in: In, company: Company, django_assert_max_num_queries: Callable
) -> None:
    for _ in range(5):
        a_busy_day_in(company)
    browser = logged_in("viewer")
    browser.get("/admin/")  # the session is renewed now and then, which is not the page's
    cache.clear()
    with django_assert_max_num_queries(12):
        browser.get("/admin/")


def a_busy_day_in(company: Company) -> None:
    make_appointment(company, call=make_call(company))
    follow_up(company)


def test_whoever_may_not_see_a_list_is_not_told_its_number(company: Company, client: Client) -> None:
    user = User.objects.create_user("caller", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_call"))
    company.staff.add(user)
    client.force_login(user)
    make_appointment(company, attendee_name="Frau Geheim")
    page = client.get("/admin/").text
    assert [url for url, _ in tiles(page)] == ["/admin/appointments/call/?view=today"]
    assert "Geheim" not in page


def test_it_says_that_no_worker_answers(logged_in: In) -> None:
    page = logged_in("viewer").get("/admin/").text
    assert "no worker answers" in page
    assert "No worker is at work" in page


def test_it_opens_without_the_broker(logged_in: In, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_url", f"redis://127.0.0.1:{free_port()}/0")
    assert "the broker does not answer" in logged_in("viewer").get("/admin/").text


def test_it_opens_without_the_cache(logged_in: In, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert "The cache does not answer" in logged_in("viewer").get("/admin/").text


def test_the_beat_has_beaten(logged_in: In) -> None:
    sweep_webhook_events()
    assert "last seen 0 s ago" in logged_in("viewer").get("/admin/").text


def test_a_beat_that_stands_still_is_told(logged_in: In, time_machine: TimeMachineFixture) -> None:
    sweep_webhook_events()
    time_machine.move_to(timezone.now() + timedelta(minutes=10))
    page = logged_in("viewer").get("/admin/").text
    assert "last seen 10 min" in page
    assert "Timed tasks stand still" in page


def test_it_is_german_for_germans(logged_in: In, company: Company) -> None:
    page = logged_in("viewer", language="de").get("/admin/").text
    assert "Anrufe heute" in page
    assert "calls" not in re.sub(r"<[^>]+>", "", page)


def test_a_known_worker_is_asked_once(logged_in: In, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.set(worker_queue.SIGN_OF_LIFE_KEY, "ok")
    assert "No worker is at work" not in logged_in("viewer").get("/admin/").text
