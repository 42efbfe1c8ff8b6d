"""The vendor's webhook signature, written from its description and not shared with the code that verifies it."""

import hashlib
import hmac

HEADER = "X-Retell-Signature"


def sign(body: bytes | str, key: str, timestamp_ms: int) -> str:
    """The header's value: `v=<ms since the epoch>,d=<HMAC-SHA256 of body and those ms, 64 lower-case hex digits>`."""
    raw = body.encode() if isinstance(body, str) else body
    digest = hmac.new(key.encode(), raw + str(timestamp_ms).encode(), hashlib.sha256).hexdigest()
    return f"v={timestamp_ms},d={digest}"
