"""E-mail addresses, written and spelled out, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.spoken import understand_email

UNDERSTOOD = {
    "erika.beispiel@web.de": [
        *("erika.beispiel@web.de", "Erika.Beispiel@Web.DE", " erika.beispiel@web.de\n", "erika.beispiel@web.de."),
        *(
            "<erika.beispiel@web.de>",
            '"erika.beispiel@web.de"',
            "mailto:erika.beispiel@web.de",
            "erika.beispiel @ web.de",
        ),
        *(
            "erika punkt beispiel at web punkt de",
            "Erika Punkt Beispiel ät Web Punkt De",
            "erika dot beispiel at web dot de",
        ),
        *("erika punkt beispiel Klammeraffe web punkt de", "erika punkt beispiel at-Zeichen web punkt de"),
        *("erika punkt beispiel at Zeichen web punkt de", "erika.beispiel at web.de", "erika . beispiel @ web . de"),
        *("meine Mail ist erika.beispiel@web.de", "Meine E-Mail-Adresse lautet erika punkt beispiel at web punkt de"),
        *(
            "meine E-Mail ist erika.beispiel@web.de, danke",
            "ja, das ist erika.beispiel@web.de",
            "E-Mail: erika.beispiel@web.de",
        ),
        *(
            "my email address is erika dot beispiel at web dot de please",
            "alles klein erika punkt beispiel at web punkt de",
        ),
        *("erika punkt beispiel, alles kleingeschrieben, at web punkt de", "erika\u200b.beispiel@web.de"),
    ],
    "erika@gmx.de": [
        *(
            "e r i k a at g m x punkt d e",
            "e-r-i-k-a at g-m-x punkt d-e",
            "E R I K A at GMX punkt DE",
            "erika at gmx.de",
        ),
        *("e-r-i-k-a@gmx.de", "erika at g m x punkt de"),
    ],
    "anna-lena@t-online.de": [
        *(
            "anna-lena@t-online.de",
            "anna minus lena at t minus online punkt de",
            "anna Bindestrich lena at t-online.de",
        ),
        *("anna dash lena at t online dot de", "anna hyphen lena at t online punkt de"),
    ],
    "erika_b+salon@web.de": [
        *("erika_b+salon@web.de", "erika Unterstrich b plus salon at web punkt de"),
        *("erika underscore b plus salon at web dot de", "e r i k a unterstrich b plus salon at web punkt de"),
    ],
    "erika85@web.de": ["erika85@web.de", "erika 85 at web punkt de", "e r i k a 8 5 at web punkt de"],
    "info@sub.firma.co.uk": ["info@sub.firma.co.uk", "info at sub dot firma dot co dot uk"],
    # Words for signs and words of the sentence may belong to an address.
    "mail@firma.de": ["mail at firma punkt de", "meine Mail ist mail at firma punkt de", "mail@firma.de"],
    "punkt@plus.de": ["punkt@plus.de"],
    "test@gmail.com": ["test@gmail.com"],
    "info@test.de": ["info@test.de"],
}


@pytest.mark.parametrize(
    ("words", "address"), [(words, address) for address, all_words in UNDERSTOOD.items() for words in all_words]
)
def test_an_address_is_understood(words: str, address: str) -> None:
    assert understand_email(words) == address


@pytest.mark.parametrize(
    "words",
    [
        *("", " ", "at", "@", "dann at", "at web punkt de", "erika at", "erika", "web.de", "punkt", "None", "keine"),
        *("ich komme dann at noon", "we meet at the salon dot", "around at ten dot thirty", "um drei punkt"),
        *("see you at nine dot thirty", "erika@web", "erika@web.d", "erika@web.123", "erika@@web.de", "erika@web..de"),
        *("erika..b@web.de", ".erika@web.de", "erika.@web.de", "erika@-web.de", "erika@web-.de", "e@b@web.de"),
        *("erika@web.de max@web.de", "{{email}}", "erika@{{domain}}", "a" * 65 + "@web.de", "a@" + "b." * 130 + "de"),
        *("erika@" + "a" * 64 + ".de", "at " * 200, "ｅrika@web.de", "erika@wéb.de", "nicht erika@web.de"),
    ],
)
def test_what_is_no_address_is_none(words: str) -> None:
    assert understand_email(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *("erika beispiel at web punkt de", "erika at web de", "müller at web punkt de", "müller@web.de"),
        *("erika eins at web punkt de", "erika at eins und eins punkt de", "e r i k a beispiel at web punkt de"),
        *("e-r-i-k-a b-e-i at web punkt de", "erika at gmail com", "A wie Anton at web punkt de"),
    ],
)
def test_what_may_be_two_addresses_is_none(words: str) -> None:
    assert understand_email(words) is None


@pytest.mark.parametrize(
    "address",
    [
        *("erika@example.com", "erika@example.org", "erika@example.net", "erika@example.de", "erika@mail.example.com"),
        *("test@test.de", "test@test.com", "email@email.com", "name@domain.com", "user@mail.com", "erika@beispiel.de"),
        *("noreply@firma.de", "no-reply@firma.de", "unknown@web.de", "none@none.com", "unbekannt@web.de"),
        *("erika@placeholder.com", "erika@placeholder-mail.de", "erika@mail.placeholder.org", "erika@mail.invalid"),
        *("erika at example dot com", "EMAIL@EMAIL.COM", "anonymous@anonymous.invalid"),
    ],
)
def test_what_models_invent_is_none(address: str) -> None:
    assert understand_email(address) is None


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("erika@salon.de", False),
        ("erika@mail.salon.de", False),
        ("ERIKA AT SALON PUNKT DE", False),
        ("erika@meinsalon.de", True),
        ("erika@salon.de.com", True),
        ("salon.de@web.de", True),
    ],
)
def test_a_refused_domain_and_all_below_it_are_none(address: str, kept: bool) -> None:
    assert (understand_email(address, refused_domains=["Salon.de"]) is not None) == kept


@given(words=st.text() | st.text(alphabet="aeriko@.-_+ 8").map(lambda text: f"{text}@{text}.de"))
def test_any_text_gives_none_or_a_plain_address(words: str) -> None:
    address = understand_email(words)
    assert address is None or (address.isascii() and address == address.lower() and address.count("@") == 1)
    assert address is None or understand_email(address) == address
