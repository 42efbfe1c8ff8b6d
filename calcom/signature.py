"""Cal.com's signature: `X-Cal-Signature-256: <hex HMAC-SHA256(secret, raw body)>`.

It covers no time and no number of the message: what was sent once can be sent again by whoever saw it, and holds.
"""

import hashlib
import hmac

HEADER = "X-Cal-Signature-256"
# What Cal.com puts into the header of a webhook that was set up without a secret.
UNSIGNED = "no-secret-provided"


class InvalidSignature(Exception):
    """The request does not come from Cal.com. The text is for the operators' log."""


def sign(body: bytes, secret: str) -> str:
    """The header's value for a body, as Cal.com makes it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(body: bytes, header: str | None, secret: str) -> None:
    """Raise InvalidSignature unless the header signs this body; without a secret, after as long a time as with one."""
    fits = hmac.compare_digest(sign(body, secret).encode(), (header or "").encode())
    if not secret:
        raise InvalidSignature("no webhook secret is stored for the company")
    if header == UNSIGNED:
        raise InvalidSignature("the webhook was set up in Cal.com without a secret")
    if not fits:
        raise InvalidSignature("the signature does not fit: is the stored secret the webhook's?")
