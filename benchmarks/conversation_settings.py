"""The benchmarks' settings with the middleware that measures our own time."""

from benchmarks.settings import *  # noqa: F403
from benchmarks.settings import MIDDLEWARE

MIDDLEWARE = ["benchmarks.waiting.OwnTime", *MIDDLEWARE]
RATE_LIMIT_VENDOR = 10_000_000
