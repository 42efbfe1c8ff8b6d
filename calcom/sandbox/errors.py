"""Cal.com's error answers: two envelopes, because two kinds of code raise them.

Envelope A wraps what the API layer raises, with the exception's class name or a code. Envelope B is the bare
`{"statusCode", "message"}` of errors from the booking core, which the API layer doesn't know.
"""

from typing import Any

from calcom.sandbox.times import iso_utc, now
from mcp_gateway.sandbox import Reply, Request

# HTTP status: exception class and reason phrase as Nest names them.
NEST_NAMES = {
    400: ("BadRequestException", "Bad Request"),
    401: ("UnauthorizedException", "Unauthorized"),
    403: ("ForbiddenException", "Forbidden"),
    404: ("NotFoundException", "Not Found"),
    409: ("ConflictException", "Conflict"),
    422: ("UnprocessableEntityException", "Unprocessable Entity"),
}


class CalcomError(Exception):
    """What ends a request; `reply` says how it looks on the wire."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def reply(self, request: Request) -> Reply:
        raise NotImplementedError


class ApiError(CalcomError):
    """Envelope A; `details` and `code` differ for a few kinds of error only."""

    def __init__(self, status: int, message: str, *, code: str = "", details: Any = None) -> None:
        super().__init__(status, message)
        self.code = code
        self.details = details

    def reply(self, request: Request) -> Reply:
        body = {
            "status": "error",
            "timestamp": iso_utc(now()),
            "path": request.target,
            "error": self.description(),
        }
        return Reply(status=self.status, body=body)

    def description(self) -> dict[str, Any]:
        if self.code and self.details is None:
            return {"code": self.code, "message": self.message}
        name, reason = NEST_NAMES.get(self.status, (self.code, ""))
        details = self.details or {"message": self.message, "error": reason, "statusCode": self.status}
        return {"code": self.code or name, "message": self.message, "details": details}


class CoreError(CalcomError):
    """Envelope B."""

    def reply(self, request: Request) -> Reply:
        return Reply(status=self.status, body={"statusCode": self.status, "message": self.message})


def bad_request(message: str) -> ApiError:
    return ApiError(400, message)


def unauthorized(message: str) -> ApiError:
    return ApiError(401, message)


def forbidden(message: str) -> ApiError:
    return ApiError(403, message)


def not_found(message: str) -> ApiError:
    return ApiError(404, message)


def unprocessable(message: str) -> ApiError:
    return ApiError(422, message)


def no_such_route(request: Request) -> ApiError:
    return not_found(f"Cannot {request.method} {request.target}")


def zod_error(path: str, text: str) -> ApiError:
    """The booking core's schema refused the data; Cal.com ends the text with a comma."""
    return ApiError(400, f"{path} - {text}, ", code="BAD_REQUEST")


def trpc_error(status: int, message: str) -> ApiError:
    return ApiError(status, message, code="TRPCError")


def too_many_requests() -> ApiError:
    message = "CustomThrottlerGuard - Too many requests. Please try again later."
    return ApiError(429, message, code="ThrottlerException", details=message)
