"""None, one and two of a thing, in both languages: lists, tiles, what an action says, and every text with a number."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from appointments.models import Company, FollowUp
from mcp_gateway.models import ApiToken
from mcp_gateway.tokens import create_token
from tests.factories import make_call
from tests.staff_pages.every_page import staff
from tests.staff_pages.markup import Page
from tests.test_translations import CATALOGUES, each_catalogue, entries

pytestmark = pytest.mark.django_db
# A number, and right after it a word that would be another one if there were one only.
COUNTED = re.compile(r"%\((?:count|counter|number|tries|rows)\)[sd] (?:\w+ )?\w+s\b")
# Only of more than one; of a page or version with this number; of a verb.
NOT_COUNTED = {
    "More than %(number)s rows fit the search, and not all of them are shown: type more of the name.",
    "%(tries)s attempts",
    "brings %(number)s back",
    "Version %(number)d is the prompt again.",
    "%(number)s stays with version %(version)s of the agent",
    "%(number)s takes the newest version of the agent, published or not",
    "%(number)s takes the version with the tag %(version)s",
    "%(number)s does not ask us before it answers",
    "version %(number)s as the one before",
    "version %(number)s as the one after",
}
FOLLOW_UPS = "/admin/appointments/followup/"
TOKENS = "/admin/mcp_gateway/apitoken/"


def follow_ups(company: Company, count: int, **columns: Any) -> list[FollowUp]:
    return [
        FollowUp.objects.create(company=company, kind="callback", what_to_do="Ring", **columns) for _ in range(count)
    ]


def page(client: Client, url: str) -> Page:
    return Page.read(url, client.get(url).text)


def message(client: Client, url: str, action: str, rows: Any) -> str:
    sent = {"action": action, "_selected_action": [row.pk for row in rows], "confirmed": "yes"}
    answer = client.post(url, sent, follow=True)
    shown = Page.read(url, answer.text).root.with_id("messages")
    assert shown is not None
    return shown.text


@pytest.mark.parametrize(
    ("language", "count", "told"),
    [
        *(("de", 1, "1 Aufgabe"), ("de", 2, "2 Aufgaben"), ("de", 0, "")),
        *(("en", 1, "1 follow-up"), ("en", 2, "2 follow-ups"), ("en", 0, "")),
    ],
)
def test_a_list_counts_its_rows(root: User, company: Company, language: str, count: int, told: str) -> None:
    follow_ups(company, count)
    found = page(staff(language, root), FOLLOW_UPS)
    counter = [line.text for element in found.all("div") if "paginator" in element.classes for line in element.all("p")]
    assert [text for text in counter if "Aufgabe" in text or "follow-up" in text] == ([told] if told else [])
    assert any("empty" in element.classes for element in found.all("div")) is not bool(count)


@pytest.mark.parametrize(
    ("language", "count", "told"),
    [
        *(("de", 0, "0 Anrufe heute"), ("de", 1, "1 Anruf heute"), ("de", 2, "2 Anrufe heute")),
        *(("en", 0, "0 calls today"), ("en", 1, "1 call today"), ("en", 2, "2 calls today")),
    ],
)
def test_a_tile_counts(root: User, company: Company, language: str, count: int, told: str) -> None:
    for _ in range(count):
        make_call(company)
    tiles = [element.text for element in page(staff(language, root), "/admin/").all("a") if "tile" in element.classes]
    assert told in tiles


@pytest.mark.parametrize(
    ("language", "open_ones", "done_ones", "told"),
    [
        ("de", 0, 1, "Erledigt bei 0 Aufgaben. 1 wurde übersprungen."),
        ("de", 1, 0, "Erledigt bei 1 Aufgabe."),
        ("de", 2, 2, "Erledigt bei 2 Aufgaben. 2 wurden übersprungen."),
        ("en", 0, 1, "Done with 0 follow-ups. 1 was skipped."),
        ("en", 1, 0, "Done with 1 follow-up."),
        ("en", 2, 2, "Done with 2 follow-ups. 2 were skipped."),
    ],
)
def test_an_action_counts(
    root: User, company: Company, language: str, open_ones: int, done_ones: int, told: str
) -> None:
    rows = [*follow_ups(company, open_ones), *follow_ups(company, done_ones, status=FollowUp.Status.DONE)]
    assert message(staff(language, root), FOLLOW_UPS, "finish_chosen", rows) == told


@pytest.mark.parametrize(
    ("language", "count", "told"),
    [
        ("de", 1, "1 Token widerrufen."),
        ("en", 0, "0 tokens revoked. 1 was skipped: it has ended or been rotated already."),
        ("en", 1, "1 token revoked."),
        ("en", 2, "2 tokens revoked."),
    ],
)
def test_revoked_tokens_are_counted(root: User, company: Company, language: str, count: int, told: str) -> None:
    rows = [create_token(name=f"Kasse {number}", company=company, scopes=["*"])[0] for number in range(max(count, 1))]
    if count == 0:
        ApiToken.objects.update(revoked_at=rows[0].created_at)
    assert message(staff(language, root), TOKENS, "revoke", rows) == told


@each_catalogue
def test_a_text_with_a_number_has_a_form_for_one(catalogue: Any) -> None:
    texts = [dict(entry) for entry in entries(catalogue)]
    assert [
        text["msgid"]
        for text in texts
        if "msgid_plural" not in text and COUNTED.search(text["msgid"]) and text["msgid"] not in NOT_COUNTED
    ] == []


def test_the_rule_knows_a_text_without_a_form_for_one() -> None:
    assert COUNTED.search("%(count)s tokens revoked.")
    assert len(CATALOGUES) > 4
