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
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


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
    if not all(is_public(str(address[4][0])) for address in found):
        raise ValidationError(_("The host %(host)s is not a public one."), params={"host": host})


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, and so is the IPv4 address that an IPv6 one may carry."""
    ip = ipaddress.ip_address(address)
    carried = _carried(ip) if isinstance(ip, ipaddress.IPv6Address) else None
    return ip.is_global and not ip.is_multicast and (carried is None or is_public(str(carried)))


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that gateways would send on to."""
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _https_address(url: str) -> tuple[str, int]:
    with suppress(ValueError):  # a port beyond all ports, half an IPv6 address
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            return parts.hostname, parts.port or 443
    raise ValidationError(_("Only https addresses are allowed."))
