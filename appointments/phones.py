"""Phone numbers in E.164, and the many ways to hide one."""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# What providers write when the caller hides the number.
HIDDEN = frozenset(
    {"", "anonymous", "unknown", "blocked", "private", "withheld", "restricted", "unavailable", "none", "null"}
)
# The same on a telephone's keys, with or without a plus: anonymous, unavailable, restricted, blocked, unknown.
HIDDEN_NUMBERS = frozenset({"266696687", "86282452253", "7378742833", "2562533", "8656696", "656667", "00000000"})
DEFAULT_REGION = "DE"


def is_hidden(written: str | None) -> bool:
    """Whether the caller shows no number; one that only can't be read is not hidden."""
    text = (written or "").strip()
    return text.casefold() in HIDDEN or re.sub(r"[\s+]", "", text) in HIDDEN_NUMBERS


def to_e164(written: str | None, *, region: str = DEFAULT_REGION) -> str | None:
    """The number as +493012345678; None when it is hidden, a SIP address, or no number at all.

    `region` is the country of numbers that are written without one.
    """
    if is_hidden(written):
        return None
    text = (written or "").strip()
    try:
        number = _with_country(text, region) or phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _with_country(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    """A number of the region whose country is written, but not the plus: 4915112345678."""
    digits = re.sub(r"\D", "", text)
    country = str(phonenumbers.country_code_for_region(region))
    if not re.fullmatch(r"[\d\s()/.-]+", text) or not digits.startswith(country):
        return None
    number = phonenumbers.parse(f"+{digits}")
    return number if phonenumbers.is_valid_number(number) else None


def validate_e164(value: str) -> None:
    """Validator of model fields."""
    if to_e164(value) != value:
        raise ValidationError(_("Write the number with its country, as +493012345678."))


def region_of(number: str | None) -> str:
    """The country of a company's own number (E.164), for the numbers that its callers say without one."""
    try:
        parsed = phonenumbers.parse(number or "")
    except phonenumbers.NumberParseException:
        return DEFAULT_REGION
    region = phonenumbers.region_code_for_number(parsed)  # that of +800 is the world, "001"
    return region if region in phonenumbers.SUPPORTED_REGIONS else DEFAULT_REGION
