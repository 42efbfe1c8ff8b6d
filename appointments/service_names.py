"""Which service a caller means: by name or alias, and nothing by default."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from appointments.models import Company, Service


@dataclass(frozen=True)
class ServiceMatch:
    """Either the one `service` that was meant, or the `candidates` to ask about."""

    service: Service | None
    candidates: tuple[Service, ...]


def find_service(company: Company, words: str | None) -> ServiceMatch:
    """The service whose name or alias stands in the words; a longer name covers a shorter one that is part of it.

    A company with a single service needs no words for it; words that name another thing are still asked about.
    """
    offered = tuple(Service.objects.filter(company=company, is_active=True))
    if not words:
        return ServiceMatch(offered[0] if len(offered) == 1 else None, offered)
    spoken = _tokens(words)
    heard = [(service, span) for service in offered for span in _spans(service, spoken)]
    whole = (service for service, span in heard if not any(span < other for _, other in heard))
    named = tuple(dict.fromkeys(whole))
    return ServiceMatch(named[0] if len(named) == 1 else None, named or offered)


def _spans(service: Service, spoken: tuple[str, ...]) -> Iterator[frozenset[int]]:
    """Where in the words a name or alias stands whole: "Damen Schnitt" covers the "Schnitt" in it."""
    for name in _names(service):
        for start in range(len(spoken) - len(name) + 1):
            if spoken[start : start + len(name)] == name:
                yield frozenset(range(start, start + len(name)))


def _names(service: Service) -> Iterator[tuple[str, ...]]:
    for name in (service.name, *service.aliases):
        if tokens := _tokens(str(name)):
            yield tokens


def _tokens(text: str) -> tuple[str, ...]:
    """Words without case and accents: "Färben" and "faerben" are the same word."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return tuple(re.findall(r"\w+", plain))
