"""Small checks on what clients send; what fails them is refused with 400."""

from typing import Any

from retell.sandbox.errors import refuse
from retell.sandbox.state import Json


def required(body: Json, *names: str) -> None:
    for name in names:
        if body.get(name) in (None, ""):
            refuse(400, f"request/body must have required property '{name}'")


def whole_number(value: Any, where: str) -> int:
    """A version, limit or offset, from JSON or a query."""
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal():
        refuse(400, f"{where} must be integer")
    return int(text)


def object_list(value: Any, where: str) -> list[Json]:
    """`value` as a list of JSON objects, empty when it is not given."""
    if value is None:
        return []
    if not isinstance(value, list):
        refuse(400, f"{where} must be array")
    for n, item in enumerate(value):
        if not isinstance(item, dict):
            refuse(400, f"{where}/{n} must be object")
    return value


def strings_only(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
