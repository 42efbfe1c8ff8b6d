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
    """The service whose name or alias stands in the words; the most specific one where several do.

    A company with a single service needs no words for it; words that name another thing are still asked about.
    """
    offered = tuple(Service.objects.filter(company=company, is_active=True))
    if not words:
        return ServiceMatch(offered[0] if len(offered) == 1 else None, offered)
    spoken = _tokens(words)
    lengths = {service: _matched_length(service, spoken) for service in offered}
    longest = max(lengths.values(), default=0)
    named = tuple(service for service, length in lengths.items() if length == longest > 0)
    return ServiceMatch(named[0] if len(named) == 1 else None, named or offered)


def _matched_length(service: Service, spoken: tuple[str, ...]) -> int:
    """Letters of the longest name or alias that stands whole in the words."""
    found = (len("".join(name)) for name in _names(service) if _stands_in(name, spoken))
    return max(found, default=0)


def _names(service: Service) -> Iterator[tuple[str, ...]]:
    for name in (service.name, *service.aliases):
        if tokens := _tokens(str(name)):
            yield tokens


def _stands_in(name: tuple[str, ...], spoken: tuple[str, ...]) -> bool:
    return any(spoken[start : start + len(name)] == name for start in range(len(spoken) - len(name) + 1))


def _tokens(text: str) -> tuple[str, ...]:
    """Words without case and accents: "Färben" and "faerben" are the same word."""
    plain = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return tuple(re.findall(r"\w+", plain))
