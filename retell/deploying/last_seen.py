"""How each agent was found at Retell the last time, for when Retell can't be asked. Losing it loses nothing else."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from pydantic import BaseModel

from retell.models import RetellConfiguration

KEPT = timedelta(days=90)


class Seen(BaseModel):
    """`differences`: how many parts were not as they are configured here."""

    at: datetime
    agent_name: str
    live_version: int | None
    in_sync: bool
    differences: int

    @property
    def age(self) -> timedelta:
        return timezone.now() - self.at


def note(configuration: RetellConfiguration, seen: Seen) -> None:
    cache.set(_key(configuration), seen.model_dump(mode="json"), KEPT.total_seconds())


def last_seen(configurations: Iterable[RetellConfiguration]) -> dict[int, Seen]:
    """By the configuration's primary key."""
    pks = {_key(row): row.pk for row in configurations}
    return {pks[key]: Seen.model_validate(stored) for key, stored in cache.get_many(pks).items()}


def _key(configuration: RetellConfiguration) -> str:
    return f"retell:seen:{configuration.pk}"
