"""Codes of the Kölner Phonetik, as published, and what they are for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.sounds import sound


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Müller-Lüdenscheidt", "65752682"),
        ("Wikipedia", "3412"),
        ("Breschnew", "17863"),
        ("Meyer", "67"),
        ("Phonetik", "3624"),
        ("Christian", "47826"),
        ("Cellist", "8582"),
        ("Achse", "048"),
        ("Hexe", "048"),
        ("Luchs", "548"),
        ("Ei", "0"),
        ("h", ""),
        ("", ""),
        ("123 – !", ""),
    ],
)
def test_a_word_has_its_code(word: str, code: str) -> None:
    assert sound(word) == code


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Herren Haar Schnitt", "Herrenhaarschnitt"),
        ("Herrnhaarschnit", "Herrenhaarschnitt"),
        ("Damen Hahrschnitt", "Damenhaarschnitt"),
        ("hair cut", "haircut"),
        ("Maier", "Meyer"),
        ("Strasse", "Straße"),
        ("FÄRBEN", "faerben"),
        ("Fa\u0308rben", "Färben"),
    ],
)
def test_what_sounds_alike_has_one_code(said: str, meant: str) -> None:
    assert sound(said) == sound(meant)


@pytest.mark.parametrize(("one", "other"), [("Herrenschnitt", "Damenschnitt"), ("Färben", "Föhnen"), ("Bart", "Farbe")])
def test_what_sounds_otherwise_has_another_code(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@given(text=st.text())
def test_any_text_has_a_code_of_figures_without_repetition(text: str) -> None:
    code = sound(text)
    assert set(code) <= set("012345678")
    assert "0" not in code[1:]
