"""Which addresses an agent's webhook may have, and which events Retell sends there."""

from typing import Final, Literal, get_args
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from mcp_gateway import connections
from mcp_gateway.outbound import session, validate_vendor_url

Event = Literal[
    "call_started",
    "call_ended",
    "call_analyzed",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
]
EVENTS: Final = get_args(Event)
# What Retell sends where an agent's setting says nothing.
DEFAULT_EVENTS: Final = ("call_started", "call_ended", "call_analyzed")

MAX_LENGTH = 512
MAX_REDIRECTS = 5
CONNECT_SECONDS, TOTAL_SECONDS = 2.0, 4.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def validate_webhook_url(url: str) -> None:
    """Refuse what is no address for Retell to send to, without asking it; validator of model fields."""
    if len(url) > MAX_LENGTH:
        raise ValidationError(_("The address is too long."))
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.scheme in ("https", "http")
    except ValueError:
        has_host = False
    if not has_host:
        raise ValidationError(_("This is no web address."))
    if "@" in parts.netloc:
        raise ValidationError(_("The address must not carry a user name or a password."))
    validate_vendor_url(url)


def validate_events(value: object) -> None:
    """Validator of model fields."""
    events = value if isinstance(value, list) else [value]
    if value and not all(event in EVENTS for event in events):
        raise ValidationError(_("Retell sends these events: %(events)s") % {"events": ", ".join(EVENTS)})


def check_webhook_url(url: str) -> None:
    """As `validate_webhook_url`, for wherever the address leads too; one that does not answer now is taken."""
    validate_webhook_url(url)
    if settings.ALLOW_PRIVATE_URLS:
        return
    for _hop in range(MAX_REDIRECTS):
        following = _redirect_of(url)
        if following is None:
            return
        url = following
        try:
            validate_vendor_url(url)
        except ValidationError as error:
            reason = " ".join(error.messages)
            raise ValidationError(_("The address leads elsewhere: %(reason)s") % {"reason": reason}) from None
    raise ValidationError(_("The address leads from one to the next without an end."))


def _redirect_of(url: str) -> str | None:
    try:
        response = connections.send(
            session().prepare_request(requests.Request("HEAD", url)),
            connect_seconds=CONNECT_SECONDS,
            total_seconds=TOTAL_SECONDS,
            public_only=True,
        )
    except (requests.RequestException, ValueError):
        return None
    location = response.headers.get("Location", "")
    return urljoin(url, location) if response.status_code in _REDIRECTS and location else None
