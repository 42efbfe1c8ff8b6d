"""Cal.com's request limit: so many a minute for each key, then a block of a whole minute."""

import math
import time
from dataclasses import dataclass, field

WINDOW_SECONDS = 60.0
BLOCK_SECONDS = 60.0


@dataclass
class Bucket:
    window_ends: float = 0.0
    used: int = 0
    blocked_until: float = 0.0


@dataclass
class RateLimiter:
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def take(self, key: str, limit: int) -> bool:
        """Count one request; False when it is refused."""
        bucket = self.buckets.setdefault(key, Bucket())
        moment = time.monotonic()
        if moment < bucket.blocked_until:
            return False
        if moment >= bucket.window_ends:
            bucket.window_ends, bucket.used = moment + WINDOW_SECONDS, 0
        bucket.used += 1
        if bucket.used > limit:
            bucket.blocked_until = moment + BLOCK_SECONDS
            return False
        return True

    def headers(self, key: str, limit: int) -> dict[str, str]:
        """`Reset` is in seconds from now."""
        bucket = self.buckets.get(key, Bucket())
        seconds_left = max(0.0, max(bucket.window_ends, bucket.blocked_until) - time.monotonic())
        return {
            "X-RateLimit-Limit-Default": str(limit),
            "X-RateLimit-Remaining-Default": str(max(0, limit - bucket.used)),
            "X-RateLimit-Reset-Default": str(math.ceil(seconds_left)),
        }
