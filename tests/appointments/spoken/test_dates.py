"""Days, said on Wednesday, 18 November 2026. The time is always clear, so that only the date decides."""

import pytest

from appointments.spoken import Problem
from tests.appointments.spoken.asking import ask, dates

UNDERSTOOD = {
    "2026-12-15": [
        "2026-12-15",
        "2026-12-15T00:00:00",
        "2026-12-15 00:00:00",
        "2026/12/15",
        "15.12.2026",
        "15.12.26",
        "15.12.",
        "15.12",
        "15. 12. 2026",
        "15. 12.",
        "am 15.12.",
        "den 15.12.2026",
        "15/12/2026",
        "15-12-2026",
        "12/15/2026",
        "12/15",
        "15. Dezember",
        "15. Dezember 2026",
        "15 Dezember 2026",
        "15. dezember",
        "15. DEZEMBER 2026",
        "15. Dez. 2026",
        "15. Dez",
        "am 15. Dezember",
        "am 15. des Dezember",
        "fünfzehnter Dezember",
        "am fünfzehnten Dezember",
        "am fuenfzehnten Dezember",
        "am funfzehnten Dezember",
        "fünfzehn Dezember",
        "fünfzehnter Zwölfter",
        "am fünfzehnten zwölften",
        "fünfzehnter zwölfter zweitausendsechsundzwanzig",
        "fünfzehnter Dezember zweitausendsechsundzwanzig",
        "fünfzehnter Dezember zweitausendundsechsundzwanzig",
        "fünfzehnter Dezember zwanzig sechsundzwanzig",
        "15. Dezember dieses Jahres",
        "15. zwölfter",
        "am 15. nächsten Monats",
        "Dienstag, 15. Dezember 2026",
        "Dienstag, den 15. Dezember",
        "Dienstag den 15. Dezember",
        "Dienstag der 15. Dezember.",
        "Dienstag, dem fünfzehnten Dezember",
        "Di., 15.12.",
        "Dienstag (15.12.2026)",
        "Di 15.12.2026",
        "Dienstag, der 15.",
        "Dienstag den fünfzehnten",
        "December 15",
        "December 15th",
        "December 15, 2026",
        "December 15th, 2026",
        "Dec 15",
        "Dec. 15, 2026",
        "15 December",
        "15 December 2026",
        "15th of December",
        "the 15th of December 2026",
        "the fifteenth of December",
        "December the fifteenth",
        "december fifteenth twenty twenty-six",
        "December fifteenth two thousand and twenty-six",
        "December fifteenth two thousand twenty six",
        "December 15 this year",
        "the 15th of next month",
        "Tuesday, December 15, 2026",
        "Tuesday the 15th of December",
        "Tuesday the 15th",
        "Tue, Dec 15",
        "on December 15th please",
    ],
    "2026-11-18": ["heute", "Heute", "today", "heute, Mittwoch", "Mittwoch, heute", "diese Woche Mittwoch", "18.11."],
    "2026-11-19": [
        "morgen",
        "Morgen",
        "tomorrow",
        "morgen, Donnerstag",
        "Donnerstag, morgen",
        "morgen, den 19.11.",
        "Donnerstag",
        "am Donnerstag",
        "diesen Donnerstag",
        "dieser Donnerstag",
        "nächsten Donnerstag",
        "kommenden Donnerstag",
        "diese Woche Donnerstag",
        "Donnerstag dieser Woche",
        "this Thursday",
        "next Thursday",
        "this coming Thursday",
        "Thursday this week",
        "thursday",
        "thurs",
        "in einem Tag",
    ],
    "2026-11-20": [
        "übermorgen",
        "Übermorgen",
        "ÜBERMORGEN",
        "uebermorgen",
        "ubermorgen",
        "u\u0308bermorgen",
        "day after tomorrow",
        "the day after tomorrow",
        "day-after-tomorrow",
        "Freitag",
        "in zwei Tagen",
        "in zwo Tagen",
        "in 2 days",
        "two days from now",
        "2 days from today",
        "am 20.",
        "am 20",
        "den zwanzigsten",
        "on the 20th",
        "on the twentieth",
        "am 20. dieses Monats",
    ],
    "2026-11-21": ["in drei Tagen", "Samstag", "Sonnabend", "Sa", "Saturday", "in 3 days", "three days from today"],
    "2026-11-22": ["Sonntag", "diesen Sonntag", "nächsten Sonntag", "diese Woche Sonntag", "Sunday"],
    "2026-11-24": [
        "Dienstag",
        "kommenden Dienstag",
        "nächsten Dienstag",
        "naechsten Dienstag",
        "nachsten Dienstag",
        "nächste Woche Dienstag",
        "nächste Woche am Dienstag",
        "Dienstag nächste Woche",
        "Dienstag nächster Woche",
        "Dienstag der nächsten Woche",
        "Dienstag in der nächsten Woche",
        "in der nächsten Woche am Dienstag",
        "kommende Woche Dienstag",
        "next week Tuesday",
        "next week on Tuesday",
        "Tuesday next week",
        "Tuesday of next week",
        "nächste Woche Dienstag, den 24.11.",
        "am vierundzwanzigsten November",
        "November twenty-fourth",
    ],
    "2026-11-25": [
        "nächsten Mittwoch",
        "kommenden Mittwoch",
        "next Wednesday",
        "nächste Woche Mittwoch",
        "in einer Woche",
        "heute in einer Woche",
        "in a week",
        "in one week",
        "a week from today",
        "in sieben Tagen",
    ],
    "2026-11-29": ["nächste Woche Sonntag", "Sunday next week"],
    "2026-12-01": [
        "übernächste Woche Dienstag",
        "Dienstag übernächster Woche",
        "Tuesday in the week after next",
        "1. Dezember",
        "ersten Dezember",
        "erster zwölfter",
        "December first",
        "1.12.2026",
        "übernächsten Dienstag",
        "Tuesday after next",
    ],
    "2026-12-04": ["Freitag in zwei Wochen", "in zwei Wochen am Freitag", "two weeks from Friday"],
    "2026-12-02": ["in zwei Wochen", "in 14 Tagen", "in vierzehn Tagen", "heute in zwei Wochen", "in 2 weeks"],
    "2026-12-03": ["morgen in zwei Wochen", "two weeks from tomorrow"],
    "2027-01-05": [
        "5. Januar",
        "5. Jänner",
        "5. Januar nächsten Jahres",
        "January 5",
        "January 5 next year",
        "5.1.2027",
    ],
    "2027-03-01": ["1. März", "1. Maerz", "1. Marz", "erster März", "March 1st", "the first of March"],
}

UNDERSTOOD_IN_ENGLISH = {
    "2026-12-15": [
        *("December the 15th", "Dec 15th", "the 15th December", "on the 15th of December"),
        *("on December the fifteenth", "Tuesday December 15", "Tuesday, 15 December", "15th December"),
        *("15th Dec", "December 15 2026", "the fifteenth of December 2026"),
        *("Tuesday the fifteenth of December", "the 15th of December this year", "fifteenth of December"),
        *("December fifteen", "for the 15th of December", "Tues, December 15", "the fifteenth of next month"),
    ],
    "2026-11-19": [
        *("tomorrow please", "for tomorrow", "on Thursday", "Thursday please", "coming Thursday"),
        *("tomorrow, Thursday", "in a day", "in one day", "Thursday the 19th", "Thursday, November 19"),
        *("19 November", "the 19th of this month", "Thursday of this week"),
        *("this week on Thursday", "one day from now"),
    ],
    "2026-11-20": [
        *("Friday", "on Friday", "this Friday", "next Friday", "Friday the 20th", "Friday this week"),
        *("November 20th", "the 20th of November", "in two days", "the day after tomorrow please"),
    ],
    "2026-11-21": [
        *("on Saturday", "this Saturday", "next Saturday", "Saturday the 21st", "in three days"),
        *("three days from now", "November 21st", "on the 21st"),
    ],
    "2026-11-22": [
        *("on Sunday", "this Sunday", "next Sunday", "in four days", "on the twenty-second", "November 22nd"),
    ],
    "2026-11-23": [
        *("Monday", "on Monday", "next Monday", "this Monday", "next week Monday", "Monday next week"),
        *("Monday the 23rd", "on the 23rd", "November twenty-third", "five days from today"),
    ],
    "2026-11-24": [
        *("Tuesday", "this Tuesday", "next Tuesday", "on Tuesday of next week", "in six days"),
        *("the twenty-fourth of November", "24 November 2026"),
        *("I would like to come on Tuesday", "Tuesday if possible"),
    ],
    "2026-11-25": [
        *("Wednesday next week", "Wednesday of next week", "next week on Wednesday", "one week from today"),
        *("a week from now", "in seven days", "Wednesday the 25th", "November 25"),
    ],
    "2026-11-29": ["Sunday of next week"],
    "2026-11-26": ["Thursday next week", "next week Thursday", "in eight days", "a week from tomorrow"],
    "2026-11-27": ["Friday next week", "a week from Friday", "next week on Friday", "on the 27th"],
    "2026-11-30": ["Monday in the week after next", "November 30", "on the thirtieth"],
    "2026-12-01": ["December 1st", "the 1st of December", "1 December", "December the first"],
    "2026-12-02": [
        *("two weeks from today", "in 14 days", "two weeks from now", "in fourteen days"),
        *("December 2nd", "December second"),
    ],
    "2026-12-09": ["in three weeks", "three weeks from today", "December 9", "the ninth of December"],
    "2026-12-31": ["December 31st", "the thirty-first of December", "Thursday, December 31"],
    "2027-01-05": ["the fifth of January", "January 5th, 2027", "5 January 2027", "January fifth next year"],
}
ALL_UNDERSTOOD = [
    (words, expected)
    for table in (UNDERSTOOD, UNDERSTOOD_IN_ENGLISH)
    for expected, all_words in table.items()
    for words in all_words
]

UNCLEAR = {
    "Ende der Woche": [],
    "am Wochenende": [],
    "nächste Woche": [],
    "next week": [],
    "im Dezember": [],
    "in einem Monat": [],
    "irgendwann": [],
    "überübermorgen": [],
    "nächste Woche Xyz": [],
    "Montag oder Dienstag": ["2026-11-23", "2026-11-24"],
    "Montag Dienstag": ["2026-11-23", "2026-11-24"],
    "Mittwoch": ["2026-11-18", "2026-11-25"],
    "diesen Mittwoch": ["2026-11-18", "2026-11-25"],
    "nicht am Dienstag": ["2026-11-24"],
    "Dienstag bei Frau Klein": ["2026-11-24"],
    "05/06/2027": ["2027-05-06", "2027-06-05"],
    "in acht Tagen": ["2026-11-25", "2026-11-26"],
    "morgen in acht Tagen": ["2026-11-26", "2026-11-27"],
    "übernächsten Freitag": ["2026-11-27", "2026-12-04"],
    "Friday after next": ["2026-11-27", "2026-12-04"],
    "Dienstag in einer Woche": ["2026-11-24", "2026-12-01"],
    "in zwei Wochen am Dienstag": ["2026-12-01", "2026-12-08"],
    "am 15.": ["2026-12-15"],
    "am 31.": ["2026-12-31"],
    "der vierundzwanzigste": ["2026-11-24"],
    "der zweite": ["2026-12-02"],
    "10.11.": ["2027-11-10"],
    "8. November": ["2027-11-08"],
    "nächsten Dienstag, den 1. Dezember": ["2026-11-24", "2026-12-01"],
    "nächste Woche Dienstag, den 1. Dezember": ["2026-12-01"],
    "15. Dezember zwanzig dreißig": ["2030-12-15"],
    "15.12.2062": ["2062-12-15"],
    "in 100 Wochen": [],
    "15.12.202": ["2026-12-15"],
    "Weihnachten": [],
    "15": [],
    "drei": [],
    "morgens früh vielleicht morgen": ["2026-11-19"],
}


@pytest.mark.parametrize(("words", "expected"), ALL_UNDERSTOOD)
def test_a_day_is_understood(words: str, expected: str) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, str(understood.date), understood.left_over) == (None, expected, "")


@pytest.mark.parametrize(("words", "candidates"), UNCLEAR.items())
def test_a_day_in_doubt_is_asked_back(words: str, candidates: list[str]) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.date, understood.start) == (Problem.DATE_UNCLEAR, None, None)
    assert understood.candidates == dates(*candidates)


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("Mittwoch, 3. Dezember", ["2026-12-02", "2026-12-03"]),
        ("Montag, 19.11.", ["2026-11-19", "2026-11-23"]),
        ("heute, Dienstag", ["2026-11-18", "2026-11-24"]),
        ("morgen, Freitag", ["2026-11-19", "2026-11-20"]),
        ("Friday, December 2, 2026", ["2026-12-02", "2026-12-04"]),
        ("nächsten Dienstag, 25.11.", ["2026-11-24", "2026-11-25"]),
        ("Donnerstag der dreizehnte", ["2026-12-10", "2026-12-13"]),
    ],
)
def test_a_weekday_that_contradicts_the_date_names_both(words: str, candidates: list[str]) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.candidates) == (Problem.WEEKDAY_MISMATCH, dates(*candidates))


def test_a_weekday_tells_which_number_is_the_month() -> None:
    assert ask("Saturday 05/06/2027", "11:30").date == dates("2027-06-05")[0]


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ("gestern", "2026-11-17"),
        ("yesterday", "2026-11-17"),
        ("vorgestern", "2026-11-16"),
        ("letzten Dienstag", "2026-11-17"),
        ("letzten Mittwoch", "2026-11-11"),
        ("last Friday", "2026-11-13"),
        ("diese Woche Montag", "2026-11-16"),
        ("letzte Woche Freitag", "2026-11-13"),
        ("15.12.2025", "2025-12-15"),
        ("2024-06-17", "2024-06-17"),
        ("2023-06-13", "2023-06-13"),
        ("15. Dezember 2025", "2025-12-15"),
        ("17. November", "2026-11-17"),
        ("17.11.", "2026-11-17"),
        ("am 15. dieses Monats", "2026-11-15"),
        ("Freitag, der 13.", "2026-11-13"),
        ("0001-01-01T14:30Z", "0001-01-01"),
    ],
)
def test_a_day_gone_by_is_refused_and_not_moved_on(words: str, gone: str) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.date) == (Problem.DATE_IN_PAST, None)
    assert understood.candidates == dates(gone)


@pytest.mark.parametrize(
    "words",
    [
        *("31.2", "31.02.", "30. Februar", "31. April", "29. Februar", "29.02.2027", "2026-02-30", "2026-13-45"),
        *("15.13.2026", "32.12.2026", "0.12.2026", "February 30th", "the 31st of November", "31/31/2026", "am 0."),
    ],
)
def test_a_day_that_no_calendar_has_is_impossible(words: str) -> None:
    assert ask(words, "11:30").problem is Problem.DATE_IMPOSSIBLE


def test_a_leap_day_is_found_in_a_leap_year() -> None:
    assert ask("29. Februar", "11:30", today="2027-11-18").date == dates("2028-02-29")[0]


@pytest.mark.parametrize(
    "words", [None, "", "  ", "None", "null", "N/A", "{{datum}}", "{datum}", "<datum>", "[date]", "undefined", "-", "?"]
)
def test_a_missing_day_is_required_and_never_made_up(words: str | None) -> None:
    understood = ask(words, "11:30")
    assert (understood.problem, understood.date, understood.candidates) == (Problem.DATE_REQUIRED, None, ())


def test_two_fields_with_different_days_are_asked_back() -> None:
    understood = ask("Dienstag", "am Donnerstag um 14 Uhr")
    assert (understood.problem, understood.candidates) == (Problem.DATE_UNCLEAR, dates("2026-11-19", "2026-11-24"))


def test_two_fields_with_the_same_day_agree() -> None:
    assert ask("Dienstag, 24. November", "Dienstag um 14 Uhr").date == dates("2026-11-24")[0]


def test_a_week_in_one_field_and_a_weekday_in_the_other_make_a_day() -> None:
    assert ask("übernächste Woche", "Dienstag um 14 Uhr").date == dates("2026-12-01")[0]


def test_today_is_today_in_the_zone_of_the_business() -> None:
    assert ask("heute", "11:30", at="00:15").date == dates("2026-11-18")[0]
