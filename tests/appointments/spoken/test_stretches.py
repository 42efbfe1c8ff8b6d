"""Stretches of days, said on Wednesday, 18 November 2026: no day is chosen, but where to look for one is known."""

from datetime import date, time

import pytest

from appointments.spoken import Problem, Window
from tests.appointments.spoken.asking import ask, dates

STRETCHES = {
    ("2026-11-18", "2026-11-22"): [
        *("diese Woche", "in dieser Woche", "noch diese Woche", "diese Woche noch", "im Laufe der Woche"),
        *("this week", "some time this week", "later this week"),
    ],
    ("2026-11-23", "2026-11-29"): [
        *("nächste Woche", "Nächste Woche", "naechste Woche", "kommende Woche", "in der nächsten Woche"),
        *(
            "irgendwann nächste Woche",
            "im Laufe der nächsten Woche",
            "next week",
            "next week please",
            "the coming week",
        ),
        *("sometime next week", "any time next week", "in the next week"),
    ],
    ("2026-11-30", "2026-12-06"): ["übernächste Woche", "in der übernächsten Woche", "the week after next"],
    ("2026-11-18", "2026-11-19"): ["Mitte der Woche", "Mitte dieser Woche", "middle of the week", "mid-week"],
    ("2026-11-19", "2026-11-21"): [
        *("Ende der Woche", "gegen Ende der Woche", "zum Ende der Woche", "Ende dieser Woche"),
        *("end of the week", "at the end of the week", "towards the end of the week", "late this week"),
        *("in den nächsten drei Tagen", "in the next three days", "in the next 3 days"),
    ],
    ("2026-11-23", "2026-11-24"): [
        *("Anfang nächster Woche", "Anfang der nächsten Woche", "am Anfang der nächsten Woche"),
        *("beginning of next week", "at the beginning of next week", "early next week", "start of next week"),
    ],
    ("2026-11-24", "2026-11-26"): ["Mitte nächster Woche", "mid next week", "in the middle of next week"],
    ("2026-11-26", "2026-11-28"): ["Ende nächster Woche", "Ende der kommenden Woche", "end of next week"],
    ("2026-11-21", "2026-11-22"): [
        *("am Wochenende", "Wochenende", "dieses Wochenende", "übers Wochenende", "kommendes Wochenende"),
        *("nächstes Wochenende", "am nächsten Wochenende", "at the weekend", "on the weekend", "this weekend"),
        *("the weekend", "over the weekend", "next weekend"),
    ],
    ("2026-11-28", "2026-11-29"): ["übernächstes Wochenende"],
    ("2026-11-19", "2026-11-22"): [
        *("in den nächsten Tagen", "die nächsten Tage", "in den kommenden Tagen", "in den nächsten paar Tagen"),
        *("in the next few days", "over the next few days", "in the coming days", "the next couple of days"),
    ],
    ("2026-11-19", "2026-12-02"): ["in den nächsten zwei Wochen", "in den nächsten 14 Tagen", "in the next two weeks"],
    ("2026-11-18", "2026-11-30"): ["diesen Monat", "in diesem Monat", "im November", "this month", "in November"],
    ("2026-11-21", "2026-11-30"): ["Ende des Monats", "Ende November", "end of the month", "end of this month"],
    ("2026-12-01", "2026-12-31"): [
        *("nächsten Monat", "im nächsten Monat", "im Laufe des nächsten Monats", "kommenden Monat", "next month"),
        *("im Dezember", "Dezember", "im Dezember 2026", "irgendwann im Dezember", "in December", "December"),
        *("sometime in December", "December 2026"),
    ],
    ("2026-12-01", "2026-12-10"): [
        *("Anfang Dezember", "Anfang nächsten Monats", "Anfang des nächsten Monats", "early December"),
        *("at the beginning of December", "early next month", "the start of December"),
    ],
    ("2026-12-11", "2026-12-20"): ["Mitte Dezember", "mid December", "mid-December", "in the middle of December"],
    ("2026-12-21", "2026-12-31"): ["Ende Dezember", "gegen Ende Dezember", "late December", "at the end of December"],
    ("2027-01-01", "2027-01-31"): ["im Januar", "im Januar nächsten Jahres", "in January", "in January 2027"],
    ("2027-02-21", "2027-02-28"): ["Ende Februar", "end of February"],
    ("2027-05-01", "2027-05-31"): ["im Mai", "in May"],
}


@pytest.mark.parametrize(
    ("words", "days"), [(words, days) for days, all_words in STRETCHES.items() for words in all_words]
)
def test_a_stretch_of_days_is_told_and_no_day_is_chosen(words: str, days: tuple[str, str]) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.date, understood.left_over) == (Problem.DATE_UNCLEAR, None, "")
    assert (understood.days, understood.candidates) == (dates(*days), ())


@pytest.mark.parametrize(
    ("today", "words", "days"),
    [
        ("2026-11-16", "Anfang der Woche", ("2026-11-16", "2026-11-17")),
        ("2026-11-16", "diese Woche", ("2026-11-16", "2026-11-22")),
        ("2026-11-16", "nächste Woche", ("2026-11-23", "2026-11-29")),
        ("2026-11-21", "am Wochenende", ("2026-11-21", "2026-11-22")),
        ("2026-11-21", "nächstes Wochenende", ("2026-11-28", "2026-11-29")),
        ("2026-11-22", "am Wochenende", ("2026-11-22", "2026-11-22")),
        ("2026-11-22", "diese Woche", ("2026-11-22", "2026-11-22")),
        ("2026-11-22", "nächste Woche", ("2026-11-23", "2026-11-29")),
        ("2026-11-22", "nächstes Wochenende", ("2026-11-28", "2026-11-29")),
        ("2026-12-31", "nächsten Monat", ("2027-01-01", "2027-01-31")),
        ("2026-12-31", "im Dezember", ("2026-12-31", "2026-12-31")),
        ("2026-12-31", "in den nächsten Tagen", ("2027-01-01", "2027-01-04")),
        ("2028-02-01", "Ende Februar", ("2028-02-21", "2028-02-29")),
    ],
)
def test_a_stretch_begins_today_at_the_earliest(today: str, words: str, days: tuple[str, str]) -> None:
    assert ask(words, today=today).days == dates(*days)


@pytest.mark.parametrize(
    "words",
    [
        *("letzte Woche", "last week", "Anfang der Woche", "Anfang dieser Woche", "Anfang November", "im Mai 2025"),
        *("im Dezember 2040", "in December 2040"),
    ],
)
def test_a_stretch_that_is_over_or_far_off_is_none(words: str) -> None:
    understood = ask(words)
    assert (understood.problem, understood.days) == (Problem.DATE_UNCLEAR, None)


@pytest.mark.parametrize(
    "words",
    [
        *("nicht nächste Woche", "ab nächster Woche", "nächste Woche oder übernächste Woche", "bis Ende der Woche"),
        *("not this week", "except next week", "nächste Woche diese Woche", "May I come", "irgendwann", "Ende", "Tage"),
        *("in den nächsten 0 Tagen", "nächste Woche Xyz", "in the next days or weeks"),
    ],
)
def test_words_that_may_turn_a_stretch_round_leave_none(words: str) -> None:
    understood = ask(words)
    assert (understood.problem, understood.days) == (Problem.DATE_UNCLEAR, None)


def test_a_doubt_in_the_other_field_leaves_none() -> None:
    assert ask("nächste Woche", "nicht diese Woche").days is None


@pytest.mark.parametrize("words", [("nächste Woche vormittags", None), ("nächste Woche", "vormittags")])
def test_a_part_of_the_day_stays_a_window(words: tuple[str, str | None]) -> None:
    understood = ask(*words)
    assert (understood.days, understood.window) == (dates("2026-11-23", "2026-11-29"), Window(time(9), time(12)))


def test_a_time_in_a_month_is_no_day_of_it() -> None:
    understood = ask("im Januar 15 Uhr")
    assert (understood.days, understood.time) == (dates("2027-01-01", "2027-01-31"), time(15))


def test_a_time_that_was_not_understood_leaves_the_days() -> None:
    assert ask("nächste Woche", "egal").days == dates("2026-11-23", "2026-11-29")


def test_two_stretches_are_what_they_share() -> None:
    assert ask("nächsten Monat", "Ende Dezember").days == dates("2026-12-21", "2026-12-31")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("am Wochenende, Samstag", "2026-11-21"),
        ("Sonntag am Wochenende", "2026-11-22"),
        ("Freitag Ende nächster Woche", "2026-11-27"),
        ("noch diese Woche Freitag", "2026-11-20"),
        ("im Dezember, am 15.", "2026-12-15"),
        ("im Januar am 15.", "2027-01-15"),
        ("nächsten Monat am 15.", "2026-12-15"),
        ("in January on the 15th", "2027-01-15"),
        ("Dienstag Ende November", "2026-11-24"),
        ("Saturday at the weekend", "2026-11-21"),
    ],
)
def test_a_stretch_and_a_day_in_it_are_the_day(words: str, expected: str) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.date, understood.days) == (None, date.fromisoformat(expected), None)


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("Montag im November", ["2026-11-23", "2026-11-30"]),
        ("Freitag im Dezember", ["2026-12-04", "2026-12-11", "2026-12-18", "2026-12-25"]),
        ("am Wochenende, Montag", []),
        ("morgen, im Dezember", ["2026-11-19"]),
        ("am 15., in der nächsten Woche", ["2026-12-15"]),
    ],
)
def test_a_stretch_and_no_single_day_in_it_are_asked_back(words: str, candidates: list[str]) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.candidates) == (Problem.DATE_UNCLEAR, dates(*candidates))
    assert understood.days is None
