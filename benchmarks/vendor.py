"""Cal.com's sandbox in a process of its own, as the benchmarks want it: without a limit, and as slow as they say."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import urlsplit

import requests

from benchmarks.load import request
from tests.servers import Process, free_port

NO_LIMIT = 1_000_000
A_DAY = 20
EVERY_DAY = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@contextmanager
def calcom() -> Iterator[str]:
    """Its address."""
    port = free_port()
    with Process([sys.executable, "manage.py", "sandbox", "calcom", "--port", str(port)], environment={}) as process:
        process.wait_until_listening(port)
        yield f"http://127.0.0.1:{port}"


def empty(url: str) -> None:
    """No accounts, no bookings, no delay. Its headers tell our own budget that there is no limit to speak of."""
    requests.post(f"{url}/_sandbox/reset", timeout=10).raise_for_status()
    requests.post(f"{url}/_sandbox/settings", json={"rate_limit": NO_LIMIT}, timeout=10).raise_for_status()


def open_account(url: str, api_key: str, username: str) -> int:
    """A salon that is open every day from 6 to 21; returns its event type of half an hour."""
    account = {
        "username": username,
        "api_key": api_key,
        "email": f"{username}@salon.example",
        "name": username,
        "time_zone": "Europe/Berlin",
        "schedule": [{"days": EVERY_DAY, "startTime": "06:00", "endTime": "21:00"}],
        "event_types": [{"title": "Haarschnitt", "slug": "cut", "length_minutes": 30}],
    }
    made = requests.post(f"{url}/_sandbox/accounts", json=account, timeout=10).json()
    return int(made["event_types"][0]["id"])


def delay(url: str, seconds: float) -> None:
    """From now on it takes so long for everything."""
    fault = {"path": "/v2/.*", "action": "delay", "seconds": seconds, "times": 1_000_000}
    requests.post(f"{url}/_sandbox/faults", json=fault, timeout=10).raise_for_status()


class Bookings:
    """Bookings as a load, without us: each at another time, in the salons' event types by turns."""

    name = "bookings"

    def __init__(self, url: str, keys: Mapping[int, str]) -> None:
        """`keys`: the API key of each event type's owner."""
        self.port = int(urlsplit(url).port or 0)
        self._keys = list(keys.items())
        self._numbers = count()

    def as_bytes(self) -> bytes:
        number, turn = divmod(next(self._numbers), len(self._keys))
        event_type_id, api_key = self._keys[turn]
        day, half_hour = divmod(number, A_DAY)
        start = datetime.now(UTC).replace(hour=7, minute=0) + timedelta(days=10 + day, minutes=30 * half_hour)
        attendee = {"name": "Erika", "email": f"{number}@no-mail.invalid", "timeZone": "Europe/Berlin"}
        body = {"eventTypeId": event_type_id, "start": f"{start:%Y-%m-%dT%H:%M}:00.000Z", "attendee": attendee}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {api_key}"}
        return request("/v2/bookings", {**headers, "cal-api-version": "2024-08-13"}, json.dumps(body).encode())
