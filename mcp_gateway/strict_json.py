"""JSON as the specification has it, from strangers: UTF-8, finite numbers, bounded depth, storable text."""

import json
import math
from typing import Any, NoReturn

# MariaDB stores JSON of at most 31 levels.
MAX_DEPTH = 30


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
    if not _is_bounded(value, MAX_DEPTH):
        raise NotStrictJson("The body is nested too deeply or holds half a character")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def _is_bounded(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return not _has_lone_surrogate(value)
    if isinstance(value, dict):
        return depth > 0 and all(_is_bounded(k, depth) and _is_bounded(v, depth - 1) for k, v in value.items())
    if isinstance(value, list):
        return depth > 0 and all(_is_bounded(child, depth - 1) for child in value)
    return True


def _has_lone_surrogate(text: str) -> bool:
    """Half a character can be written in JSON but in no database."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
