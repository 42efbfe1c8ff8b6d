"""A company's access tokens on its page: shown once, rotated, revoked for good."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import issued_tokens
from mcp_gateway.errors import Unauthorised
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.principal import Principal
from mcp_gateway.tokens import create_token, verify_token
from tests.appointments.threads import at_once
from tests.retell.portal.conftest import Portal

NEW = {"token-name": "Till", "token-scopes": "calcom.get*, appointment_mgmt.*"}


def shown_in(response: Any) -> str:
    (text,) = re.findall(r'<code id="token-text">(mcp_[^<]+)</code>', response.text)
    return text


def question(portal: Portal, company: Company, token: ApiToken) -> Any:
    return portal.post(company, "token_rotate", id=token.pk)


def form_of(page: Any) -> dict[str, str]:
    """What the question's form posts when its button is pressed."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page.text))


def rotated(portal: Portal, company: Company, token: ApiToken) -> Any:
    return portal.post(company, "token_rotate", **form_of(question(portal, company, token)))


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


def test_rotating_asks_first(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    token = made[0]
    used = timezone.now() - timedelta(days=3)
    ApiToken.objects.update(last_used_at=used)
    page = question(portal, company, token).text
    assert token.prefix in page
    assert "Nothing has been done yet." in page
    tomorrow = timezone.now() + timedelta(days=1)
    assert all(f'<time datetime="{at:%Y-%m-%dT%H:}' in page for at in (used, tomorrow))
    assert ApiToken.objects.get().expires_at is None
    assert not AuditEntry.objects.exists()


def test_where_the_old_one_ends_sooner_both_ends_are_told(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(hours=2))
    page = question(portal, company, made[0]).text
    soon = f'<time datetime="{ApiToken.objects.get().expires_at:%Y-%m-%dT%H:%M}'
    assert page.count(soon) == 2


def test_what_was_never_used_is_said_to_be_so(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    assert "<dd>never</dd>" in question(portal, company, made[0]).text


def test_a_rotated_token_has_a_successor_and_ends_soon(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    token, text = made
    successor = verify_token(shown_in(rotated(portal, company, token)))
    assert (successor.name, successor.scopes) == (token.name, token.scopes)
    assert verify_token(text).expires_at is not None


def test_the_same_form_posted_twice_rotates_once(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    form = form_of(question(portal, company, made[0]))
    shown_in(portal.post(company, "token_rotate", **form))
    assert "was rotated already" in portal.does(company, "token_rotate", **form)
    assert ApiToken.objects.count() == 2
    assert AuditEntry.objects.filter(action="token.rotated").count() == 1


def test_what_was_rotated_offers_its_successor_for_that(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    rotated(portal, company, made[0])
    ids = re.findall(r'token_rotate/">.*?name="id" value="(\d+)"', portal.html(company))
    assert ids == [str(ApiToken.objects.latest("pk").pk)]


def test_a_successor_ends_when_the_first_token_would_have(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    ends_at = timezone.now() + timedelta(days=90)
    ApiToken.objects.update(expires_at=ends_at)
    successor = verify_token(shown_in(rotated(portal, company, made[0])))
    newest = verify_token(shown_in(rotated(portal, company, successor)))
    assert successor.expires_at == newest.expires_at == ends_at


@pytest.mark.django_db(transaction=True)
def test_the_same_form_posted_at_the_same_moment_rotates_once(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    by = Principal.of_staff(portal.user)
    results = at_once(3, lambda _: issued_tokens.rotate(by, made[0]))
    assert [result is None for result in results].count(False) == 1
    assert ApiToken.objects.count() == 2


def test_rotating_needs_the_pages_own_form(portal: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(portal.user)
    url = reverse("admin:portal_action", args=(company.pk, "token_rotate"))
    form = form_of(question(portal, company, made[0]))
    assert browser.post(url, form).status_code == 403
    assert ApiToken.objects.count() == 1
    page = browser.get(reverse("admin:portal_company", args=(company.pk,)))
    with_token = {**form, "csrfmiddlewaretoken": page.context["csrf_token"]}
    shown_in(browser.post(url, with_token))


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_rotate_neither_is_asked_nor_does_it(
    as_role: Callable[[str], Portal], portal: Portal, company: Company, made: tuple[ApiToken, str], role: str
) -> None:
    form = form_of(question(portal, company, made[0]))
    other = as_role(role)
    assert [other.post(company, "token_rotate", **data).status_code for data in ({"id": made[0].pk}, form)] == [403] * 2
    assert ApiToken.objects.count() == 1


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
    for form in ({}, {"confirmed": "yes"}):
        assert portal.post(company, action, id=foreign.pk, **form).status_code == 404
    assert verify_token(text)


def test_all_of_it_is_in_the_audit_trail_without_texts(
    portal: Portal, company: Company, made: tuple[ApiToken, str]
) -> None:
    texts = [
        shown_in(portal.post(company, "token", **NEW)),
        shown_in(rotated(portal, company, made[0])),
    ]
    told = [(entry.action, str(entry.after)) for entry in AuditEntry.objects.order_by("pk")]
    assert [action for action, _ in told] == ["token.created", "token.rotated"]
    assert not any(text in after for text in texts for _, after in told)


def test_a_viewer_sees_no_tokens(viewing: Portal, company: Company, made: tuple[ApiToken, str]) -> None:
    assert made[0].prefix not in viewing.html(company)
