"""Which service the caller's words mean."""

import pytest

from appointments.models import Company, Service
from appointments.service_names import ServiceMatch, find_service
from tests.factories import make_service


@pytest.fixture
def services(company: Company) -> dict[str, Service]:
    rows = {
        "Herrenhaarschnitt": ["Herrenschnitt", "haircut for men"],
        "Damenhaarschnitt": ["Damenschnitt", "Haarschnitt Damen"],
        "Färben": ["Farbe"],
        "Färben und Schneiden": [],
        "Schneiden": ["Schnitt"],
    }
    return {name: make_service(company, name=name, aliases=aliases) for name, aliases in rows.items()}


def names(match: ServiceMatch) -> set[str]:
    return {service.name for service in match.candidates}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Herrenhaarschnitt", "Herrenhaarschnitt"),
        ("herrenhaarschnitt", "Herrenhaarschnitt"),
        ("HERRENSCHNITT", "Herrenhaarschnitt"),
        ("einen Herrenschnitt, bitte", "Herrenhaarschnitt"),
        ("a haircut for men please", "Herrenhaarschnitt"),
        ("Haarschnitt – Damen", "Damenhaarschnitt"),
        ("Färben", "Färben"),
        ("FÄRBEN", "Färben"),
        ("faerben", "Färben"),
        ("Fa\u0308rben", "Färben"),
        ("Färben und Schneiden", "Färben und Schneiden"),
        ("ich möchte faerben und schneiden lassen", "Färben und Schneiden"),
        ("nur schneiden", "Schneiden"),
    ],
)
def test_a_name_or_alias_in_the_words(company: Company, services: dict[str, Service], words: str, name: str) -> None:
    assert find_service(company, words).service == services[name]


def test_accents_are_no_matter(company: Company) -> None:
    cafe = make_service(company, name="Maniküre à la carte")
    make_service(company, name="Pediküre")
    assert find_service(company, "manikuere a la carte").service == cafe


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Herrenschnitt und Damenschnitt", {"Herrenhaarschnitt", "Damenhaarschnitt"}),
        # The longer name is not what is meant: it stands beside the shorter one, not around it.
        ("Herrenhaarschnitt und Farbe", {"Herrenhaarschnitt", "Färben"}),
        ("Färben und Schneiden oder nur Schneiden", {"Färben und Schneiden", "Schneiden"}),
    ],
)
def test_two_services_in_the_words_are_asked_about(
    company: Company, services: dict[str, Service], words: str, asked: set[str]
) -> None:
    match = find_service(company, words)
    assert match.service is None
    assert names(match) == asked


def test_one_alias_of_two_services_is_asked_about(company: Company) -> None:
    make_service(company, name="Herren", aliases=["Schnitt"])
    make_service(company, name="Damen", aliases=["Schnitt"])
    make_service(company, name="Kinder", aliases=[])
    match = find_service(company, "ein Schnitt")
    assert match.service is None
    assert names(match) == {"Herren", "Damen"}


@pytest.mark.parametrize("words", ["Massage", "Herren", "Schnittmuster", "…", None, ""])
def test_none_in_the_words_is_asked_about(company: Company, services: dict[str, Service], words: str | None) -> None:
    match = find_service(company, words)
    assert match.service is None
    assert names(match) == set(services)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Herren Haar Schnitt", "Herrenhaarschnitt"),
        ("Herrnhaarschnit", "Herrenhaarschnitt"),
        ("einen Hernschnitt bitte", "Herrenhaarschnitt"),
        ("hair cut for men", "Herrenhaarschnitt"),
        ("Damen Hahrschnitt", "Damenhaarschnitt"),
        ("ich hätte gern einen Dahmenschnitt", "Damenhaarschnitt"),
        ("fährben", "Färben"),
        ("Verben", "Färben"),
        ("Färben unt Schneiden", "Färben und Schneiden"),
        # Short, but nothing else is said.
        ("Schnit", "Schneiden"),
    ],
)
def test_what_sounds_like_a_name(company: Company, services: dict[str, Service], words: str, name: str) -> None:
    assert find_service(company, words).service == services[name]


def test_a_name_that_is_said_goes_before_one_that_sounds_the_same(company: Company) -> None:
    maier = make_service(company, name="Beratung Maier", aliases=[])
    make_service(company, name="Beratung Meyer", aliases=[])
    assert find_service(company, "Beratung Maier").service == maier


def test_two_names_that_sound_the_same_are_asked_about(company: Company, services: dict[str, Service]) -> None:
    make_service(company, name="Beratung Maier", aliases=[])
    make_service(company, name="Beratung Meyer", aliases=[])
    match = find_service(company, "Beratung Mayer")
    assert match.service is None
    assert names(match) == {"Beratung Maier", "Beratung Meyer"}


def test_a_name_and_a_sound_of_another_are_asked_about(company: Company, services: dict[str, Service]) -> None:
    match = find_service(company, "Färben und Herrnschnit")
    assert match.service is None
    assert names(match) == {"Färben", "Herrenhaarschnitt"}


@pytest.mark.parametrize("words", ["wann", "wann denn", "ja", "…"])
def test_a_short_sound_tells_nothing(company: Company, words: str) -> None:
    make_service(company, name="Fön", aliases=["Ei"])
    assert find_service(company, words).service is None


def test_figures_are_no_matter_of_sound(company: Company) -> None:
    make_service(company, name="Paket 1", aliases=[])
    second = make_service(company, name="Paket 2", aliases=[])
    assert find_service(company, "Packet 2").service == second
    assert find_service(company, "Packet 3").service is None


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Haarschnitt", {"Herrenhaarschnitt", "Damenhaarschnitt"}),
        ("einen Haarschnitt, bitte", {"Herrenhaarschnitt", "Damenhaarschnitt"}),
        ("Herrenhaarschnittchen", {"Herrenhaarschnitt"}),
        ("Einfärben", {"Färben"}),
    ],
)
def test_names_written_much_like_the_words_are_asked_about(
    company: Company, services: dict[str, Service], words: str, asked: set[str]
) -> None:
    services["Schneiden"].delete()
    match = find_service(company, words)
    assert match.service is None
    assert names(match) == asked


@pytest.mark.parametrize("words", ["Damen", "Frauen", "für eine Frau"])
def test_nobody_but_staff_says_what_else_a_service_is_called(
    company: Company, services: dict[str, Service], words: str
) -> None:
    assert find_service(company, words).service is None
    services["Damenhaarschnitt"].aliases = ["Damen", "Frauen", "Frau"]
    services["Damenhaarschnitt"].save()
    assert find_service(company, words).service == services["Damenhaarschnitt"]


@pytest.mark.parametrize("words", [None, ""])
def test_a_single_service_needs_no_words(company: Company, words: str | None) -> None:
    service = make_service(company)
    assert find_service(company, words).service == service


def test_a_single_service_is_not_forced_on_who_names_another(company: Company) -> None:
    make_service(company)
    assert find_service(company, "Massage").service is None


def test_an_inactive_service_is_not_offered(company: Company) -> None:
    make_service(company, is_active=False)
    assert find_service(company, "Herrenschnitt") == ServiceMatch(None, ())


def test_another_companys_service_is_not_offered(company: Company, other_company: Company) -> None:
    make_service(other_company)
    assert find_service(company, "Herrenschnitt") == ServiceMatch(None, ())
