"""Cal.com's sandbox in a process of its own, as the benchmarks want it: without a limit, and as slow as they say."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.servers import Process, free_port

NO_LIMIT = 1_000_000
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
