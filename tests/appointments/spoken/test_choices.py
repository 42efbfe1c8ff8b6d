"""What is taken up of three times offered on Wednesday, 18 November 2026: Tuesday 24th at 16:00, Wednesday 25th at
9:00 and at 14:30."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.spoken import Choice, choose, says_yes
from tests.appointments.spoken.asking import BERLIN, USUAL
from tests.appointments.spoken.test_any_text import WORDS

TUESDAY, NINE, HALF_PAST_TWO = "2026-11-24T16:00", "2026-11-25T09:00", "2026-11-25T14:30"
THREE = (TUESDAY, NINE, HALF_PAST_TWO)
ALL = (0, 1, 2)


def taken(
    date_words: str | None,
    time_words: str | None = None,
    *,
    offered: Sequence[str] = THREE,
    opening: tuple[time, time] = USUAL,
) -> Choice | None:
    """Offers are instants in UTC, as the calendar has them."""
    starts = [_instant(moment) for moment in offered]
    return choose(date_words, time_words, starts, now=_instant("2026-11-18T10:00"), zone=BERLIN, opening=opening)


def _instant(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=BERLIN).astimezone(UTC)


YES = [
    *(
        "ja",
        "Ja.",
        "ja gerne",
        "ja bitte",
        "gerne",
        "passt",
        "das passt",
        "das passt mir gut",
        "okay",
        "ok",
        "ja, okay",
    ),
    *("nehme ich", "den nehme ich", "das nehme ich", "dann nehme ich den", "den würde ich nehmen", "ja genau", "gut"),
    *("einverstanden", "in Ordnung", "alles klar", "machen wir so", "das klingt gut", "prima, passt", "genau", "ja ja"),
    *("diesen Termin bitte", "den da", "yes", "yes please", "that works", "that works for me", "sounds good", "sure"),
    *("okay, that's fine", "I'll take it", "that one please", "perfect", "go ahead", "book it please", "alright"),
]
CHOICES = {
    0: [
        *("das erste", "der erste", "den ersten", "der erste Termin", "den ersten bitte", "die erste Möglichkeit"),
        *("erste Option", "Nummer eins", "Option 1", "ja, der erste", "den ersten nehme ich", "the first one", "first"),
        *(
            "I'll take the first",
            "number one",
            "option one",
            "der früheste",
            "the earliest",
            "16 Uhr",
            "um vier",
            "vier",
        ),
        *("4 pm", "at four", "so gegen vier", "um 16 Uhr bitte", "ja, um 16 Uhr", "gut, dann um vier", "den um vier"),
        *(
            "den Termin um 16 Uhr",
            "the one at four",
            "Dienstag 16 Uhr",
            "am Dienstag um vier",
            "nächsten Dienstag um vier",
        ),
        *(
            "am 24. um 16 Uhr",
            "24.11. 16:00",
            "2026-11-24T16:00",
            "ja, am Dienstag",
            "Dienstag passt",
            "den am Dienstag",
        ),
        *("the one on Tuesday", "Tuesday works", "ja, den am Dienstag bitte", "am besten um vier", "lieber um vier"),
        *(
            "nein, lieber um 16 Uhr",
            "nächste Woche Dienstag um vier",
            "4 o'clock on Tuesday",
            "ja, am 24.",
            "in sechs Tagen um vier",
        ),
    ],
    1: [
        *(
            "das zweite",
            "der zweite",
            "den zweiten",
            "die zweite",
            "den 2. Termin",
            "Nummer zwei",
            "Option 2",
            "Vorschlag 2",
        ),
        *("ich würde den zweiten nehmen", "ich hätte gern den zweiten", "lieber den zweiten", "the second one"),
        *("the second", "option two", "I'll take the second one please", "um neun", "neun", "9 Uhr", "9 am", "09:00"),
        *("Mittwoch um neun", "ja am Mittwoch um neun", "am Mittwoch, 9 Uhr", "ja, vormittags", "der am Vormittag"),
        *(
            "the one in the morning",
            "the earlier one on Wednesday",
            "der frühere am Mittwoch",
            "den ersten am Mittwoch",
        ),
        *("Mittwoch der erste", "heute in einer Woche um neun", "Wednesday at 9"),
    ],
    2: [
        *("das dritte", "die dritte Möglichkeit", "der dritte Vorschlag", "Nummer 3", "the third one", "der letzte"),
        *("den letzten", "der letzte Termin", "the last one", "last one please", "der späteste", "the latest one"),
        *("halb drei", "um halb drei", "14:30", "14 Uhr 30", "half past two", "2:30 pm", "Mittwoch halb drei"),
        *("ja, Mittwoch nachmittag", "der letzte am Mittwoch", "der spätere am Mittwoch", "passt, um halb drei"),
    ],
}


@pytest.mark.parametrize(("words", "index"), [(words, index) for index, each in CHOICES.items() for words in each])
def test_one_of_the_offers_is_taken(words: str, index: int) -> None:
    assert taken(words) == taken(None, words) == Choice(index)


@pytest.mark.parametrize("words", YES)
def test_a_yes_takes_the_only_offer(words: str) -> None:
    assert taken(words, offered=[NINE]) == taken(None, words, offered=[NINE]) == Choice(0)


@pytest.mark.parametrize("words", YES)
def test_a_yes_to_several_offers_leaves_it_open_which(words: str) -> None:
    assert taken(words) == taken(None, words) == Choice(None, ALL)


@pytest.mark.parametrize(
    ("words", "several"),
    [
        ("das vierte", ALL),
        ("the fifth one", ALL),
        ("Nummer vier", ALL),
        ("der frühere", ALL),
        ("the later one", ALL),
        ("ja, am Mittwoch", (1, 2)),
        ("den am Mittwoch", (1, 2)),
        ("ja, nachmittags", (0, 2)),
        ("nächste Woche passt", ALL),
        ("das erste, das zweite", (0, 1)),
        ("das erste um neun", ALL),
    ],
)
def test_a_choice_that_fits_several_leaves_it_open_which(words: str, several: tuple[int, ...]) -> None:
    assert taken(words) == Choice(None, several)


@pytest.mark.parametrize(
    "words",
    [
        *(
            "nein",
            "nein danke",
            "nicht",
            "keiner",
            "keinen davon",
            "none of them",
            "no",
            "passt nicht",
            "das geht nicht",
        ),
        *(
            "nicht das erste",
            "nein, lieber um 17 Uhr",
            "nein, das zweite nicht",
            "ja, aber",
            "ja aber lieber um 17 Uhr",
        ),
        *("vielleicht", "vielleicht das zweite", "weder noch", "um 17 Uhr", "17 Uhr", "ja, um 17 Uhr", "five pm"),
        *("morgen um vier", "Donnerstag 16 Uhr", "ja, am Donnerstag", "am Donnerstag um neun", "Dienstag um neun"),
        *("heute 16 Uhr", "1. Dezember 16 Uhr", "diesen Mittwoch nicht", "letzten Dienstag um vier", "ja, abends"),
        *(
            "am Dienstag",
            "Mittwoch",
            "nachmittags",
            "ab 16 Uhr",
            "nächste Woche",
            "den 24.",
            "ich hätte gerne Dienstag",
        ),
        *(
            "etwas früher",
            "geht es auch früher",
            "früher",
            "later",
            "lieber später",
            "lieber am Dienstag",
            "good morning",
        ),
        *("guten Morgen", "moment", "one second please", "der zweite Dezember", "der erste und der zweite", "both"),
        *("", " ", "None", "null", "{{zeit}}", "???", "bitte", "Termin", "zwei", "31.2. um vier", "ja " * 80),
    ],
)
def test_words_that_are_not_only_a_choice_are_none(words: str) -> None:
    assert taken(words) is None
    assert taken(None, words) is None


def test_nothing_said_is_no_choice() -> None:
    assert taken(None, None) is None


def test_nothing_offered_is_no_choice() -> None:
    assert taken("ja", "16 Uhr", offered=[]) is None


@pytest.mark.parametrize(
    ("date_words", "time_words", "choice"),
    [
        ("ja", "16 Uhr", Choice(0)),
        ("Mittwoch", "neun", Choice(1)),
        ("2026-11-25", "14:30", Choice(2)),
        ("Mittwoch", "der zweite", Choice(None, (1, 2))),
        ("None", "ja", Choice(None, ALL)),
        ("ja", "ja", Choice(None, ALL)),
        ("Mittwoch", "16 Uhr", None),
        ("nein", "16 Uhr", None),
        ("ja", "17 Uhr", None),
        ("2026-11-26", "14:30", None),
        ("Mittwoch", None, None),
    ],
)
def test_the_words_of_both_fields_count_together(
    date_words: str | None, time_words: str | None, choice: Choice | None
) -> None:
    assert taken(date_words, time_words) == choice


@pytest.mark.parametrize(("words", "index"), [("der frühere", 1), ("the later one", 0), ("die spätere Zeit", 0)])
def test_of_two_offers_one_is_earlier(words: str, index: int) -> None:
    assert taken(words, offered=[NINE, TUESDAY.replace("24", "26")][::-1]) == Choice(index)


@pytest.mark.parametrize(
    ("words", "offered", "choice"),
    [
        # The offer tells which half of the day is meant, whatever the opening hours.
        ("halb acht", ["2026-11-24T07:30", "2026-11-24T09:00"], Choice(0)),
        ("um sieben", ["2026-11-24T07:00", "2026-11-24T19:00"], Choice(None, (0, 1))),
        ("sieben Uhr abends", ["2026-11-24T07:00", "2026-11-24T19:00"], Choice(1)),
        ("07:00", ["2026-11-24T07:00", "2026-11-24T19:00"], Choice(0)),
        ("16 Uhr", ["2026-11-24T16:00", "2026-11-25T16:00"], Choice(None, (0, 1))),
        ("Mittwoch 16 Uhr", ["2026-11-24T16:00", "2026-11-25T16:00"], Choice(1)),
        # A bare weekday is that of the offer, not the next one to come.
        ("Dienstag um vier", ["2026-12-01T16:00", "2026-12-02T16:00"], Choice(0)),
        ("nächsten Dienstag um vier", ["2026-12-01T16:00", "2026-12-02T16:00"], None),
        # "den zweiten" may be the second of the month.
        ("den zweiten", ["2026-12-01T16:00", "2026-12-02T16:00"], Choice(1)),
        ("den zweiten", ["2026-12-02T16:00", "2026-12-03T16:00"], Choice(None, (0, 1))),
        ("2.", ["2026-12-02T16:00", "2026-12-03T16:00"], Choice(None, (0, 1))),
        ("das zweite", ["2026-12-02T16:00", "2026-12-03T16:00"], Choice(1)),
        ("den zweiten Termin", ["2026-12-02T16:00", "2026-12-03T16:00"], Choice(1)),
        ("das zweite", ["2026-12-02T16:00"], Choice(None, (0,))),
        # Offers need not be told in order.
        ("der früheste", ["2026-12-02T16:00", "2026-12-01T16:00"], Choice(1)),
        ("das erste", ["2026-12-02T16:00", "2026-12-01T16:00"], Choice(0)),
        # The day of an offer is that of the zone.
        ("Mittwoch um halb eins nachts", ["2026-11-25T00:30"], Choice(0)),
    ],
)
def test_the_offers_tell_what_is_meant(words: str, offered: list[str], choice: Choice | None) -> None:
    assert taken(words, offered=offered) == choice


def test_a_window_is_read_by_the_opening_hours() -> None:
    assert taken("ja, ab vier") == Choice(0)


@pytest.mark.parametrize("value", [True, "ja", "Ja!", "ja bitte", "Ja, gerne.", "jawohl", "yes", "Yes please", "true"])
def test_an_explicit_yes(value: object) -> None:
    assert says_yes(value)


@pytest.mark.parametrize(
    "value",
    [
        *(None, False, 1, 1.5, 0, [], ["ja"], {}, "", "None", "vielleicht", "ja aber", "ja?", "nein", "nicht ja", "no"),
        *("okay", "passt", "1", "false", "ja, um vier", "ja " * 80),
    ],
)
def test_no_explicit_yes(value: object) -> None:
    assert not says_yes(value)


SOME_WORDS = WORDS | st.lists(
    st.sampled_from(
        ["ja", "nein", "lieber", "den", "das", "zweite", "letzte", "Option", "2", "um", "vier", "Mittwoch"]
    ),
    max_size=6,
).map(" ".join)


@given(date_words=SOME_WORDS, time_words=SOME_WORDS, count=st.integers(0, 3))
def test_any_text_gives_an_offer_that_exists_or_none(
    date_words: str | None, time_words: str | None, count: int
) -> None:
    choice = taken(date_words, time_words, offered=THREE[:count])
    places = choice and (choice.several if choice.index is None else (choice.index,))
    assert places is None or (places and set(places) <= set(range(count)))


@given(value=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()))
def test_any_value_is_a_yes_or_not(value: object) -> None:
    assert says_yes(value) in {True, False}
