"""A function call as the vendor makes it: where it goes, what it carries, what the model reads of the answer."""

import json
import re
from typing import Any

from retell.sandbox.delivery import Attempt, Outgoing, encoded
from retell.sandbox.state import Json

RESULT_CHARACTERS = 15_000
VARIABLE = re.compile(r"\{\{\s*([\w-]+)\s*\}\}")
BODYLESS = ("GET", "DELETE")


def fill(text: str, variables: dict[str, str]) -> str:
    """`{{name}}` replaced; a variable that is not known stays as it is written."""
    return VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)


def outgoing_for(tool: Json, arguments: Json, call: Json | None, variables: dict[str, str]) -> Outgoing:
    """The request of one invocation, `call` None leaves the call out.

    GET and DELETE have an empty body, which is what gets signed.
    """
    sent = {**arguments, **_pinned(tool, variables)}
    wrapped = {"name": tool["name"], "args": sent, **({} if call is None else {"call": call})}
    payload = sent if tool["args_at_root"] else wrapped
    query = {name: fill(str(sent.get(name, value)), variables) for name, value in tool["query_params"].items()}
    return Outgoing(
        what=f"function:{tool['name']}",
        method=tool["method"],
        url=fill(tool["url"], variables),
        body=b"" if tool["method"] in BODYLESS else encoded(payload),
        headers={name: fill(value, variables) for name, value in tool["headers"].items()},
        query=query,
        timeout_ms=tool["timeout_ms"],
        retries=tool["max_retry"],
    )


def _pinned(tool: Json, variables: dict[str, str]) -> Json:
    """Arguments that the tool's schema fixes with `const`."""
    properties = (tool.get("parameters") or {}).get("properties", {})
    pinned = {name: rule["const"] for name, rule in properties.items() if isinstance(rule, dict) and "const" in rule}
    return {name: fill(value, variables) if isinstance(value, str) else value for name, value in pinned.items()}


def result_text(attempt: Attempt) -> str:
    """What the model gets to read: the answer, or the HTTP client's complaint with the answer appended."""
    text = attempt.text if attempt.successful else _complaint(attempt)
    return text[:RESULT_CHARACTERS]


def _complaint(attempt: Attempt) -> str:
    if attempt.status is None:
        return f"Axios Error: error code: {attempt.reason}, error message: {attempt.text}"
    code = "ERR_BAD_RESPONSE" if attempt.status >= 500 else "ERR_BAD_REQUEST"
    return (
        f"Axios Error: error code: {code}, error message: Request failed with status code {attempt.status}\n"
        f"response status: {attempt.status}\nresponse data: {attempt.text}"
    )


def extracted(tool: Json, attempt: Attempt) -> dict[str, str]:
    """The tool's `response_variables` as strings; a path that leads nowhere sets nothing."""
    if not attempt.successful:
        return {}
    found = {name: _at(attempt.body, path) for name, path in (tool.get("response_variables") or {}).items()}
    return {name: _as_text(value) for name, value in found.items() if value is not None}


def _at(body: Any, path: str) -> Any:
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
