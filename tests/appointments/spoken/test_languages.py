"""Which language is named, and which one is spoken."""

import pytest

from appointments.spoken import language_of, named_language


@pytest.mark.parametrize(
    ("words", "language"),
    [
        *[(words, "de") for words in ("Deutsch", "deutsch.", "auf Deutsch, bitte", "German", "de", "de-DE", "DE_at")],
        *[(words, "de") for words in ("Hochdeutsch", "deutsche Sprache", "in German please", "deu", "ger")],
        *[
            (words, "en")
            for words in ("Englisch", "auf Englisch", "English", "en", "en-US", "en_GB", "British English")
        ],
        *[(words, "en") for words in ("the English language", "eng", "ENGLISH")],
    ],
)
def test_a_language_that_is_named(words: str, language: str) -> None:
    assert named_language(words) == language


@pytest.mark.parametrize(
    "words",
    [
        *("", " ", "Französisch", "fr", "fr-DE", "türkisch", "kein Deutsch", "Deutsch oder Englisch", "Denglisch"),
        *("None", "string", "de-", "de-DE-x-y", "d", "Deutschland", "Dienstag"),
    ],
)
def test_no_other_language_is_taken_for_one_of_ours(words: str) -> None:
    assert named_language(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *(["nächsten Dienstag"], ["morgen"], ["Übermorgen"], ["uebermorgen"], ["15. Dezember"], ["am 15. März"]),
        *(["halb drei"], ["14 Uhr"], ["vierzehn"], ["Dienstagnachmittag"], ["15ten"], ["2026-12-15", "nachmittags"]),
        *(["Montag, August"], ["2026-11-24", "um vier"], [None, "ab 16 Uhr"], ["DIENSTAG"], ["nächste Woche", "egal"]),
    ],
)
def test_german_words(words: list[str | None]) -> None:
    assert language_of(*words) == "de"


@pytest.mark.parametrize(
    "words",
    [
        *(["next Tuesday"], ["tomorrow"], ["December 15"], ["the 15th"], ["March 3"], ["half past two"], ["at 14:30"]),
        *(["2 pm"], ["9am"], ["9 a.m."], ["three o’clock"], ["2026-12-15", "in the afternoon"], [None, "noon"]),
        *(["Monday, August 3"], ["TUESDAY"], ["next week", "any time"]),
    ],
)
def test_english_words(words: list[str | None]) -> None:
    assert language_of(*words) == "en"


@pytest.mark.parametrize(
    "words",
    [
        *([], [None], [""], ["2026-12-15"], ["2026-12-15T14:30:00"], ["15.12.", "14:30"], ["15"], ["14h"], ["null"]),
        *(["None"], ["August"], ["April"], ["am"], ["an"], ["in"], ["am 15."], ["15. November"], ["so um 15"]),
        *(["???"], ["Xyz"], ["Okay"]),
    ],
)
def test_no_evidence(words: list[str | None]) -> None:
    assert language_of(*words) is None


@pytest.mark.parametrize(
    "words", [["morgen", "3 pm"], ["Tuesday", "15 Uhr"], ["nächste week"], ["am Dienstag at three"]]
)
def test_evidence_of_both(words: list[str | None]) -> None:
    assert language_of(*words) is None
