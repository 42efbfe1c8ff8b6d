"""Times of day, for tomorrow, with the shop open from 8 to 20 unless a test says otherwise."""

from datetime import time

import pytest

from appointments.spoken import Problem, Window
from tests.appointments.spoken.asking import ask

UNDERSTOOD = {
    "14:30": [
        "14:30",
        "14:30 Uhr",
        "14:30:00",
        "14.30 Uhr",
        "14.30",
        "14 Uhr 30",
        "14 Uhr dreißig",
        "14 uhr 30 minuten",
        "14 Uhr 30.",
        "14h30",
        "1430",
        "1430 Uhr",
        "14 30",
        "um 14:30 Uhr",
        "vierzehn Uhr dreißig",
        "vierzehn Uhr dreissig",
        "vierzehn dreißig",
        "halb drei",
        "Halb Drei",
        "HALB DREI",
        "halb 3",
        "um halb drei",
        "halb drei nachmittags",
        "nachmittags um halb drei",
        "halb drei Uhr",
        "halb fünfzehn",
        "2:30 pm",
        "2:30 PM",
        "2:30pm",
        "2:30 p.m.",
        "2.30 pm",
        "2:30\u202fPM",
        "14:30 pm",
        "02:30 pm",
        "half past two",
        "at half past two",
        "half past two in the afternoon",
        "two thirty pm",
        "two thirty",
        "two thirty in the afternoon",
        "2:30",
        "２：３０ pm",
        "١٤:٣٠",
    ],
    "14:00": ["14", "14 Uhr", "14. Uhr", "14h", "14:00", "vierzehn", "vierzehn Uhr", "um zwei", "2 pm", "two o'clock"],
    "15:00": [
        *("drei", "um drei", "drei Uhr", "3", "3 Uhr", "um 3", "3pm", "3 p.m.", "15 Uhr", "fünfzehn Uhr", "at three"),
        *("three o’clock", "three in the afternoon", "at 3 in the afternoon", "drei Uhr nachmittags", "3 nachmittags"),
        *("drei am Nachmittag", "punkt drei", "genau um drei", "15 Uhr nachmittags", "three pm", "exactly 3 pm"),
    ],
    "14:25": ["fünf vor halb drei", "5 vor halb 3", "fuenf vor halb drei", "twenty-five past two"],
    "14:35": ["fünf nach halb drei", "twenty-five to three"],
    "14:45": ["viertel vor drei", "dreiviertel drei", "drei viertel drei", "quarter to three", "a quarter to three"],
    "14:15": ["viertel drei", "viertel nach zwei", "quarter past two", "a quarter after two"],
    "16:15": ["viertel nach vier", "Viertel nach Vier", "viertel nach sechzehn", "sechzehn Uhr fünfzehn"],
    "16:10": ["zehn nach vier", "10 nach 4", "zehn Minuten nach vier", "ten past four", "ten minutes past four"],
    "15:50": ["zehn vor vier", "at ten to four", "ten minutes to four", "um zehn vor vier"],
    "14:40": ["zwanzig vor drei", "fünf vor dreiviertel drei", "twenty to three"],
    "08:45": ["viertel vor neun", "dreiviertel neun", "08:45", "8:45", "8:45 am", "quarter to nine"],
    "08:00": ["acht", "8 Uhr", "08:00", "acht Uhr morgens", "8 am", "8 a.m.", "acht Uhr früh", "at eight"],
    "09:00": ["neun", "9", "9 Uhr", "9 am", "nine in the morning", "9 Uhr vormittags", "neun Uhr am Vormittag", "0900"],
    "12:00": [
        "zwölf",
        "12",
        "12 Uhr",
        "zwoelf Uhr",
        "zwolf",
        "12 Uhr mittags",
        "um Mittag",
        "noon",
        "at noon",
        "12 pm",
    ],
    "12:30": ["halb eins", "zwölf Uhr dreißig", "12:30", "12:30 pm", "half past twelve", "halb 1"],
    "12:45": ["viertel vor eins", "dreiviertel eins"],
    "13:00": ["ein Uhr", "eins", "um eins", "um 1", "1 pm", "one pm", "ein Uhr mittags", "one o'clock"],
    "13:30": ["halb zwei", "ein Uhr dreißig", "half past one"],
    "15:05": ["fünf nach drei", "drei Uhr fünf", "fünfzehn Uhr fünf", "five past three"],
    "18:00": ["sechs", "um sechs", "sechs Uhr abends", "six in the evening", "18 Uhr", "abends um sechs"],
    "18:30": ["halb sieben", "half past six"],
    "19:00": ["sieben", "sieben Uhr", "sieben Uhr abends", "7 pm", "seven in the evening"],
    "20:30": ["halb einundzwanzig", "zwanzig Uhr dreißig", "20:30", "twenty thirty"],
    "21:00": ["einundzwanzig Uhr", "neun Uhr abends", "9 pm", "twenty-one o'clock"],
    "07:30": ["07:30", "7:30 morgens", "halb acht morgens", "7:30 am", "half past seven in the morning"],
    "03:00": ["03:00", "drei Uhr nachts", "3 am", "three in the morning"],
    "00:30": ["12:30 am", "00:30", "0 Uhr 30", "null Uhr dreißig"],
}

UNDERSTOOD_IN_ENGLISH = {
    "14:30": [
        *("2 thirty pm", "at 2:30 in the afternoon", "half past 2", "half past two pm", "at two thirty"),
        *("exactly half past two", "14:30 please"),
    ],
    "14:00": ["2 o'clock", "at 2", "at two in the afternoon", "two pm", "2 p.m.", "fourteen o'clock"],
    "15:00": [
        *("3 o’clock", "at three o'clock", "three o'clock in the afternoon", "3 PM", "at 3 p.m."),
        *("three sharp", "3 in the afternoon"),
    ],
    "14:45": ["quarter to 3", "a quarter to three in the afternoon", "two forty-five", "fifteen minutes to three"],
    "14:15": ["quarter past 2", "a quarter past two", "two fifteen", "2:15 pm", "fifteen minutes past two"],
    "16:10": ["at ten past four", "4:10 pm", "four ten pm"],
    "15:50": ["3:50 pm", "at ten minutes to four"],
    "14:40": ["twenty minutes to three", "at twenty to three", "two forty"],
    "08:45": ["a quarter to nine", "eight forty-five", "quarter to nine in the morning"],
    "08:00": ["8 o'clock", "eight in the morning", "at 8 am", "eight am", "8 in the morning"],
    "09:00": [
        *("at nine", "nine am", "9 o'clock", "nine o'clock in the morning"),
        *("9 a.m. please", "at 9 in the morning"),
    ],
    "09:15": ["quarter past nine", "a quarter past nine", "nine fifteen", "9:15 am"],
    "09:30": ["half past nine", "nine thirty", "9:30 am", "at half past nine in the morning"],
    "10:00": ["ten", "ten o'clock", "at ten", "10 am", "10:00 AM", "at 10 a.m.", "ten in the morning"],
    "10:30": ["half past ten", "ten thirty", "10:30 am"],
    "11:00": ["eleven", "eleven o'clock", "11 am", "at eleven in the morning"],
    "11:45": ["quarter to twelve", "eleven forty-five"],
    "12:00": ["twelve", "twelve o'clock", "12 noon", "twelve noon", "midday", "at midday"],
    "12:30": ["twelve thirty", "half past twelve in the afternoon"],
    "13:00": ["one", "1 o'clock", "at one", "one in the afternoon"],
    "13:30": ["one thirty", "1:30 pm", "half past one in the afternoon"],
    "16:00": ["four", "four o'clock", "4 pm", "at four pm", "4 in the afternoon"],
    "17:00": ["five", "5 pm", "five o'clock", "at five in the afternoon"],
    "17:30": ["half past five", "five thirty", "5:30 pm"],
    "18:00": ["at six", "six pm", "6 in the evening"],
    "19:30": ["half past seven in the evening", "7:30 pm", "seven thirty pm"],
    "07:30": ["half past seven am", "seven thirty in the morning"],
}
ALL_UNDERSTOOD = [
    (words, expected)
    for table in (UNDERSTOOD, UNDERSTOOD_IN_ENGLISH)
    for expected, all_words in table.items()
    for words in all_words
]

WINDOWS = {
    "morgens": ("06:00", "12:00"),
    "am Morgen": ("06:00", "12:00"),
    "in der Früh": ("06:00", "12:00"),
    "in the morning": ("06:00", "12:00"),
    "vormittags": ("09:00", "12:00"),
    "am Vormittag": ("09:00", "12:00"),
    "mittags": ("11:00", "14:00"),
    "Mittag": ("11:00", "14:00"),
    "gegen Mittag": ("11:00", "14:00"),
    "nachmittags": ("12:00", "18:00"),
    "am Nachmittag": ("12:00", "18:00"),
    "in the afternoon": ("12:00", "18:00"),
    "afternoon": ("12:00", "18:00"),
    "abends": ("17:00", "20:00"),
    "am Abend": ("17:00", "20:00"),
    "evening": ("17:00", "20:00"),
    "ab 16 Uhr": ("16:00", None),
    "ab vier": ("16:00", None),
    "ab halb fünf": ("16:30", None),
    "ab Mittag": ("12:00", None),
    "nach 16 Uhr": ("16:00", None),
    "after 4": ("16:00", None),
    "from 4 pm": ("16:00", None),
    "frühestens 16 Uhr": ("16:00", None),
    "vor 12": (None, "12:00"),
    "vor zwölf Uhr": (None, "12:00"),
    "before noon": (None, "12:00"),
    "bis 12 Uhr": (None, "12:00"),
    "until 5 pm": (None, "17:00"),
    "spätestens um vier": (None, "16:00"),
    "zwischen 10 und 12": ("10:00", "12:00"),
    "zwischen zehn und zwölf Uhr": ("10:00", "12:00"),
    "so zwischen zehn und zwölf": ("10:00", "12:00"),
    "zwischen elf und eins": ("11:00", "13:00"),
    "zwischen sechs und acht": ("18:00", "20:00"),
    "von 10 bis 12 Uhr": ("10:00", "12:00"),
    "10 bis 12 Uhr": ("10:00", "12:00"),
    "10-12 Uhr": ("10:00", "12:00"),
    "10:00 - 12:00": ("10:00", "12:00"),
    "10:00–12:00": ("10:00", "12:00"),
    "between 10 and 12": ("10:00", "12:00"),
    "between 10 am and 2 pm": ("10:00", "14:00"),
    "10 am to 2 pm": ("10:00", "14:00"),
    "from ten to four": ("10:00", "16:00"),
    "zwischen zwei und vier nachmittags": ("14:00", "16:00"),
    "zwischen 10 und 12 vormittags": ("10:00", "12:00"),
    "nachmittags ab 16 Uhr": ("16:00", "18:00"),
    "abends ab sechs": ("18:00", "20:00"),
    "zwischen fünf nach drei und vier": ("15:05", "16:00"),
    "lunchtime": ("11:00", "14:00"),
    "at lunchtime": ("11:00", "14:00"),
    "after 4 pm": ("16:00", None),
    "after four o'clock": ("16:00", None),
    "after half past four": ("16:30", None),
    "from four": ("16:00", None),
    "after noon": ("12:00", None),
    "before ten": (None, "10:00"),
    "before 10 am": (None, "10:00"),
    "until noon": (None, "12:00"),
    "by 5 pm": (None, "17:00"),
    "till four": (None, "16:00"),
    "between ten and twelve": ("10:00", "12:00"),
    "between 2 and 4 pm": ("14:00", "16:00"),
    "between two and four in the afternoon": ("14:00", "16:00"),
    "from 10 am to noon": ("10:00", "12:00"),
    "from nine until eleven": ("09:00", "11:00"),
    "2 pm to 4 pm": ("14:00", "16:00"),
    "sometime in the afternoon": ("12:00", "18:00"),
    "some time in the morning": ("06:00", "12:00"),
    "in the evening": ("17:00", "20:00"),
    "morning": ("06:00", "12:00"),
    "in the afternoon after three": ("15:00", "18:00"),
    "around lunchtime": ("11:00", "14:00"),
    "so gegen Mittag": ("11:00", "14:00"),
    "zur Mittagszeit": ("11:00", "14:00"),
    "irgendwann nachmittags": ("12:00", "18:00"),
    "irgendwann am Nachmittag": ("12:00", "18:00"),
}

UNCLEAR = [
    *("egal", "so früh wie möglich", "nach der Arbeit", "um", "halb", "viertel", "Uhr", "24 Uhr", "25:00", "14:75"),
    *("14:3", "14:30:15", "25 Uhr", "14 Uhr 75", "99", "um kurz vor drei", "nicht vor 12", "drei oder vier"),
    *("14:00 oder 15:00", "14 am", "15 Uhr vormittags", "drei Uhr mittags abends", "morgens und abends", "2026"),
    *("ten to four", "10 to 12", "9 to 5", "half three", "3ish", "0", "123", "12345", "14:30 15:30", "14:00 um drei"),
    *("zwischen 14 und 12 Uhr", "dreißig", "sechzig Uhr", "in zwei Stunden", "jetzt", "am späten Nachmittag"),
    *("neununddreißig vor drei", "halb null", "die zweite", "ab 14 Uhr um 12 Uhr"),
]


@pytest.mark.parametrize(("words", "expected"), ALL_UNDERSTOOD)
def test_a_time_is_understood(words: str, expected: str) -> None:
    understood = ask("morgen", words)
    assert (understood.problem, f"{understood.time:%H:%M}", understood.left_over) == (None, expected, "")


@pytest.mark.parametrize("words", [words for words, _ in ALL_UNDERSTOOD])
def test_a_time_means_the_same_in_a_sentence(words: str) -> None:
    assert ask(f"morgen {_announced(words)}").start == ask("morgen", words).start


def _announced(words: str) -> str:
    """A bare number is a time only in the field for times; elsewhere it needs an "um"."""
    return words if {"um", "at"} & set(words.split()) else f"um {words}"


@pytest.mark.parametrize(("words", "window"), WINDOWS.items())
def test_a_stretch_of_the_day_is_a_window_and_no_time(words: str, window: tuple[str | None, str | None]) -> None:
    understood = ask("morgen", words)
    start, end = (time.fromisoformat(hour) if hour else None for hour in window)
    assert (understood.problem, understood.time, understood.window) == (Problem.TIME_REQUIRED, None, Window(start, end))


@pytest.mark.parametrize("words", UNCLEAR)
def test_a_time_in_doubt_is_asked_back(words: str) -> None:
    understood = ask("morgen", words)
    assert (understood.problem, understood.time, understood.start) == (Problem.TIME_UNCLEAR, None, None)


@pytest.mark.parametrize("words", [None, "", "None", "null", "N/A", "{{uhrzeit}}", "undefined"])
def test_a_missing_time_is_required_and_never_made_up(words: str | None) -> None:
    understood = ask("morgen", words)
    assert (understood.problem, understood.time, understood.window) == (Problem.TIME_REQUIRED, None, None)


@pytest.mark.parametrize(
    "words",
    ["so gegen halb drei", "gegen halb drei", "ca. halb drei", "so um halb drei", "etwa 14:30", "around 2:30 pm"],
)
def test_about_a_time_is_that_time_and_approximate(words: str) -> None:
    understood = ask("morgen", words)
    assert (understood.time, understood.approximate, understood.problem) == (time(14, 30), True, None)


@pytest.mark.parametrize(
    "words", ["ungefähr um drei", "drei Uhr ungefähr", "um drei herum", "um circa 15 Uhr", "roughly 3 pm"]
)
def test_roughly_may_stand_before_and_behind(words: str) -> None:
    understood = ask("morgen", words)
    assert (understood.time, understood.approximate) == (time(15), True)


def test_a_plain_time_is_not_approximate() -> None:
    assert not ask("morgen", "um halb drei").approximate


def test_a_window_may_be_approximate() -> None:
    assert ask("morgen", "so zwischen 10 und 12").approximate


@pytest.mark.parametrize(
    ("words", "opening", "expected"),
    [
        ("um drei", (9, 18), "15:00"),
        ("um acht", (8, 20), "08:00"),
        ("um acht", (16, 23), "20:00"),
        ("halb acht", (7, 19), "07:30"),
        ("7:30", (7, 19), "07:30"),
        ("7 Uhr 30", (7, 19), "07:30"),
        ("um eins", (18, 2), "01:00"),
    ],
)
def test_the_opening_hours_settle_which_half_of_the_day(words: str, opening: tuple[int, int], expected: str) -> None:
    understood = ask("morgen", words, opening=(time(opening[0]), time(opening[1])))
    assert (understood.problem, f"{understood.time:%H:%M}") == (None, expected)


@pytest.mark.parametrize(
    ("words", "opening", "candidates"),
    [
        ("um drei", (0, 0), ("03:00", "15:00")),
        ("um sieben", (6, 22), ("07:00", "19:00")),
        ("um sechs", (8, 18), ("06:00", "18:00")),
        ("halb acht", (6, 22), ("07:30", "19:30")),
        # Rarely said for the evening, so the opening hours don't decide alone.
        ("7:30", (8, 20), ("07:30", "19:30")),
        ("sieben Uhr dreißig", (8, 20), ("07:30", "19:30")),
    ],
)
def test_both_halves_of_the_day_possible_is_asked_back(
    words: str, opening: tuple[int, int], candidates: tuple[str, str]
) -> None:
    understood = ask("morgen", words, opening=(time(opening[0]), time(opening[1])))
    assert (understood.problem, understood.time) == (Problem.TIME_AMBIGUOUS, None)
    assert tuple(f"{candidate:%H:%M}" for candidate in understood.time_candidates) == candidates


@pytest.mark.parametrize("words", ["Mitternacht", "midnight", "12 am", "12 Uhr nachts", "00:00", "0 Uhr"])
def test_midnight_is_asked_back_because_a_day_has_two(words: str) -> None:
    understood = ask("morgen", words)
    assert (understood.problem, understood.time, understood.start) == (Problem.TIME_AMBIGUOUS, time(0), None)


def test_a_shop_open_at_midnight_may_be_booked_by_the_clock() -> None:
    assert ask("morgen", "00:00", opening=(time(18), time(2))).problem is None


def test_two_fields_settle_each_other() -> None:
    assert ask("morgen um halb acht", "07:30").time == time(7, 30)


def test_two_fields_with_different_times_are_asked_back() -> None:
    understood = ask("morgen um drei", "14:00")
    assert (understood.problem, understood.time) == (Problem.TIME_UNCLEAR, None)


@pytest.mark.parametrize("words", ["9 Uhr", "um neun", "10:00", "vor 9", "09:59"])
def test_a_time_gone_by_today_is_in_the_past(words: str) -> None:
    understood = ask("heute", words, at="10:00")
    assert (understood.problem, understood.start) == (Problem.TIME_IN_PAST, None)


def test_a_time_still_to_come_today_is_taken() -> None:
    assert ask("heute", "10:01", at="10:00").problem is None
