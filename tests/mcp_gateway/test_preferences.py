"""Each member of staff's own language and time zone, and what is shown and stored by them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from time_machine import TimeMachineFixture

from appointments.models import Company
from mcp_gateway.models import ApiToken, AuditEntry, StaffPreferences, WebhookEvent
from tests.appointments.staff.conftest import make_appointment
from tests.factories import make_company
from tests.mcp_gateway.rows import rows_of

pytestmark = pytest.mark.django_db
PAGE, EVENTS, TRAIL = "/admin/preferences/", "/admin/mcp_gateway/webhookevent/", "/admin/mcp_gateway/auditentry/"
# 18:19 in Berlin, 12:19 in New York, 23:19 in Karachi.
NOON = datetime(2026, 11, 22, 17, 19, tzinfo=UTC)


@pytest.fixture
def user(company: Company) -> User:
    user = User.objects.create_user("viewer", is_staff=True)
    user.groups.add(Group.objects.get(name="admin"))
    company.staff.add(user)
    return user


@pytest.fixture
def event(company: Company) -> WebhookEvent:
    event: WebhookEvent = rows_of(company)[WebhookEvent]
    WebhookEvent.objects.update(received_at=NOON)
    return event


def browser_of(user: User, language: str = "en") -> Client:
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(user)
    return browser


def choose(browser: Client, language: str = "default", time_zone: str = "default") -> int:
    return browser.post(PAGE, {"language": language, "time_zone": time_zone}).status_code


class TestTimeZone:
    def test_it_is_the_companys_until_another_is_chosen(
        self, user: User, company: Company, event: WebhookEvent
    ) -> None:
        Company.objects.filter(pk=company.pk).update(timezone="America/New_York")
        assert "12:19 p.m. EST" in browser_of(user).get(EVENTS).text

    def test_with_companies_in_several_it_is_the_systems(self, user: User, event: WebhookEvent) -> None:
        make_company(timezone="America/New_York", slug="ny").staff.add(user)
        assert "6:19 p.m. CET" in browser_of(user).get(EVENTS).text

    @pytest.mark.parametrize("page", ["{list}", "{list}{pk}/change/"])
    def test_the_chosen_one_is_shown_with_its_abbreviation_and_utc_beside(
        self, user: User, event: WebhookEvent, page: str
    ) -> None:
        browser = browser_of(user)
        assert choose(browser, time_zone="Asia/Karachi") == 302
        text = browser.get(page.format(list=EVENTS, pk=event.pk)).text
        assert 'title="2026-11-22 17:19:00 UTC">Nov 22, 2026, 10:19 p.m. PKT</time>' in text

    def test_german_is_written_as_germans_write(self, user: User, event: WebhookEvent) -> None:
        browser = browser_of(user, "de")
        choose(browser, time_zone="Asia/Karachi")
        assert "22.11.2026 22:19 PKT</time>" in browser.get(EVENTS).text

    def test_the_trail_is_on_it_too(self, user: User, event: WebhookEvent) -> None:
        browser = browser_of(user)
        choose(browser, time_zone="Asia/Karachi")
        assert "PKT</time>" in browser.get(TRAIL).text

    def test_it_holds_in_every_browser_and_is_forgotten_with_default(self, user: User, event: WebhookEvent) -> None:
        choose(browser_of(user), time_zone="Asia/Karachi")
        other = browser_of(user)
        assert "PKT" in other.get(EVENTS).text
        choose(other)
        assert "PKT" not in other.get(EVENTS).text

    def test_another_open_browser_follows_within_a_minute(
        self, user: User, event: WebhookEvent, time_machine: TimeMachineFixture
    ) -> None:
        open_already = browser_of(user)
        choose(browser_of(user), time_zone="Asia/Karachi")
        time_machine.move_to(timezone.now() + timedelta(seconds=62))
        assert "PKT" in open_already.get(EVENTS).text

    def test_appointments_stay_on_their_companys_clock(self, user: User, company: Company) -> None:
        appointment = make_appointment(company, starts_at=NOON)
        browser = browser_of(user)
        choose(browser, time_zone="Asia/Karachi")
        for page in ("", f"{appointment.pk}/change/"):
            text = browser.get(f"/admin/appointments/appointment/{page}").text
            assert "6:19 p.m. CET</time>" in text

    def test_so_they_do_on_the_overview(self, user: User, company: Company, time_machine: TimeMachineFixture) -> None:
        time_machine.move_to(NOON - timedelta(hours=3))
        make_appointment(company, starts_at=NOON)
        browser = browser_of(user)
        choose(browser, time_zone="Asia/Karachi")
        text = browser.get("/admin/").text
        assert 'title="2026-11-22 17:19:00 UTC">6:19 p.m. CET</time>' in text
        assert "PKT" in text

    def test_the_next_request_of_somebody_else_is_on_theirs(self, user: User, event: WebhookEvent) -> None:
        choose(browser_of(user), time_zone="Asia/Karachi")
        assert timezone.get_current_timezone_name() == settings.TIME_ZONE

    def test_files_have_utc(self, user: User, event: WebhookEvent) -> None:
        browser = browser_of(user)
        choose(browser, time_zone="Asia/Karachi")
        text = b"".join(browser.post(f"{EVENTS}export/")).decode()
        assert "2026-11-22T17:19:00Z" in text


class TestTimesThatAreEntered:
    @pytest.fixture
    def browser(self, user: User) -> Client:
        browser = browser_of(user)
        choose(browser, time_zone="America/New_York")
        return browser

    def asked(self, browser: Client, company: Company, expires_at: str) -> str:
        form = {"name": "Kasse", "company": company.pk, "chosen": ["calcom.*"], "expires_at": expires_at}
        return browser.post("/admin/mcp_gateway/apitoken/add/", form).text

    def test_they_are_local_and_stored_as_utc(self, browser: Client, company: Company) -> None:
        self.asked(browser, company, "2027-01-15T12:00")
        assert ApiToken.objects.get().expires_at == datetime(2027, 1, 15, 17, 0, tzinfo=UTC)

    @pytest.mark.parametrize("skipped_or_twice", ["2027-03-14T02:30", "2027-11-07T01:30"])
    def test_what_the_clock_skips_or_shows_twice_is_refused_in_words(
        self, browser: Client, company: Company, skipped_or_twice: str
    ) -> None:
        assert "it may be ambiguous or it may not exist" in self.asked(browser, company, skipped_or_twice)
        assert not ApiToken.objects.exists()


class TestLanguage:
    def test_it_is_the_browsers_until_one_is_chosen(self, user: User) -> None:
        assert "Overview" in browser_of(user, "en").get("/admin/").text
        assert "Übersicht" in browser_of(user, "de").get("/admin/").text

    def test_the_chosen_one_goes_before_the_browsers_everywhere(self, user: User) -> None:
        choose(browser_of(user, "en"), language="de")
        answer = browser_of(user, "en").get("/admin/")
        assert "Übersicht" in answer.text
        assert answer["Content-Language"] == "de"

    def test_switching_it_keeps_it_for_every_browser_and_leads_back_to_page_and_filter(self, user: User) -> None:
        here = f"{EVENTS}?state__exact=dead&q=call_1"
        browser = browser_of(user, "de")
        answer = browser.post("/language/", {"language": "en", "next": here})
        assert answer["Location"] == here
        for each in (browser, browser_of(user, "de")):
            assert "Webhook events" in each.get(here).text

    def test_a_switch_leaves_the_zone_as_it_is(self, user: User) -> None:
        browser = browser_of(user)
        choose(browser, time_zone="Asia/Karachi")
        browser.post("/language/", {"language": "de"})
        stored = StaffPreferences.objects.get()
        assert (stored.language, stored.time_zone) == ("de", "Asia/Karachi")

    def test_one_that_does_not_exist_is_not_kept(self, user: User) -> None:
        browser_of(user).post("/language/", {"language": "xx"})
        assert not StaffPreferences.objects.exists()

    def test_who_is_not_logged_in_switches_for_the_browser_alone(self) -> None:
        browser = Client(headers={"Accept-Language": "de"})
        browser.post("/language/", {"language": "en"})
        assert "Log in" in browser.get("/admin/login/").text
        assert not StaffPreferences.objects.exists()


class TestPage:
    @pytest.mark.parametrize(("language", "title"), [("en", "My settings"), ("de", "Meine Einstellungen")])
    def test_it_is_in_both_languages_and_linked_from_every_page(self, user: User, language: str, title: str) -> None:
        browser = browser_of(user, language)
        assert f'<a href="{PAGE}">{title}</a>' in browser.get("/admin/").text
        assert title in browser.get(PAGE).text

    @pytest.mark.parametrize("time_zone", ["", "Mars/Phobos"])
    def test_a_zone_that_is_none_is_refused(self, user: User, time_zone: str) -> None:
        assert choose(browser_of(user), time_zone=time_zone) == 200
        assert not StaffPreferences.objects.exists()

    def test_a_change_is_in_the_trail_once(self, user: User) -> None:
        browser = browser_of(user)
        for _ in range(2):
            choose(browser, time_zone="Asia/Karachi")
        entry = AuditEntry.objects.get(action="preferences.changed")
        assert (entry.actor, entry.after["time_zone"]) == (f"staff:{user.pk}", "Asia/Karachi")

    def test_nobody_has_it_without_being_logged_in(self, client: Client) -> None:
        assert client.get(PAGE).status_code == 302

    def test_pages_ask_the_database_no_more_than_before(self, user: User) -> None:
        browser = browser_of(user)
        with CaptureQueriesContext(connection) as asked:
            browser.get(EVENTS)
        assert asked.captured_queries
        assert not [query for query in asked.captured_queries if "staff_preferences" in query["sql"]]
