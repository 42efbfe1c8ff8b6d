"""Those who act, by the names that people know: the audit trail keeps "staff:7", who may have changed names since."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model

STAFF = "staff:"


def display_names(actors: Iterable[str]) -> dict[str, str]:
    """What each actor is called, in one query at most; whoever is gone keeps the name that was written down."""
    wanted = set(actors)
    keys = {int(number) for actor in wanted if (number := _staff_key(actor)).isdecimal() and len(number) < 19}
    users = get_user_model()._default_manager.filter(pk__in=keys) if keys else ()
    known = {f"{STAFF}{user.pk}": user.get_full_name() or user.get_username() for user in users}
    return {actor: known.get(actor, actor) for actor in wanted}


def _staff_key(actor: str) -> str:
    return actor[len(STAFF) :] if actor.startswith(STAFF) else ""
