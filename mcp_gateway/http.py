"""Who sends an HTTP request to the gateway."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from mcp_gateway.errors import Forbidden, Unauthorised
from mcp_gateway.principal import Principal
from mcp_gateway.tokens import verify_token


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def principal_of(request: HttpRequest) -> Principal:
    """The bearer of a token, or the member of staff behind a session with its CSRF token.

    Raises Unauthorised or Forbidden.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Principal.of_token(verify_token(token.strip()))
    if scheme or not request.user.is_active or not request.user.is_staff:
        raise Unauthorised
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or _fails_csrf(request):
        raise Forbidden("The CSRF token is missing or wrong")
    return Principal.of_staff(request.user)


def _fails_csrf(request: HttpRequest) -> bool:
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request)
    return check.process_view(request, lambda _: HttpResponse(), (), {}) is not None
