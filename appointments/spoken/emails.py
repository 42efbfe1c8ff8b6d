"""An e-mail address as it is written or spelled out: "erika punkt beispiel at web punkt de".

Only what is certainly an address is one. Two words side by side may be joined or not, an umlaut may be "ue" or "u",
a number in words may be meant in words: then the booking rather does without an address.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from appointments.spoken.numbers import CARDINALS
from appointments.spoken.tokens import LONGEST_PHRASE
from appointments.spoken.words import fold, table, vocabulary

LONGEST_ADDRESS: Final = 254
LONGEST_LOCAL: Final = 64
LONGEST_SPOKEN: Final = 400
ADDRESS: Final = re.compile(
    r"([a-z0-9_]+(?:[.+-][a-z0-9_]+)*)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})", re.ASCII
)
PUNCTUATION: Final = re.compile(r"[<>()\[\]\"'„“”,;:!?]|[.!?\s]+$")
# "e-r-i-k-a" is spelled; a single hyphen may belong to the address, but not to the "d-e" at its end.
SPELLED: Final = re.compile(r"(?<![\w-])(?:[a-z]-){2,}[a-z](?![\w-])|(?<![\w-])[a-z]-[a-z]$")
PIECE: Final = re.compile(r"[@._+-]|[^\s@._+-]+")

SIGNS: Final = table(
    {
        "@|at|ät|klammeraffe|klammer affe|affenschwanz|at zeichen|at - zeichen|at sign": "@",
        ".|punkt|dot": ".",
        "-|minus|bindestrich|minuszeichen|dash|hyphen": "-",
        "_|unterstrich|underscore": "_",
        "+|plus|pluszeichen": "+",
    }
)
# What may be said of an address without being part of it.
REMARKS: Final = vocabulary(
    "alles klein|alles kleingeschrieben|alles klein geschrieben|kleingeschrieben|klein geschrieben|"
    "all lower case|all lowercase|in lower case|in lowercase|lower case|lowercase"
)
# Whose hyphen nobody says.
PROVIDERS: Final = {"t online": "t-online"}
LEADS: Final = vocabulary(
    "meine|mein|die|das|e-mail|email|mail|mailadresse|emailadresse|e-mailadresse|e-mail-adresse|email-adresse|"
    "mail-adresse|adresse|ist|lautet|wäre|ja|also|bitte|an|unter|my|the|address|is|it|it's|its|yes|to|mailto"
)
TRAILS: Final = vocabulary("bitte|danke|please|thanks")

# What models write where nothing was said.
NOBODY: Final = frozenset(
    {
        *("noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "anonymous", "anonym"),
        *("unknown", "unbekannt", "none", "null", "undefined", "placeholder", "not-provided", "notprovided"),
    }
)
NOWHERE: Final = frozenset({"example", "beispiel", "domain", "yourdomain"})
ENDS_NOWHERE: Final = frozenset({"invalid", "localhost", "tld"})
ANYBODY: Final = frozenset({"test", "email", "mail", "name", "user", "username", "customer", "kunde", "muster"})


def understand_email(words: str, *, refused_domains: Collection[str] = ()) -> str | None:
    """The address in lower case, or None. `refused_domains` are refused with all that lies below them."""
    if len(words) > LONGEST_SPOKEN:
        return None
    text = SPELLED.sub(lambda spelled: spelled[0].replace("-", ""), _plain(words))
    said = _without_lead(text.split())
    found = ADDRESS.fullmatch(said[0] if len(said) == 1 else _put_together(" ".join(said)))
    if found is None or len(found[0]) > LONGEST_ADDRESS or len(found[1]) > LONGEST_LOCAL:
        return None
    return None if _invented(found[1], found[2]) or _lies_below(found[2], refused_domains) else found[0]


def _plain(words: str) -> str:
    visible = "".join(char for char in unicodedata.normalize("NFC", words) if unicodedata.category(char) != "Cf")
    return PUNCTUATION.sub(" ", visible.lower()).strip()


def _without_lead(said: list[str]) -> list[str]:
    """Without "meine E-Mail ist"; in "mail at web punkt de" the "mail" belongs to the address."""
    while len(said) > 1 and fold(said[0]) in LEADS and not _begins_with_sign(said[1]):
        said = said[1:]
    while said and fold(said[-1]) in TRAILS:
        said = said[:-1]
    return said


def _begins_with_sign(word: str) -> bool:
    return fold(word) in SIGNS or word[0] in SIGNS


def _put_together(said: str) -> str:
    """The address without the blanks; "" where the words between two signs may be one or several."""
    address = ""
    run: list[str] = []
    for piece in (*_pieces(said), ""):
        if piece and piece not in SIGNS.values():
            run.append(piece)
            continue
        if not _is_one_word(run):
            return ""
        address, run = address + "".join(run) + piece, []
    return address


def _pieces(said: str) -> list[str]:
    """Words and signs, each sign as it is written."""
    words = PIECE.findall(said)
    pieces: list[str] = []
    while words:
        length, piece = _next_piece(words)
        words = words[length:]
        pieces.extend([piece] if piece else [])
    return pieces


def _next_piece(words: list[str]) -> tuple[int, str]:
    for length in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        phrase = fold(" ".join(words[:length]))
        if phrase in REMARKS:
            return length, ""
        if known := SIGNS.get(phrase) or PROVIDERS.get(phrase):
            return length, known
    return 1, words[0]


def _is_one_word(run: list[str]) -> bool:
    """One word, perhaps with figures behind it, or a word that is spelled out."""
    if any(fold(word) in CARDINALS for word in run):
        return False
    spelled = all(len(word) == 1 or word.isdigit() for word in run)
    return spelled or all(word.isdigit() for word in run[1:])


def _invented(local: str, domain: str) -> bool:
    *_, name, end = labels = domain.split(".")
    nowhere = name in NOWHERE or end in ENDS_NOWHERE or any(label.startswith("placeholder") for label in labels)
    return nowhere or local in NOBODY or (local in ANYBODY and name in ANYBODY)


def _lies_below(domain: str, refused: Collection[str]) -> bool:
    return any(f".{domain}".endswith(f".{above.lower()}") for above in refused)
