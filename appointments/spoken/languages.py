"""Which language is named ("auf Deutsch", "en-GB"), and which one the words for a day and a time are in."""

import re
from typing import Final

from appointments.spoken.numbers import ENGLISH_CARDINALS, ENGLISH_ORDINALS, GERMAN_CARDINALS, GERMAN_ORDINALS
from appointments.spoken.sentence import LONGEST_FIELD
from appointments.spoken.tokens import Token, tokenise
from appointments.spoken.words import MONTH_NAMES, WEEKDAY_NAMES, fold, table, vocabulary

NAMES: Final = table(
    {
        "de|deu|ger|deutsch|deutsche|deutsches|deutscher|hochdeutsch|german": "de",
        "en|eng|englisch|englische|englisches|englischer|english": "en",
    }
)
BESIDES_NAME: Final = vocabulary("auf|in|the|bitte|please|sprache|language|british|american|britisches|amerikanisches")
LOCALE: Final = re.compile(r"([a-z]{2,3})[-_][a-z0-9]{2,4}")

GERMAN: Final = (
    vocabulary("|".join((*WEEKDAY_NAMES["de"], *MONTH_NAMES["de"])))
    | GERMAN_CARDINALS.keys()
    | GERMAN_ORDINALS.keys()
    | vocabulary(
        "sonnabend|jänner|vorgestern|gestern|heute|morgen|übermorgen|morgens|früh|vormittag|vormittags|mittag|mittags|"
        "nachmittag|nachmittags|abend|abends|nachts|uhr|halb|viertel|dreiviertel|vor|nach|gegen|ab|bis|zwischen|und|"
        "ungefähr|etwa|frühestens|spätestens|mitternacht|diese|diesen|dieser|dieses|nächste|nächsten|nächster|"
        "nächstes|kommende|kommenden|kommender|kommendes|übernächste|übernächsten|übernächster|woche|wochen|tag|tage|"
        "tagen|monat|monats|wochenende|anfang|mitte|ende|irgendwann|möglichst|bald|egal|den|dem|das|zum|bitte|gerne|"
        "gern|ja|nein|nicht|ich|möchte|einen|passt|nehme"
    )
)
ENGLISH: Final = (
    vocabulary("|".join((*WEEKDAY_NAMES["en"], *MONTH_NAMES["en"])))
    | ENGLISH_CARDINALS.keys()
    | ENGLISH_ORDINALS.keys()
    | vocabulary(
        "yesterday|today|tomorrow|tonight|morning|noon|midday|afternoon|evening|night|midnight|o'clock|oclock|"
        "half|past|quarter|to|at|on|of|the|for|from|before|after|until|till|by|between|and|around|about|"
        "approximately|this|next|coming|week|weeks|day|days|month|weekend|beginning|early|middle|end|late|earliest|"
        "soon|soonest|any|available|please|yes|no|not|i|i'd|would|like|works|that|one|first|last"
    )
)
# "am" and "um" are in neither list: the one may be "a.m.", the other a moment's thought. "null" is no zero in English.
EITHER: Final = (GERMAN & ENGLISH) | {"null"}
EVIDENCE: Final = dict.fromkeys(GERMAN - EITHER, "de") | dict.fromkeys(ENGLISH - EITHER, "en")
LETTERED: Final = re.compile(r"\d+([a-z]+)")


def named_language(words: str) -> str | None:
    """ "de" or "en" where the words name German or English and nothing else."""
    said = fold(words.strip())
    if locale := LOCALE.fullmatch(said):
        return NAMES.get(locale[1])
    named = [word for word in re.findall(r"[^\s.,;!?]+", said) if word not in BESIDES_NAME]
    return NAMES.get(named[0]) if len(named) == 1 else None


def language_of(*words: str | None) -> str | None:
    """ "de" or "en" where all evidence in the words is for one of them. Figures and words of both are no evidence."""
    evidence = {_evidence(token) for text in words if text for token in tokenise(text[:LONGEST_FIELD])} - {None}
    return evidence.pop() if len(evidence) == 1 else None


def _evidence(token: Token) -> str | None:
    """Besides words, "pm" and "15th" are English, and "15ten" is German."""
    if token.kind == "meridiem":
        return "en"
    lettered = LETTERED.fullmatch(token.text) if token.kind == "ordinal" else None
    if lettered:
        return "de" if lettered[1].startswith("te") else "en"
    return EVIDENCE.get(token.text)
