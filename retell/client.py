"""Retell's REST API with one company's key: one type of error, and no request lasts longer than its caller has time.

Nothing is repeated here, and nobody but the MCP server should use it: calls belong through the gateway.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests
from pydantic import BaseModel, ValidationError

from mcp_gateway import connections
from mcp_gateway.outbound import correlation_header, session

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
# A long call comes with its transcript, twice and word by word.
READ_SECONDS = 8.0
MAX_MESSAGE = 200
MAX_PAGES = 20

# Words for a version: the newest one, drafts included, and the newest one that is published.
LATEST, LATEST_PUBLISHED = "latest", "latest_published"
Json = dict[str, Any]

# Parts of Retell's texts, lower case. The path is unknown, not the object: a wrong address.
UNKNOWN_PATH = "cannot get /"
# Said with 422, of what doesn't exist and of what belongs to another workspace.
UNKNOWN_ASSET = "cannot find requested asset"


class ErrorKind(StrEnum):
    NOT_FOUND = "not_found"
    UNAUTHORISED = "unauthorised"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class RetellError(Exception):
    """`message` is a short excerpt of Retell's own text, "" where it sent none; `status` None means no answer.

    `retry_after` (seconds) may come with RATE_LIMITED.
    """

    def __init__(
        self, kind: ErrorKind, message: str = "", *, status: int | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__()
        self.kind = kind
        self.message = message[:MAX_MESSAGE]
        self.status = status
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Without Retell's text, which may name people: this is what logs and traces show."""
        return f"{self.kind}, HTTP {self.status}"


class KeyInfo(BaseModel):
    """Whose key it is."""

    org_id: str
    org_name: str
    api_key_name: str | None = None


class RetellClient:
    """Every method raises RetellError.

    `timeout` (seconds) is for the whole request. `seconds_left` is asked before each, which never takes longer than
    that either, however the answer comes in; what it raises goes through.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        seconds_left: Callable[[], float] = lambda: math.inf,
        timeout: float = READ_SECONDS,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.api_key = api_key.strip()
        self.seconds_left = seconds_left
        self.timeout = timeout

    def call(self, call_id: str) -> Json:
        """The call object, which is the one that webhooks carry."""
        return self._about("call_id", call_id, self._object("GET", f"/v2/get-call/{_quoted(call_id)}"))

    def key_info(self) -> KeyInfo:
        try:
            return KeyInfo.model_validate(self._object("GET", "/get-api-key-info"))
        except ValidationError:
            raise unusable("The answer has an unknown form.") from None

    def agents(self) -> list[Json]:
        """The account's voice agents: names and ids; the rest is with each agent."""
        voice = {"filter_criteria": {"channel": {"type": "string", "op": "eq", "value": "voice"}}}
        return list(self._pages("POST", "/v2/list-agents", voice))

    def agent(self, agent_id: str, version: int | str = LATEST) -> Json:
        """The newest version, drafts included, or the one of that number or word."""
        answer = self._object("GET", f"/get-agent/{_quoted(agent_id)}", query={"version": str(version)})
        return self._version_of(agent_id, answer, wanted=version)

    def create_agent_version(self, agent_id: str, base_version: int) -> Json:
        """A draft of the agent and of its response engine, both with the same number."""
        path = f"/create-agent-version/{_quoted(agent_id)}"
        return self._version_of(agent_id, self._object("POST", path, body={"base_version": base_version}))

    def update_agent(self, agent_id: str, version: int, changes: Mapping[str, Any]) -> None:
        path = f"/update-agent/{_quoted(agent_id)}"
        self._object("PATCH", path, query={"version": str(version)}, body=changes)

    def publish(self, agent_id: str, version: int) -> None:
        """Make a draft the published version; who wants to be sure reads it back, for the answer is empty."""
        self._exchange("POST", f"/publish-agent-version/{_quoted(agent_id)}", body={"version": version})

    def engine(self, noun: str, engine_id: str, version: int) -> Json:
        """A response engine; `noun` is what paths call its kind, such as "retell-llm"."""
        return self._object("GET", f"/get-{noun}/{_quoted(engine_id)}", query={"version": str(version)})

    def update_engine(self, noun: str, engine_id: str, version: int, changes: Mapping[str, Any]) -> None:
        self._object("PATCH", f"/update-{noun}/{_quoted(engine_id)}", query={"version": str(version)}, body=changes)

    def phone_numbers(self) -> list[Json]:
        return list(self._pages("GET", "/v2/list-phone-numbers"))

    def phone_number(self, number: str) -> Json:
        return self._about("phone_number", number, self._object("GET", f"/get-phone-number/{_quoted(number)}"))

    def update_phone_number(self, number: str, changes: Mapping[str, Any]) -> None:
        self._object("PATCH", f"/update-phone-number/{_quoted(number)}", body=changes)

    def _pages(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[Json]:
        """The items of all pages; a list that has more of them than any account is not cut off, but refused."""
        query: dict[str, str] = {}
        for _page in range(MAX_PAGES):
            answer = self._object(method, path, query=query, body=body)
            items = answer.get("items")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise unusable("The answer is no list.")
            yield from items
            if not answer.get("has_more"):
                return
            query = {"pagination_key": str(answer.get("pagination_key"))}
        raise unusable("The list never ends.")

    def _version_of(self, agent_id: str, answer: Json, *, wanted: int | str = LATEST) -> Json:
        number = self._about("agent_id", agent_id, answer).get("version")
        if not isinstance(number, int) or (isinstance(wanted, int) and number != wanted):
            raise unusable("The answer is about another version.")
        return answer

    def _about(self, name: str, wanted: str, answer: Json) -> Json:
        if answer.get(name) != wanted:
            raise unusable("The answer is about another object.")
        return answer

    def _object(self, method: str, path: str, **request: Any) -> Json:
        answer = self._exchange(method, path, **request)
        if isinstance(answer, dict):
            return answer
        raise unusable("The answer is no object.")

    def _exchange(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Retell's answer as JSON, None where it is none; one log line, in which a phone number is left out."""
        told = f"{method} {path.partition('/%2B')[0]}"
        try:
            answer = self._parsed(self._answer(requests.Request(method, self.base_url + path, params=query, json=body)))
        except RetellError as error:
            logger.warning("Retell: %s: %s", told, error)
            raise
        logger.info("Retell: %s: done", told)
        return answer

    def _answer(self, request: requests.Request) -> requests.Response:
        seconds = min(self.timeout, self.seconds_left())
        try:
            request.headers = self._headers()
            prepared = session().prepare_request(request)
        except ValueError:
            raise RetellError(ErrorKind.REFUSED, "The stored address or key can't be part of a request.") from None
        try:
            return connections.send(prepared, connect_seconds=min(CONNECT_SECONDS, seconds), total_seconds=seconds)
        except requests.RequestException:
            raise RetellError(ErrorKind.UNREACHABLE) from None

    def _headers(self) -> dict[str, str | bytes]:
        # As bytes, so that a key with other characters is noticed here and not on the wire.
        return {"Authorization": f"Bearer {self.api_key}".encode("ascii"), **correlation_header()}

    def _parsed(self, response: requests.Response) -> Any:
        try:
            body = response.json()
        except ValueError:
            body = None
        is_told = body is not None or not response.content
        if is_told and response.status_code in (HTTPStatus.OK, HTTPStatus.CREATED):
            return body
        raise self._error_of(response, body)

    def _error_of(self, response: requests.Response, body: Any) -> RetellError:
        message = _message(body)
        return RetellError(
            _kind(response.status_code, message.lower(), is_json=isinstance(body, dict)),
            message.replace(self.api_key, "…"),
            status=response.status_code,
            retry_after=_retry_after(response),
        )


def _quoted(name: str) -> str:
    return quote(name, safe="")


def unusable(why: str) -> RetellError:
    """An answer that can't be what was asked for: something on the way, or a vendor who changed."""
    return RetellError(ErrorKind.UNREACHABLE, why, status=HTTPStatus.OK)


def _message(body: Any) -> str:
    """Retell's text: what checks query parameters writes it under another name than the rest."""
    told = (body.get("message") or body.get("error_message")) if isinstance(body, dict) else None
    return told if isinstance(told, str) else ""


def _kind(status: int, text: str, *, is_json: bool) -> ErrorKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ErrorKind.RATE_LIMITED
    # What isn't Retell's JSON comes from something on the way.
    if not is_json or not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorKind.UNREACHABLE
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ErrorKind.UNAUTHORISED
    if UNKNOWN_ASSET in text or (status == HTTPStatus.NOT_FOUND and UNKNOWN_PATH not in text):
        return ErrorKind.NOT_FOUND
    return ErrorKind.REFUSED


def _retry_after(response: requests.Response) -> int | None:
    wait = response.headers.get("Retry-After", "")
    return int(wait) if wait.isdecimal() else None
