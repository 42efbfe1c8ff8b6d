"""How German words sound: the Kölner Phonetik (Postel 1969), one code for "Herrenhaarschnitt" and "Hernharschnid"."""

import unicodedata
from typing import Final

VOWELS: Final = frozenset("aeijouy")
SOFT_D_T: Final = frozenset("csz")
HARD_C: Final = frozenset("ahkoqux")
HARD_FIRST_C: Final = HARD_C | {"l", "r"}
CODES: Final = {
    **dict.fromkeys("bp", "1"),
    **dict.fromkeys("dt", "2"),
    **dict.fromkeys("fvw", "3"),
    **dict.fromkeys("gkq", "4"),
    **dict.fromkeys("l", "5"),
    **dict.fromkeys("mn", "6"),
    **dict.fromkeys("r", "7"),
    **dict.fromkeys("sz", "8"),
}


def sound(text: str) -> str:
    """The code of the letters, as of one word; "" where there are none."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = [char for char in plain if "a" <= char <= "z"]
    codes = [_code(place, letters) for place in range(len(letters))]
    joined = "".join(codes)
    single = [code for place, code in enumerate(joined) if place == 0 or joined[place - 1] != code]
    return "".join(code for place, code in enumerate(single) if place == 0 or code != "0")


def _code(place: int, letters: list[str]) -> str:
    letter = letters[place]
    before = letters[place - 1] if place else ""
    after = letters[place + 1] if place + 1 < len(letters) else ""
    if letter in VOWELS:
        return "0"
    if letter == "c":
        return _code_of_c(before, after)
    if letter == "x":
        return "8" if before in {"c", "k", "q"} else "48"
    if letter == "p" and after == "h":
        return "3"
    if letter in {"d", "t"} and after in SOFT_D_T:
        return "8"
    return CODES.get(letter, "")


def _code_of_c(before: str, after: str) -> str:
    hard = after in (HARD_C if before else HARD_FIRST_C) and before not in {"s", "z"}
    return "4" if hard else "8"
