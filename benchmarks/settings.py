"""The settings with one more URL: the bare view that the gateway is measured against."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
# As in production: DEBUG keeps a list of all queries. Set afterwards, so that nothing asks for TLS on loopback.
DEBUG = False
# What is measured is the gateway, not the refusal.
RATE_LIMIT_COMPANY = RATE_LIMIT_CALLER = 10_000_000
