"""A company's access tokens on its page: shown once, rotated, revoked for good."""

import re
from typing import Any

import pytest

from appointments.models import Company
from mcp_gateway.errors import Unauthorised
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.tokens import create_token, verify_token
from tests.retell.portal.conftest import Portal

NEW = {"token-name": "Till", "token-scopes": "calcom.get*, appointment_mgmt.*"}


def shown_in(response: Any) -> str:
    (text,) = re.findall(r'<code id="token-text">(mcp_[^<]+)</code>', response.text)
    return text


@pytest.fixture
def made(company: Company) -> tuple[ApiToken, str]:
    return create_token(name="Till", company=company, scopes=["calcom.*"])


def test_a_made_token_is_shown_once_and_works(portal: Portal, company: Company) -> None:
    response = portal.post(company, "token", **NEW)
    text = shown_in(response)
    assert verify_token(text).scopes == ["calcom.get*", "appointment_mgmt.*"]
    assert "no-store" in response["Cache-Control"]
    assert text not in portal.html(company)


def test_it_is_the_companys(portal: Portal, company: Company) -> None:
    portal.post(company, "token", **NEW)
    assert ApiToken.objects.get().company == company


@pytest.mark.parametrize("wrong", [{"token-name": ""}, {"token-scopes": ""}, {"token-scopes": "everything"}])
def test_a_wrong_form_makes_none(portal: Portal, company: Company, wrong: dict[str, str]) -> None:
    assert portal.post(company, "token", **{**NEW, **wrong}).status_code == 200
    assert not ApiToken.objects.exists()


def test_a_rotated_token_has_a_successor_and_ends_soon(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    token, text = made
    successor = verify_token(shown_in(portal.post(company, "token_rotate", id=token.pk)))
    assert (successor.name, successor.scopes) == (token.name, token.scopes)
    assert verify_token(text).expires_at is not None


def test_revoking_asks_first(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    token, text = made
    response = portal.post(company, "token_revoke", id=token.pk)
    assert token.prefix in response.text
    assert verify_token(text)


def test_revoked_it_works_no_more(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    token, text = made
    assert "is revoked." in portal.does(company, "token_revoke", id=token.pk, confirmed="yes")
    with pytest.raises(Unauthorised):
        verify_token(text)


def test_revoking_twice_acts_once(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    for _ in range(2):
        page = portal.does(company, "token_revoke", id=made[0].pk, confirmed="yes")
    assert "was revoked already" in page
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_a_revoked_token_has_no_successor(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    portal.post(company, "token_revoke", id=made[0].pk, confirmed="yes")
    assert "has ended" in portal.does(company, "token_rotate", id=made[0].pk)
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("action", ["token_rotate", "token_revoke"])
def test_another_companys_token_is_not_there(
    portal: Portal, company: Company, other_company: Company, action: str
) -> None:
    foreign, text = create_token(name="Theirs", company=other_company, scopes=["*"])
    assert portal.post(company, action, id=foreign.pk, confirmed="yes").status_code == 404
    assert verify_token(text)


def test_all_of_it_is_in_the_audit_trail_without_texts(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    texts = [
        shown_in(portal.post(company, "token", **NEW)),
        shown_in(portal.post(company, "token_rotate", id=made[0].pk)),
    ]
    told = [(entry.action, str(entry.after)) for entry in AuditEntry.objects.order_by("pk")]
    assert [action for action, _ in told] == ["token.created", "token.rotated"]
    assert not any(text in after for text in texts for _, after in told)


def test_a_viewer_sees_no_tokens(viewing: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    assert made[0].prefix not in viewing.html(company)
