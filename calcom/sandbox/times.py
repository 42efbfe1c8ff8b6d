"""Instants as Cal.com reads and writes them. Everything inside is an aware datetime in UTC."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def now() -> datetime:
    return datetime.now(UTC)


def parse_moment(text: object) -> datetime | None:
    """An ISO 8601 date or date-time in UTC, None when it is none; without an offset it is meant in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def checked_moment(text: object) -> datetime:
    """The same where there must be one; raises ValueError."""
    moment = parse_moment(text)
    if moment is None:
        raise ValueError(f"no instant: {text!r}")
    return moment


def iso_utc(moment: datetime) -> str:
    """`2026-03-02T08:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_offset(moment: datetime) -> str:
    """`2026-03-02T08:00:00+00:00`, as some webhooks have it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def iso_in_zone(moment: datetime, zone: str) -> str:
    """Local time with its offset; only UTC itself gets a Z (London in winter is `+00:00`)."""
    if zone.lower() in ("utc", "gmt"):
        return iso_utc(moment)
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")


def utc_offset_minutes(moment: datetime, zone: str) -> int:
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return int(offset.total_seconds() // 60)


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(value: object) -> bool:
    return isinstance(value, str) and value in known_zones()
