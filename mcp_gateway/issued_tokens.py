"""Access tokens that staff make, rotate and revoke: each step is in the audit trail, never a token's text."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from mcp_gateway.audit import record_by
from mcp_gateway.models import ApiToken
from mcp_gateway.principal import Principal
from mcp_gateway.tokens import create_token, revoke_token, rotate_token


@transaction.atomic
def make(
    by: Principal, *, name: str, company: Any | None, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token, and the only copy of its text."""
    token, text = create_token(name=name, company=company, scopes=scopes, expires_at=expires_at)
    note(by, "token.created", token)
    return token, text


@transaction.atomic
def rotate(by: Principal, token: ApiToken) -> tuple[ApiToken, str] | None:
    """A new one for the same use; the old one ends in a day. None where it was rotated before."""
    rotated = rotate_token(token)
    if rotated is not None:
        note(by, "token.rotated", rotated[0], before={"prefix": token.prefix})
    return rotated


@transaction.atomic
def revoke(by: Principal, token: ApiToken) -> bool:
    """False where it was revoked already."""
    if not revoke_token(token):
        return False
    note(by, "token.revoked", token)
    return True


def note(by: Principal, action: str, token: ApiToken, **entry: Any) -> None:
    record_by(
        by,
        action=action,
        object_type="ApiToken",
        object_id=token.pk,
        company_id=token.company_id,
        after={"name": token.name, "prefix": token.prefix, "scopes": token.scopes},
        **entry,
    )
