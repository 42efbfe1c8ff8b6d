"""The people, businesses and talks of made-up rows: all of it invented, none of the numbers belongs to anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from appointments.spoken import speak_date, speak_time

FIRST_NAMES: Final = (
    "Anna", "Ayşe", "Bernd", "Birgit", "Carla", "Cem", "Dieter", "Elif", "Emma", "Fatima", "Felix", "Gerd", "Hannah",
    "Ibrahim", "Ilse", "Jan", "Jürgen", "Katrin", "Klaus", "Lena", "Lukas", "Marta", "Mehmet", "Nina", "Olga", "Paul",
    "Petra", "Renate", "Sabine", "Stefan", "Thomas", "Ulrike", "Viktor", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES: Final = (
    "Arslan", "Bauer", "Becker", "Böhm", "Demir", "Fischer", "Frank", "Großmann", "Hartmann", "Hoffmann", "Jansen",
    "Kaya", "Keller", "Klein", "Koch", "Kowalski", "Krüger", "Lange", "Lehmann", "Maier", "Müller", "Neumann", "Nowak",
    "Öztürk", "Peters", "Richter", "Schäfer", "Schmidt", "Schneider", "Schulz", "Vogel", "Wagner", "Weber", "Yılmaz",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Business:
    """A line of business: its services are (name, minutes, what callers say)."""

    name: str
    slug: str
    services: tuple[tuple[str, int, str], ...]


BUSINESSES: Final = (
    Business(
        name="Salon Morgenrot",
        slug="morgenrot",
        services=(
            ("Herrenhaarschnitt", 30, "Herrenschnitt"),
            ("Damenhaarschnitt", 60, "Damenschnitt"),
            ("Farbe und Strähnen", 120, "Strähnen"),
        ),
    ),
    Business(
        name="Physiotherapie Lindner",
        slug="lindner",
        services=(
            ("Krankengymnastik", 30, "KG"),
            ("Massage", 45, "Rückenmassage"),
            ("Erstgespräch", 60, "erstes Gespräch"),
        ),
    ),
    Business(
        name="Kfz-Werkstatt Brandt",
        slug="brandt",
        services=(("Inspektion", 90, "Durchsicht"), ("Reifenwechsel", 30, "Räderwechsel"), ("Ölwechsel", 30, "Öl")),
    ),
)


def business(number: int) -> Business:
    """One for each number; after the first few they differ by a number in their names."""
    chosen, series = BUSINESSES[number % len(BUSINESSES)], number // len(BUSINESSES) + 1
    if series == 1:
        return chosen
    return Business(name=f"{chosen.name} {series}", slug=f"{chosen.slug}-{series}", services=chosen.services)


def person(random: Random) -> str:
    return f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"


def email_of(name: str, number: int) -> str:
    """Of a domain that is nobody's."""
    plain = name.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss").replace(" ", ".")
    return f"{plain.encode('ascii', 'ignore').decode()}{number}@example.com"


def transcript(company: str, service: str, starts_at: datetime, name: str, ending: str) -> str:
    """A talk as Retell writes it down; `starts_at` in the company's zone."""
    day, time = speak_date(starts_at.date(), "de"), speak_time(starts_at.time(), "de")
    return "\n".join(
        (
            f"Agent: Guten Tag, {company}, was kann ich für Sie tun?",
            f"User: Guten Tag, ich hätte gern einen Termin: {service}.",
            "Agent: Gern. Wann passt es Ihnen?",
            f"User: Am {day} um {time}, wenn das geht.",
            "Agent: Einen Moment, ich sehe nach. … Auf welchen Namen darf ich ihn eintragen?",
            f"User: {name}.",
            f"Agent: {ending}",
            "User: Danke, auf Wiederhören.",
        )
    )


ENDINGS: Final[Mapping[bool, str]] = {
    True: "Ich habe den Termin vorgemerkt. Sie bekommen gleich eine Bestätigung.",
    False: "Das kann ich leider nicht selbst eintragen. Eine Kollegin meldet sich bei Ihnen.",
}
