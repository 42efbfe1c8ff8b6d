"""Whether the time is left to us."""

import pytest

from appointments.spoken import asks_soonest

SOONEST = [
    *("so bald wie möglich", "so bald wie moeglich", "So schnell wie möglich bitte", "möglichst bald", "baldmöglichst"),
    *("der nächste freie Termin", "den nächsten freien Termin, bitte", "nächster freier", "nächstmöglicher Termin"),
    *(
        "den nächstmöglichen",
        "frühestmöglich",
        "frühestmöglicher Termin",
        "den frühesten Termin",
        "ersten freien Termin",
    ),
    *(
        "egal wann",
        "egal",
        "Egal.",
        "das ist mir egal",
        "irgendwann",
        "irgendwann nächste Woche",
        "jederzeit",
        "sofort",
    ),
    *("wann haben Sie was frei", "Wann haben Sie etwas frei?", "wann geht es bei Ihnen", "schnellstmöglich"),
    *("am Dienstag so früh wie möglich", "asap", "ASAP", "A.S.A.P.", "as soon as possible", "next available"),
    *("the next available slot", "next free appointment", "first available", "the earliest", "earliest possible"),
    *("any time", "anytime next week", "whenever", "when are you free", "what's available?", "soonest"),
]
NOT_SO = [
    *(None, "", " ", "Dienstag", "nächsten Dienstag", "nächste Woche", "frühestens um vier", "4 pm at the earliest"),
    *("früh", "so gegen vier", "nicht irgendwann, sondern morgen", "not any time", "the next day", "heute", "Termin"),
    *("egalitär", "asapiens", "irgendwann " * 20),
]


@pytest.mark.parametrize("words", SOONEST)
def test_who_leaves_the_time_to_us(words: str) -> None:
    assert asks_soonest(words)


@pytest.mark.parametrize("words", NOT_SO)
def test_who_does_not(words: str | None) -> None:
    assert not asks_soonest(words)
