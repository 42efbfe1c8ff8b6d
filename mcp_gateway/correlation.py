"""The correlation id that joins a request, its tasks and its outgoing calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.utils.translation import gettext as _
from django_guid import get_guid
from django_guid.context import guid


def current() -> str:
    """The id of the work at hand; work that came without one gets its own."""
    if not get_guid():
        guid.set(str(uuid4()))
    return get_guid()


def told() -> str:
    """The id for people, at the end of what went wrong: whoever is asked for help looks by it."""
    return _("Request id: %(id)s") % {"id": current()}


@contextmanager
def bound(correlation_id: str) -> Iterator[str]:
    """Work under this id, and give back the one before."""
    token = guid.set(correlation_id or str(uuid4()))
    try:
        yield get_guid()
    finally:
        guid.reset(token)
