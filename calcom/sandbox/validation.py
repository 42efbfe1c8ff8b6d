"""Cal.com's checks of bodies and queries, down to the texts: class-validator as two different pipes show it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

from calcom.sandbox.errors import ApiError, bad_request
from calcom.sandbox.times import is_zone, parse_moment

# A rule gets the property and its value and answers the constraint's name and text when it is broken.
Rule = Callable[[str, Any], tuple[str, str] | None]

LANGUAGES = [
    "ar",
    "ca",
    "de",
    "es",
    "eu",
    "he",
    "id",
    "ja",
    "lv",
    "pl",
    "ro",
    "sr",
    "th",
    "vi",
    "az",
    "cs",
    "el",
    "es-419",
    "fi",
    "hr",
    "it",
    "km",
    "nl",
    "pt",
    "ru",
    "sv",
    "tr",
    "zh-CN",
    "bg",
    "da",
    "en",
    "et",
    "fr",
    "hu",
    "iw",
    "ko",
    "no",
    "pt-BR",
    "sk",
    "ta",
    "uk",
    "zh-TW",
    "bn",
]
EMAIL = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
METADATA_TEXT = (
    "Metadata must have at most 50 keys, each key up to 40 characters, and string values up to 500 characters."
)


@dataclass
class Problem:
    property: str
    constraints: dict[str, str] = field(default_factory=dict)
    children: list["Problem"] = field(default_factory=list)

    def in_text(self) -> str:
        texts = ", ".join(self.constraints.values())
        return f"{self.property} property is wrong,{texts} {in_text(self.children)}"

    def as_json(self) -> dict[str, Any]:
        children = [child.as_json() for child in self.children]
        return {"property": self.property, "children": children, "constraints": self.constraints}


@dataclass(frozen=True)
class Field:
    """The rules of one property; `nested` are the properties of an object in it."""

    rules: tuple[Rule, ...] = ()
    required: bool = False
    nested: "Shape | None" = None


@dataclass(frozen=True)
class Shape:
    """A whole object; `rules` see the object and name the property under which they complain."""

    fields: Mapping[str, Field]
    rules: tuple[tuple[str, Rule], ...] = ()


def in_text(problems: list[Problem]) -> str:
    return ", ".join(problem.in_text() for problem in problems)


def find_problems(data: dict[str, Any], shape: Shape, *, unknown_allowed: bool = False) -> list[Problem]:
    unknown = [] if unknown_allowed else [name for name in data if name not in shape.fields]
    problems = [Problem(name, {"whitelistValidation": f"property {name} should not exist"}) for name in unknown]
    for name, known in shape.fields.items():
        problems += _problems_of_field(name, data.get(name), known)
    for name, check in shape.rules:
        if broken := check(name, data):
            problems.append(Problem(name, dict([broken])))
    return problems


def _problems_of_field(name: str, value: Any, known: Field) -> list[Problem]:
    if value is None and not known.required:
        return []
    if known.nested is not None:
        return _problems_of_object(name, value, known.nested)
    broken = dict(found for rule in known.rules if (found := rule(name, value)))
    return [Problem(name, broken)] if broken else []


def _problems_of_object(name: str, value: Any, shape: Shape) -> list[Problem]:
    if value is None:
        return [Problem(name, {"isDefined": f"{name} should not be null or undefined"})]
    if not isinstance(value, dict):
        return [Problem(name, {"nestedValidation": f"nested property {name} must be either object or array"})]
    children = find_problems(value, shape)
    return [Problem(name, {}, children)] if children else []


def check_strictly(data: Any, shape: Shape) -> dict[str, Any]:
    """The pipe of create, reschedule, cancel and slots: unknown properties are refused, problems become one text."""
    if not isinstance(data, dict):
        raise bad_request("Body is required" if not data else "Body should be an object")
    if problems := find_problems(data, shape):
        raise bad_request(in_text(problems))
    return data


def check_loosely(data: Any, shape: Shape) -> dict[str, Any]:
    """The pipe of everything else: unknown properties are dropped, problems are listed in the details."""
    given = data if isinstance(data, dict) else {}
    if problems := find_problems(given, shape, unknown_allowed=True):
        errors = [problem.as_json() for problem in problems]
        raise ApiError(400, "Bad Request Exception", details={"errors": errors})
    return {name: value for name, value in given.items() if name in shape.fields}


def rule(name: str, text: str, holds: Callable[[Any], bool]) -> Rule:
    """A rule from a predicate; `{property}` in the text is the property's name."""

    def check(property: str, value: Any) -> tuple[str, str] | None:
        return None if holds(value) else (name, text.format(property=property))

    return check


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_phone_number(value: Any) -> bool:
    """Valid and international: without a leading + there is no country to read it in."""
    try:
        return isinstance(value, str) and phonenumbers.is_valid_number(phonenumbers.parse(value, None))
    except phonenumbers.NumberParseException:
        return False


def is_email(value: Any) -> bool:
    return isinstance(value, str) and EMAIL.fullmatch(value) is not None


def is_url(value: Any) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


def is_small_metadata(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) > 50:
        return False
    return all(len(key) <= 40 and not (isinstance(text, str) and len(text) > 500) for key, text in value.items())


def is_string_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def one_of(values: list[str]) -> Rule:
    text = f"{{property}} must be one of the following values: {', '.join(values)}"
    return rule("isEnum", text, lambda value: value in values)


def at_least(minimum: int) -> Rule:
    return rule(
        "min", f"{{property}} must not be less than {minimum}", lambda value: is_int(value) and value >= minimum
    )


def at_most(maximum: int) -> Rule:
    return rule(
        "max", f"{{property}} must not be greater than {maximum}", lambda value: is_int(value) and value <= maximum
    )


STRING = rule("isString", "{property} must be a string", lambda value: isinstance(value, str))
BOOLEAN = rule("isBoolean", "{property} must be a boolean value", lambda value: isinstance(value, bool))
INTEGER = rule("isInt", "{property} must be an integer number", is_int)
OBJECT = rule("isObject", "{property} must be an object", lambda value: isinstance(value, dict))
LIST = rule("isArray", "{property} must be an array", lambda value: isinstance(value, list))
STRINGS = rule("isString", "each value in {property} must be a string", is_string_list)
URL = rule("isUrl", "{property} must be a URL address", is_url)
DATE = rule(
    "isDateString",
    "{property} must be a valid ISO 8601 date string",
    lambda value: parse_moment(value) is not None,
)
TIME_ZONE = rule("isTimeZone", "{property} must be a valid IANA time-zone", is_zone)
EMAIL_ADDRESS = rule("customValidation", "Invalid email format", lambda value: value == "" or is_email(value))
PHONE_NUMBER = rule(
    "customValidation",
    "Invalid phone number format. Please use international format.",
    lambda value: value == "" or is_phone_number(value),
)
METADATA = rule("validateMetadata", METADATA_TEXT, is_small_metadata)
