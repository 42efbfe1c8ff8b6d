"""Numbers as people say them: "vierzehn", "einundzwanzigsten", "twenty-first", "zweitausendsechsundzwanzig"."""

from typing import Final

from appointments.spoken.tokens import Cursor, rule
from appointments.spoken.words import table

GERMAN_ONES: Final = ("ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
GERMAN_TEENS: Final = (
    *("zehn", "elf", "zwölf", "dreizehn", "vierzehn"),
    *("fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
GERMAN_TENS: Final = ("zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
ENGLISH_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ENGLISH_TEENS: Final = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
ENGLISH_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _german() -> dict[str, int]:
    tens = {word: 10 * place for place, word in enumerate(GERMAN_TENS, start=2)}
    ones = {word: value for value, word in enumerate(GERMAN_ONES, start=1)} | {"zwo": 2}
    return (
        {"null": 0, "eins": 1}
        | {word: value for word, value in ones.items() if word != "ein"}
        | {word: value for value, word in enumerate(GERMAN_TEENS, start=10)}
        | tens
        | {f"{one}und{ten}": tens[ten] + ones[one] for ten in tens for one in ones}
    )


def _german_ordinals() -> dict[str, int]:
    irregular = {"erst": 1, "zweit": 2, "zwot": 2, "dritt": 3, "siebt": 7, "siebent": 7, "acht": 8}
    regular = {
        word + ("t" if value < 20 else "st"): value
        for word, value in _german().items()
        if 0 < value <= 31 and word not in {"eins", "zwei", "zwo", "drei", "sieben", "acht"}
    }
    stems = irregular | regular
    return {stem + ending: value for stem, value in stems.items() for ending in ("e", "en", "er", "es", "em")}


def _german_years() -> dict[str, int]:
    after = {"": 0} | {word: value for word, value in _german().items() if value}
    starts = ("zweitausend", "zweitausendund")
    spoken = {start + word: 2000 + value for start in starts for word, value in after.items()}
    return spoken | {f"zwanzig{word}": 2000 + value for word, value in after.items() if value >= 10}


ONES: Final = {word: value for value, word in enumerate(ENGLISH_ONES, start=1)}
TENS: Final = {word: 10 * place for place, word in enumerate(ENGLISH_TENS, start=2)}
GERMAN_CARDINALS: Final = table(_german())
ENGLISH_CARDINALS: Final = (
    {"zero": 0} | ONES | {word: value for value, word in enumerate(ENGLISH_TEENS, start=10)} | TENS
)
CARDINALS: Final = GERMAN_CARDINALS | ENGLISH_CARDINALS
ENGLISH_ORDINAL_ONES: Final = {
    **{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5},
    **{"sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9},
}
GERMAN_ORDINALS: Final = table(_german_ordinals())
ENGLISH_ORDINALS: Final = (
    ENGLISH_ORDINAL_ONES
    | {"tenth": 10, "eleventh": 11, "twelfth": 12, "twentieth": 20, "thirtieth": 30}
    | {word + "th": value for value, word in enumerate(ENGLISH_TEENS[3:], start=13)}
)
ORDINALS: Final = GERMAN_ORDINALS | ENGLISH_ORDINALS
YEARS: Final = table(_german_years())
CENTURIES: Final = (1900, 2199)


@rule
def cardinal(cursor: Cursor) -> int | None:
    """0 to 99, of at most two digits or in words."""
    if token := cursor.take("number"):
        return int(token.text) if len(token.text) <= 2 else None
    tens = cursor.lookup(TENS)
    if tens is not None:
        return tens + (cursor.lookup(ONES) or 0)
    return cursor.lookup(CARDINALS)


@rule
def closing_cardinal(cursor: Cursor) -> int | None:
    """As `cardinal`; the dot that ends a sentence doesn't make an ordinal of it: "um 14 Uhr 30."."""
    ends_here = cursor.peek(1).kind == "end" and cursor.peek().text.endswith(".")
    if ends_here and (token := cursor.take("ordinal")):
        return int(token.text.removesuffix("."))
    return cardinal(cursor)


@rule
def written_ordinal(cursor: Cursor) -> int | None:
    """ "15.", "15ten", "15th"."""
    token = cursor.take("ordinal")
    return int("".join(filter(str.isdigit, token.text))) if token else None


@rule
def ordinal(cursor: Cursor) -> int | None:
    """1 to 31, written or in words."""
    value = written_ordinal(cursor)
    return value if value is not None else _ordinal_in_words(cursor)


@rule
def _ordinal_in_words(cursor: Cursor) -> int | None:
    tens = cursor.lookup(TENS)
    if tens is None:
        return cursor.lookup(ORDINALS)
    ones = cursor.lookup(ENGLISH_ORDINAL_ONES)
    return None if ones is None else tens + ones


@rule
def year(cursor: Cursor) -> int | None:
    """ "2026", "zweitausendsechsundzwanzig", "zwanzig sechsundzwanzig", "two thousand and twenty-six"."""
    if token := cursor.take("number"):
        return int(token.text) if len(token.text) == 4 and CENTURIES[0] <= int(token.text) <= CENTURIES[1] else None
    if cursor.phrase({"two thousand and", "two thousand"}):
        return 2000 + (cardinal(cursor) or 0)
    in_one_word = cursor.lookup(YEARS)
    return in_one_word if in_one_word is not None else _year_in_halves(cursor)


@rule
def _year_in_halves(cursor: Cursor) -> int | None:
    century, rest = cardinal(cursor), cardinal(cursor)
    return 2000 + rest if century == 20 and rest is not None and rest >= 10 else None
