"""Tags of the staff's pages."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp_gateway import moments
from mcp_gateway.badges import Look
from mcp_gateway.badges import badge as made_badge

register = template.Library()
_PICTURE = re.compile(r'(<img src="[^"]*/icon-(?:yes|no|unknown)[^"]*" )alt="(True|False|None)"')


@register.simple_tag
def badge(look: str, text: Any) -> SafeString:
    """`{% badge "good" text %}`: good, waits, care, bad or quiet."""
    return made_badge(Look[look.upper()], text)


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


register.filter("moment", moments.moment)
register.filter("clock", moments.clock)
register.filter("zoned_clock", moments.zoned_clock)
register.filter("exact", moments.exact)


@register.filter
def number(value: Any) -> str:
    """With the language's separators; what is text already stays as it is."""
    return value if isinstance(value, str) else number_format(value, force_grouping=True)


@register.filter(is_safe=True)
def yes_and_no(shown: str) -> str:
    """A value as Django's admin shows it; its pictures of yes and no have English names."""
    words = {"True": _("yes"), "False": _("no"), "None": _("unknown")}
    return _PICTURE.sub(lambda found: f'{found[1]}alt="{words[found[2]]}"', shown)


@register.filter
def weekday(at: datetime, zone: tzinfo | None = None) -> str:
    return date_format(timezone.localtime(at, zone), "l")


@register.filter
def instant(at: datetime) -> str:
    """In UTC, for a query string."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
