"""The one way out to vendors: a session per process with keep-alive, and which addresses may be reached."""

import ipaddress
import socket
from functools import lru_cache
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
    return made


def correlation_header() -> dict[str, str]:
    return {guid_settings.guid_header_name: correlation.current()}


def validate_vendor_url(url: str) -> None:
    """Refuse what is not a public https address, unless ALLOW_PRIVATE_URLS; validator of model fields."""
    if settings.ALLOW_PRIVATE_URLS:
        return
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValidationError(_("Only https addresses are allowed."))
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, proto=socket.IPPROTO_TCP)
    except OSError:
        raise ValidationError(_("The host %(host)s can't be found."), params={"host": parts.hostname}) from None
    if not all(ipaddress.ip_address(address[4][0]).is_global for address in found):
        raise ValidationError(_("The host %(host)s is not a public one."), params={"host": parts.hostname})
