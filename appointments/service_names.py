"""Which service a caller means: by name or alias, else by what sounds like one, and nothing by default.

A sound or a likeness never decides between two services: then they are asked about.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from appointments.models import Company, Service
from appointments.sounds import sound

# A shorter code is that of too many words: "Fön" and "wann" are both 36.
LONG_SOUND = 4
# Where nothing else was said, one digit less will do.
LONG_LONE_SOUND = 3
# Recognition cuts no name into more words than this.
MOST_WORDS = 6
ALIKE = 0.75

Span = frozenset[int]
Name = tuple[str, ...]


@dataclass(frozen=True)
class ServiceMatch:
    """Either the one `service` that was meant, or the `candidates` to ask about."""

    service: Service | None
    candidates: tuple[Service, ...]


def find_service(company: Company, words: str | None) -> ServiceMatch:
    """The service whose name or alias stands in the words, or sounds like them; a longer name covers a shorter one
    that is part of it.

    A company with a single service needs no words for it; words that name another thing are still asked about.
    """
    offered = tuple(Service.objects.filter(company=company, is_active=True))
    if not words:
        return ServiceMatch(offered[0] if len(offered) == 1 else None, offered)
    names = [(service, name) for service in offered for name in _names(service)]
    spoken = _tokens(words)
    heard = list(_named(names, spoken))
    literal = {span for _, span in heard}
    heard += [(service, span) for service, span in _sounding(names, spoken) if span not in literal]
    whole = (service for service, span in heard if not any(span < other for _, other in heard))
    named = tuple(dict.fromkeys(whole))
    return ServiceMatch(named[0] if len(named) == 1 else None, named or _alike(names, spoken) or offered)


def _named(names: Sequence[tuple[Service, Name]], spoken: Name) -> Iterator[tuple[Service, Span]]:
    """Where in the words a name or alias stands whole: "Damen Schnitt" covers the "Schnitt" in it."""
    for service, name in names:
        for start in range(len(spoken) - len(name) + 1):
            if spoken[start : start + len(name)] == name:
                yield service, frozenset(range(start, start + len(name)))


def _sounding(names: Sequence[tuple[Service, Name]], spoken: Name) -> Iterator[tuple[Service, Span]]:
    """Where the words sound like a name, however they are cut: "Herrn Haar Schnit"."""
    sounds = [(service, _sound_of(name)) for service, name in names]
    for start, end in _stretches(spoken):
        heard = _sound_of(spoken[start:end])
        enough = LONG_LONE_SOUND if end - start == len(spoken) else LONG_SOUND
        if len(heard[0]) >= enough:
            yield from ((service, frozenset(range(start, end))) for service, told in sounds if told == heard)


def _sound_of(name: Name) -> tuple[str, str]:
    """Figures have no sound, but "Paket 1" is not "Paket 2"."""
    joined = "".join(name)
    return sound(joined), "".join(filter(str.isdigit, joined))


def _alike(names: Sequence[tuple[Service, Name]], spoken: Name) -> tuple[Service, ...]:
    """The services whose names are written much like some of the words."""
    said = ["".join(spoken[start:end]) for start, end in _stretches(spoken)]
    alike = (service for service, name in names if any(_is_alike("".join(name), word) for word in said))
    return tuple(dict.fromkeys(alike))


def _is_alike(name: str, word: str) -> bool:
    matcher = SequenceMatcher(None, name, word, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _stretches(spoken: Name) -> Iterator[tuple[int, int]]:
    for start in range(len(spoken)):
        for end in range(start + 1, min(start + MOST_WORDS, len(spoken)) + 1):
            yield start, end


def _names(service: Service) -> Iterator[Name]:
    for name in (service.name, *service.aliases):
        if tokens := _tokens(str(name)):
            yield tokens


def _tokens(text: str) -> Name:
    """Words without case and accents: "Färben" and "faerben" are the same word."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return tuple(re.findall(r"\w+", plain))
