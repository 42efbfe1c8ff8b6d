"""Whole sentences as an agent passes them on, said on Wednesday, 18 November 2026 at 10:00."""

from datetime import time

import pytest

from appointments.spoken import Problem, Window
from tests.appointments.spoken.asking import ask, dates, local

UNDERSTOOD = [
    ("am nächsten Dienstag so gegen halb drei nachmittags", None, "2026-11-24 14:30"),
    ("morgen um halb drei", None, "2026-11-19 14:30"),
    (None, "am Dienstag um 14 Uhr", "2026-11-24 14:00"),
    ("", "Dienstag 14 Uhr", "2026-11-24 14:00"),
    ("14:30", "Dienstag", "2026-11-24 14:30"),
    ("2026-12-15T14:30", None, "2026-12-15 14:30"),
    ("2026-12-15T14:30:00", "", "2026-12-15 14:30"),
    ("2026-12-15 14:30:00", None, "2026-12-15 14:30"),
    ("2026-12-15T14:30:00+01:00", None, "2026-12-15 14:30"),
    ("2026-12-15 14:30:00+01:00", None, "2026-12-15 14:30"),
    ("2026-12-15T13:30:00Z", None, "2026-12-15 14:30"),
    ("2026-12-15T13:30:00.000Z", None, "2026-12-15 14:30"),
    ("2026-12-15T23:30Z", None, "2026-12-16 00:30"),
    ("2027-06-15T12:30:00Z", None, "2027-06-15 14:30"),
    ("2026-12-15T00:00:00", "14:30", "2026-12-15 14:30"),
    ("2026-12-15T00:00:00.000Z", "14:30", "2026-12-15 14:30"),
    ("2026-12-15", "2026-12-15T14:30:00", "2026-12-15 14:30"),
    ("15.12.2026 14:30", None, "2026-12-15 14:30"),
    ("15.12.2026, 14:30 Uhr", None, "2026-12-15 14:30"),
    ("15.12.14:30", None, "2026-12-15 14:30"),
    ("am 15.12. um 14.30 Uhr", None, "2026-12-15 14:30"),
    ("am 15.12 um 14.30.", None, "2026-12-15 14:30"),
    ("am 15. 12. 14 Uhr 30", None, "2026-12-15 14:30"),
    ("am 15. Dezember 14 Uhr", None, "2026-12-15 14:00"),
    ("um 14 Uhr am 15. Dezember", None, "2026-12-15 14:00"),
    ("um 14 Uhr 15. Dezember", None, "2026-12-15 14:00"),
    ("fünfzehnter Dezember zwanzig Uhr dreißig", None, "2026-12-15 20:30"),
    ("am fünfzehnten zwölften um halb drei", None, "2026-12-15 14:30"),
    ("Dienstag, den 15. Dezember um viertel nach vier", None, "2026-12-15 16:15"),
    ("Dienstag, 15. Dezember 2026 um 14 Uhr 30", None, "2026-12-15 14:30"),
    ("am Montag, dem dreißigsten November, um zehn Uhr fünfzehn", None, "2026-11-30 10:15"),
    ("am 20. um 10", None, "2026-11-20 10:00"),
    ("kommenden Samstag um elf", None, "2026-11-21 11:00"),
    ("kommende Woche Mittwoch um viertel nach vier", None, "2026-11-25 16:15"),
    ("nächste Woche am Donnerstag nachmittags um vier", None, "2026-11-26 16:00"),
    ("übermorgen, 16 Uhr", None, "2026-11-20 16:00"),
    ("Übermorgen früh um acht", None, "2026-11-20 08:00"),
    ("heute Nachmittag um vier", None, "2026-11-18 16:00"),
    ("heute um 15 Uhr", None, "2026-11-18 15:00"),
    ("heute Abend um sieben", None, "2026-11-18 19:00"),
    ("morgen früh um acht", None, "2026-11-19 08:00"),
    ("morgen Mittag um eins", None, "2026-11-19 13:00"),
    ("morgen", "nachmittags um drei", "2026-11-19 15:00"),
    ("morgen nachmittag", "um drei", "2026-11-19 15:00"),
    ("Dienstagnachmittag um drei", None, "2026-11-24 15:00"),
    ("Dienstag Nachmittag", "drei", "2026-11-24 15:00"),
    ("Freitagabend um sechs", None, "2026-11-20 18:00"),
    ("Freitagmorgen um neun", None, "2026-11-20 09:00"),
    ("Freitag Morgen um neun", None, "2026-11-20 09:00"),
    ("morgen um Punkt drei", None, "2026-11-19 15:00"),
    ("morgen genau um 15 Uhr", None, "2026-11-19 15:00"),
    ("morgen 1430 Uhr", None, "2026-11-19 14:30"),
    ("in drei Tagen um 15 Uhr", None, "2026-11-21 15:00"),
    ("in einer Woche um drei", None, "2026-11-25 15:00"),
    ("morgen um drei", "15:00", "2026-11-19 15:00"),
    ("morgen um 14:30", "14 Uhr 30", "2026-11-19 14:30"),
    ("um 8 am Dienstag", None, "2026-11-24 08:00"),
    ("um 3 am Dienstag", None, "2026-11-24 15:00"),
    ("um 9 am 24.11.", None, "2026-11-24 09:00"),
    ("um 3 am 15. Dezember", None, "2026-12-15 15:00"),
    ("MORGEN UM HALB DREI", None, "2026-11-19 14:30"),
    ("naechsten Freitag um fuenf nach drei", None, "2026-11-20 15:05"),
    ("nachsten Freitag um funf nach drei", None, "2026-11-20 15:05"),
    ("am liebsten morgen um drei bitte", None, "2026-11-19 15:00"),
    ("ich hätte gerne einen Termin am nächsten Dienstag um 14 Uhr", None, "2026-11-24 14:00"),
    ("ja, dann bitte morgen um zehn", None, "2026-11-19 10:00"),
    ("am Dienstag, und zwar um 14 Uhr", None, "2026-11-24 14:00"),
    ("next Tuesday at half past two", None, "2026-11-24 14:30"),
    ("tomorrow at 3 in the afternoon", None, "2026-11-19 15:00"),
    ("tomorrow at noon", None, "2026-11-19 12:00"),
    ("noon tomorrow", None, "2026-11-19 12:00"),
    ("tomorrow morning at nine", None, "2026-11-19 09:00"),
    ("tonight at 7", None, "2026-11-18 19:00"),
    ("this afternoon at four", None, "2026-11-18 16:00"),
    ("Tuesday 3 pm", None, "2026-11-24 15:00"),
    ("Tuesday, 9am", None, "2026-11-24 09:00"),
    ("Tuesday at 9 a.m.", None, "2026-11-24 09:00"),
    ("at 9 am on Tuesday", None, "2026-11-24 09:00"),
    ("9 am Tuesday", None, "2026-11-24 09:00"),
    ("thursday at five thirty", None, "2026-11-19 17:30"),
    ("December 15th at 2:30 pm", None, "2026-12-15 14:30"),
    ("on Tuesday, the 24th of November, at a quarter past four", None, "2026-11-24 16:15"),
    ("Wednesday, December 2, 2026 at 10:00 AM", None, "2026-12-02 10:00"),
    ("the day after tomorrow at half past ten", None, "2026-11-20 10:30"),
    ("a week from tomorrow at 3 pm", None, "2026-11-26 15:00"),
    ("Thursday of next week at 4", None, "2026-11-26 16:00"),
    ("I would like to come tomorrow at 3 in the afternoon please", None, "2026-11-19 15:00"),
    ("nächsten Dienstag so gegen 16 Uhr", None, "2026-11-24 16:00"),
    ("nächste Woche Mittwoch", "so gegen zehn", "2026-11-25 10:00"),
    ("übermorgen", "so um halb elf rum", "2026-11-20 10:30"),
    ("so gegen drei am Freitag", None, "2026-11-20 15:00"),
    ("am besten Dienstag um drei", None, "2026-11-24 15:00"),
    ("ähm, also Dienstag um drei", None, "2026-11-24 15:00"),
    ("wenn es geht Dienstag um drei", None, "2026-11-24 15:00"),
    ("wenn möglich am Dienstag", "um drei", "2026-11-24 15:00"),
    ("kann ich am Dienstag um drei kommen?", None, "2026-11-24 15:00"),
    ("Dienstag, 14 Uhr passt mir gut", None, "2026-11-24 14:00"),
    ("heute noch um 16 Uhr", None, "2026-11-18 16:00"),
    ("noch diese Woche Freitag", "gegen zehn", "2026-11-20 10:00"),
    ("am Wochenende, Samstag", "um elf", "2026-11-21 11:00"),
    ("Freitag, Ende nächster Woche", "16 Uhr", "2026-11-27 16:00"),
    ("irgendwann nächste Woche Dienstag um zehn", None, "2026-11-24 10:00"),
    ("Montag früh um acht", None, "2026-11-23 08:00"),
    ("am dreiundzwanzigsten um zehn", "10:00 Uhr", "2026-11-23 10:00"),
    ("2026-11-20", "16:00 Uhr", "2026-11-20 16:00"),
    ("20.11.2026", "16:00:00", "2026-11-20 16:00"),
    ("Freitag, 20.11.2026", "nachmittags, so gegen vier", "2026-11-20 16:00"),
    ("Freitag (20.11.)", "16 Uhr (nachmittags)", "2026-11-20 16:00"),
    ("next week Tuesday", "around 4", "2026-11-24 16:00"),
    ("next Tuesday at around four o'clock", None, "2026-11-24 16:00"),
    ("on Friday around 3:30 in the afternoon", None, "2026-11-20 15:30"),
    ("Friday the 20th", "at about ten", "2026-11-20 10:00"),
    ("2026-11-20", "4:00 PM", "2026-11-20 16:00"),
    ("Fri 20 Nov", "9 am", "2026-11-20 09:00"),
    ("24th Nov at 3pm", None, "2026-11-24 15:00"),
    ("November 24, 2026 3:00 PM", None, "2026-11-24 15:00"),
    ("can I come on Tuesday at three", None, "2026-11-24 15:00"),
    ("Tuesday at 3 works for me", None, "2026-11-24 15:00"),
    ("uh, Tuesday at three, if possible", None, "2026-11-24 15:00"),
    ("Saturday at the weekend", "eleven", "2026-11-21 11:00"),
    ("sometime next week, Tuesday at ten", None, "2026-11-24 10:00"),
    ("Monday morning, 9 o'clock sharp", None, "2026-11-23 09:00"),
    ("a week from Friday at 10", None, "2026-11-27 10:00"),
]

ASKED_BACK = [
    ("nicht am Dienstag um drei", None, Problem.DATE_UNCLEAR),
    (None, "nicht am Dienstag um drei", Problem.DATE_UNCLEAR),
    ("am Dienstag um kurz vor drei", None, Problem.DATE_UNCLEAR),
    ("Dienstag oder Mittwoch um 14 Uhr", None, Problem.DATE_UNCLEAR),
    ("ab morgen um 10 Uhr", None, Problem.DATE_UNCLEAR),
    ("bis Dienstag um 10", None, Problem.DATE_UNCLEAR),
    ("guten Morgen, am Dienstag um 10", None, Problem.DATE_UNCLEAR),
    ("Dienstag drei", None, Problem.DATE_UNCLEAR),
    ("morgen 14", None, Problem.DATE_UNCLEAR),
    ("am 15 Uhr", None, Problem.DATE_UNCLEAR),
    ("Dienstag 15 14 Uhr", None, Problem.DATE_UNCLEAR),
    ("Dienstag 15 nachmittags", None, Problem.DATE_UNCLEAR),
    ("Dienstag der 15 nachmittags", None, Problem.TIME_REQUIRED),
    ("Tuesday 1 10 pm", None, Problem.DATE_UNCLEAR),
    ("Dezember 12 bis 14 um 10 Uhr", None, Problem.TIME_UNCLEAR),
    ("2026-12-15T14:30:00-08:00", None, Problem.TIME_UNCLEAR),
    ("2026-12-15T14:30:15", None, Problem.TIME_UNCLEAR),
    ("2026-12-15T25:00", None, Problem.TIME_UNCLEAR),
    ("morgen um 15 Uhr vormittags", None, Problem.TIME_UNCLEAR),
    ("Dienstag morgen um 15 Uhr", None, Problem.TIME_UNCLEAR),
    ("morgen um drei", "16 Uhr", Problem.TIME_UNCLEAR),
    ("2026-12-15T10:00", "14:30", Problem.TIME_UNCLEAR),
    ("Dienstag", None, Problem.TIME_REQUIRED),
    (None, "Dienstag", Problem.TIME_REQUIRED),
    ("morgen nachmittag", None, Problem.TIME_REQUIRED),
    (None, "halb drei", Problem.DATE_REQUIRED),
    ("halb drei", None, Problem.DATE_REQUIRED),
    ("am Morgen", None, Problem.DATE_REQUIRED),
    (None, None, Problem.DATE_REQUIRED),
    ("heute morgen um neun", None, Problem.TIME_IN_PAST),
    ("gestern um drei", None, Problem.DATE_IN_PAST),
    ("31.2. um 10 Uhr", None, Problem.DATE_IMPOSSIBLE),
    ("Montag, 24.11. um 10 Uhr", None, Problem.WEEKDAY_MISMATCH),
    ("nächste Woche", "10 Uhr", Problem.DATE_UNCLEAR),
    ("vielleicht Dienstag um drei", None, Problem.DATE_UNCLEAR),
    ("erst ab Dienstag um drei", None, Problem.DATE_UNCLEAR),
    ("Dienstag zur Not auch Mittwoch", "10 Uhr", Problem.DATE_UNCLEAR),
    ("von Montag bis Mittwoch", "10 Uhr", Problem.DATE_UNCLEAR),
    ("Montag in einer Woche um zehn", None, Problem.DATE_UNCLEAR),
    ("Freitag, aber nicht vor drei", None, Problem.DATE_UNCLEAR),
    ("Montag im Dezember um zehn", None, Problem.DATE_UNCLEAR),
    ("am Wochenende, Montag um zehn", None, Problem.DATE_UNCLEAR),
    ("in einer Stunde", None, Problem.DATE_UNCLEAR),
    ("so bald wie möglich", None, Problem.DATE_UNCLEAR),
    ("der nächste freie Termin", "egal", Problem.DATE_UNCLEAR),
    ("Tuesday but not before three", None, Problem.DATE_UNCLEAR),
    ("Friday week", "10 am", Problem.DATE_UNCLEAR),
    ("in a fortnight", "10 am", Problem.DATE_UNCLEAR),
    ("next week or the week after next", "10 am", Problem.DATE_UNCLEAR),
    ("May I come at three", None, Problem.DATE_UNCLEAR),
    ("Freitag", "egal", Problem.TIME_UNCLEAR),
    ("Freitag", "nach der Arbeit", Problem.TIME_UNCLEAR),
    ("Freitag", "am frühen Nachmittag", Problem.TIME_UNCLEAR),
    ("heute", "in einer Stunde", Problem.TIME_UNCLEAR),
    ("Tuesday", "4ish", Problem.TIME_UNCLEAR),
    ("Tuesday", "three or four", Problem.TIME_UNCLEAR),
    ("31. November", "10 Uhr", Problem.DATE_IMPOSSIBLE),
    ("Mittwoch, 20. November", "10 Uhr", Problem.WEEKDAY_MISMATCH),
    ("heute", "vor neun", Problem.TIME_IN_PAST),
]

# (first day, last day), (earliest, latest)
WHERE_TO_LOOK = [
    ("Freitag ab 16 Uhr", None, ("2026-11-20", "2026-11-20"), ("16:00", None)),
    ("Freitag", "ab 16 Uhr", ("2026-11-20", "2026-11-20"), ("16:00", None)),
    ("Freitag vor 12", None, ("2026-11-20", "2026-11-20"), (None, "12:00")),
    ("Freitag, irgendwann nachmittags", None, ("2026-11-20", "2026-11-20"), ("12:00", "18:00")),
    ("Freitag gegen Abend", None, ("2026-11-20", "2026-11-20"), ("17:00", "20:00")),
    ("Samstag zwischen zehn und zwölf", None, ("2026-11-21", "2026-11-21"), ("10:00", "12:00")),
    ("Samstag", "von 10 bis 12", ("2026-11-21", "2026-11-21"), ("10:00", "12:00")),
    ("am 24.11. ab 15 Uhr", None, ("2026-11-24", "2026-11-24"), ("15:00", None)),
    ("nächste Woche", "so gegen Mittag", ("2026-11-23", "2026-11-29"), ("11:00", "14:00")),
    ("nächste Woche vormittags, wenn es geht", None, ("2026-11-23", "2026-11-29"), ("09:00", "12:00")),
    ("irgendwann nächste Woche", "ab 16 Uhr", ("2026-11-23", "2026-11-29"), ("16:00", None)),
    ("noch diese Woche", "vor 12", ("2026-11-18", "2026-11-22"), (None, "12:00")),
    ("Ende nächster Woche abends", None, ("2026-11-26", "2026-11-28"), ("17:00", "20:00")),
    ("am Wochenende", "vormittags", ("2026-11-21", "2026-11-22"), ("09:00", "12:00")),
    ("this Friday", "after 4 pm", ("2026-11-20", "2026-11-20"), ("16:00", None)),
    ("Tuesday afternoon", None, ("2026-11-24", "2026-11-24"), ("12:00", "18:00")),
    ("next week", "in the morning", ("2026-11-23", "2026-11-29"), ("06:00", "12:00")),
    ("sometime next week, before noon", None, ("2026-11-23", "2026-11-29"), (None, "12:00")),
    ("in the next few days", "after 4", ("2026-11-19", "2026-11-22"), ("16:00", None)),
    ("early December in the afternoon", None, ("2026-12-01", "2026-12-10"), ("12:00", "18:00")),
]


@pytest.mark.parametrize(("date_words", "time_words", "expected"), UNDERSTOOD)
def test_a_sentence_is_understood(date_words: str | None, time_words: str | None, expected: str) -> None:
    understood = ask(date_words, time_words)
    assert (understood.problem, local(understood)) == (None, expected)


@pytest.mark.parametrize(("date_words", "time_words", "problem"), ASKED_BACK)
def test_a_sentence_in_doubt_is_asked_back(date_words: str | None, time_words: str | None, problem: Problem) -> None:
    understood = ask(date_words, time_words)
    assert (understood.problem, understood.start) == (problem, None)


@pytest.mark.parametrize(("date_words", "time_words", "days", "hours"), WHERE_TO_LOOK)
def test_a_sentence_tells_where_to_look(
    date_words: str, time_words: str | None, days: tuple[str, str], hours: tuple[str | None, str | None]
) -> None:
    understood = ask(date_words, time_words)
    assert understood.start is None
    assert (understood.days or (understood.date, understood.date)) == dates(*days)
    assert understood.window == Window(*(time.fromisoformat(hour) if hour else None for hour in hours))


def test_the_words_that_were_not_understood_are_given_back_as_said() -> None:
    assert ask("Dienstag bei Frau Müller", "15 Uhr").left_over == "bei Frau Müller"


@pytest.mark.parametrize(("date_words", "time_words"), [("Dienstag " * 20, "14 Uhr"), ("Dienstag", "14 Uhr " * 20)])
def test_endless_words_are_not_understood(date_words: str, time_words: str) -> None:
    problem = Problem.DATE_UNCLEAR if len(date_words) > 120 else Problem.TIME_UNCLEAR
    assert ask(date_words, time_words).problem is problem


def test_words_up_to_the_limit_are_understood() -> None:
    assert local(ask("morgen um drei".ljust(120))) == "2026-11-19 15:00"
