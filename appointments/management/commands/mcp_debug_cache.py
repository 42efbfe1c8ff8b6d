"""`manage.py mcp_debug_cache --call-id=…`: a caller's wish, as it stands in the cache and on the call's row."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.core.management.base import BaseCommand

from appointments.models import Appointment, Call
from appointments.wishes import booking_key, cache_key, wish_of

# All others may tell who called.
OPEN_FIELDS = frozenset(
    {
        "appointment_date",
        "appointment_time",
        "service_type",
        "service_id",
        "starts_at",
        "collected_at",
        "language",
        "state",
    }
)
MASK = "••••"


class Command(BaseCommand):
    help = "Show what is kept of a call's wish, in the cache and in the database. Exit code 1: nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--call-id", required=True, help="Retell's id of the call")
        parser.add_argument("--show", action="store_true", help="what the caller said of himself too, unmasked")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = _kept(options["call_id"].strip(), unmasked=options["show"])
        if options["json"]:
            self.stdout.write(json.dumps(kept, indent=2, ensure_ascii=False, default=str))
        else:
            self._show(kept)
        if kept["cache"]["fields"] is None and kept["database"] is None:
            sys.exit(1)

    def _show(self, kept: Mapping[str, Any]) -> None:
        for place in ("cache", "database", "booking"):
            self.stdout.write(place)
            for name, value in (kept[place] or {"": "nothing"}).items():
                self._line(name, value)

    def _line(self, name: str, value: Any, indent: str = "  ") -> None:
        if not isinstance(value, Mapping) or not value:
            self.stdout.write(f"{indent}{name:18}{'nothing' if value in (None, {}) else value}".rstrip())
            return
        self.stdout.write(f"{indent}{name}")
        for inner, what in value.items():
            self._line(inner, what, f"{indent}  ")


def _kept(call_id: str, *, unmasked: bool) -> dict[str, Any]:
    call = Call.objects.filter(call_id=call_id).first()
    key = cache_key(call_id)
    return {
        "cache": {"key": key, "seconds_left": _seconds_left(key), "fields": _fields(cache.get(key), unmasked)},
        "database": call and _row(call, unmasked),
        "booking": call and _booking(call),
    }


def _row(call: Call, unmasked: bool) -> dict[str, Any]:
    wish = wish_of(call)
    return {
        "call": call.pk,
        "company": call.company_id,
        "status": call.status,
        # What would be booked: the later wish of both places.
        "counts": wish and wish.collected_at.isoformat(),
        "fields": _fields(call.collected_data or None, unmasked),
    }


def _booking(call: Call) -> dict[str, Any] | None:
    appointment = Appointment.objects.filter(booking_key=booking_key(call)).first()
    if appointment is None:
        return None
    return {
        "appointment": appointment.pk,
        "status": appointment.status,
        "starts_at": appointment.starts_at.isoformat(),
        "calcom_uid": appointment.calcom_booking_uid,
        "last_error": appointment.last_error,
    }


def _fields(data: Any, unmasked: bool) -> Any:
    if not isinstance(data, Mapping):
        return data if data is None or unmasked else MASK
    return {name: value if unmasked or name in OPEN_FIELDS or not value else MASK for name, value in data.items()}


def _seconds_left(key: str) -> int | None:
    """None where the cache can't tell, or has no such key: Redis can tell."""
    ttl = getattr(cache, "ttl", None)
    return (ttl(key) or None) if ttl else None
