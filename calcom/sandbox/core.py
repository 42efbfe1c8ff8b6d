"""What all of the sandbox's routes share: state, the caller behind a key, the request limit, webhooks on their way."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from calcom.sandbox.delivery import Courier
from calcom.sandbox.errors import (
    ApiError,
    CalcomError,
    bad_request,
    forbidden,
    no_such_route,
    not_found,
    too_many_requests,
    unauthorized,
)
from calcom.sandbox.limits import RateLimiter
from calcom.sandbox.state import Account, Booking, EventType, State
from calcom.sandbox.versions import routed
from mcp_gateway.sandbox import Reply, Request, Sandbox

NO_AUTHENTICATION = (
    "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header or OAuth client "
    "credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers"
)
NO_PERMISSION = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token containing managed user "
    "access token or oAuth client id in 'x-cal-client-id' header."
)
KEY_PREFIX = "cal_"


class SandboxCore(Sandbox):
    """The frame; the routes are in the classes built on it."""

    name: ClassVar[str] = "calcom"

    def reset(self) -> None:
        self.state = State()
        self.courier = Courier()
        self.limiter = RateLimiter()

    def answer(self, request: Request) -> Reply:
        """Version first, then the limit, then the route, as Cal.com does it."""
        if request.path.startswith("/_sandbox/"):
            return self._control(request)
        try:
            arrived = routed(request, is_self_hosted=self.state.settings.is_self_hosted)
            self._count(request)
            return super().answer(arrived)
        except CalcomError as error:
            return self.finish(request, error.reply(request))

    def _control(self, request: Request) -> Reply:
        """The control API says what it didn't like about a request."""
        try:
            return super().answer(request)
        except CalcomError as error:
            return Reply(status=error.status, body={"message": error.message})
        except (KeyError, TypeError, ValueError) as error:
            return Reply(status=400, body={"message": f"{type(error).__name__}: {error}"})

    def unknown_path(self, request: Request) -> Reply:
        return no_such_route(request).reply(request)

    def finish(self, request: Request, reply: Reply) -> Reply:
        if request.path.startswith("/_sandbox/"):
            return reply
        reply.headers["X-Request-Id"] = str(uuid.uuid4())
        with self.lock:
            limit = self.state.settings.rate_limit
            if limit is not None:
                reply.headers |= self.limiter.headers(bearer(request), limit)
        return reply

    def _count(self, request: Request) -> None:
        with self.lock:
            limit = self.state.settings.rate_limit
            if limit is not None and not self.limiter.take(bearer(request), limit):
                raise too_many_requests()

    def body_of(self, request: Request) -> Any:
        try:
            return request.json()
        except ValueError as error:
            raise bad_request(str(error)) from error

    def caller(self, request: Request) -> Account | None:
        """Who asks, where a key may be left out; a wrong one is refused all the same."""
        key = bearer(request)
        if not key:
            return None
        account = self.state.account_by_key(key)
        if account is None or account.api_key_expired:
            raise unauthorized("CustomThrottlerGuard - Invalid API Key")
        return account

    def known_caller(self, request: Request) -> Account:
        """Who asks, where a key must be given."""
        key = bearer(request)
        if not key:
            raise unauthorized(NO_AUTHENTICATION)
        if not key.startswith(KEY_PREFIX):
            raise unauthorized("ApiAuthStrategy - access token - Invalid Access Token.")
        account = self.state.account_by_key(key)
        if account is None:
            raise unauthorized("ApiAuthStrategy - api key - Your api key is not valid")
        if account.api_key_expired:
            raise unauthorized("ApiAuthStrategy - api key - Your api key is expired")
        return account

    def permitted_caller(self, request: Request) -> Account:
        """Like `known_caller`, where another guard stands first and answers 403."""
        if not bearer(request):
            raise forbidden(NO_PERMISSION)
        return self.known_caller(request)

    def event_type(self, event_type_id: int) -> EventType | None:
        event_type = self.state.event_types.get(event_type_id)
        return None if event_type is None or event_type.is_deleted else event_type

    def event_type_by_name(self, username: str, slug: str) -> EventType | None:
        """Raises 404 for the user only: callers have words of their own for a missing event type."""
        account = self.state.account_by_username(username)
        if account is None:
            raise not_found(f"User with username {username} not found")
        return self.state.event_type_by_slug(account, slug)

    def booking(self, uid: str, missing: str) -> Booking:
        booking = self.state.bookings.get(uid)
        if booking is None:
            raise not_found(missing)
        return booking

    def shared_booking(self, event_type: EventType, start: datetime) -> Booking | None:
        """The booking that people share who take seats at that time."""
        if event_type.seats_per_time_slot is None:
            return None
        return next(
            (
                booking
                for booking in self.state.bookings.all()
                if booking.event_type_id == event_type.id and booking.start == start and not booking.is_over
            ),
            None,
        )

    def announce(self, trigger: str, booking: Booking, payload: dict[str, Any], *, flat: bool = False) -> None:
        """Tell the host's webhooks, and wait for them. Never under the lock: they may ask back."""
        with self.lock:
            subscribers = [
                webhook
                for webhook in self.state.webhooks.values()
                if webhook.active
                and trigger in webhook.triggers
                and webhook.account_id == booking.host_id
                and webhook.event_type_id in (None, booking.event_type_id)
            ]
            attempts = self.state.settings.webhook_attempts
        for webhook in subscribers:
            self.courier.deliver(webhook, trigger, payload, attempts=attempts, flat=flat)


def bearer(request: Request) -> str:
    """The token of the Authorization header, empty without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def success(data: Any, *, status: int = 200, **more: Any) -> Reply:
    return Reply(status=status, body={"status": "success", "data": data, **more})


def number_in_path(text: str) -> int:
    """An id in a path; Cal.com parses it before anything else."""
    if not text.isdigit():
        raise ApiError(400, "Validation failed (numeric string is expected)")
    return int(text)
