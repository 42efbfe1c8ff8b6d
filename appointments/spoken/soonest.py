"""Whether a caller leaves the time to us: "so bald wie möglich", "the next available appointment", "egal wann"."""

from typing import Final

from appointments.spoken.sentence import LONGEST_FIELD
from appointments.spoken.tokens import Cursor, tokenise
from appointments.spoken.words import FILLER_SIGNS, NEXT, combined, vocabulary

ENDINGS: Final = ("", "e", "en", "er", "es")
FREE: Final = vocabulary(
    "|".join(stem + ending for stem in ("frei", "möglich", "verfügbar") for ending in ENDINGS)
    + "|termin|free|available|possible|open|opening|appointment|slot"
)
SOONEST: Final = (
    vocabulary(
        "so bald wie möglich|sobald wie möglich|so schnell wie möglich|so früh wie möglich|so zeitnah wie möglich|"
        "möglichst bald|möglichst schnell|möglichst früh|möglichst zeitnah|zeitnah|sofort|jederzeit|irgendwann|"
        "egal wann|ganz gleich wann|mir egal|ist egal|ganz egal|was frei|was freies|etwas frei|etwas freies|"
        "wann geht es|wann passt es|wann können sie|asap|a s a p|as soon as possible|as early as possible|soonest|"
        "earliest|any time|anytime|any day|whenever|right away|when are you free|what's free|what is free|"
        "what's available|what is available|anything available|anything free"
    )
    | vocabulary("|".join(f"{stem}möglich{ending}" for stem in ("frühest", "nächst", "ehest") for ending in ENDINGS))
    | vocabulary("baldmöglichst|baldmöglich|schnellstmöglich|schnellstens|früheste|frühesten|frühester|frühestes")
    | {phrase for phrase, _ in combined(NEXT | {"erste", "ersten", "erster", "erstes", "first"}, FREE)}
)
# A bound, not a wish: "4 pm at the earliest".
BOUND: Final = frozenset({"at the earliest"})
NEGATIONS: Final = vocabulary("nicht|nein|kein|keine|keinen|keiner|nie|not|no|never|don't")


def asks_soonest(words: str | None) -> bool:
    """Whether the first free time is asked for, or any; a day may be named besides."""
    if words is None or len(words) > LONGEST_FIELD:
        return False
    tokens = [token for token in tokenise(words) if token.text not in FILLER_SIGNS]
    said = [token.text for token in tokens]
    if NEGATIONS.intersection(said):
        return False
    return said == ["egal"] or _stands_in(Cursor(tokens))


def _stands_in(cursor: Cursor) -> bool:
    while not cursor.done:
        if cursor.phrase(SOONEST):
            return True
        if not cursor.phrase(BOUND):
            cursor.advance()
    return False
