"""JSON as the specification has it, from strangers: UTF-8, finite numbers, bounded depth, storable text."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

# MariaDB stores JSON of at most 31 levels.
MAX_DEPTH = 30
CONTAINERS = (dict, list)
# Half a character can be written in JSON, as one of these escapes, but in no database.
HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class NotStrictJson(ValueError):
    """The bytes are not JSON that we take; the text says why, without repeating any of it."""


def loads(body: bytes) -> Any:
    """Parse strictly; raises NotStrictJson."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError:
        raise NotStrictJson("The body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise NotStrictJson("The body is not valid JSON") from None
    if not _is_bounded(value) or (HALF_CHARACTER.search(body) and _has_half_character(value)):
        raise NotStrictJson("The body is nested too deeply or holds half a character")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def _is_bounded(value: Any) -> bool:
    """Level by level: bodies have many values and few levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _members(outer) if isinstance(inner, CONTAINERS)]
        if not level:
            return True
    return False


def _members(outer: Any) -> Iterable[Any]:
    if isinstance(outer, dict):
        return outer.values()
    return outer if isinstance(outer, list) else ()


def _has_half_character(value: Any) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= character <= "\udfff" for character in value)
    inner = [*value, *value.values()] if isinstance(value, dict) else _members(value)
    return any(map(_has_half_character, inner))
