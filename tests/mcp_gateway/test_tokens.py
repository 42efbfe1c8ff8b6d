"""Bearer tokens, and the command that makes them."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from appointments.models import Company
from mcp_gateway.errors import Unauthorised
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.tokens import create_token, verify_token
from tests.factories import make_company

MINUTE = timedelta(minutes=1)


def make(company: Company | None = None, **options: Any) -> tuple[ApiToken, str]:
    return create_token(**{"name": "till", "company": company, "scopes": ["*"], **options})


def test_a_token_is_known_again(company: Company) -> None:
    token, text = make(company)
    assert verify_token(text) == token


def test_two_tokens_never_are_the_same(db: None) -> None:
    assert make()[1] != make()[1]


def test_the_text_is_not_in_the_database(db: None) -> None:
    token, text = make()
    secret = text.removeprefix(f"{token.prefix}_")
    (row,) = ApiToken.objects.values()
    assert len(secret) >= 40
    assert not any(secret in str(value) or text in str(value) for value in row.values())


def test_the_hash_depends_on_the_systems_key(db: None, settings: Any) -> None:
    _, text = make()
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(Unauthorised):
        verify_token(text)


@pytest.mark.parametrize("text", ["", "mcp_", "mcp_12345678_x", "_", "x" * 5000, "mcp_üü_ü", "\x00", "mcp_%_%"])
def test_what_is_no_token(db: None, text: str) -> None:
    make()
    with pytest.raises(Unauthorised):
        verify_token(text)


def test_the_right_prefix_with_a_wrong_secret(db: None) -> None:
    token, text = make()
    for wrong in (token.prefix, f"{token.prefix}_", f"{text}x", text[:-1], text.swapcase()):
        with pytest.raises(Unauthorised):
            verify_token(wrong)


def test_the_hash_itself_opens_nothing(db: None) -> None:
    token, _ = make()
    with pytest.raises(Unauthorised):
        verify_token(f"{token.prefix}_{token.token_hash}")


def test_a_revoked_token(db: None) -> None:
    token, text = make()
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    with pytest.raises(Unauthorised):
        verify_token(text)


def test_a_token_ends_at_its_time(db: None) -> None:
    _, text = make(expires_at=timezone.now() + MINUTE)
    verify_token(text)
    with time_machine.travel(timezone.now() + MINUTE, tick=False), pytest.raises(Unauthorised):
        verify_token(text)


def test_use_is_noted_at_most_once_a_minute(db: None) -> None:
    token, text = make()
    start = timezone.now()
    for seconds, noted in ((0, 0), (30, 0), (60, 0), (61, 61), (100, 61)):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            verify_token(text)
        token.refresh_from_db()
        assert token.last_used_at == start + timedelta(seconds=noted)


def test_a_refused_use_is_not_noted(db: None) -> None:
    token, _ = make()
    with pytest.raises(Unauthorised):
        verify_token(f"{token.prefix}_wrong")
    token.refresh_from_db()
    assert token.last_used_at is None


def command(*arguments: str) -> str:
    output = StringIO()
    call_command("mcp_create_token", "--name", "till", *arguments, stdout=output)
    return output.getvalue().strip()


def test_the_command_prints_a_working_token(company: Company) -> None:
    token = verify_token(command("--company", str(company.pk)))
    assert (token.name, token.company, token.scopes, token.expires_at) == ("till", company, ["*"], None)


def test_the_command_narrows_scopes_and_time(company: Company) -> None:
    arguments = ("--company", str(company.pk), "--scope", "calcom.get*", "--scope", "webhook.*", "--days", "30")
    token = verify_token(command(*arguments))
    assert token.scopes == ["calcom.get*", "webhook.*"]
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)


def test_the_command_makes_a_token_for_all(db: None) -> None:
    assert verify_token(command("--all-companies")).company is None


def test_the_command_leaves_a_trail_without_the_secret(company: Company) -> None:
    text = command("--company", str(company.pk))
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.company, entry.object_id) == ("token.created", company, str(ApiToken.objects.get().pk))
    assert text not in str(entry.after)


@pytest.mark.parametrize("company_id", ["0", "-1", str(2**40)])
def test_the_command_knows_no_such_company(db: None, company_id: str) -> None:
    with pytest.raises(CommandError, match="no active company"):
        command(f"--company={company_id}")


def test_the_command_serves_no_inactive_company(db: None) -> None:
    with pytest.raises(CommandError, match="no active company"):
        command("--company", str(make_company(is_active=False).pk))


@pytest.mark.parametrize("days", ["0", "-1"])
def test_the_command_makes_no_token_that_never_lives(company: Company, days: str) -> None:
    with pytest.raises(CommandError, match="1 or more"):
        command("--company", str(company.pk), f"--days={days}")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("arguments", [(), ("--company", "1", "--all-companies")])
def test_the_command_wants_to_know_whose_token(db: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        command(*arguments)
