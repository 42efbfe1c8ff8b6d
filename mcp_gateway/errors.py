"""What can go wrong in a call through the gateway: one tree of errors, one code each.

Codes below zero are the JSON-RPC 2.0 specification's; positive ones are our application's. `kind` is a word for
programs, `message` a sentence for people; neither ever carries an exception's text or a secret. On the wire a message
is English; pages say it in the reader's language, as `gettext(error.message)`.
"""

from typing import Any, ClassVar

from django.utils.translation import gettext_noop


class GatewayError(Exception):
    """Base of every error that the caller may see."""

    code: ClassVar[int] = -32603
    kind: str = "internal_error"
    message: str = gettext_noop("Internal error")
    retryable: bool = False

    def __init__(self, message: str = "", *, kind: str = "", retryable: bool | None = None, **data: Any) -> None:
        self.message = message or type(self).message
        self.kind = kind or type(self).kind
        self.retryable = type(self).retryable if retryable is None else retryable
        self.data = data
        super().__init__(f"{self.code} {self.kind}")


class ParseError(GatewayError):
    code, kind, message = -32700, "parse_error", gettext_noop("Parse error")


class InvalidRequest(GatewayError):
    code, kind, message = -32600, "invalid_request", gettext_noop("Invalid Request")


class MethodNotFound(GatewayError):
    code, kind, message = -32601, "method_not_found", gettext_noop("Method not found")


class InvalidParams(GatewayError):
    code, kind, message = -32602, "invalid_params", gettext_noop("Invalid params")


class InternalError(GatewayError):
    """Something broke in our own house; the log has the details under the request id."""


class Unauthorised(GatewayError):
    code, kind, message = 1401, "unauthorised", gettext_noop("A valid token is needed: Authorization: Bearer …")


class Forbidden(GatewayError):
    code, kind, message = 1403, "forbidden", gettext_noop("This token may not do that")


class NotFound(GatewayError):
    code, kind, message = 1404, "not_found", gettext_noop("No such object")


class Conflict(GatewayError):
    code, kind, message = 1409, "conflict", gettext_noop("The object's state does not allow that")


class RateLimited(GatewayError):
    """Too many calls in a minute; `data.retry_after` says in how many seconds one is free again."""

    code, kind, message = 1429, "rate_limited", gettext_noop("Too many calls")
    retryable = True


class ServiceUnavailable(GatewayError):
    """The breaker of this server, or of the company's account at the vendor, is open; see `data.retry_after`."""

    code, kind, message = -32603, "service_unavailable", gettext_noop("Service temporarily unavailable")
    retryable = True


class UpstreamError(GatewayError):
    """The vendor refused, failed, or could not be reached."""

    code, kind, message = 1502, "upstream_error", gettext_noop("The external service did not answer as expected")


class DeadlineExceeded(GatewayError):
    code, kind, message = 1504, "deadline_exceeded", gettext_noop("The external service did not answer in time")
    retryable = True
