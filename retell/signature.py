"""Retell's signature: `X-Retell-Signature: v=<unix ms>,d=<hex HMAC-SHA256(key, raw body + ms)>`.

Only the API key with the "webhook" badge signs. The body must be the raw bytes: a re-serialised one never fits.
(Source: Retell's SDK, lib/webhook_auth.py, and its documentation on securing webhooks.)
"""

import hashlib
import hmac
import re
import time

HEADER = "X-Retell-Signature"
# Both ways: a stale message may be a replay, and one from the future could be replayed for longer.
TOLERANCE_MS = 300_000
_PATTERN = re.compile(r"v=(\d{1,15}),d=([0-9a-f]{64})", re.ASCII)


class InvalidSignature(Exception):
    """The request does not come from Retell, or not now. The text is for the operators' log."""


def sign(body: bytes, key: str, timestamp_ms: int) -> str:
    """The header's value for a body, as Retell makes it."""
    return f"v={timestamp_ms},d={_digest(body, key, timestamp_ms)}"


def verify(body: bytes, header: str | None, key: str, *, now_ms: int | None = None) -> None:
    """Raise InvalidSignature unless the header signs this body with this key within the tolerance."""
    if not key:
        raise InvalidSignature("no webhook key is stored for the company")
    match = _PATTERN.fullmatch(header or "")
    if match is None:
        raise InvalidSignature("the signature header is missing or malformed")
    timestamp_ms = int(match[1])
    now_ms = int(time.time() * 1000) if now_ms is None else now_ms
    if abs(now_ms - timestamp_ms) > TOLERANCE_MS:
        raise InvalidSignature("the signature is too old or from the future: compare the clocks")
    if not hmac.compare_digest(_digest(body, key, timestamp_ms), match[2]):
        raise InvalidSignature('the signature does not fit: is the stored key the one with the "webhook" badge?')


def _digest(body: bytes, key: str, timestamp_ms: int) -> str:
    return hmac.new(key.encode(), body + str(timestamp_ms).encode(), hashlib.sha256).hexdigest()
