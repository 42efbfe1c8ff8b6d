"""What a year of real calls taught: every one of these went wrong once."""

from datetime import time

import pytest

from appointments.spoken import Problem, Window
from tests.appointments.spoken.asking import ask, dates, local


@pytest.mark.parametrize(
    ("today", "words", "expected"),
    [
        *[
            ("2025-10-18", f"nächste Woche {day}", f"2025-10-{20 + place}")
            for place, day in enumerate(
                ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
            )
        ],
        ("2025-10-17", "nächste Woche Montag", "2025-10-20"),
        ("2025-10-15", "nächste Woche Mittwoch", "2025-10-22"),
        ("2025-10-20", "nächste Woche Mittwoch", "2025-10-29"),
        ("2025-10-19", "nächste Woche Montag", "2025-10-20"),
        ("2025-10-18", "nächsten Dienstag", "2025-10-21"),
        ("2025-10-20", "nächsten Dienstag", "2025-10-21"),
        ("2025-10-21", "nächsten Dienstag", "2025-10-28"),
        ("2025-10-19", "nächsten Montag", "2025-10-20"),
        ("2025-10-18", "dieser Dienstag", "2025-10-21"),
        ("2025-10-18", "montag", "2025-10-20"),
    ],
)
def test_next_week_is_a_calendar_week_and_next_is_the_first_to_come(today: str, words: str, expected: str) -> None:
    assert str(ask(words, "15:00", today=today).date) == expected


@pytest.mark.parametrize(
    ("today", "words", "expected"),
    [
        ("2025-12-05", "7. November", "2026-11-07"),
        ("2025-11-15", "13. Dezember", "2025-12-13"),
        ("2025-12-20", "25. Januar", "2026-01-25"),
        ("2025-11-20", "5. November", "2026-11-05"),
        ("2025-11-20", "5 november", "2026-11-05"),
        ("2025-11-20", "5. NOVEMBER", "2026-11-05"),
        ("2025-11-20", "November 5th", "2026-11-05"),
    ],
)
def test_a_named_month_without_a_year_is_the_next_one_to_come(today: str, words: str, expected: str) -> None:
    assert str(ask(words, "15:00", today=today).date) == expected


@pytest.mark.parametrize("words", ["5. November", "5.11", "5.11.", "November 5"])
def test_a_day_just_gone_by_is_refused_not_moved_a_year(words: str) -> None:
    assert ask(words, "15:00", today="2025-11-07").problem is Problem.DATE_IN_PAST


@pytest.mark.parametrize(
    ("words", "expected"), [("5.11", "2025-11-05"), ("25.10", "2025-10-25"), ("20.12", "2025-12-20")]
)
def test_figures_close_by_are_taken(words: str, expected: str) -> None:
    assert str(ask(words, "15:00", today="2025-10-13").date) == expected


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("15.1", ["2025-10-15", "2025-11-15", "2025-12-15", "2026-01-15"]),
        ("1.1", ["2025-11-01", "2025-12-01", "2026-01-01"]),
        ("5.10", ["2026-10-05"]),
        ("15.4.", ["2026-04-15"]),
    ],
)
def test_figures_that_may_be_misheard_are_asked_back_and_no_month_is_moved(words: str, candidates: list[str]) -> None:
    understood = ask(words, "15:00", today="2025-10-13")
    assert (understood.problem, understood.candidates) == (Problem.DATE_UNCLEAR, dates(*candidates))


def test_figures_for_january_are_clear_in_december() -> None:
    assert str(ask("15.1.", "15:00", today="2025-12-20").date) == "2026-01-15"


@pytest.mark.parametrize("words", ["10.10.2025", "10. Oktober 2025", "2025-10-10", "01.01.2025"])
def test_an_explicit_year_gone_by_is_never_moved(words: str) -> None:
    assert ask(words, "15:00", today="2025-10-20").problem is Problem.DATE_IN_PAST


@pytest.mark.parametrize(
    "words",
    [
        "Mittwoch, den 19. November",
        "Mittwoch den 19. November",
        "Mittwoch 19. November",
        "Mittwoch, 19 November",
        "Mittwoch, den neunzehnten November",
        "Mittwoch, der 19.11.",
    ],
)
def test_a_weekday_with_its_date_is_understood_however_it_is_put(words: str) -> None:
    assert str(ask(words, "15:00", today="2025-11-10").date) == "2025-11-19"


def test_a_weekday_that_the_date_does_not_have_is_asked_back() -> None:
    understood = ask("Montag, 19.11.", "15:00", today="2025-11-10")
    assert (understood.problem, understood.candidates) == (
        Problem.WEEKDAY_MISMATCH,
        dates("2025-11-17", "2025-11-19"),
    )


@pytest.mark.parametrize(
    ("words", "day", "window"),
    [
        ("morgen nachmittag", "2026-11-19", Window(time(12), time(18))),
        ("am Morgen", None, Window(time(6), time(12))),
        ("morgens", None, Window(time(6), time(12))),
        ("morgen", "2026-11-19", None),
        ("morgen am Morgen", "2026-11-19", Window(time(6), time(12))),
        ("heute Morgen", "2026-11-18", Window(time(6), time(12))),
    ],
)
def test_tomorrow_and_the_morning_are_told_apart(words: str, day: str | None, window: Window | None) -> None:
    understood = ask(words)
    assert (understood.date and str(understood.date), understood.window) == (day, window)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("14 Uhr 30", "14:30"),
        ("14:30", "14:30"),
        ("halb drei", "14:30"),
        ("viertel nach vier", "16:15"),
        ("viertel vor neun", "08:45"),
        ("dreiviertel neun", "08:45"),
        ("vierzehn Uhr", "14:00"),
        ("zwölf", "12:00"),
    ],
)
def test_spoken_times_are_not_cut_short(words: str, expected: str) -> None:
    assert local(ask("morgen", words)) == f"2026-11-19 {expected}"


def test_the_day_after_tomorrow_is_not_tomorrow() -> None:
    assert local(ask("Übermorgen um drei")) == "2026-11-20 15:00"
