"""The settings with what the system is measured against: bare views, and the table of one of them."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks"]
ROOT_URLCONF = "benchmarks.urls"
# As in production: DEBUG keeps a list of all queries. Set afterwards, so that nothing asks for TLS on loopback.
DEBUG = False
# What is measured is the gateway, not the refusal.
RATE_LIMIT_COMPANY = RATE_LIMIT_CALLER = 10_000_000
