"""Cutting what was said into whole words, numbers and written dates and times: nothing is matched inside a word."""

import re
import unicodedata
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from typing import Concatenate, Final, ParamSpec, TypeVar

from appointments.spoken.words import GERMAN_WEEKDAYS, PARTS, combined, fold

T = TypeVar("T")
P = ParamSpec("P")

LONGEST_PHRASE: Final = 5
SIGNS: Final = str.maketrans({"：": ":", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "’": "'", "`": "'"})
HYPHEN_IN_WORD: Final = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")

TOKEN: Final = re.compile(
    r"""
      (?P<iso>\d{4}-\d{1,2}-\d{1,2}
          (?:t\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?
          |\s\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:z|[+-]\d{2}:?\d{2})?)?(?!\d))
    | (?P<dotted_date>\d{1,2}\.\s?\d{1,2}\.(?:(?:\s?(?:19|20|21)\d{2}|\d{2})(?![\d:h]))?)
    | (?P<slashed_date>\d{1,2}/\d{1,2}(?:/(?:\d{4}|\d{2}))?(?![\d/])|\d{4}/\d{1,2}/\d{1,2}(?![\d/])
                      |\d{1,2}-\d{1,2}-\d{4}(?!\d))
    | (?P<clock>\d{1,2}(?::\d{2}(?::\d{2})?|h\d{2})(?![\d:]))
    | (?P<dotted>\d{1,2}\.\d{1,2}(?!\d))
    | (?P<ordinal>\d{1,2}(?:\.(?!\d)|(?:st|nd|rd|th|te[nrms]?)\b))
    | (?P<number>\d+)
    | (?P<meridiem>[ap]\.\s?m\b\.?|(?<=\d)[ap]m\b|\bpm\b)
    | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
    | (?P<sign>\S)
    """,
    re.IGNORECASE | re.VERBOSE,
)

# "Dienstagnachmittag" is two words in one.
COMPOUNDS: Final = dict(combined(GERMAN_WEEKDAYS, [*(part for part in PARTS if " " not in part), "morgen"], glue=""))


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is the name of the group in TOKEN, `text` is folded, `said` is as it was heard."""

    kind: str
    text: str
    said: str


END: Final = Token("end", "", "")


def tokenise(words: str) -> list[Token]:
    return [token for found in TOKEN.finditer(_plain(words)) for token in _tokens(found)]


def _plain(words: str) -> str:
    """Composed letters, ASCII digits, one kind of each sign, no invisible marks; "twenty-one" becomes two words."""
    composed = unicodedata.normalize("NFC", words).translate(SIGNS)
    visible = "".join(_plain_character(character) for character in composed)
    return HYPHEN_IN_WORD.sub(" ", visible)


def _plain_character(character: str) -> str:
    if unicodedata.category(character) == "Cf":
        return ""
    return str(unicodedata.decimal(character, character))


def _tokens(found: re.Match[str]) -> list[Token]:
    kind, said = found.lastgroup or "sign", found.group()
    text = fold(said)
    return [Token(kind, part, said) for part in COMPOUNDS.get(text, (text,))]


def _phrases_from(tokens: list[Token], place: int) -> list[tuple[str, int]]:
    """What stands there, longest first, with its number of words."""
    texts = [token.text for token in tokens[place : place + LONGEST_PHRASE]]
    return [(" ".join(texts[:length]), length) for length in range(len(texts), 0, -1)]


class Cursor:
    """A place in what was said."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self._phrases = [_phrases_from(tokens, place) for place in range(len(tokens))]

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else END

    def advance(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def take(self, kind: str) -> Token | None:
        return self.advance() if self.peek().kind == kind else None

    def phrase(self, phrases: Container[str]) -> str | None:
        """Take the longest of the phrases that stands here, word for word."""
        for said, length in [] if self.done else self._phrases[self.at]:
            if said in phrases:
                self.at += length
                return said
        return None

    def lookup(self, meanings: Mapping[str, T]) -> T | None:
        phrase = self.phrase(meanings)
        return None if phrase is None else meanings[phrase]


def rule(read: Callable[Concatenate[Cursor, P], T | None]) -> Callable[Concatenate[Cursor, P], T | None]:
    """A rule of the grammar: where it does not apply, the cursor is back where it was."""

    def attempt(cursor: Cursor, /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        start = cursor.at
        meaning = read(cursor, *args, **kwargs)
        if meaning is None:
            cursor.at = start
        return meaning

    update_wrapper(attempt, read)
    return attempt
