"""Access tokens in the admin: made, rotated and revoked, shown once."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appointments.models import Company
from mcp_gateway import confirming
from mcp_gateway.errors import Unauthorised
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.tokens import create_token, revoke_token, rotate_token, verify_token

ADD = reverse("admin:mcp_gateway_apitoken_add")
LIST = reverse("admin:mcp_gateway_apitoken_changelist")


@pytest.fixture
def staff(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def form(company: Company | None, **changes: Any) -> dict[str, Any]:
    entered = {"name": "till", "company": company.pk if company else "", "scopes": '["calcom.get*"]'}
    return {**entered, "expires_at_0": "", "expires_at_1": "", **changes}


def shown_in(response: Any) -> list[str]:
    return re.findall(r"<code>(mcp_[^<]+)</code>", response.content.decode())


def test_a_made_token_is_shown_once_and_works(staff: Client, company: Company) -> None:
    (text,) = shown_in(staff.post(ADD, form(company)))
    token = verify_token(text)
    assert (token.name, token.company, token.scopes) == ("till", company, ["calcom.get*"])
    change = reverse("admin:mcp_gateway_apitoken_change", args=[token.pk])
    assert all(text not in staff.get(page).content.decode() for page in (LIST, change))


def test_the_page_that_shows_a_token_is_not_kept(staff: Client, company: Company) -> None:
    assert "no-store" in staff.post(ADD, form(company))["Cache-Control"]


def test_making_one_is_in_the_audit_trail_without_its_text(staff: Client, company: Company, member: User) -> None:
    (text,) = shown_in(staff.post(ADD, form(company)))
    entry = AuditEntry.objects.get(action="token.created")
    assert (entry.actor, entry.company) == (f"staff:{member.pk}", company)
    assert text not in str(entry.after)


def test_staff_can_not_make_a_token_for_every_company(staff: Client, company: Company) -> None:
    assert staff.post(ADD, form(None)).status_code == 200
    assert not ApiToken.objects.exists()


def test_staff_can_not_make_a_token_for_another_company(staff: Client, other_company: Company) -> None:
    staff.post(ADD, form(other_company))
    assert not ApiToken.objects.exists()


def test_a_superuser_may_make_one_for_every_company(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    (text,) = shown_in(client.post(ADD, form(None)))
    assert verify_token(text).company is None


@pytest.mark.parametrize("scopes", ["", "[]", '"calcom.*"', "[1]", '[""]', "{}", "not json"])
def test_wrong_scopes_are_refused(staff: Client, company: Company, scopes: str) -> None:
    assert staff.post(ADD, form(company, scopes=scopes)).status_code == 200
    assert not ApiToken.objects.exists()


def acting(action: str, *tokens: ApiToken, **more: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [token.pk for token in tokens], **more}


@pytest.mark.parametrize("action", ["revoke", "rotate"])
def test_beforehand_it_is_told_how_many_tokens_it_would_be(staff: Client, company: Company, action: str) -> None:
    usable, ended = (create_token(name=name, company=company, scopes=["*"])[0] for name in ("till", "<i>old</i>"))
    revoke_token(ended)
    before = list(ApiToken.objects.order_by("pk").values())
    asked = staff.post(LIST, acting(action, usable, ended), headers={"Accept-Language": "en"}).text
    assert "It would be done with 1 row." in asked
    assert "1 would be skipped: it is so already, or it does not fit." in asked
    assert "till" in asked
    german = staff.post(LIST, acting(action, usable, ended), headers={"Accept-Language": "de"}).text
    assert "Es beträfe 1 Zeile." in german
    nothing = staff.post(LIST, acting(action, ended), headers={"Accept-Language": "en"}).text
    assert "It would be done with 0 rows." in nothing
    assert 'name="confirmed"' not in nothing
    assert list(ApiToken.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(("number", "told"), [(1, "1 token revoked."), (2, "2 tokens revoked.")])
def test_afterwards_it_is_told_how_many_were_revoked_and_skipped(
    staff: Client, company: Company, number: int, told: str
) -> None:
    tokens = [create_token(name="till", company=company, scopes=["*"])[0] for _ in range(number)]
    ended, _text = create_token(name="old", company=company, scopes=["*"])
    revoke_token(ended)
    sent = acting("revoke", *tokens, ended, confirmed="yes")
    assert f"{told} 1 was skipped" in staff.post(LIST, sent, follow=True, headers={"Accept-Language": "en"}).text
    again = staff.post(LIST, sent, follow=True, headers={"Accept-Language": "en"}).text
    assert f"0 tokens revoked. {number + 1} were skipped" in again


def test_afterwards_it_is_told_how_many_were_rotated_and_skipped(staff: Client, company: Company) -> None:
    tokens = [create_token(name="till", company=company, scopes=["*"])[0] for _ in range(3)]
    revoke_token(tokens[0])
    shown = staff.post(LIST, acting("rotate", *tokens, confirmed="yes"), headers={"Accept-Language": "de"}).text
    assert "2 neue Tokens gemacht. 1 wurde übersprungen" in shown


def test_what_the_question_names_is_what_is_done(staff: Client, company: Company) -> None:
    chosen, _ = create_token(name="till", company=company, scopes=["*"])
    asked = staff.post(LIST, acting("revoke", chosen)).text
    create_token(name="later", company=company, scopes=["*"])
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', asked)
    sent = {name: value for name, value in fields if name != "csrfmiddlewaretoken"}
    staff.post(LIST, sent)
    assert list(ApiToken.objects.exclude(revoked_at=None)) == [chosen]


def test_rotating_shows_a_new_token_and_ends_the_old_one_a_day_later(staff: Client, company: Company) -> None:
    old, old_text = create_token(name="till", company=company, scopes=["calcom.*"])
    (new_text,) = shown_in(staff.post(LIST, acting("rotate", old, confirmed="yes")))
    assert verify_token(new_text).scopes == ["calcom.*"]
    assert verify_token(old_text).pk == old.pk
    old.refresh_from_db()
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(hours=24)


def test_the_confirmed_form_posted_twice_rotates_once(staff: Client, company: Company) -> None:
    old, _ = create_token(name="till", company=company, scopes=["*"])
    staff.post(LIST, acting("rotate", old, confirmed="yes"))
    again = staff.post(LIST, acting("rotate", old, confirmed="yes"), headers={"Accept-Language": "en"}).text
    assert "0 new tokens made. 1 was skipped: it has ended or been rotated already." in again
    assert ApiToken.objects.count() == 2


def test_the_list_says_which_token_was_rotated(staff: Client, company: Company) -> None:
    old, _ = create_token(name="till", company=company, scopes=["*"])
    staff.post(LIST, acting("rotate", old, confirmed="yes"))
    page = staff.get(LIST, headers={"Accept-Language": "en"}).text
    assert sorted(re.findall(r"</span> (rotated|usable)</span>", page)) == ["rotated", "usable"]


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
@pytest.mark.parametrize("action", ["revoke", "rotate"])
def test_too_many_at_once_are_left_alone(
    staff: Client, company: Company, monkeypatch: pytest.MonkeyPatch, action: str, confirmed: dict[str, str]
) -> None:
    monkeypatch.setattr(confirming, "MOST_KEYS", 2)
    tokens = [create_token(name="till", company=company, scopes=["*"])[0] for _ in range(3)]
    sent = acting(action, tokens[0], select_across="1", **confirmed)
    said = staff.post(LIST, sent, follow=True, headers={"Accept-Language": "en"}).text
    assert "More than 2 rows are chosen: nothing was done. Narrow the list by its filters" in said
    assert ApiToken.objects.filter(revoked_at=None, successor=None).count() == 3


def test_what_is_saved_undoes_no_revocation_of_the_same_moment(member: User, company: Company, rf: Any) -> None:
    read, _ = create_token(name="till", company=company, scopes=["*"])
    revoke_token(read)
    request = rf.post(LIST)
    request.user = member
    read.name = "cash desk"
    admin.site._registry[ApiToken].save_model(request, read, None, change=True)
    stored = ApiToken.objects.get()
    assert (stored.name, stored.revoked_at is None) == ("cash desk", False)


def test_another_companys_token_is_not_rotated(staff: Client, other_company: Company) -> None:
    theirs, _ = create_token(name="till", company=other_company, scopes=["*"])
    assert shown_in(staff.post(LIST, acting("rotate", theirs, confirmed="yes"))) == []
    assert ApiToken.objects.count() == 1


def test_a_rotated_token_ends_no_later_than_it_would_have(company: Company) -> None:
    ends_at = timezone.now() + timedelta(hours=1)
    old, _ = create_token(name="till", company=company, scopes=["*"], expires_at=ends_at)
    rotate_token(old)
    old.refresh_from_db()
    assert old.expires_at == ends_at


def test_a_remembered_token_that_expires_meanwhile_is_refused(company: Company, monkeypatch: Any) -> None:
    token, text = create_token(
        name="till", company=company, scopes=["*"], expires_at=timezone.now() + timedelta(milliseconds=300)
    )
    verify_token(text)
    monkeypatch.setattr(timezone, "now", lambda: token.expires_at)
    with pytest.raises(Unauthorised):
        verify_token(text)


def test_a_remembered_token_asks_the_database_nothing(company: Company, django_assert_num_queries: Any) -> None:
    _, text = create_token(name="till", company=company, scopes=["*"])
    verify_token(text)
    with django_assert_num_queries(0):
        verify_token(text)


def test_scopes_are_chosen_from_a_list(staff: Client, company: Company) -> None:
    (text,) = shown_in(staff.post(ADD, form(company, scopes="", chosen=["queue.get*", "calcom.*"])))
    assert verify_token(text).scopes == ["queue.get*", "calcom.*"]


def test_what_is_in_no_list_can_be_written_beside_it(staff: Client, company: Company) -> None:
    (text,) = shown_in(staff.post(ADD, form(company, scopes='["webhook.listEvents"]', chosen=["calcom.*"])))
    assert verify_token(text).scopes == ["calcom.*", "webhook.listEvents"]


def test_a_stored_token_shows_what_was_chosen(staff: Client, company: Company) -> None:
    token, _ = create_token(name="till", company=company, scopes=["calcom.*", "webhook.listEvents"])
    page = staff.get(reverse("admin:mcp_gateway_apitoken_change", args=[token.pk]))
    initial = page.context["adminform"].form.initial
    assert (initial["chosen"], initial["scopes"]) == (["calcom.*"], ["webhook.listEvents"])


@pytest.mark.parametrize("chosen", [[], ["nonsense.*"]])
def test_a_token_for_nothing_is_refused(staff: Client, company: Company, chosen: list[str]) -> None:
    assert staff.post(ADD, form(company, scopes="", chosen=chosen)).status_code == 200
    assert not ApiToken.objects.exists()


class TestTwoEditOne:
    @pytest.fixture
    def token(self, company: Company) -> ApiToken:
        return create_token(name="till", company=company, scopes=["calcom.*", "webhook.listEvents"])[0]

    def opened(self, staff: Client, token: ApiToken, **changes: Any) -> dict[str, Any]:
        """The form as it is open in a browser, with what its user writes."""
        page = staff.get(at(token)).text
        stored = {"name": "till", "chosen": ["calcom.*"], "scopes": '["webhook.listEvents"]', "expires_at": ""}
        return {**stored, "seen": re.findall(r'name="seen" value="([^"]+)"', page)[0], **changes}

    def test_the_second_save_is_refused_with_the_difference(self, staff: Client, token: ApiToken) -> None:
        second = self.opened(staff, token, name="the till", chosen=["calcom.*", "queue.*"])
        assert staff.post(at(token), self.opened(staff, token, scopes="[]")).status_code == 302
        answer = unescape(staff.post(at(token), second, headers={"Accept-Language": "en"}).text)
        assert "Somebody has saved this since you opened it" in answer
        assert 'Scopes: was “["calcom.*", "webhook.listEvents"]”, is “["calcom.*"]” now.' in answer
        token.refresh_from_db()
        assert (token.name, token.scopes) == ("till", ["calcom.*"])

    def test_a_rotated_one_does_not_live_on(self, staff: Client, token: ApiToken) -> None:
        second = self.opened(staff, token, name="the till")
        staff.post(LIST, acting("rotate", token, confirmed="yes"))
        assert staff.post(at(token), second).status_code == 200
        token.refresh_from_db()
        assert token.expires_at is not None

    def test_one_after_the_other_is_fine(self, staff: Client, token: ApiToken) -> None:
        for name in ("first", "second"):
            assert staff.post(at(token), self.opened(staff, token, name=name)).status_code == 302
        token.refresh_from_db()
        assert (token.name, token.scopes) == ("second", ["calcom.*", "webhook.listEvents"])

    def test_another_token_may_change(self, staff: Client, token: ApiToken, company: Company) -> None:
        other, _ = create_token(name="till 2", company=company, scopes=["*"])
        mine = self.opened(staff, token, name="the till")
        ApiToken.objects.filter(pk=other.pk).update(name="till two")
        assert staff.post(at(token), mine).status_code == 302

    def test_a_call_meanwhile_is_no_edit(self, staff: Client, token: ApiToken) -> None:
        mine = self.opened(staff, token, name="the till")
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
        assert staff.post(at(token), mine).status_code == 302


def at(token: ApiToken) -> str:
    return reverse("admin:mcp_gateway_apitoken_change", args=[token.pk])
