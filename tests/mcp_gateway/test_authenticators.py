"""The app of the second factor: its secret at rest, the codes it is taken for, and the QR code that hands it over."""

import logging
import re
from base64 import b32decode
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
import segno
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from time_machine import TimeMachineFixture

from mcp_gateway.fields import WrongEncryptionKey
from mcp_gateway.models import AuditEntry, Authenticator

PAGE = "/admin/second-factor/set-up/"
SECRET = "3132333435363738393031323334353637383930"
LETTERS = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
STEP = timedelta(seconds=30)
QUIET_ZONE = 4


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("erika")


def logged_in(user: User, language: str = "en") -> Client:
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(user)
    return browser


@pytest.fixture
def browser(user: User) -> Client:
    return logged_in(user)


@pytest.fixture
def app(user: User) -> Authenticator:
    return Authenticator.objects.create(user=user, name="app", secret=SECRET)


def code(secret: str = SECRET, steps: int = 0) -> str:
    """What an app shows whose clock is so many steps ahead."""
    return f"{totp(bytes.fromhex(secret), drift=steps):06d}"


def stored(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
        return str(cursor.fetchall())


def shown_letters(browser: Client) -> str:
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", browser.get(PAGE).text)
    assert found
    return found[1].replace(" ", "")


def secret_of(letters: str) -> str:
    return b32decode(letters).hex()


def link_of(text: str) -> str:
    found = re.search(r'href="(otpauth://[^"]+)"', text)
    assert found
    return unescape(found[1])


def svg(text: str) -> str:
    found = re.search(r'role="img"[^>]*>(<svg.*?</svg>)', text, re.DOTALL)
    assert found
    return found[1]


def dark_modules(text: str) -> set[tuple[int, int]]:
    """Columns and rows that the picture paints: a line from left to right for each run of them."""
    found = re.search(r'<path stroke="#000" d="([^"]+)"/>', svg(text))
    assert found
    dark, x, y = set(), 0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", found[1]):
        right, *down = (float(number) for number in numbers.split())
        if command == "h":
            dark |= {(column, int(y)) for column in range(x, x + int(right))}
        x, y = (0, 0.0) if command == "M" else (x, y)
        x, y = x + int(right), y + (down[0] if down else 0)
    return dark


class TestAtRest:
    def test_the_secret_is_not_readable_in_the_database(self, app: Authenticator) -> None:
        text = stored("authenticators")
        assert "app" in text
        assert SECRET not in text
        assert LETTERS not in text
        assert Authenticator.objects.get().secret == SECRET

    def test_nor_in_the_session_while_the_app_is_set_up(self, browser: Client) -> None:
        letters = shown_letters(browser)
        told = str(Session.objects.get().get_decoded())
        assert "second_factor_secret" in told
        assert not [word for word in (secret_of(letters), letters) if word in told]

    def test_the_key_of_an_app_that_is_being_set_up_stays_the_same(self, browser: Client) -> None:
        assert shown_letters(browser) == shown_letters(browser)

    def test_one_that_cannot_be_opened_any_more_gives_way_to_a_new_one(
        self, browser: Client, settings: Settings
    ) -> None:
        before = shown_letters(browser)
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        assert shown_letters(browser) != before

    def test_setting_up_tells_it_neither_to_the_log_nor_to_the_trail(
        self, browser: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        letters = shown_letters(browser)
        secret = secret_of(letters)
        browser.post(PAGE, {"code": code(secret)})
        assert Authenticator.objects.get().secret == secret
        told = caplog.text + str(list(AuditEntry.objects.values()))
        assert "second_factor.set_up" in told
        assert not [word for word in (secret, letters) if word in told]

    def test_django_otps_own_table_stays_empty(self, browser: Client) -> None:
        browser.post(PAGE, {"code": code(secret_of(shown_letters(browser)))})
        assert Authenticator.objects.exists()
        assert not TOTPDevice.objects.exists()

    def test_nobodys_secret_has_a_page_or_a_permission(self, browser: Client, app: Authenticator) -> None:
        assert browser.get("/admin/mcp_gateway/authenticator/").status_code == 404
        text = browser.get("/admin/auth/user/").text + browser.get(f"/admin/auth/user/{app.user_id}/change/").text
        assert "authenticator" not in text.lower()
        assert SECRET not in text


class TestKeysOfEncryption:
    def test_rotation_covers_the_secret(self, app: Authenticator, settings: Settings) -> None:
        new = Fernet.generate_key().decode()
        settings.FIELD_ENCRYPTION_KEYS = [new, *settings.FIELD_ENCRYPTION_KEYS]
        output = StringIO()
        call_command("rotate_encryption_keys", stdout=output)
        assert "authenticators.secret: 1 rotated, 0 current, 0 unopened" in output.getvalue()
        settings.FIELD_ENCRYPTION_KEYS = [new]
        assert Authenticator.objects.get().verify_token(code())

    def test_without_the_right_one_the_log_in_says_so_and_counts_nothing(
        self, app: Authenticator, settings: Settings
    ) -> None:
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        with pytest.raises(WrongEncryptionKey):
            _ = Authenticator.objects.get().secret
        answer = logged_in(app.user).post("/admin/second-factor/", {"code": code()})
        assert "an encryption key is missing" in answer.text
        assert Authenticator.objects.get().throttling_failure_count == 0


class TestCodes:
    @pytest.fixture(autouse=True)
    def _now(self, time_machine: TimeMachineFixture) -> None:
        time_machine.move_to(timezone.now(), tick=False)

    @pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_a_clock_may_be_off_by_one_step(self, app: Authenticator, steps: int, is_taken: bool) -> None:
        assert app.verify_token(code(steps=steps)) is is_taken

    def test_a_clock_that_runs_away_is_followed(self, app: Authenticator, time_machine: TimeMachineFixture) -> None:
        for ahead in (1, 2, 3):
            assert Authenticator.objects.get().verify_token(code(steps=ahead))
            time_machine.move_to(timezone.now() + STEP, tick=False)

    @pytest.mark.parametrize("again", [0, -1])
    def test_neither_a_code_nor_one_before_it_is_taken_again(self, app: Authenticator, again: int) -> None:
        assert app.verify_token(code())
        assert not Authenticator.objects.get().verify_token(code(steps=again))

    def test_when_it_was_used_is_noted(self, app: Authenticator) -> None:
        app.verify_token(code())
        assert Authenticator.objects.get().last_used_at == timezone.now()

    def test_each_wrong_code_doubles_the_wait(self, app: Authenticator, time_machine: TimeMachineFixture) -> None:
        for wait in (1, 2, 4):
            assert not app.verify_token("000000")
            time_machine.move_to(timezone.now() + timedelta(seconds=wait - 0.1), tick=False)
            assert not Authenticator.objects.get().verify_is_allowed()[0]
            time_machine.move_to(timezone.now() + timedelta(seconds=0.2), tick=False)
            assert Authenticator.objects.get().verify_is_allowed()[0]
        assert app.verify_token(code())
        assert Authenticator.objects.get().throttling_failure_count == 0


class TestQrCode:
    def test_it_is_that_of_the_link(self, browser: Client) -> None:
        text = browser.get(PAGE).text
        modules = [list(row) for row in segno.make(link_of(text), micro=False).matrix]
        assert dark_modules(text) == {
            (x + QUIET_ZONE, y + QUIET_ZONE) for y, row in enumerate(modules) for x, dark in enumerate(row) if dark
        }

    def test_the_link_names_who_it_is_for_and_holds_the_key(self, browser: Client) -> None:
        letters = shown_letters(browser)
        assert link_of(browser.get(PAGE).text) == (
            f"otpauth://totp/127.0.0.1%3Aerika?secret={letters}&algorithm=SHA1&digits=6&period=30&issuer=127.0.0.1"
        )

    def test_it_lies_on_white_with_a_quiet_zone_around_it(self, browser: Client) -> None:
        text = browser.get(PAGE).text
        size = len(segno.make(link_of(text), micro=False).matrix) + 2 * QUIET_ZONE
        assert f'viewBox="0 0 {size} {size}"' in svg(text)
        assert f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/>' in svg(text)

    @pytest.mark.parametrize(
        ("language", "name"),
        [("en", "QR code with the key for the app"), ("de", "QR-Code mit dem Schlüssel für die App")],
    )
    def test_it_has_a_name_for_the_ear(self, user: User, language: str, name: str) -> None:
        text = logged_in(user, language).get(PAGE).text
        assert f'role="img" aria-label="{name}"><svg ' in text

    def test_nothing_in_it_needs_a_kinder_policy(self, browser: Client) -> None:
        assert not re.search(r"<script|<style|<image|\bstyle=|\bon\w+=|href=", svg(browser.get(PAGE).text))

    def test_somebody_else_gets_another(self, browser: Client) -> None:
        other = logged_in(User.objects.create_superuser("max"))
        mine, others = browser.get(PAGE).text, other.get(PAGE).text
        assert "max" in link_of(others)
        assert dark_modules(mine) != dark_modules(others)
        assert not {*re.findall(r"[A-Z2-7]{32}", mine)} & {*re.findall(r"[A-Z2-7]{32}", others)}

    def test_that_of_an_app_in_use_is_never_drawn_again(self, browser: Client) -> None:
        letters = shown_letters(browser)
        browser.post(PAGE, {"code": code(secret_of(letters))})
        assert letters not in browser.get(PAGE).text
