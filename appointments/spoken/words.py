"""The vocabulary: every word the grammar knows, German and English side by side, as `fold` writes it.

Keys may be phrases of several words; the longest phrase that fits is always tried first.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import time
from typing import Final, TypeVar

from appointments.spoken.meaning import Part, Portion, Window

T = TypeVar("T")

UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
DROPPED_UMLAUTS: Final = str.maketrans("äöü", "aou")


def fold(word: str) -> str:
    """One spelling for "Übermorgen", "UEBERMORGEN" and "übermorgen"; "ß" becomes "ss"."""
    return unicodedata.normalize("NFC", word.casefold()).translate(UMLAUTS)


def spellings(word: str) -> set[str]:
    """The folded word, and as speech recognition may write it without its umlauts."""
    return {fold(word), word.casefold().translate(DROPPED_UMLAUTS)}


def table(entries: Mapping[str, T]) -> dict[str, T]:
    """Keys are alternatives separated by "|"; one spelling with two meanings would be a guess, so it is refused."""
    words: dict[str, T] = {}
    for alternatives, meaning in entries.items():
        for spelling in vocabulary(alternatives):
            if words.setdefault(spelling, meaning) != meaning:
                raise ValueError(f"{spelling!r} has two meanings")
    return words


def vocabulary(alternatives: str) -> frozenset[str]:
    return frozenset(spelling for word in alternatives.split("|") for spelling in spellings(word.strip()))


def combined(first: Iterable[str], second: Iterable[str], *, glue: str = " ") -> Iterable[tuple[str, tuple[str, str]]]:
    """Every word of `first` with every word of `second`, and what it was made of."""
    for start in first:
        for end in second:
            yield start + glue + end, (start, end)


WEEKDAY_NAMES: Final = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTH_NAMES: Final = {
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}

GERMAN_WEEKDAYS: Final = table(
    {name: number for number, name in enumerate(WEEKDAY_NAMES["de"])}
    # "So" for Sonntag is missing on purpose: it is the "so" of "so gegen drei".
    | {"mo": 0, "di": 1, "mi": 2, "do": 3, "fr": 4, "sa": 5, "sonnabend": 5}
)
ENGLISH_WEEKDAYS: Final = table(
    {name: number for number, name in enumerate(WEEKDAY_NAMES["en"])}
    | {"mon": 0, "tue|tues": 1, "wed": 2, "thu|thur|thurs": 3, "fri": 4, "sat": 5, "sun": 6}
)
WEEKDAYS: Final = GERMAN_WEEKDAYS | ENGLISH_WEEKDAYS

MONTHS: Final = table(
    {name: number for names in MONTH_NAMES.values() for number, name in enumerate(names, start=1)}
    | {"jan|jänner": 1, "feb|feber": 2, "mrz|mar": 3, "apr": 4, "jun|juno": 6, "jul|julei": 7}
    | {"aug": 8, "sep|sept": 9, "okt|oct": 10, "nov": 11, "dez|dec": 12}
)

RELATIVE_DAYS: Final = table(
    {
        "vorgestern|day before yesterday": -2,
        "gestern|yesterday": -1,
        "heute|today": 0,
        "morgen|tomorrow": 1,
        "übermorgen|day after tomorrow": 2,
    }
)

THIS: Final = vocabulary("diese|diesen|dieser|dieses|diesem|this")
NEXT: Final = vocabulary(
    "nächste|nächsten|nächster|nächstes|nächstem|next|kommende|kommenden|kommender|kommendes|kommendem|coming"
)
AFTER_NEXT: Final = vocabulary("übernächste|übernächsten|übernächster|übernächstes|übernächstem")
LAST: Final = vocabulary("letzte|letzten|letzter|last|vergangene|vergangenen|vorige|vorigen|voriger")

WEEK_OFFSETS: Final = {
    phrase: offset
    for offset, which in {-1: LAST, 0: THIS, 1: NEXT, 2: AFTER_NEXT}.items()
    for phrase, _ in combined(which, ("woche", "week"))
} | {"week after next": 2}
WEEKS: Final = (
    WEEK_OFFSETS
    | {
        f"{lead} {phrase}": offset
        for phrase, offset in WEEK_OFFSETS.items()
        for lead in ("in", "in der", "in the", "der", "the", "of", "innerhalb der", "im laufe der")
    }
    | {"im laufe der woche": 0}
)
YEAR_OFFSETS: Final = {phrase: 0 for phrase, _ in combined(THIS, ("jahr", "jahres", "year"))} | {
    phrase: 1 for phrase, _ in combined(NEXT, ("jahr", "jahres", "year"))
}
MONTH_OFFSETS: Final = {phrase: 0 for phrase, _ in combined(THIS, ("monat", "monats", "month"))} | {
    phrase: 1 for phrase, _ in combined(NEXT, ("monat", "monats", "month"))
}
# Those that need no "im" to be a stretch of days: "May I come?" is not about May.
PLAIN_MONTHS: Final = {word: number for word, number in MONTHS.items() if word != "may"}

WEEKENDS: Final = frozenset({"wochenende", "weekend"})
# What may lead into a stretch of days, besides the fillers.
INTO_STRETCH: Final = vocabulary(
    "am|zum|über das|übers|im|im laufe des|in|in den|in der|innerhalb der|der|des|das|die|"
    "at the|on the|over the|in the|within the|of|of the|the"
)
SOME_TIME: Final = vocabulary("irgendwann|noch|some time|sometime|any time|anytime|later")
PORTIONS: Final = table(
    {
        "anfang|zu beginn|beginning|start|early": Portion((0, 1), (1, 10)),
        "mitte|middle|mid": Portion((1, 3), (11, 20)),
        "ende|gegen ende|end|towards the end|late": Portion((3, 5), (21, 31)),
    }
)
A_FEW: Final = vocabulary("paar|few|couple|couple of")
ON_END: Final = table({"tage|tagen|days": 1, "wochen|weeks": 7})

GERMAN_DAYS: Final = frozenset({"tag", "tage", "tagen"})
UNIT_DAYS: Final = table({"tag|tage|tagen|day|days": 1, "woche|wochen|week|weeks": 7})
A_SINGLE: Final = frozenset({"ein", "eine", "einem", "einer", "einen", "a", "an"})

# The one table of the parts of the day. The bounds say which hours may be called so ("acht Uhr abends"),
# the window is where a caller who names no hour would like to come.
MORNING: Final = Part(time(0), time(12), Window(time(6), time(12)))
FORENOON: Final = Part(time(5), time(12), Window(time(9), time(12)))
MIDDAY: Final = Part(time(11), time(15), Window(time(11), time(14)))
AFTERNOON: Final = Part(time(12), time(19), Window(time(12), time(18)))
EVENING: Final = Part(time(17), time(0), Window(time(17), time(20)))
NIGHT: Final = Part(time(20), time(6))
BEFORE_NOON: Final = Part(time(0), time(12))
AFTER_NOON: Final = Part(time(12), time(0))

PARTS: Final = table(
    {
        # A bare "morgen" is missing on purpose: alone it is tomorrow.
        "morgens|früh|am morgen|in der früh|in der frühe|morning|in the morning": MORNING,
        "vormittag|vormittags|am vormittag": FORENOON,
        "mittag|mittags|am mittag|mittagszeit|zur mittagszeit|lunchtime|at lunchtime": MIDDAY,
        "nachmittag|nachmittags|am nachmittag|afternoon|in the afternoon": AFTERNOON,
        "abend|abends|am abend|evening|in the evening": EVENING,
        "nachts|in der nacht|at night": NIGHT,
    }
)
PARTS_OF_TODAY: Final = table({"this morning": MORNING, "this afternoon": AFTERNOON, "this evening|tonight": EVENING})

AT: Final = frozenset({"um", "at", "punkt", "genau", "exakt", "exactly"})
ROUGHLY: Final = vocabulary(
    "gegen|so gegen|so um|ca|circa|zirka|etwa|so etwa|ungefähr|so ungefähr|around|about|approximately|approx|roughly"
)
ROUGHLY_AFTERWARDS: Final = vocabulary("ca|circa|etwa|ungefähr|herum|rum|approximately|roughly|or so")
O_CLOCK: Final = frozenset({"uhr", "h"})
MINUTES: Final = vocabulary("minute|minuten|minutes")
TO: Final = vocabulary("vor|to|before")
PAST: Final = vocabulary("nach|past|after")
QUARTER: Final = vocabulary("viertel|quarter|a quarter")
THREE_QUARTERS: Final = vocabulary("dreiviertel|drei viertel")
NOON: Final = vocabulary("noon|midday|12 noon|twelve noon")
MIDNIGHT: Final = vocabulary("mitternacht|midnight")

FROM: Final = vocabulary("ab|nach|frühestens|after|from")
UNTIL: Final = vocabulary("vor|bis|spätestens|before|until|till|by")
RANGE_SIGNS: Final = frozenset({"bis", "-"})
ENGLISH_RANGE: Final = frozenset({"to", "until", "till"})
RANGES: Final = {
    "zwischen": frozenset({"und", "-"}),
    "between": frozenset({"and", "-"}),
    "von": RANGE_SIGNS,
    "from": ENGLISH_RANGE | {"-"},
}

# What may stand anywhere without changing what is meant. Kept short: an unknown word makes the caller be asked.
FILLERS: Final = vocabulary(
    "am|an|den|der|dem|die|das|zum|für|on|the|of|for|so|"
    "bitte|gern|gerne|please|ja|yes|okay|ok|also|dann|mal|und zwar|genau|sharp|am liebsten|am besten|lieber|doch|"
    "ich|wir|möchte|möchten|hätte|hätten|würde|würden|brauche|komme|kommen|einen|termin|"
    "kann ich|könnte ich|können wir|wenn es geht|wenn möglich|noch|passt|passt mir|passt gut|passt mir gut|äh|ähm|hm|"
    "i|we|i'd|would|like|like to|want|want to|need|come|an|a|appointment|can i|could i|can we|if possible|"
    "works|works for me|rather|instead|uh|erm"
)
FILLER_SIGNS: Final = frozenset(",.;!?-()\"'")

# After an hour "am" is "a.m." only where German would not go on with its own "am": "9 am Dienstag" is not English.
AFTER_A_M: Final = (
    frozenset(ENGLISH_WEEKDAYS) | frozenset(MONTHS) | vocabulary("on|today|tomorrow|next|this|the|in|for|please|to|and")
)
