"""Appointments for calendars, as RFC 5545 wants them."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from appointments import ics

STAMP = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVENT = ics.Event(
    uid="6f1c",
    sequence=3,
    start=datetime(2026, 11, 24, 14, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    end=datetime(2026, 11, 24, 15, 0, tzinfo=ZoneInfo("Europe/Berlin")),
    summary="Haarschnitt",
    location="Salon",
    organizer_name="Salon",
    organizer_email="salon@example.com",
    attendee_email="erika@example.com",
)


def unfolded(message: bytes) -> list[str]:
    """The lines as a reader puts them together again."""
    return message.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def lines(method: ics.Method = "REQUEST", **changes: str) -> list[str]:
    return unfolded(ics.message(replace(EVENT, **changes), method, stamp=STAMP))


def test_an_invitation() -> None:
    assert lines() == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{ics.PRODUCT}",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:6f1c",
        "SEQUENCE:3",
        "DTSTAMP:20261120T120000Z",
        "DTSTART:20261124T133000Z",
        "DTEND:20261124T140000Z",
        "SUMMARY:Haarschnitt",
        "LOCATION:Salon",
        'ORGANIZER;CN="Salon":mailto:salon@example.com',
        "ATTENDEE;RSVP=FALSE:mailto:erika@example.com",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_cancellation_is_of_the_same_event() -> None:
    cancelled = lines("CANCEL")
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "UID:6f1c", "SEQUENCE:3"} <= set(cancelled)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Waschen, Schneiden; Föhnen", "Waschen\\, Schneiden\\; Föhnen"),
        ("C:\\Salon", "C:\\\\Salon"),
        ("eins\nzwei\r\ndrei\rvier", "eins\\nzwei\\ndrei\\nvier"),
        ("\\n", "\\\\n"),
        ("Salon 💇🏽‍♀️", "Salon 💇🏽‍♀️"),
        ("a\x00b\x07c\x7fd", "abcd"),
    ],
)
def test_texts_are_escaped(text: str, escaped: str) -> None:
    found = lines(summary=text, location=text)
    assert f"SUMMARY:{escaped}" in found
    assert f"LOCATION:{escaped}" in found


def test_no_text_makes_a_line_of_its_own() -> None:
    evil = 'x"\r\nATTACH:http://evil.example/'
    found = lines(summary=evil, location=evil, organizer_name=evil, organizer_email=evil, attendee_email=evil)
    assert len(found) == len(lines())
    assert not [line for line in found if line.startswith("ATTACH")]


def test_a_name_in_quotes_has_none_itself() -> None:
    assert "ORGANIZER;CN=\"Salon 'Zur Schere'; Mitte, Berlin\":mailto:salon@example.com" in lines(
        organizer_name='Salon "Zur Schere"; Mitte,\nBerlin'
    )


@pytest.mark.parametrize("letter", ["x", "ü", "€", "💇"])
def test_long_lines_are_folded_between_characters(letter: str) -> None:
    message = ics.message(replace(EVENT, summary=letter * 200), "REQUEST", stamp=STAMP)
    physical = message.split(b"\r\n")
    assert max(map(len, physical)) <= ics.MAX_OCTETS
    assert all(line.decode() for line in physical[:-1])
    assert f"SUMMARY:{letter * 200}" in unfolded(message)


def test_a_line_of_exactly_75_octets_stays_whole() -> None:
    summary = "x" * (ics.MAX_OCTETS - len("SUMMARY:"))
    assert f"SUMMARY:{summary}".encode() in ics.message(replace(EVENT, summary=summary), "REQUEST", stamp=STAMP).split(
        b"\r\n"
    )


def test_every_line_ends_with_both_characters() -> None:
    message = ics.message(replace(EVENT, summary="a\nb"), "REQUEST", stamp=STAMP)
    assert message.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in message.replace(b"\r\n", b"")
