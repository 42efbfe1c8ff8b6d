"""The system as gunicorn serves it, for a client that can't send a token: every request gets one here."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from config.wsgi import application as system

AUTHORIZATION = f"Bearer {os.environ['CONFORMANCE_TOKEN']}"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return system({**environ, "HTTP_AUTHORIZATION": AUTHORIZATION}, start_response)
