"""Long texts, such as payloads and prompts, are copied by a button."""

import json

import pytest
from django.contrib.auth.models import User

from tests.config.admin_places import Rows
from tests.staff_pages.every_page import every_page, staff
from tests.staff_pages.markup import Page

pytestmark = pytest.mark.django_db


def without_copy_button(page: Page) -> list[str]:
    copied = {button["data-copy"] for button in page.all("button")}
    return [text.text[:60] for text in page.all("pre") if f"#{text['id']}" not in copied]


def test_every_long_text_can_be_copied(root: User, rows: Rows) -> None:
    pages = list(every_page(staff("en", root), rows))
    assert any(page.all("pre") for page in pages)
    found = {page.path: texts for page in pages if (texts := without_copy_button(page))}
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
