"""Moments as staff read them: in their own time zone, with its abbreviation; UTC when one points at it."""

from datetime import UTC, datetime, tzinfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString


def moment(at: datetime | str | None, zone: tzinfo | None = None) -> SafeString | str:
    """A `time` element on the clock of the zone (default: staff's).

    Takes ISO text too, and gives back as it is what is none. Nothing: a dash.
    """
    if not at:
        return "–"
    instant = at if isinstance(at, datetime) else _parsed(at)
    if instant is None or timezone.is_naive(instant):
        return str(at)
    return _element(instant, written(instant, zone))


def written(at: datetime, zone: tzinfo | None = None) -> str:
    """The text of `moment`: "22.11.2026 18:19 CET"."""
    local = timezone.localtime(at, zone)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def clock(at: datetime, zone: tzinfo | None = None) -> SafeString:
    """The time of day of an instant, as `moment`."""
    return _element(at, date_format(timezone.localtime(at, zone), "TIME_FORMAT"))


def zoned_clock(at: datetime, zone: tzinfo | None = None) -> SafeString:
    """The time of day with the zone's abbreviation, where clocks of several zones may stand below each other."""
    local = timezone.localtime(at, zone)
    return _element(at, f"{date_format(local, 'TIME_FORMAT')} {local.tzname()}")


def exact(at: datetime, zone: tzinfo | None = None) -> SafeString:
    """The time of day to the second, for what comes quickly one after the other."""
    return _element(at, f"{timezone.localtime(at, zone):%H:%M:%S}")


def _element(at: datetime, text: str) -> SafeString:
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        utc.isoformat(timespec="seconds"),
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        text,
    )


def _parsed(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
