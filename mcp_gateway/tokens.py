"""Bearer tokens: made once, shown once, stored as a prefix and a keyed hash."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from mcp_gateway.errors import Unauthorised
from mcp_gateway.models import ApiToken

PREFIX_BYTES = 4
SECRET_BYTES = 32
LAST_USE_STEP = timedelta(minutes=1)


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
    """The token behind the text; raises Unauthorised when it is unknown, wrong, revoked or expired."""
    prefix = "_".join(text.split("_", 2)[:2])
    token = ApiToken.objects.filter(ApiToken.usable(), prefix=prefix).first()
    if token is None or not constant_time_compare(token.token_hash, _hash(text)):
        raise Unauthorised("The token is unknown, revoked or expired")
    _note_use(token)
    return token


def _note_use(token: ApiToken) -> None:
    """Write the time of use, at most once a minute: the path is hot."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _hash(text: str) -> str:
    return salted_hmac("mcp_gateway.tokens", text, algorithm="sha256").hexdigest()
