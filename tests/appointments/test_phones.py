"""Phone numbers: one spelling for each, and none for those who hide it."""

import pytest
from django.core.exceptions import ValidationError

from appointments.models import Customer
from appointments.phones import region_of, to_e164, validate_e164


@pytest.mark.parametrize(
    "written",
    [
        "030 12345678",
        "030/12345678",
        "(030) 1234-5678",
        "03012345678",
        "+493012345678",
        "+49 30 12345678",
        "+49 (0)30 12345678",
        "004930 12345678",
        "0049 30 / 1234 5678",
        "  +493012345678\n",
        "tel:+49-30-12345678",
        "4930 12345678",
    ],
)
def test_every_spelling_is_one_number(written: str) -> None:
    assert to_e164(written) == "+493012345678"


def test_a_mobile_number() -> None:
    assert to_e164("0151 23456789") == "+4915123456789"


def test_a_foreign_number_keeps_its_country() -> None:
    assert to_e164("+43 1 5123456") == "+4315123456"


def test_a_number_without_country_is_of_the_given_region() -> None:
    assert to_e164("01 5123456", region="AT") == "+4315123456"


@pytest.mark.parametrize(
    "word", ["anonymous", "unknown", "blocked", "private", "withheld", "restricted", "unavailable"]
)
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, " {} ".format])
def test_a_hidden_number_is_none(word: str, spell) -> None:
    assert to_e164(spell(word)) is None


@pytest.mark.parametrize("nothing", [None, "", "   ", "null", "None", "{{user_number}}", "0", "0000", "00000000"])
def test_no_number_is_none(nothing: str | None) -> None:
    assert to_e164(nothing) is None


# anonymous, unavailable, restricted, blocked, unknown
@pytest.mark.parametrize("keys", ["266696687", "86282452253", "7378742833", "2562533", "8656696"])
@pytest.mark.parametrize("spelling", ["{}", "+{}", "+ {}"])
def test_a_hidden_number_spelled_on_the_keys_is_none(keys: str, spelling: str) -> None:
    assert to_e164(spelling.format(keys)) is None


@pytest.mark.parametrize(
    "address",
    [
        "sip:erika@salon.example",
        "sip:+493012345678@salon.example",
        "sips:+493012345678@salon.example:5061;transport=tls",
        "+493012345678@salon.example",
        "anonymous@anonymous.invalid",
    ],
)
def test_a_sip_address_is_none(address: str) -> None:
    assert to_e164(address) is None


@pytest.mark.parametrize(
    "junk",
    ["110", "12", "+49", "+4930", "+499999999999999999", "+999123456789", "Erika", "+" * 50, "1" * 500, "½²³", "\0"],
)
def test_what_is_no_number_is_none(junk: str) -> None:
    assert to_e164(junk) is None


@pytest.mark.parametrize(
    ("number", "region"),
    [("+493012345678", "DE"), ("+4315123456", "AT"), ("+41446681800", "CH"), ("+442079460018", "GB")],
)
def test_a_number_tells_its_country(number: str, region: str) -> None:
    assert region_of(number) == region


@pytest.mark.parametrize(
    "number", [None, "", "anonymous", "03012345678", "+", "+999123456789", "+80012345678", "Erika"]
)
def test_no_number_is_of_the_default_region(number: str | None) -> None:
    assert region_of(number) == "DE"


def test_the_validator_takes_e164() -> None:
    validate_e164("+493012345678")


@pytest.mark.parametrize("value", ["03012345678", "+49 30 12345678", "", "anonymous"])
def test_the_validator_refuses_every_other_spelling(value: str) -> None:
    with pytest.raises(ValidationError):
        validate_e164(value)


def test_a_customers_number_is_checked() -> None:
    with pytest.raises(ValidationError, match="phone"):
        Customer(name="Erika", phone="030 12345678").clean_fields(exclude=["company"])
