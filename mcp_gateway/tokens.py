"""Bearer tokens: made once, shown once, stored as a prefix and a keyed hash.

A process remembers for TOKEN_CACHE_SECONDS (5) that a token was good: for so long after its revocation other
processes may still take it.
"""

import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from mcp_gateway.errors import Unauthorised
from mcp_gateway.models import ApiToken

PREFIX_BYTES = 4
SECRET_BYTES = 32
LAST_USE_STEP = timedelta(minutes=1)
# For so long a token is good beside its successor.
OVERLAP = timedelta(hours=24)
MAX_REMEMBERED = 1000

# By keyed hash of the text: until when (time.monotonic) the token counts as good, and its row.
_good: dict[str, tuple[float, ApiToken]] = {}


def create_token(
    *, name: str, company: Any | None, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for one company (None: for all); returns the row and the only copy of the text."""
    prefix = f"mcp_{secrets.token_hex(PREFIX_BYTES)}"
    text = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    token = ApiToken.objects.create(
        name=name, company=company, prefix=prefix, token_hash=_hash(text), scopes=list(scopes), expires_at=expires_at
    )
    return token, text


def verify_token(text: str) -> ApiToken:
    """The token behind the text, with its company; raises Unauthorised when it is unknown, revoked or expired."""
    token_hash = _hash(text)
    until, token = _good.get(token_hash, (0.0, None))
    if token is None or until < time.monotonic() or _is_expired(token):
        token = _stored(text, token_hash)
        _remember(token_hash, token)
    _note_use(token)
    return token


def revoke_token(token: ApiToken) -> bool:
    """Revoke it from now on; False when somebody else just did."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    _good.clear()
    return bool(revoked)


def rotate_token(token: ApiToken) -> tuple[ApiToken, str] | None:
    """A new token for the same use; the old one stays good for OVERLAP, so that clients can change over.

    None where it has its successor already.
    """
    with transaction.atomic():
        stored = ApiToken.objects.select_for_update().get(pk=token.pk)  # who comes second waits here
        if stored.successor_id is not None:
            return None
        made, text = create_token(
            name=stored.name, company=token.company, scopes=stored.scopes, expires_at=stored.expires_at
        )
        stored.successor, stored.expires_at = made, end_of_rotated(stored)
        stored.save(update_fields=["successor", "expires_at"])
    _good.clear()
    return made, text


def end_of_rotated(token: ApiToken) -> datetime:
    """When it would end, were it rotated now: after OVERLAP, and no later than it does anyway."""
    ends_at = timezone.now() + OVERLAP
    return min(ends_at, token.expires_at) if token.expires_at else ends_at


def forget_remembered() -> None:
    """Ask the database for every token again."""
    _good.clear()


def _stored(text: str, token_hash: str) -> ApiToken:
    prefix = "_".join(text.split("_", 2)[:2])
    tokens = ApiToken.objects.select_related("company").filter(ApiToken.usable(), prefix=prefix)
    token = tokens.first()
    if token is None or not constant_time_compare(token.token_hash, token_hash):
        raise Unauthorised("The token is unknown, revoked or expired")
    return token


def _is_expired(token: ApiToken) -> bool:
    return token.expires_at is not None and token.expires_at <= timezone.now()


def _remember(token_hash: str, token: ApiToken) -> None:
    if len(_good) >= MAX_REMEMBERED:
        _good.clear()
    _good[token_hash] = (time.monotonic() + settings.TOKEN_CACHE_SECONDS, token)


def _note_use(token: ApiToken) -> None:
    """Write the time of use, at most once a minute: the path is hot."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_STEP:
        token.last_used_at = now
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _hash(text: str) -> str:
    return salted_hmac("mcp_gateway.tokens", text, algorithm="sha256").hexdigest()
