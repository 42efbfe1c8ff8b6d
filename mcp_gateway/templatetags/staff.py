"""Tags of the staff's pages."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from mcp_gateway.badges import Look
from mcp_gateway.badges import badge as made_badge
from mcp_gateway.moments import moment as made_moment

register = template.Library()


@register.simple_tag
def badge(look: str, text: Any) -> SafeString:
    """`{% badge "good" text %}`: good, waits, care, bad or quiet."""
    return made_badge(Look[look.upper()], text)


@register.filter
def moment(at: datetime | str | None) -> SafeString | str:
    """A time in the viewer's zone, with UTC in its title."""
    return made_moment(at)


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """A length of time in words, two units at most: "3 min 5 s", "2 h 1 min", "4 days 3 h"."""
    if seconds is None:
        return "–"
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    minutes, rest = divmod(max(0, total), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        (days, ngettext("%d day", "%d days", days)),
        (hours, _("%d h")),
        (minutes, _("%d min")),
        (rest, _("%d s")),
    ]
    first = next((place for place, (number, _unit) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(unit % number for number, unit in parts[first : first + 2] if number or unit == parts[-1][1])


@register.filter
def moment(at: datetime | None, zone: tzinfo | None = None) -> SafeString | str:
    """An instant on the clock of the zone (default: staff's) with its abbreviation, and in UTC on hovering."""
    if at is None:
        return "–"
    local = timezone.localtime(at, zone)
    written = date_format(local, "SHORT_DATETIME_FORMAT" if get_language() == "de" else "DATETIME_FORMAT")
    return _time(at, f"{written} {local.tzname()}")


@register.filter
def clock(at: datetime, zone: tzinfo | None = None) -> SafeString:
    """The time of day of an instant, as `moment`."""
    return _time(at, date_format(timezone.localtime(at, zone), "TIME_FORMAT"))


def _time(at: datetime, written: str) -> SafeString:
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', utc.isoformat(), f"{utc:%Y-%m-%d %H:%M:%S} UTC", written
    )
