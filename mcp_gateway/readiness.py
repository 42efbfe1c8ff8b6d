"""What an installation needs to be at work, one function for each fact.

`manage.py check --deploy` and the pages of staff ask the same, so that they can't contradict each other.
"""

from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings

from mcp_gateway import worker_queue

# The clock is late by so many of its own steps before anybody worries.
MISSED_SWEEPS = 3

Beat = Literal["runs", "stands still", "no sign yet"]


def is_app_url_https() -> bool:
    """Whether what vendors send to this system is encrypted on its way."""
    return bool(urlsplit(settings.APP_URL).scheme == "https")


def beat(last: datetime | None, now: datetime) -> Beat:
    """Whether timed tasks run, of which the last was done at `last`."""
    if last is None:
        return "no sign yet"
    patience = timedelta(seconds=MISSED_SWEEPS * settings.SWEEP_SECONDS + worker_queue.ANSWER_SECONDS)
    return "stands still" if now - last > patience else "runs"
