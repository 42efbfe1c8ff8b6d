"""Sessions end when nothing was done for SESSION_COOKIE_AGE seconds, without a write to the database at each click."""

from collections.abc import Callable
from time import time

from django.http import HttpRequest, HttpResponse

SEEN = "seen_at"
WRITTEN_EVERY_SECONDS = 60


class IdleSessionMiddleware:
    """Renews the session of whoever is at work, at most once a minute."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        # Only a session that was used: to look into it would make one, and a query, for vendors and programs.
        if session.accessed and "_auth_user_id" in session and time() - session.get(SEEN, 0) > WRITTEN_EVERY_SECONDS:
            session[SEEN] = int(time())
        return response
