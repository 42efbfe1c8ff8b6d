"""Whatever a model passes on, there is an answer, and it never books by accident."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from appointments.spoken import Problem, understand
from appointments.spoken.numbers import CARDINALS, ORDINALS
from appointments.spoken.words import FILLERS, FROM, MONTHS, PARTS, RELATIVE_DAYS, ROUGHLY, UNTIL, WEEKDAYS, WEEKS

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)

TABLES = (CARDINALS, ORDINALS, WEEKDAYS, MONTHS, RELATIVE_DAYS, PARTS, WEEKS, FILLERS, ROUGHLY, FROM, UNTIL)
OTHERS = {
    *("halb", "viertel", "dreiviertel", "uhr", "in", "tagen", "wochen", "zwischen", "und", "bis", "half past", "pm"),
    *("wochenende", "anfang", "ende", "monat", "nächsten", "paar", "im", "irgendwann"),
}
KNOWN_WORDS = sorted(OTHERS.union(*TABLES))
FIGURES = [
    "15.",
    "15.12.",
    "31.2",
    "14:30",
    "1430",
    "14.30",
    "12/15/2026",
    "2026-12-15",
    "9999-12-31",
    "99",
    "2026",
    "-",
]
SENTENCES = st.lists(st.sampled_from(KNOWN_WORDS + FIGURES), max_size=8).map(" ".join)
WORDS = st.none() | st.text() | st.text(alphabet="0123456789.:-/ hTZ+apm") | SENTENCES


@given(date_words=WORDS, time_words=WORDS)
def test_any_text_gives_either_a_problem_or_a_start_that_lies_ahead(
    date_words: str | None, time_words: str | None
) -> None:
    understood = understand(date_words, time_words, now=NOW, zone=ZONE)
    assert (understood.start is None) == (understood.problem is not None)
    if understood.start:
        local = understood.start.astimezone(ZONE)
        assert understood.start > NOW
        assert (local.date(), local.time(), understood.left_over) == (understood.date, understood.time, "")
    if understood.days:
        first, last = understood.days
        assert (understood.date, understood.problem) == (None, Problem.DATE_UNCLEAR)
        assert NOW.date() <= first <= last


@given(sentence=SENTENCES, unknown=st.sampled_from(["nicht", "oder", "außer", "vielleicht", "except", "maybe", "Xyz"]))
def test_one_unknown_word_makes_the_caller_be_asked(sentence: str, unknown: str) -> None:
    for words in (f"{unknown} {sentence}", f"{sentence} {unknown}"):
        assert understand(words, "15 Uhr", now=NOW, zone=ZONE).problem is Problem.DATE_UNCLEAR


@given(words=SENTENCES)
def test_capitals_change_nothing(words: str) -> None:
    said, shouted = (understand(text, None, now=NOW, zone=ZONE) for text in (words, words.upper()))
    assert (said.start, said.problem, said.candidates) == (shouted.start, shouted.problem, shouted.candidates)
