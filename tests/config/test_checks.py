"""`manage.py check` names what is wrong with the settings. Each runs in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

PROJECT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "k3" * 30 + "-+*/!?",
    "ALLOWED_HOSTS": "phone.example.com",
    "APP_URL": "https://phone.example.com",
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "DATABASE_URL": "mysql://user:password@127.0.0.1:3306/phone",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "REQUIRE_2FA": "on",
}
REQUIRED = ["SECRET_KEY", "ALLOWED_HOSTS", "APP_URL", "FIELD_ENCRYPTION_KEYS"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PRODUCTION:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))


def check(*arguments: str, **environment: str | None) -> tuple[int, str]:
    """The exit status and everything printed by `manage.py check`, with these variables and no others of ours."""
    given = {name: value for name, value in environment.items() if value is not None}
    process = subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=PROJECT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return process.returncode, process.stdout + process.stderr


def deploy(**changes: str | None) -> tuple[int, str]:
    """`check --deploy` in production, with these changes; None: the variable is missing."""
    return check("--deploy", "--fail-level", "WARNING", **{**PRODUCTION, **changes})


def test_development_needs_no_variable() -> None:
    status, printed = check()
    assert (status, printed.strip()) == (0, "System check identified no issues (0 silenced).")


def test_production_with_everything_is_clean() -> None:
    status, printed = deploy()
    assert (status, printed.strip()) == (0, "System check identified no issues (0 silenced).")


@pytest.mark.parametrize("name", REQUIRED)
def test_production_names_a_missing_variable(name: str) -> None:
    status, printed = deploy(**{name: None})
    assert status != 0
    assert f"needs these environment variables: {name}." in printed


def test_production_names_all_missing_variables_at_once() -> None:
    status, printed = check(DEBUG="off")
    assert status != 0
    assert f"needs these environment variables: {', '.join(REQUIRED)}." in printed


def test_a_database_server_means_production() -> None:
    status, printed = deploy(DEBUG=None, SECRET_KEY=None)
    assert status != 0
    assert "needs these environment variables: SECRET_KEY." in printed


def test_an_empty_variable_is_a_missing_one() -> None:
    assert "needs these environment variables: FIELD_ENCRYPTION_KEYS." in deploy(FIELD_ENCRYPTION_KEYS="")[1]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"FIELD_ENCRYPTION_KEYS": f"{PRODUCTION['FIELD_ENCRYPTION_KEYS']},short"}, "key 2 is not a Fernet key"),
        ({"APP_URL": "http://phone.example.com"}, "APP_URL is not https"),
        ({"APP_URL": "phone.example.com"}, "APP_URL is not an absolute"),
        ({"ALLOW_PRIVATE_URLS": "on"}, "ALLOW_PRIVATE_URLS is on"),
        ({"KILL_POINTS_DIR": "var/kill"}, "KILL_POINTS_DIR is set"),
        ({"SECRET_KEY": "insecure-development-key-never-used-in-production-0123456789"}, "SECRET_KEY is the dev"),
        ({"REDIS_URL": None}, "REDIS_URL is not set"),
        ({"EMAIL_URL": None}, "EMAIL_URL is not set"),
        ({"CALCOM_API_URL": "api.cal.com"}, "CALCOM_API_URL is not an absolute"),
        ({"RETELL_API_URL": "http://[::1"}, "RETELL_API_URL is not an absolute"),
    ],
)
def test_production_names_what_is_wrong(changes: dict[str, str | None], found: str) -> None:
    status, printed = deploy(**changes)
    assert status != 0
    assert found in printed


def test_a_wrong_key_is_not_printed() -> None:
    assert "geheim" not in deploy(FIELD_ENCRYPTION_KEYS="geheim")[1]


def test_development_names_an_empty_list_of_keys() -> None:
    status, printed = check(FIELD_ENCRYPTION_KEYS="")
    assert status != 0
    assert "FIELD_ENCRYPTION_KEYS is empty" in printed
