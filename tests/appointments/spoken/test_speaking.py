from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.spoken import speak_date, speak_hours, speak_time, understand
from tests.appointments.spoken.asking import ask

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
LANGUAGES = st.sampled_from(["de", "en"])
OPEN_TIMES = st.times(time(8), time(19, 59)).map(lambda moment: moment.replace(second=0, microsecond=0))
COMING_DAYS = st.dates(date(2026, 11, 19), date(2026, 11, 18) + timedelta(days=731))


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("de", "Dienstag, 15. Dezember 2026"),
        ("de-DE", "Dienstag, 15. Dezember 2026"),
        ("DE_at", "Dienstag, 15. Dezember 2026"),
        ("en", "Tuesday, December 15, 2026"),
        ("en-GB", "Tuesday, December 15, 2026"),
        ("fr", "Tuesday, December 15, 2026"),
        ("", "Tuesday, December 15, 2026"),
    ],
)
def test_a_date_is_spoken_in_german_or_else_in_english(language: str, spoken: str) -> None:
    assert speak_date(date(2026, 12, 15), language) == spoken


@pytest.mark.parametrize(
    ("moment", "german", "english"),
    [
        (time(14, 30), "14 Uhr 30", "2:30 pm"),
        (time(14), "14 Uhr", "2 pm"),
        (time(9, 5), "9 Uhr 5", "9:05 am"),
        (time(1), "ein Uhr", "1 am"),
        (time(1, 15), "ein Uhr 15", "1:15 am"),
        (time(21), "21 Uhr", "9 pm"),
        (time(12), "12 Uhr", "12 pm"),
        (time(0), "0 Uhr", "12 am"),
        (time(14, 30, 59, 999), "14 Uhr 30", "2:30 pm"),
    ],
)
def test_a_time_is_spoken_by_the_clock(moment: time, german: str, english: str) -> None:
    assert (speak_time(moment, "de"), speak_time(moment, "en"), speak_time(moment, "fr")) == (german, english, english)


@given(day=COMING_DAYS, moment=OPEN_TIMES, language=LANGUAGES)
def test_what_is_spoken_is_understood_back(day: date, moment: time, language: str) -> None:
    understood = understand(speak_date(day, language), speak_time(moment, language), now=NOW, zone=ZONE)
    assert (understood.problem, understood.date, understood.time) == (None, day, moment)


@given(day=COMING_DAYS, moment=OPEN_TIMES, language=LANGUAGES)
def test_what_is_spoken_in_one_sentence_is_understood_back(day: date, moment: time, language: str) -> None:
    at = {"de": "um", "en": "at"}[language]
    understood = ask(f"{speak_date(day, language)} {at} {speak_time(moment, language)}")
    assert (understood.problem, understood.date, understood.time) == (None, day, moment)


@given(moment=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)))
def test_every_english_time_is_understood_back(moment: time) -> None:
    assert ask("morgen", speak_time(moment, "en")).time == moment


WEEK = {day: [["09:00", "18:00"]] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}


@pytest.mark.parametrize(
    ("hours", "language", "spoken"),
    [
        (WEEK, "de", "Montag bis Freitag 9 Uhr bis 18 Uhr"),
        (WEEK, "en", "Monday to Friday 9 am to 6 pm"),
        (
            {**WEEK, "saturday": [["10:00", "14:00"]]},
            "de",
            "Montag bis Freitag 9 Uhr bis 18 Uhr; Samstag 10 Uhr bis 14 Uhr",
        ),
        (
            {"monday": [["09:00", "12:00"], ["13:30", "18:00"]], "wednesday": [["09:00", "12:00"]]},
            "de",
            "Montag 9 Uhr bis 12 Uhr und 13 Uhr 30 bis 18 Uhr; Mittwoch 9 Uhr bis 12 Uhr",
        ),
        ({}, "de", ""),
    ],
)
def test_opening_hours_name_days_in_a_row_together(hours: dict, language: str, spoken: str) -> None:
    assert speak_hours(hours, language) == spoken
