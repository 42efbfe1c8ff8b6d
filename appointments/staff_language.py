"""What is stored for a company's staff is written in the company's language, whoever asks for it."""

from datetime import datetime

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise

from appointments.models import Company


def for_staff(company: Company, text: Promise, **values: object) -> str:
    """A lazy text in the company's language. An instant among the values is written as `moment` does it."""
    with translation.override(company.default_language):
        written = {name: _written(value, company) for name, value in values.items()}
        return str(text) % written if written else str(text)


def moment(at: datetime, company: Company) -> str:
    """An instant on the company's clock, with the weekday and the zone's abbreviation."""
    local = timezone.localtime(at, company.zone)
    written = (date_format(local, part) for part in ("D", "SHORT_DATE_FORMAT", "H:i"))
    return f"{' '.join(written)} {local.tzname()}"


def _written(value: object, company: Company) -> object:
    return moment(value, company) if isinstance(value, datetime) else value
