"""The name that is kept, and what only stands where a name should be."""

import pytest

from appointments.spoken import sensible_name

AGENT, SALON = "Lisa", "Salon Größe"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Erika Beispiel",
            "Max Muster",
            "Erika Mustermann",
            "Erika",
            "ERIKA BEISPIEL",
            "Anna-Lena Groß",
            "Jürgen Özil",
        ),
        *("Sean O’Brien", "Dr. Anna Beispiel", "Ludwig van Beethoven", "Ursula von der Leyen", "von der Leyen"),
        *("Beispiel, Erika", "Erika Beispiel (geb. Muster)", "Herr und Frau Beispiel", "Familie Beispiel", "Li Wei"),
        *("Нина Петрова", "李小龙", "हिन्दी नाम", "Nguyễn Thị Mai", "Renée", "Anna Weiß", "Can", "Hamid Mir"),
    ],
)
def test_a_name_is_kept_as_it_is(name: str) -> None:
    assert sensible_name(name) == name


@pytest.mark.parametrize(
    "name", ["Anna Freitag", "Tom Sommer", "Eva Montag", "Max März", "Jan Herbst", "Freitag, Anna"]
)
def test_a_surname_out_of_the_calendar_stays_with_a_first_name(name: str) -> None:
    assert sensible_name(name) == name


@pytest.mark.parametrize("name", ["Herr Freitag", "Frau Montag", "Frau Acht", "Mr March", "Jan", "April", "June"])
def test_a_salutation_or_a_first_name_tells_a_name_from_a_date(name: str) -> None:
    assert sensible_name(name) == name


@pytest.mark.parametrize(
    "words",
    [
        *(
            "mein Name ist Erika Beispiel",
            "Mein Name ist Erika Beispiel.",
            "Ich heiße Erika Beispiel",
            "  Erika  Beispiel ",
        ),
        *(
            "ich heisse Erika Beispiel",
            "Ich bin Erika Beispiel",
            "ich bin die Erika Beispiel",
            "Hier ist Erika Beispiel",
        ),
        *(
            "hier spricht Erika Beispiel",
            "Guten Tag, mein Name ist Erika Beispiel",
            "Hallo, hier ist die Erika Beispiel!",
        ),
        *(
            "auf den Namen Erika Beispiel",
            "für Erika Beispiel, bitte",
            "Erika Beispiel am Apparat",
            "Name: Erika Beispiel",
        ),
        *("My name is Erika Beispiel", "I'm Erika Beispiel", "I’m Erika Beispiel", "this is Erika Beispiel speaking"),
        *("Hello, it's Erika Beispiel", '"Erika Beispiel"', "Frau Erika Beispiel", "Mrs. Erika Beispiel"),
        *("erika beispiel", "mein name ist erika beispiel", "frau erika beispiel", "Erika\u200b Beispiel"),
    ],
)
def test_what_goes_with_a_name_is_taken_off(words: str) -> None:
    assert sensible_name(words) == "Erika Beispiel"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Frau Beispiel", "Frau Beispiel"),
        ("herr beispiel", "Herr Beispiel"),
        ("Hr. Beispiel", "Herr Beispiel"),
        ("Mr. Smith", "Mr Smith"),
        ("Frau von der Leyen", "Frau von der Leyen"),
        ("Frau Dr. Beispiel", "Dr. Beispiel"),
        ("Herr Max Muster", "Max Muster"),
    ],
)
def test_a_salutation_stays_with_a_lone_surname(words: str, name: str) -> None:
    assert sensible_name(words) == name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("anna von der heide", "Anna von der Heide"),
        ("ludwig van beethoven", "Ludwig van Beethoven"),
        ("maria de la cruz", "Maria de la Cruz"),
        ("anna-lena o'brien", "Anna-Lena O'Brien"),
        ("jürgen groß", "Jürgen Groß"),
    ],
)
def test_a_name_in_small_letters_gets_its_capitals(words: str, name: str) -> None:
    assert sensible_name(words) == name


@pytest.mark.parametrize(
    "words",
    [
        *("Unbekannt", "unbekannter Anrufer", "Anonym", "Kunde", "Der Kunde", "Neukunde", "Anrufer", "Herr Unbekannt"),
        *("customer", "Caller", "the caller", "New customer", "name", "first name last name", "User", "your name"),
        *(
            "Test",
            "Test User",
            "John Doe",
            "jane doe",
            "Mr John Doe",
            "None",
            "N/A",
            "string",
            "keine Angabe",
            "unknown",
        ),
        *("{{name}}", "<name>", "[Name]", "your_name", "Name"),
    ],
)
def test_a_placeholder_is_no_name(words: str) -> None:
    assert sensible_name(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *("Acht Uhr", "acht", "Montag", "am Montag", "morgen", "morgen früh", "halb drei", "heute Abend", "um vier"),
        *(
            "next Tuesday",
            "tomorrow",
            "half past two",
            "noon",
            "Dezember",
            "15. Dezember",
            "nächste Woche",
            "Anfang Mai",
        ),
        *("vierzehn Uhr dreißig", "14:30", "15.12.2026"),
    ],
)
def test_a_day_or_a_time_is_no_name(words: str) -> None:
    assert sensible_name(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *("guten Tag", "Guten Morgen", "Hallo", "mir nicht", "ja", "nein", "weiß nicht", "ich weiß nicht", "danke"),
        *("vielen Dank", "auf Wiederhören", "keine Ahnung", "das sage ich nicht", "ich möchte einen Termin", "bitte"),
        *("hello", "good morning", "thank you", "yes please", "I don't know", "not sure", "Frau", "Herr", "Mr."),
        *("wann haben Sie einen Termin", "a b c d e f g h i"),
    ],
)
def test_a_greeting_or_a_phrase_is_no_name(words: str) -> None:
    assert sensible_name(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *(
            "0151 23456789",
            "+49 30 12345678",
            "Erika 2",
            "null eins fünf eins",
            "½",
            "erika@web.de",
            "Erika @ Beispiel",
        ),
        *("erika punkt beispiel at web punkt de", "", "   ", ".", "-", "E", "E.", "\0", "a" * 200, "Erika; Beispiel"),
    ],
)
def test_figures_addresses_and_signs_are_no_name(words: str) -> None:
    assert sensible_name(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *("Lisa", "lisa", "LISA", "Lisa.", "hier ist Lisa", "Hier spricht Lisa", "Frau Lisa", "Lísa"),
        *("Salon Größe", "salon groesse", "Salon Grosse", "SALON GRÖSSE", "Salon-Größe", "hier ist der Salon Größe"),
    ],
)
def test_the_names_of_the_house_are_not_the_callers(words: str) -> None:
    assert sensible_name(words, refused=[AGENT, SALON]) is None


@pytest.mark.parametrize("words", ["Lisa Beispiel", "Elisa", "Anna Größe", "Salon"])
def test_a_name_that_is_only_like_them_is_the_callers(words: str) -> None:
    assert sensible_name(words, refused=[AGENT, SALON, ""]) == words
