"""What is stored for staff is in their company's language, whatever the caller or the colleague speaks."""

from datetime import UTC, datetime

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from appointments.models import Company
from appointments.staff_language import for_staff
from tests.factories import make_company


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("de", "Der Anrufer möchte Termin 7 auf Di 12.01.2027 14:30 CET verschieben."),
        ("en", "The caller wants to move"),
    ],
)
@pytest.mark.parametrize("spoken", ["de", "en"])
@pytest.mark.django_db
def test_it_is_the_companys_language_and_clock(language: str, written: str, spoken: str) -> None:
    company: Company = make_company(default_language=language)
    text = gettext_lazy("The caller wants to move appointment %(number)s to %(when)s.")
    with translation.override(spoken):
        told = for_staff(company, text, number=7, when=datetime(2027, 1, 12, 13, 30, tzinfo=UTC))
        assert translation.get_language() == spoken
    assert told.startswith(written)
    assert "14:30 CET" in told
