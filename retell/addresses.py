"""Our own URLs that Retell calls, and the webhook's where staff chose another one."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from retell.models import RetellConfiguration


def function_url(configuration: RetellConfiguration) -> str:
    return _absolute("retell-function-of", configuration.pk)


def inbound_url(configuration: RetellConfiguration) -> str:
    return _absolute("retell-inbound-of", configuration.pk)


def shared_inbound_url() -> str:
    """Good enough where agent and number are one company's only."""
    return _absolute("retell-inbound")


def own_webhook_url(configuration: RetellConfiguration) -> str:
    return _absolute("retell-webhook-of", configuration.pk)


def webhook_url(configuration: RetellConfiguration) -> str:
    """Where the agent's events go: to us, unless another address is stored."""
    return configuration.webhook_url or own_webhook_url(configuration)


def hears_events(configuration: RetellConfiguration) -> bool:
    """Whether the agent's events are to come to us: also where our own address was stored by hand."""
    return webhook_url(configuration) == own_webhook_url(configuration)


def is_function_url(url: Any) -> bool:
    """Whether a function that calls this calls us, with or without a configuration's id."""
    ours = _absolute("retell-function")
    return isinstance(url, str) and (url == ours or url.startswith((f"{ours}/", f"{ours}?")))


def _absolute(name: str, *ids: int) -> str:
    return str(settings.APP_URL) + reverse(name, args=ids)
