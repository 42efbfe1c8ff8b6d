"""Dates, numbers and lengths of time as each language writes them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.utils.translation import override

from appointments.models import Call, Company
from tests.factories import make_call
from tests.staff_pages.every_page import staff
from tests.staff_pages.markup import Page

MOMENT = datetime(2026, 11, 22, 17, 19, 5, tzinfo=UTC)


def written(expression: str, language: str, value: Any) -> str:
    with override(language):
        return Template(f"{{% load staff %}}{{{{ value{expression} }}}}").render(Context({"value": value}))


@pytest.mark.parametrize(
    ("language", "expected"), [("de", "22.11.2026 18:19 CET"), ("en", "Nov 22, 2026, 6:19 p.m. CET")]
)
def test_a_moment(language: str, expected: str) -> None:
    shown = Page.read("", written("|moment", language, MOMENT)).only("time")
    assert shown.text == expected
    assert shown["title"] == "2026-11-22 17:19:05 UTC"


@pytest.mark.parametrize(("language", "expected"), [("de", "22.11.2026 18:19"), ("en", "Nov 22, 2026, 6:19 p.m.")])
def test_a_moment_in_djangos_own_pages(language: str, expected: str) -> None:
    assert written("", language, MOMENT) == expected


@pytest.mark.parametrize(("language", "expected"), [("de", "22.11.2026"), ("en", "Nov 22, 2026")])
def test_a_day(language: str, expected: str) -> None:
    assert written("", language, date(2026, 11, 22)) == expected


@pytest.mark.parametrize(("language", "expected"), [("de", "18:19"), ("en", "6:19 p.m.")])
def test_a_time_of_day(language: str, expected: str) -> None:
    assert Page.read("", written("|clock", language, MOMENT)).only("time").text == expected


@pytest.mark.parametrize(
    ("language", "value", "expected"),
    [
        ("de", Decimal("1234.56"), "1.234,56"),
        ("en", Decimal("1234.56"), "1,234.56"),
        ("de", 1000, "1.000"),
        ("en", 999, "999"),
        ("de", "1.000+", "1.000+"),
    ],
)
def test_a_number(language: str, value: Any, expected: str) -> None:
    assert written("|number", language, value) == expected


@pytest.mark.parametrize(
    ("language", "seconds", "expected"),
    [
        ("de", 185, "3 min 5 s"),
        ("en", 185, "3 min 5 s"),
        ("de", 0, "0 s"),
        ("de", 7260, "2 h 1 min"),
        ("de", 86_400, "1 Tag"),
        ("de", 4 * 86_400 + 3 * 3600, "4 Tage 3 h"),
        ("en", 86_400, "1 day"),
        ("en", timedelta(days=4, hours=3), "4 days 3 h"),
        ("en", None, "–"),
    ],
)
def test_a_length_of_time(language: str, seconds: Any, expected: str) -> None:
    assert written("|duration", language, seconds) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ("22.11.2026 18:19 CET", "3 min 5 s", "1.234,56 USD")),
        ("en", ("Nov 22, 2026, 6:19 p.m. CET", "3 min 5 s", "1,234.56 USD")),
    ],
)
def test_the_page_of_a_call(root: User, company: Company, language: str, expected: tuple[str, ...]) -> None:
    call = make_call(company, started_at=MOMENT, ended_at=MOMENT + timedelta(seconds=185), cost_cents=Decimal("123456"))
    Call.objects.filter(pk=call.pk).update(status=Call.Status.ENDED)
    url = f"/admin/appointments/call/{call.pk}/change/"
    shown = Page.read(url, staff(language, root).get(url).text)
    facts = [fact.text for fact in shown.all("dd")]
    assert [text for text in expected if not any(text in fact for fact in facts)] == []
