"""The second factor of a log-in: codes of an app on the phone (TOTP), and backup codes for the day it is lost.

REQUIRE_2FA demands it of everybody; whoever has set one up is asked for it in any case. Until it is given, a session
with a right password alone is nobody's. Wrong codes are counted as wrong passwords are (django-axes), and besides each
one doubles the time until the next is looked at (django-otp), so that many addresses don't help.
"""

import hmac
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import django_otp
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.util import random_hex

from mcp_gateway.audit import record_by
from mcp_gateway.fields import WrongEncryptionKey, decrypt, encrypt
from mcp_gateway.models.authenticator import CODE, Authenticator
from mcp_gateway.principal import Principal

# In the session: whether its user is asked for the second factor; the secret of an app that is being set up, encrypted.
ASKED, SECRET = "second_factor_asked", "second_factor_secret"
BACKUP_CODES = 10
# What opens with a password alone.
BEFORE = ("admin:login", "admin:logout", "admin:second_factor", "admin:second_factor_set_up", "admin:jsi18n")


class SecondFactorMiddleware:
    """Leads pages to where the second factor is asked for; to everything else the session is that of nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_awaited(request) or _view_name(request) in BEFORE:
            return self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            return HttpResponseRedirect(
                f"{reverse('admin:second_factor')}?{urlencode({'next': request.get_full_path()})}"
            )
        request.user = AnonymousUser()
        return self.get_response(request)


def is_awaited(request: HttpRequest) -> bool:
    """Whether the session's user has given the password, but not yet the second factor that is asked for."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or "_auth_user_id" not in request.session:
        return False
    user: Any = request.user
    is_asked = settings.REQUIRE_2FA or request.session.get(ASKED, False)
    return bool(is_asked and user.is_authenticated and not user.is_verified())


def is_set_up(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user=user, confirmed=True).exists())


def is_locked(request: HttpRequest) -> bool:
    """Whether too many codes were wrong: none is looked at for a while."""
    return not AxesProxyHandler.is_allowed(request, _counted_as(request.user))


def give(request: HttpRequest, code: str) -> bool:
    """Look at a code of the app, or a backup code, which is used up by it; the session is the user's from then on."""
    device = _device_for(request.user, code := _bare(code))
    token = code if CODE.fullmatch(code) else _kept_as(code)
    accepted = device and django_otp.verify_token(request.user, device.persistent_id, token)
    if not accepted:
        user_login_failed.send(sender=__name__, credentials=_counted_as(request.user), request=request)
        return False
    AxesProxyHandler.reset_attempts(username=_counted_as(request.user)["username"])
    if isinstance(accepted, StaticDevice):
        left = accepted.token_set.count()
        _record(Principal.of_staff(request.user), request.user, "backup_code_used", after={"codes_left": left})
    _open(request, accepted)
    return True


def new_app(request: HttpRequest) -> Authenticator:
    """What an app has to know, kept in the session until its first code proves that it does."""
    return Authenticator(user=request.user, name="app", secret=_secret_being_set_up(request))


@transaction.atomic
def set_up(request: HttpRequest, code: str) -> list[str] | None:
    """Take the new app in place of the one before, if the code is its; the backup codes, which nobody reads again."""
    app = new_app(request)
    if not app.takes(_bare(code)):
        return None
    had_one = _forget(request.user)
    app.save()
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    kept = StaticDevice.objects.create(user=request.user, name="backup codes")
    StaticToken.objects.bulk_create(StaticToken(device=kept, token=_kept_as(code)) for code in codes)
    by, what = Principal.of_staff(request.user), "changed" if had_one else "set_up"
    _record(by, request.user, what, before={"is_set_up": had_one}, after={"is_set_up": True})
    del request.session[SECRET]
    _open(request, app)
    return codes


@transaction.atomic
def reset(user: Any, *, by: Principal, reason: str = "") -> bool:
    """Forget the user's app and codes: the phone is lost. Sessions that they had opened are closed at once."""
    if not _forget(user):
        return False
    _record(by, user, "reset", reason=reason, before={"is_set_up": True}, after={"is_set_up": False})
    return True


@receiver(user_logged_in)
def _at_log_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    request.session[ASKED] = is_set_up(user)


def _open(request: HttpRequest, device: Any) -> None:
    request.session[ASKED] = True
    request.session.cycle_key()
    django_otp.login(request, device)


def _secret_being_set_up(request: HttpRequest) -> str:
    """A new one where there is none yet, or none that can still be opened."""
    with suppress(KeyError, WrongEncryptionKey):
        return decrypt(request.session[SECRET])
    secret = str(random_hex(20))
    request.session[SECRET] = encrypt(secret)
    return secret


def _forget(user: Any) -> bool:
    apps, _ = Authenticator.objects.filter(user=user).delete()
    codes, _ = StaticDevice.objects.filter(user=user).delete()
    return bool(apps or codes)


def _device_for(user: Any, code: str) -> Any:
    kind = Authenticator if CODE.fullmatch(code) else StaticDevice
    return kind.objects.filter(user=user, confirmed=True).first()


def _bare(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()


def _kept_as(code: str) -> str:
    """Backup codes are stored as keyed hashes: who reads the database can't log in with them."""
    return hmac.new(settings.SECRET_KEY.encode(), f"backup code {code}".encode(), sha256).hexdigest()[:16]


def _counted_as(user: Any) -> dict[str, str]:
    """Codes are counted apart from passwords: a right password forgives the wrong ones before it, but no wrong codes.

    No user can have this name.
    """
    return {"username": f"{user.get_username()} #code"}


def _record(by: Principal, user: Any, what: str, **more: Any) -> None:
    record_by(by, action=f"second_factor.{what}", object_type="User", object_id=user.pk, **more)


def _view_name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
