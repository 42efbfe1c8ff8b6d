"""Moments as staff read them: in their own time zone, with its abbreviation; UTC when one points at it."""

from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString


def moment(at: datetime | str | None) -> SafeString | str:
    """A `time` element; takes ISO text too, and gives back as it is what is none. Nothing: a dash."""
    if not at:
        return "–"
    instant = at if isinstance(at, datetime) else _parsed(at)
    if instant is None or timezone.is_naive(instant):
        return str(at)
    local, utc = timezone.localtime(instant), instant.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{} {}</time>',
        utc.isoformat(timespec="seconds"),
        f"{utc:%Y-%m-%d %H:%M:%S}",
        date_format(local, "SHORT_DATETIME_FORMAT"),
        local.tzname(),
    )


def _parsed(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
