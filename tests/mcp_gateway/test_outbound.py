"""Which addresses may be reached, and how."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from mcp_gateway import outbound
from mcp_gateway.outbound import validate_vendor_url

PUBLIC = "https://8.8.8.8"
PRIVATE = [
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f.1",
    "https://localhost",
    "https://0.0.0.0",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[fe80::1]",
    "https://[fd00::1]",
    "https://10.0.0.1",
    "https://172.16.0.1",
    "https://192.168.1.1:8443/path",
    "https://100.64.0.1",
    "https://169.254.169.254/latest/meta-data",
    "https://8.8.8.8@127.0.0.1",
]
NOT_HTTPS = ["http://8.8.8.8", "ftp://8.8.8.8", "//8.8.8.8", "8.8.8.8", "", "https://", "javascript:alert(1)"]
BROKEN = ["https://8.8.8.8:99999", "https://[::1", "https://8.8.8.8:port"]
UNKNOWN = ["https://nobody.invalid", f"https://{'a' * 70}.example", "https://a..b"]


@pytest.fixture(autouse=True)
def _production(settings: Any) -> Iterator[None]:
    settings.ALLOW_PRIVATE_URLS = False
    with translation.override("en"):
        yield


@pytest.mark.parametrize("url", [PUBLIC, f"{PUBLIC}:8443/v2?x=1", "https://[2001:4860:4860::8888]"])
def test_public_https_addresses_are_allowed(url: str) -> None:
    validate_vendor_url(url)


@pytest.mark.parametrize("url", PRIVATE)
def test_our_own_network_is_not_reached(url: str) -> None:
    with pytest.raises(ValidationError, match="not a public one"):
        validate_vendor_url(url)


@pytest.mark.parametrize("url", NOT_HTTPS + BROKEN)
def test_nothing_but_https(url: str) -> None:
    with pytest.raises(ValidationError, match="Only https"):
        validate_vendor_url(url)


@pytest.mark.parametrize("url", UNKNOWN)
def test_hosts_that_nobody_knows(url: str) -> None:
    with pytest.raises(ValidationError, match="can't be found"):
        validate_vendor_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001", "https://10.0.0.1"])
def test_sandboxes_are_reached_where_that_is_allowed(settings: Any, url: str) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    validate_vendor_url(url)


def test_the_environment_adds_no_credentials_and_no_proxy() -> None:
    assert outbound.session().trust_env is False
    assert outbound.session() is outbound.session()


def test_nothing_is_repeated_by_itself() -> None:
    assert outbound.session().get_adapter("https://x").max_retries.total == 0
