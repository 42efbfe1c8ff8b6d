"""A fixed moment to understand from: Wednesday, 18 November 2026, 10:00 in Berlin, unless a test names another."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from appointments.spoken import Understanding, understand

BERLIN = ZoneInfo("Europe/Berlin")
USUAL = (time(8), time(20))


def ask(
    date_words: str | None,
    time_words: str | None = None,
    *,
    today: str = "2026-11-18",
    at: str = "10:00",
    opening: tuple[time, time] = USUAL,
) -> Understanding:
    now = datetime.fromisoformat(f"{today}T{at}").replace(tzinfo=BERLIN)
    return understand(date_words, time_words, now=now, zone=BERLIN, opening=opening)


def local(understood: Understanding) -> str:
    """What would be booked, as Berlin reads it; "" when nothing would."""
    return f"{understood.start.astimezone(BERLIN):%Y-%m-%d %H:%M}" if understood.start else ""


def dates(*days: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(day) for day in days)
