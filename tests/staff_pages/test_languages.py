"""Every page in German has no English of ours in it, and in English no German."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models

from mcp_gateway.registry import registry
from tests.config.admin_places import Rows
from tests.staff_pages.every_page import every_page, staff
from tests.test_translations import CATALOGUES, PLACEHOLDER, Entry, entries, translations

pytestmark = pytest.mark.django_db
OTHER = {"de": "en", "en": "de"}
# A sentence that stands within others, and not only a word that two languages may share.
SENTENCE = 20
# Words and names that both languages have.
ALIKE = {
    *("Agent", "Cal.com", "Filter", "Name", "Person", "Prompt", "Retell", "Server", "Status", "Test", "Tests", "Text"),
    *("Webhook", "Webhooks", "UTC", "CET", "CEST", "min", "Code", "JSON", "Esc", "Deutsch", "English"),
}


class Words:
    """Texts of one language that are not the other's, as they come out on pages."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.plain = {text for text in texts if not PLACEHOLDER.search(text)}
        self.sentences = [text for text in self.plain if len(text) >= SENTENCE and " " in text]
        self.forms = [form for text in texts if text not in self.plain and (form := _form(text))]

    def has(self, piece: str) -> bool:
        said = plain(piece)
        if said in self.plain or any(text in said for text in self.sentences):
            return True
        return any(form.search(said) for form in self.forms)


def _form(text: str) -> re.Pattern[str] | None:
    """How it looks when filled in. A short one would be found everywhere: with numbers only, and nothing around."""
    parts = [re.escape(part) for part in PLACEHOLDER.split(text)]
    if max(map(len, parts)) >= SENTENCE // 2:
        return re.compile(".+?".join(parts))
    return re.compile(f"^{r'[0-9.,]+'.join(parts)}$") if re.search("[a-z]{3}", text) else None


def words_of(language: str) -> Words:
    """The catalogues' texts in this language that are no texts in the other."""
    found = [entry for catalogue in CATALOGUES for entry in entries(catalogue)]
    english = {plain(text): text for entry in found for text in sources_of(entry)}
    german = {plain(text): text for entry in found for text in translations(entry)}
    mine, others = (english, german) if language == "en" else (german, english)
    return Words(mine.keys() - others.keys())


def plain(text: str) -> str:
    """White space is one blank on pages, and a label begins with a capital where a sentence has none."""
    return " ".join(text.lower().split())


def sources_of(entry: Entry) -> tuple[str, ...]:
    """Without the context, which nobody reads."""
    return tuple(text for keyword, text in entry if keyword in ("msgid", "msgid_plural"))


def stored_texts() -> set[str]:
    """What tables hold is nobody's to translate; choices are words of ours."""
    found = set(registry.servers)
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.choices:
                for value in model._default_manager.values_list(field.name, flat=True):
                    found.update(" ".join(line.split()) for text in leaves(value) for line in text.splitlines())
    return {text for text in found if len(text) > 2}


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from (str(name), *leaves(one))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def own_words(piece: str, stored: set[str]) -> set[str]:
    """Those that are neither from tables nor names that machines have, with a dot, an underscore, a brace in them."""
    # The beginning of a correlation id may look like a word.
    piece = re.sub(r"[{[].*|\S*[\w}][._/@:{]\w\S*|\b[0-9a-f]{8}\b", " ", piece)
    for text in sorted((text for text in stored if text in piece), key=len, reverse=True):
        piece = piece.replace(text, " ")
    return set(re.findall(r"[^\W\d_]{3,}", piece))


def test_each_page_is_in_one_language(root: User, rows: Rows) -> None:
    said = {language: said_on_pages(language, root, rows) for language in OTHER}
    stored = stored_texts()
    tables = "\n".join(stored)
    ours = {
        language: {piece: path for piece, path in pieces.items() if piece not in stored and not is_part(piece, tables)}
        for language, pieces in said.items()
    }
    words = {language: words_of(language) for language in OTHER}
    found = {
        language: {piece: path for piece, path in ours[language].items() if words[other].has(piece)}
        for language, other in OTHER.items()
    }
    found["alike"] = {
        piece: ours["de"][piece] for piece in ours["de"].keys() & ours["en"].keys() if own_words(piece, stored) - ALIKE
    }
    assert found == {"de": {}, "en": {}, "alike": {}}


def said_on_pages(language: str, user: User, rows: Rows) -> dict[str, str]:
    """Every piece of text, with a page that says it."""
    said: dict[str, str] = {}
    for page in every_page(staff(language, user), rows):
        assert page.language == language
        said |= dict.fromkeys(page.said(), page.path)
    return said


def is_part(piece: str, tables: str) -> bool:
    return len(piece) >= SENTENCE and piece in tables


@pytest.mark.parametrize(("language", "word"), [("de", "Übersicht"), ("en", "Home")])
def test_every_way_back_begins_with_the_same_word(root: User, rows: Rows, language: str, word: str) -> None:
    first: dict[str, str] = {}
    for page in every_page(staff(language, root), rows):
        ways = [element for element in page.all("div") if "breadcrumbs" in element.classes]
        for link in [link for way in ways for link in way.all("a")][:1]:
            first[page.path] = link.text
    assert len(first) > 50
    assert {path: text for path, text in first.items() if text != word} == {}
