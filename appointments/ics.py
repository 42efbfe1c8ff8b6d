"""One appointment as an iCalendar message (RFC 5545, and RFC 5546 for what a receiver's calendar does with it)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

Method = Literal["REQUEST", "CANCEL"]

MAX_OCTETS = 75
PRODUCT = "-//Phone and calendar//Appointments//EN"


@dataclass(frozen=True, slots=True)
class Event:
    """`uid` is the appointment's for all its life; of two messages about it the higher `sequence` holds."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    location: str
    organizer_name: str
    organizer_email: str
    attendee_email: str


def message(event: Event, method: Method, *, stamp: datetime) -> bytes:
    """The whole message, made at `stamp`: REQUEST for a new or moved appointment, CANCEL for one that is called off."""
    return b"".join(_folded(line) for line in _lines(event, method, stamp))


def _lines(event: Event, method: Method, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:{PRODUCT}"
    yield f"METHOD:{method}"
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTAMP:{_utc(stamp)}"
    yield f"DTSTART:{_utc(event.start)}"
    yield f"DTEND:{_utc(event.end)}"
    yield f"SUMMARY:{_text(event.summary)}"
    yield f"LOCATION:{_text(event.location)}"
    yield f"ORGANIZER;CN={_quoted(event.organizer_name)}:{_mailto(event.organizer_email)}"
    yield f"ATTENDEE;RSVP=FALSE:{_mailto(event.attendee_email)}"
    yield f"STATUS:{'CONFIRMED' if method == 'REQUEST' else 'CANCELLED'}"
    yield "END:VEVENT"
    yield "END:VCALENDAR"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A value of type TEXT."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _printable(escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n"))


def _quoted(value: str) -> str:
    """A parameter in quotes, in which there can be neither quotes nor line ends."""
    return f'"{_printable(" ".join(value.split())).replace(chr(34), chr(39))}"'


def _mailto(address: str) -> str:
    return f"mailto:{quote(address, safe='@+')}"


def _printable(value: str) -> str:
    return "".join(character for character in value if character >= " " and character != "\x7f")


def _folded(line: str) -> bytes:
    """The line with its end, broken into pieces of at most 75 octets, never within a character."""
    pieces = [b""]
    for character in line:
        octets = character.encode()
        if len(pieces[-1]) + len(octets) > MAX_OCTETS:
            pieces.append(b" ")
        pieces[-1] += octets
    return b"\r\n".join(pieces) + b"\r\n"
