"""Dates and times as an agent speaks them. `understand` understands them back."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from itertools import groupby
from operator import itemgetter
from typing import Final

from appointments.spoken.words import MONTH_NAMES, WEEKDAY_NAMES

DAY_KEYS: Final = tuple(name.casefold() for name in WEEKDAY_NAMES["en"])
TO: Final = {"de": "bis", "en": "to"}
AND: Final = {"de": " und ", "en": " and "}


def spoken_language(language: str) -> str:
    """ "de" for every German ("de", "de-AT"); whatever else is asked for is spoken in English."""
    return "de" if language.casefold().replace("_", "-").split("-")[0] == "de" else "en"


def speak_date(day: date, language: str) -> str:
    """ "Dienstag, 15. Dezember 2026" or "Tuesday, December 15, 2026"."""
    language = spoken_language(language)
    weekday, month = WEEKDAY_NAMES[language][day.weekday()], MONTH_NAMES[language][day.month - 1]
    if language == "de":
        return f"{weekday}, {day.day}. {month} {day.year}"
    return f"{weekday}, {month} {day.day}, {day.year}"


def speak_time(moment: time, language: str) -> str:
    """ "14 Uhr 30", "ein Uhr" or "2:30 pm", "2 pm"; local time, seconds are not spoken."""
    return _german_time(moment) if spoken_language(language) == "de" else _english_time(moment)


def _german_time(moment: time) -> str:
    hour = "ein" if moment.hour == 1 else str(moment.hour)  # a voice would read "1 Uhr" as "eins Uhr"
    return f"{hour} Uhr {moment.minute}" if moment.minute else f"{hour} Uhr"


def _english_time(moment: time) -> str:
    hour = (moment.hour - 1) % 12 + 1
    half = "am" if moment.hour < 12 else "pm"
    return f"{hour}:{moment.minute:02} {half}" if moment.minute else f"{hour} {half}"


def speak_hours(hours: Mapping[str, Sequence[Sequence[str]]], language: str) -> str:
    """ "Montag bis Freitag 9 Uhr bis 18 Uhr; Samstag 10 Uhr bis 14 Uhr"; "" where there are none.

    `hours` are the spans of each day, {"monday": [["09:00", "18:00"]]}; days in a row with the same ones go together.
    """
    language = spoken_language(language)
    days = [
        (name, _spans(hours.get(key, ()), language))
        for key, name in zip(DAY_KEYS, WEEKDAY_NAMES[language], strict=True)
    ]
    runs = [(spans, [name for name, _ in run]) for spans, run in groupby(days, key=itemgetter(1)) if spans]
    return "; ".join(f"{_run(names, language)} {spans}" for spans, names in runs)


def _run(names: Sequence[str], language: str) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} {TO[language]} {names[-1]}"


def _spans(spans: Sequence[Sequence[str]], language: str) -> str:
    spoken = [[speak_time(time.fromisoformat(moment), language) for moment in span] for span in spans]
    return AND[language].join(f"{opens} {TO[language]} {closes}" for opens, closes in spoken)
