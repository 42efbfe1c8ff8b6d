"""What a request to Cal.com can end in besides success, classified here and nowhere else.

Cal.com's HTTP codes alone say little: a taken slot is a 400, a race for it a 409, and a 500 may come after the
booking was made. So the error's text decides where it is known, and whatever may have changed something without
saying so is `UNKNOWN_OUTCOME`.
"""

import re
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

MAX_MESSAGE = 200
# Cal.com blocks a key for this many seconds after too many requests; its guard sends no Retry-After.
BLOCKED_SECONDS = 60


class ErrorKind(StrEnum):
    """What is known about a failed request; only after the last one may something have been changed."""

    SLOT_TAKEN = "slot_taken"
    ALREADY_CANCELLED = "already_cancelled"
    RESCHEDULED_ALREADY = "rescheduled_already"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    UNKNOWN_OUTCOME = "unknown_outcome"


# Parts of Cal.com's texts, lower case. The first one that is found decides, so the longer story comes first.
MARKERS = (
    # Not the booking is unknown but the whole path: a wrong address or version.
    ("cannot get /", ErrorKind.REFUSED),
    ("cannot post /", ErrorKind.REFUSED),
    ("cannot delete /", ErrorKind.REFUSED),
    ("cancelled and rescheduled already", ErrorKind.RESCHEDULED_ALREADY),
    ("because it has been cancelled", ErrorKind.ALREADY_CANCELLED),
    ("either already has booking at this time", ErrorKind.SLOT_TAKEN),
    ("no more seats left", ErrorKind.SLOT_TAKEN),
    ("no_available_users_found", ErrorKind.SLOT_TAKEN),
    ("_unavailable_for_booking", ErrorKind.SLOT_TAKEN),
    # A reservation is refused because of a booking, or because of somebody else's reservation.
    ("the event is already booked", ErrorKind.SLOT_TAKEN),
    ("slot is already reserved", ErrorKind.SLOT_TAKEN),
)
RESCHEDULED_TO = re.compile(r"rescheduled already to booking with uid=([A-Za-z0-9]+)")


class CalcomError(Exception):
    """`message` is a short excerpt of Cal.com's own text, "" where it sent none; `status` None means no answer.

    `retry_after` (seconds) comes with RATE_LIMITED, `rescheduled_to` (a uid) with RESCHEDULED_ALREADY.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str = "",
        *,
        status: int | None = None,
        x_request_id: str = "",
        retry_after: int | None = None,
        rescheduled_to: str = "",
    ) -> None:
        super().__init__()
        self.kind = kind
        self.message = message[:MAX_MESSAGE]
        self.status = status
        self.x_request_id = x_request_id
        self.retry_after = retry_after
        self.rescheduled_to = rescheduled_to

    def __str__(self) -> str:
        """Without Cal.com's text, which may name people: this is what logs and traces show."""
        return f"{self.kind}, HTTP {self.status}"


class TooManyBookings(CalcomError):
    """A list would be longer than anybody should wait for."""

    def __init__(self, found: int) -> None:
        super().__init__(ErrorKind.REFUSED, f"There are more than {found} such bookings: narrow the search.")


def error_of_answer(response: requests.Response, body: Any, *, secret: str) -> CalcomError:
    """The error that an answer to a write means; `body` is its JSON, None when it has none.

    `secret` is taken out of Cal.com's text.
    """
    message, is_bare = _message(body)
    kind = _kind(response.status_code, message, is_bare=is_bare, is_json=isinstance(body, dict))
    moved = RESCHEDULED_TO.search(message)
    return CalcomError(
        kind,
        message.replace(secret, "…"),
        status=response.status_code,
        x_request_id=response.headers.get("X-Request-Id", ""),
        retry_after=_retry_after(response) if kind is ErrorKind.RATE_LIMITED else None,
        rescheduled_to=moved.group(1) if moved else "",
    )


def error_of_failure(failure: requests.RequestException) -> CalcomError:
    """The error that a write without an answer means: was anything sent?"""
    return CalcomError(ErrorKind.UNREACHABLE if _never_sent(failure) else ErrorKind.UNKNOWN_OUTCOME)


def _message(body: Any) -> tuple[str, bool]:
    """Cal.com's text, and whether it stood bare, as the booking core's errors do, instead of under `error`."""
    if not isinstance(body, dict):
        return "", False
    wrapped = body.get("error")
    if isinstance(wrapped, dict):
        return str(wrapped.get("message") or ""), False
    return str(body.get("message") or ""), True


def _kind(status: int, message: str, *, is_bare: bool, is_json: bool) -> ErrorKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ErrorKind.RATE_LIMITED
    # What isn't Cal.com's JSON comes from something on the way, which does not know what Cal.com did.
    if not is_json or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorKind.UNKNOWN_OUTCOME
    text = message.lower()
    for marker, kind in MARKERS:
        if marker in text:
            return kind
    return _kind_of_status(status, is_bare=is_bare)


def _kind_of_status(status: int, *, is_bare: bool) -> ErrorKind:
    # A 403 of the booking core is about the booking, one of the API layer about the key.
    if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and not is_bare):
        return ErrorKind.UNAUTHORISED
    if status == HTTPStatus.NOT_FOUND:
        return ErrorKind.NOT_FOUND
    # A conflict may be with our own earlier request, whose answer got lost.
    if status == HTTPStatus.CONFLICT or status < HTTPStatus.BAD_REQUEST:
        return ErrorKind.UNKNOWN_OUTCOME
    return ErrorKind.REFUSED


def _retry_after(response: requests.Response) -> int:
    waits = (response.headers.get(name, "") for name in ("Retry-After", "X-RateLimit-Reset-Default"))
    return next((int(wait) for wait in waits if wait.isdigit()), BLOCKED_SECONDS)


def _never_sent(failure: requests.RequestException) -> bool:
    """Whether the request certainly did not leave, because there was never a connection."""
    if isinstance(failure, requests.ConnectTimeout):
        return True
    cause = failure.args[0] if failure.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
