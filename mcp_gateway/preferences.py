"""How each member of staff sees the pages: in which language, and on the clock of which time zone.

Who has chosen no language gets the browser's, who has chosen no zone the company's. Both stand in the session, where
they are read anew once a minute, so that a page asks the database for no more than it would without. Appointments and
calls are shown on their company's clock whatever the zone of whoever looks: that is what callers are told.
"""

from collections.abc import Callable
from time import time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.views.i18n import set_language

from mcp_gateway.audit import record_by
from mcp_gateway.companies import zones_of
from mcp_gateway.models import StaffPreferences
from mcp_gateway.principal import Principal

LANGUAGE, ZONE, READ_AT = "language", "zone", "preferences_read_at"
READ_EVERY_SECONDS = 60


class PreferencesMiddleware:
    """Shows a member of staff the pages as they are preferred; programs and vendors have no session, and no wishes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or "_auth_user_id" not in request.session:
            return self.get_response(request)
        session = request.session
        if time() - session.get(READ_AT, 0) > READ_EVERY_SECONDS and request.user.is_authenticated:
            _read(session, request.user)
        if language := session.get(LANGUAGE):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(ZoneInfo(session.get(ZONE, settings.TIME_ZONE))):
            return self.get_response(request)


def of(user: Any) -> StaffPreferences:
    """What the user has chosen; nothing so far: a row that is not stored."""
    return StaffPreferences.objects.filter(user=user).first() or StaffPreferences(user=user)


@transaction.atomic
def choose(request: HttpRequest, **chosen: str) -> None:
    """Keep what the user of the request has chosen (`language`, `time_zone`; "": nothing), from this session on."""
    user: Any = request.user
    known = of(user)
    before = {name: getattr(known, name) for name in chosen}
    if before != chosen:
        StaffPreferences.objects.update_or_create(user=user, defaults=chosen)
        record_by(
            Principal.of_staff(user),
            action="preferences.changed",
            object_type="User",
            object_id=user.pk,
            before=before,
            after=chosen,
        )
    _read(request.session, user)


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Django's own view, which sets a cookie; who is logged in keeps the language in every browser."""
    response = set_language(request)
    language = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and language in dict(settings.LANGUAGES):
        choose(request, language=language)
    return response


@receiver(user_logged_in)
def _at_log_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    _read(request.session, user)


def _read(session: Any, user: Any) -> None:
    chosen = of(user)
    session[LANGUAGE] = chosen.language
    session[ZONE] = chosen.time_zone or _companys_zone(user)
    session[READ_AT] = int(time())


def _companys_zone(user: Any) -> str:
    """Of the companies that the user works for; where they have several, the one that settings name."""
    zones = zones_of(user)
    return zones[0] if len(zones) == 1 else settings.TIME_ZONE
