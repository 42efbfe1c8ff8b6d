"""How every page is built for those who don't see it, or have no mouse."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.config.admin_places import Rows
from tests.staff_pages.every_page import every_page, staff
from tests.staff_pages.markup import Element, Page

pytestmark = pytest.mark.django_db
LANDMARKS = ("nav", "aside")
REACHED_BY_TAB = ("a", "button", "input", "select", "textarea", "summary")
FIELDS = ("input", "select", "textarea")
WITHOUT_LABEL = ("hidden", "submit", "button", "reset", "image")


def faults(page: Page) -> list[str]:
    return [words for rule in RULES for words in rule(page)]


def one_main_and_one_heading(page: Page) -> list[str]:
    counts = {tag: len(page.all(tag)) for tag in ("main", "h1")}
    return [f"{count} × {tag}" for tag, count in counts.items() if count != 1]


def headings_skip_no_level(page: Page) -> list[str]:
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3", "h4", "h5", "h6") if not in_dialog(heading)]
    return [f"h{before} before h{after}" for before, after in pairwise(levels) if after > before + 1]


def the_skip_link_is_the_first_stop(page: Page) -> list[str]:
    first = next(element for element in page.root.all(*REACHED_BY_TAB) if element["href"] or element.tag != "a")
    target = page.root.with_id(first["href"].removeprefix("#"))
    return [] if first.tag == "a" and target is not None and target.tag == "main" else [f"first stop {first.text}"]


def landmarks_have_names_of_their_own(page: Page) -> list[str]:
    names = [(element.tag, name_of(page, element)) for element in page.all(*LANDMARKS)]
    names += [("search", name_of(page, element)) for element in page.all() if element["role"] == "search"]
    counts = Counter(names)
    return [f"{tag} {name!r} × {count}" for (tag, name), count in counts.items() if not name or count > 1]


def ids_are_used_once(page: Page) -> list[str]:
    counts = Counter(element["id"] for element in page.all() if element["id"])
    return [f"id {name} × {count}" for name, count in counts.items() if count > 1]


def what_is_pointed_at_is_there(page: Page) -> list[str]:
    ids = {element["id"] for element in page.all()}
    return [
        f"{attribute} {name}"
        for element in page.all()
        for attribute in ("aria-labelledby", "aria-describedby", "for")
        for name in element[attribute].split()
        if name not in ids
    ]


def fields_have_labels(page: Page) -> list[str]:
    labelled = {label["for"] for label in page.all("label")}
    return [
        f"no label: {element.tag} {element['name']}"
        for element in page.all(*FIELDS)
        if element["type"] not in WITHOUT_LABEL
        and "hidden" not in element.classes
        and element["id"] not in labelled
        and not element.is_within("label")
        and not name_of(page, element)
    ]


def messages_are_announced(page: Page) -> list[str]:
    lists = [element for element in page.all("ul") if "messagelist" in element.classes]
    silent = [one for one in lists if not any(around["role"] == "status" for around in one.ancestors())]
    return ["a message without role=status"] * len(silent)


def badges_have_a_word_and_a_symbol(page: Page) -> list[str]:
    badges = [element for element in page.all("span") if "badge" in element.classes]
    return [f"badge {badge.text!r}" for badge in badges if not _has_word_and_symbol(badge)]


def _has_word_and_symbol(badge: Element) -> bool:
    symbol, *rest = badge.children
    words = " ".join(one if isinstance(one, str) else one.text for one in rest)
    return isinstance(symbol, Element) and symbol["aria-hidden"] == "true" and bool(symbol.text and words.strip())


RULES: tuple[Callable[[Page], list[str]], ...] = (
    one_main_and_one_heading,
    headings_skip_no_level,
    the_skip_link_is_the_first_stop,
    landmarks_have_names_of_their_own,
    ids_are_used_once,
    what_is_pointed_at_is_there,
    fields_have_labels,
    messages_are_announced,
    badges_have_a_word_and_a_symbol,
)


def in_dialog(element: Element) -> bool:
    return element.is_within("dialog")


def name_of(page: Page, element: Element) -> str:
    """What it is announced as."""
    by = [page.root.with_id(one) for one in element["aria-labelledby"].split()]
    return element["aria-label"] or " ".join(one.text for one in by if one is not None) or element["title"]


def test_every_page_is_built_for_ears_and_keys(root: User, rows: Rows) -> None:
    found = {page.path: words for page in every_page(staff("de", root), rows) if (words := faults(page))}
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/nowhere/", "/nowhere"])
def test_so_is_what_strangers_see(db: None, path: str) -> None:
    assert faults(Page.read(path, Client().get(path, follow=True).text)) == []
