"""The name a caller gives, or None where a model has filled the field with what is no name.

A lone word that is a day or a time ("Montag", "Acht") is far more often a slip than a surname, so it is refused; with
a first name or a "Frau" before it, it stays. A salutation is kept only where a lone surname needs it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence, Set
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from appointments.spoken.emails import understand_email
from appointments.spoken.numbers import CARDINALS
from appointments.spoken.sentence import Setting, hear
from appointments.spoken.tokens import LONGEST_PHRASE
from appointments.spoken.words import fold, spellings, table, vocabulary

LONGEST_NAME: Final = 150
MOST_WORDS: Final = 8
SIGNS: Final = frozenset(" .,'’&/()-")
AROUND: Final = " .,;:!?-\"'“”„"

LEADS: Final = vocabulary(
    "mein name ist|mein name lautet|mein name wäre|der name ist|der name lautet|name ist|auf den namen|"
    "unter dem namen|ich heiße|ich bin|ich bin der|ich bin die|ich bin's|ich bins|hier ist|hier ist der|hier ist die|"
    "hier spricht|hier|das ist|das ist der|das ist die|für|auf|ja|also|ähm|äh|hallo|hi|hey|hello|moin|servus|"
    "grüß gott|guten tag|guten morgen|guten abend|name|"
    "my name is|my name's|the name is|i'm|i am|it's|it is|this is|for|yes|uh|um|"
    "good morning|good afternoon|good evening"
)
TRAILS: Final = vocabulary("am apparat|mein name|hier|bitte|speaking|here|please")
SALUTATIONS: Final = table(
    {"herr|herrn|hr": "Herr", "frau|fr": "Frau", "mr|mister": "Mr", "mrs": "Mrs", "ms": "Ms", "miss": "Miss"}
)
COUPLE: Final = vocabulary("und|and|&")
PARTICLES: Final = vocabulary(
    "von|vom|zu|zum|zur|und|der|den|dem|de|del|della|di|da|dos|das|du|des|la|le|van|ten|ter|al|el|bin|ibn|and|y|e"
)

# Whose every word is one of these has said no name.
PLACEHOLDERS: Final = vocabulary(
    "unbekannt|unbekannte|unbekannter|unbekannten|anonym|anonyme|anonymer|anonymus|kunde|kundin|neukunde|neukundin|"
    "testkunde|anrufer|anruferin|gast|patient|patientin|name|vorname|nachname|familienname|neuer|neue|der|die|"
    "unknown|anonymous|customer|client|caller|guest|user|username|somebody|someone|new|first|last|full|your|the|a|"
    "test|tester|testing|placeholder|agent|assistant|assistent|assistentin"
)
COURTESIES: Final = vocabulary(
    "guten|gute|guter|tag|morgen|abend|nacht|schönen|hallo|hi|hey|hello|moin|servus|tschüss|auf|wiederhören|"
    "wiedersehen|grüß|gott|ja|jawohl|nein|nee|doch|okay|ok|danke|dankeschön|vielen|dank|bitte|gerne|genau|richtig|"
    "stimmt|egal|moment|entschuldigung|selbst|mir|mich|ihm|ihr|uns|"
    "yes|yeah|no|nope|thanks|thank|you|please|sure|good|right|correct|bye|goodbye|sorry|me|myself"
)
# One of these is in no name, but in a sentence that is none.
SENTENCE_WORDS: Final = vocabulary(
    "ich|nicht|kein|keine|keinen|keiner|ist|sind|habe|haben|hätte|hätten|möchte|möchten|würde|ein|eine|einen|einem|"
    "termin|uhr|wann|warum|wenn|dass|aber|oder|ahnung|für|mit|nummer|telefonnummer|"
    "not|don't|dont|is|are|have|want|would|appointment|what|when|where|with|but|number"
)
STRANGERS: Final = ("John Doe", "Jane Doe")
# Words of the calendar that are first names as well.
FIRST_NAMES: Final = vocabulary("jan|april|may|mai|june|juli|august|mo")

ANY_DAY: Final = Setting(date(2000, 1, 1), ZoneInfo("UTC"), time_field=True)


def sensible_name(words: str, *, refused: Iterable[str] = ()) -> str | None:
    """The name as it is to be kept. `refused` are names that are not the caller's: the agent's, the company's."""
    if len(words) > LONGEST_NAME or understand_email(words):
        return None
    salutation, name = _without_salutation(_without_phrases(_visible(words).split()))
    if not _may_be_name(name) or _is_no_name(name, greeted=salutation is not None):
        return None
    if _spelled(name) & _all_spelled((*STRANGERS, *refused)):
        return None
    return _as_kept(salutation, name)


def _visible(words: str) -> str:
    composed = unicodedata.normalize("NFC", words)
    return "".join(char for char in composed if unicodedata.category(char) != "Cf")


def _key(word: str) -> str:
    return fold(word.strip(AROUND).replace("’", "'"))


def _without_phrases(name: Sequence[str]) -> list[str]:
    """Without "guten Tag, mein Name ist" before it and "am Apparat" behind."""
    while length := _length_of(LEADS, name):
        name = name[length:]
    while length := _length_of(TRAILS, name, at_end=True):
        name = name[:-length]
    bare = " ".join(name).strip(AROUND)
    return bare.split()


def _length_of(phrases: Set[str], name: Sequence[str], *, at_end: bool = False) -> int:
    """How many words the longest of the phrases has that stands there; 0 for none."""
    keys = [_key(word) for word in name]
    lengths = range(min(len(keys), LONGEST_PHRASE), 0, -1)
    stands = (length for length in lengths if " ".join(keys[-length:] if at_end else keys[:length]) in phrases)
    return next(stands, 0)


def _without_salutation(name: list[str]) -> tuple[str | None, list[str]]:
    """ "Herr und Frau Beispiel" is one name."""
    if not name or (len(name) > 1 and _key(name[1]) in COUPLE):
        return None, name
    salutation = SALUTATIONS.get(_key(name[0]))
    return (salutation, name[1:]) if salutation else (None, name)


def _may_be_name(name: list[str]) -> bool:
    """Letters of any script, and what stands between them in names; no figures, no "@", no "{{name}}"."""
    written = " ".join(name)
    letters = [char for char in written if unicodedata.category(char)[0] in "LM"]
    return len(letters) > 1 and len(name) <= MOST_WORDS and SIGNS.issuperset(set(written).difference(letters))


def _is_no_name(name: list[str], *, greeted: bool) -> bool:
    keys = {_key(word) for word in name}
    if keys <= PLACEHOLDERS | COURTESIES or keys & SENTENCE_WORDS:
        return True
    if keys <= FIRST_NAMES or (greeted and len(name) == 1):
        return False
    return keys <= CARDINALS.keys() or not hear(" ".join(name), ANY_DAY).left_over


def _all_spelled(names: Iterable[str]) -> set[str]:
    return {spelling for name in names for spelling in _spelled(name.split())}


def _spelled(name: Sequence[str]) -> set[str]:
    """The ways to write a name, without case, accents and signs."""
    return {" ".join(re.findall(r"\w+", _without_accents(spelling))) for spelling in spellings(" ".join(name))}


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _as_kept(salutation: str | None, name: list[str]) -> str:
    if all(word == word.lower() for word in name):
        name = [word if _key(word) in PARTICLES else word.title() for word in name]
    surname_only = sum(_key(word) not in PARTICLES for word in name) == 1
    return " ".join([salutation, *name] if salutation and surname_only else name)
