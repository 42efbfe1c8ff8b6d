"""What this system leans on and can do without for a while: the cache in Redis, and the message broker.

Asked by every page of staff, so at most every few seconds in each process: a server that hangs costs its time-out.
"""

from time import monotonic
from typing import Any

from celery import current_app
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django_redis import get_redis_connection

ASKED_EVERY_SECONDS = 5.0


class Outage(TextChoices):
    CACHE = (
        "cache",
        _(
            "Redis does not answer: pages are slower, and circuit breakers and limits of calls do not work until it "
            "is back. Nothing is lost."
        ),
    )
    BROKER = (
        "broker",
        _(
            "The message broker does not answer: calls and messages that come in are kept, and worked on a little "
            "later."
        ),
    )


_known: tuple[float, list[Outage]] | None = None


def now() -> list[Outage]:
    """What does not answer, as known a few seconds ago."""
    global _known
    if _known is None or monotonic() - _known[0] > ASKED_EVERY_SECONDS:
        _known = monotonic(), _ask()
    return _known[1]


def forget() -> None:
    """Ask again at once."""
    global _known
    _known = None


def _ask() -> list[Outage]:
    asked = ((Outage.CACHE, _cache_answers), (Outage.BROKER, _broker_answers))
    return [outage for outage, answers in asked if not answers()]


def _cache_answers() -> bool:
    """A cache in the database answers as long as the pages do."""
    if not settings.REDIS_URL:
        return True
    return _answers(lambda: get_redis_connection("default").ping())


def _broker_answers() -> bool:
    return _answers(_connect_to_broker)


def _connect_to_broker() -> None:
    with current_app.connection_for_write() as connection:
        connection.connect()


def _answers(ask: Any) -> bool:
    try:
        ask()
    except Exception:  # whatever the clients of Redis and of the broker raise
        return False
    return True
