"""Dates and times as an agent speaks them. `understand` understands them back."""

from datetime import date, time

from appointments.spoken.words import MONTH_NAMES, WEEKDAY_NAMES


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
