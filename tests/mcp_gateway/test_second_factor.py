"""The second factor of a log-in: demanded, set up, given, counted when wrong, and reset by a colleague."""

import json
import re
from base64 import b32decode
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from pytest_django import Settings
from time_machine import TimeMachineFixture

from appointments.models import Company
from mcp_gateway.models import AuditEntry, Authenticator
from tests.config.admin_places import places
from tests.mcp_gateway.conftest import GATEWAY
from tests.mcp_gateway.rows import rows_of, shared_rows

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
ASK, SET_UP = "/admin/second-factor/", "/admin/second-factor/set-up/"
BEFORE = {"second_factor", "second_factor_set_up", "jsi18n"}


@pytest.fixture
def demanded(settings: Settings) -> None:
    settings.REQUIRE_2FA = True


@pytest.fixture
def user(company: Company) -> User:
    user = User.objects.create_superuser("erika", password=PASSWORD)
    company.staff.add(user)
    return user


def with_password(username: str = "erika", language: str = "en") -> Client:
    browser = Client(headers={"Accept-Language": language})
    assert browser.post("/admin/login/", {"username": username, "password": PASSWORD}).status_code == 302
    return browser


def shown_secret(browser: Client) -> bytes:
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", browser.get(SET_UP).text)
    assert found
    return b32decode(found[1].replace(" ", ""))


def code_of(secret: bytes) -> str:
    return f"{totp(secret):06d}"


def give(browser: Client, code: str, next_page: str = "") -> object:
    return browser.post(f"{ASK}?next={next_page}", {"code": code})


class Phone:
    """An app that was set up in one browser."""

    def __init__(self, username: str = "erika") -> None:
        self.browser = with_password(username)
        self.secret = shown_secret(self.browser)
        self.answer = self.browser.post(SET_UP, {"code": code_of(self.secret)})
        self.backup_codes = re.findall(r"<li><code>(\w+)</code>", self.answer.text)

    @property
    def code(self) -> str:
        return code_of(self.secret)


@pytest.fixture
def phone(user: User, time_machine: TimeMachineFixture) -> Phone:
    """Set up a minute ago: the code that proved it is used up."""
    now = timezone.now()
    time_machine.move_to(now - timedelta(minutes=1), tick=False)
    made = Phone()
    time_machine.move_to(now)
    return made


class TestDemanded:
    def test_nobody_is_asked_where_it_is_not_demanded(self, user: User) -> None:
        assert with_password().get("/admin/").status_code == 200

    def test_no_page_of_the_admin_opens_before_it(self, demanded: None, user: User, company: Company) -> None:
        browser, rows = with_password(), {**rows_of(company), **shared_rows()}
        for place in places():
            if place.name in BEFORE:
                continue
            url = place.url(rows)
            for method in ("GET", "POST"):
                answer = browser.generic(method, url)
                assert (answer.status_code, answer.headers.get("Location", "").partition("?")[0]) == (302, ASK), url

    def test_unknown_addresses_of_the_admin_lead_there_too(self, demanded: None, user: User) -> None:
        assert with_password().get("/admin/nowhere/").headers["Location"].startswith(ASK)

    @pytest.mark.parametrize("is_given", [False, True])
    def test_no_call_by_session_is_answered_before_it(self, demanded: None, user: User, is_given: bool) -> None:
        browser = Phone().browser if is_given else with_password()
        body = json.dumps({"jsonrpc": "2.0", "method": "rpc.discover", "id": 1})
        browser.cookies["csrftoken"] = "a" * 32
        answer = browser.post(GATEWAY, body, content_type="application/json", headers={"X-CSRFToken": "a" * 32})
        assert answer.status_code == (200 if is_given else 401)

    def test_who_has_none_sets_one_up_first(self, demanded: None, user: User) -> None:
        answer = with_password().get("/admin/", follow=True)
        assert answer.redirect_chain[-1][0] == SET_UP
        assert "can be used only with a second factor" in answer.text

    def test_one_can_log_out_without_it(self, demanded: None, user: User) -> None:
        browser = with_password()
        browser.post(reverse("admin:logout"))
        assert browser.get("/admin/").headers["Location"].startswith("/admin/login/")

    def test_vendors_and_programs_are_not_asked(self, demanded: None, client: Client) -> None:
        assert client.get("/api/mcp/health/live").status_code == 200


class TestSettingUp:
    def test_the_right_code_takes_the_app_and_opens(self, demanded: None, user: User) -> None:
        phone = Phone()
        assert len(set(phone.backup_codes)) == 10
        assert phone.browser.get("/admin/").status_code == 200
        assert AuditEntry.objects.get(action="second_factor.set_up").actor == f"staff:{user.pk}"

    def test_a_link_hands_the_key_to_the_app(self, user: User) -> None:
        text = with_password().get(SET_UP).text
        assert re.search(r'href="otpauth://totp/[^"]*erika\?secret=[A-Z2-7]+&amp;', text)

    @pytest.mark.parametrize("code", ["000000", "", "abcdef", "12345678901"])
    def test_a_wrong_code_takes_nothing(self, demanded: None, user: User, code: str) -> None:
        browser = with_password()
        shown_secret(browser)
        assert browser.post(SET_UP, {"code": code}).status_code == 200
        assert not Authenticator.objects.exists()
        assert browser.get("/admin/").status_code == 302

    def test_looking_at_the_page_stores_nothing(self, user: User) -> None:
        shown_secret(with_password())
        assert not Authenticator.objects.exists()

    def test_backup_codes_stand_nowhere_in_clear(self, phone: Phone) -> None:
        assert len(phone.backup_codes) == StaticToken.objects.count() == 10
        assert not set(phone.backup_codes) & set(StaticToken.objects.values_list("token", flat=True))

    def test_a_stolen_password_sets_up_no_other_app(self, demanded: None, phone: Phone) -> None:
        thief = with_password()
        assert thief.get(SET_UP).headers["Location"] == ASK
        assert thief.post(SET_UP, {"code": "123456"}).headers["Location"] == ASK
        assert Authenticator.objects.get().secret == phone.secret.hex()

    def test_a_new_app_takes_the_place_of_the_old_one_and_its_codes(self, phone: Phone) -> None:
        secret = shown_secret(phone.browser)
        phone.browser.post(SET_UP, {"code": code_of(secret)})
        assert Authenticator.objects.get().secret == secret.hex()
        give(browser := with_password(), phone.backup_codes[0])
        assert browser.get("/admin/").status_code == 302


class TestGiving:
    def test_who_has_set_one_up_is_asked_also_where_it_is_not_demanded(self, phone: Phone) -> None:
        assert with_password().get("/admin/").headers["Location"] == f"{ASK}?next=%2Fadmin%2F"

    def test_the_apps_code_opens_and_leads_to_where_one_wanted(self, phone: Phone) -> None:
        browser, wanted = with_password(), "/admin/appointments/call/"
        assert give(browser, phone.code, wanted).headers["Location"] == wanted
        assert browser.get(wanted).status_code == 200

    def test_it_does_not_lead_to_another_host(self, phone: Phone) -> None:
        assert give(with_password(), phone.code, "https://evil.example/admin/").headers["Location"] == "/admin/"

    def test_a_code_opens_once(self, phone: Phone) -> None:
        code = phone.code
        give(with_password(), code)
        second = with_password()
        assert "wrong or used up" in give(second, code).text
        assert second.get("/admin/").status_code == 302

    def test_a_backup_code_opens_once_and_is_told_in_the_trail(self, phone: Phone) -> None:
        code = f"{phone.backup_codes[0][:4]} {phone.backup_codes[0][4:].upper()}"
        assert give(with_password(), code).status_code == 302
        assert "wrong or used up" in give(with_password(), code).text
        assert AuditEntry.objects.get(action="second_factor.backup_code_used").after == {"codes_left": 9}

    def test_somebody_elses_code_opens_nothing(self, phone: Phone) -> None:
        User.objects.create_superuser("max", password=PASSWORD)
        other = Phone("max")
        browser = with_password("erika")
        for code in (other.code, other.backup_codes[0]):
            assert give(browser, code).status_code == 200

    def test_a_right_code_right_after_a_wrong_one_waits(self, phone: Phone, time_machine: TimeMachineFixture) -> None:
        browser = with_password()
        give(browser, "000000")
        time_machine.move_to(timezone.now(), tick=False)
        assert give(browser, phone.code).status_code == 200
        time_machine.move_to(timezone.now() + timedelta(seconds=5))
        assert give(browser, phone.code).status_code == 302


class TestWrongCodes:
    def test_ten_close_the_log_in_for_a_quarter_of_an_hour(
        self, phone: Phone, time_machine: TimeMachineFixture
    ) -> None:
        browser = with_password()
        for _ in range(9):
            assert give(browser, "000000").status_code == 200
        assert give(browser, "000000").status_code == 429
        assert give(browser, phone.backup_codes[0]).status_code == 429
        time_machine.move_to(timezone.now() + timedelta(minutes=16))
        assert give(browser, phone.backup_codes[0]).status_code == 302

    def test_a_right_password_does_not_forgive_them(self, phone: Phone) -> None:
        for _ in range(9):
            give(with_password(), "000000")
        assert give(with_password(), "000000").status_code == 429

    def test_a_right_code_does(self, phone: Phone) -> None:
        browser = with_password()
        for _ in range(9):
            give(browser, "000000")
        give(browser, phone.backup_codes[0])
        assert give(with_password(), "000000").status_code == 200


class TestReset:
    @pytest.fixture
    def page(self, user: User) -> str:
        return reverse("admin:auth_user_second_factor", args=(user.pk,))

    @pytest.fixture
    def colleague(self) -> Client:
        User.objects.create_superuser("max", password=PASSWORD)
        return with_password("max")

    def test_it_is_asked_first_and_linked_from_the_user(self, colleague: Client, phone: Phone, page: str) -> None:
        assert page in colleague.get(page.replace("second-factor", "change")).text
        assert "really your colleague" in colleague.get(page).text
        assert Authenticator.objects.exists()

    def test_it_takes_app_and_codes_away_and_closes_what_they_opened(
        self, colleague: Client, phone: Phone, page: str
    ) -> None:
        colleague.post(page, {"reason": "Phone lost"})
        assert phone.browser.get("/admin/", follow=True).redirect_chain[-1][0] == "/admin/login/"
        assert with_password().get("/admin/").status_code == 200
        entry = AuditEntry.objects.get(action="second_factor.reset")
        assert (entry.object_id, entry.reason) == (str(User.objects.get(username="erika").pk), "Phone lost")

    def test_twice_is_told_as_nothing_to_do(self, colleague: Client, phone: Phone, page: str) -> None:
        for _ in range(2):
            answer = colleague.post(page, {"reason": "Phone lost"}, follow=True)
        assert "had no second factor" in answer.text
        assert AuditEntry.objects.filter(action="second_factor.reset").count() == 1

    def test_a_reason_is_needed(self, colleague: Client, phone: Phone, page: str) -> None:
        colleague.post(page, {"reason": " "})
        assert Authenticator.objects.exists()

    @pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
    def test_no_role_may_do_it(self, phone: Phone, page: str, role: str) -> None:
        User.objects.create_user("max", password=PASSWORD, is_staff=True).groups.add(Group.objects.get(name=role))
        assert with_password("max").post(page, {"reason": "x"}).status_code == 403
        assert Authenticator.objects.exists()

    def test_of_superusers_only_superusers_may(self, phone: Phone, page: str) -> None:
        from django.contrib.auth.models import Permission

        helper = User.objects.create_user("max", password=PASSWORD, is_staff=True)
        helper.user_permissions.add(*Permission.objects.filter(codename__in=("change_user", "view_user")))
        assert with_password("max").post(page, {"reason": "x"}).status_code == 403
        assert Authenticator.objects.exists()

    def test_an_unknown_person_is_not_found(self, colleague: Client) -> None:
        assert colleague.get(reverse("admin:auth_user_second_factor", args=(0,))).status_code == 404

    def test_the_last_administrator_is_helped_on_the_machine_itself(self, phone: Phone) -> None:
        call_command("reset_second_factor", "erika", stdout=StringIO())
        assert not Authenticator.objects.exists()
        assert AuditEntry.objects.get(action="second_factor.reset").actor_kind == AuditEntry.Actor.TASK

    @pytest.mark.parametrize(("name", "words"), [("nobody", "No user"), ("max", "has no second factor")])
    def test_the_command_says_what_it_could_not_do(self, phone: Phone, name: str, words: str) -> None:
        User.objects.create_user("max")
        with pytest.raises(CommandError, match=words):
            call_command("reset_second_factor", name)


@pytest.mark.parametrize(
    ("language", "page", "words"),
    [
        ("de", ASK, "Zweiter Faktor"),
        ("en", ASK, "Second factor"),
        ("de", SET_UP, "Zweiten Faktor einrichten"),
        ("en", SET_UP, "Set up the second factor"),
    ],
)
def test_the_pages_are_in_both_languages(user: User, language: str, page: str, words: str) -> None:
    if page == ASK:
        Phone()
    answer = with_password(language=language).get(page)
    assert words in answer.text
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert " style=" not in answer.text.partition("<main")[2]


def test_nobodys_secret_can_be_looked_up_in_the_admin(phone: Phone) -> None:
    assert phone.browser.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert phone.secret.hex() not in phone.browser.get("/admin/preferences/").text
