"""The one way out to vendors: a session per process with keep-alive, and which addresses may be reached."""

import ipaddress
import socket
from contextlib import suppress
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_guid.config import settings as guid_settings
from requests.adapters import HTTPAdapter

from mcp_gateway import correlation

POOL_SIZE = 32


@lru_cache(maxsize=1)
def session() -> requests.Session:
    """The process's session. It keeps connections open and repeats nothing by itself."""
    made = requests.Session()
    adapter = HTTPAdapter(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE, max_retries=0)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    # Companies' keys are ours to send: no .netrc, no proxies from the environment.
    made.trust_env = False
    # One session serves every company: what a vendor sets for one must not travel with another.
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made


def correlation_header() -> dict[str, str]:
    return {guid_settings.guid_header_name: correlation.current()}


def validate_vendor_url(url: str) -> None:
    """Refuse what is not a public https address, unless ALLOW_PRIVATE_URLS; validator of model fields."""
    if settings.ALLOW_PRIVATE_URLS:
        return
    host, port = _https_address(url)
    try:
        found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise ValidationError(_("The host %(host)s can't be found."), params={"host": host}) from None
    if not all(ipaddress.ip_address(address[4][0]).is_global for address in found):
        raise ValidationError(_("The host %(host)s is not a public one."), params={"host": host})


def _https_address(url: str) -> tuple[str, int]:
    with suppress(ValueError):  # a port beyond all ports, half an IPv6 address
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            return parts.hostname, parts.port or 443
    raise ValidationError(_("Only https addresses are allowed."))
