"""Retell's REST API with one company's key: one type of error, and no request lasts longer than its caller has time.

Nothing is repeated here, and nobody but the MCP server should use it: calls belong through the gateway.
"""

import logging
import math
from collections.abc import Callable
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

    def call(self, call_id: str) -> dict[str, Any]:
        """The call object, which is the one that webhooks carry."""
        call = self._get(f"/v2/get-call/{quote(call_id, safe='')}")
        if call.get("call_id") != call_id:
            raise RetellError(ErrorKind.UNREACHABLE, "The answer is about another call.", status=HTTPStatus.OK)
        return call

    def key_info(self) -> KeyInfo:
        try:
            return KeyInfo.model_validate(self._get("/get-api-key-info"))
        except ValidationError:
            unknown = "The answer has an unknown form."
            raise RetellError(ErrorKind.UNREACHABLE, unknown, status=HTTPStatus.OK) from None

    def _get(self, path: str) -> dict[str, Any]:
        try:
            body = self._parsed(self._answer(path))
        except RetellError as error:
            logger.warning("Retell: GET %s: %s", path, error)
            raise
        logger.info("Retell: GET %s: done", path)
        return body

    def _answer(self, path: str) -> requests.Response:
        seconds = min(self.timeout, self.seconds_left())
        try:
            prepared = session().prepare_request(requests.Request("GET", self.base_url + path, headers=self._headers()))
        except ValueError:
            raise RetellError(ErrorKind.REFUSED, "The stored address or key can't be part of a request.") from None
        try:
            return connections.send(prepared, connect_seconds=min(CONNECT_SECONDS, seconds), total_seconds=seconds)
        except requests.RequestException:
            raise RetellError(ErrorKind.UNREACHABLE) from None

    def _headers(self) -> dict[str, str | bytes]:
        # As bytes, so that a key with other characters is noticed here and not on the wire.
        return {"Authorization": f"Bearer {self.api_key}".encode("ascii"), **correlation_header()}

    def _parsed(self, response: requests.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError:
            body = None
        if response.status_code == HTTPStatus.OK and isinstance(body, dict):
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
