"""What the caller hears while their wish is collected, and what is kept of it."""

import re
from datetime import UTC, datetime, time
from typing import Any

import pytest

from appointments.collecting import SpokenWish, collect
from appointments.models import Appointment, Call, Company, FollowUp, Service
from appointments.voice import JUNK, Reply
from appointments.wishes import wish_of
from tests import bells
from tests.factories import make_call, make_customer, make_service

# A Monday, ten in the morning in Berlin.
HEARD_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = {"name": "Erika Beispiel", "date": "morgen", "time": "14 Uhr 30", "service": "Herrenschnitt"}

# What is said instead of the good wish, and the question that comes back.
QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"service": None}, "service_required"),
    ({"service": "Massage"}, "service_required"),
    ({"service": "Herrenschnitt und Farbe"}, "service_required"),
    ({"date": None}, "date_required"),
    ({"time": None}, "time_required"),
    ({"time": "vormittags"}, "time_required"),
    ({"date": "irgendwann"}, "date_unclear"),
    ({"time": "irgendwann"}, "time_unclear"),
    ({"time": "00:00"}, "time_ambiguous"),
    ({"date": "gestern"}, "date_in_past"),
    ({"date": "heute", "time": "9 Uhr"}, "time_in_past"),
    ({"date": "31.2.2027"}, "date_impossible"),
    ({"date": "29.03.2026", "time": "02:30 Uhr nachts"}, "time_impossible"),
    ({"date": "Montag, den 4. März"}, "weekday_mismatch"),
    ({"name": None}, "name_required"),
]
# Any claim that something is booked, in either language.
CLAIM = re.compile(
    r"\b(?:ist|sind|wurde|habe|hat)\b[^.?]*\b(?:gebucht|bestätigt|reserviert|eingetragen)\b"
    r"|\b(?:is|are|was|has been|have|'ve)(?: now| been)? (?:booked|confirmed|reserved|scheduled)\b",
    re.IGNORECASE,
)


@pytest.fixture(params=["de", "en"])
def language(request: pytest.FixtureRequest, company: Company) -> str:
    company.default_language = request.param
    company.save()
    return request.param


@pytest.fixture
def services(company: Company) -> list[Service]:
    return [make_service(company), make_service(company, name="Färben", aliases=["Farbe"])]


@pytest.fixture
def call(company: Company, services: list[Service]) -> Call:
    return make_call(company, caller_phone="+4915112345678")


def said(call: Call, **words: Any) -> Reply:
    return collect(call, SpokenWish(**{**GOOD, **words}), heard_at=HEARD_AT)


def told(reply: Reply, name: str) -> Any:
    return reply.as_json()[name]


def test_a_wish_is_read_back_with_weekday_and_date(call: Call) -> None:
    reply = said(call)
    assert reply.status == "collected"
    assert reply.message == (
        "Ich habe Ihren Wunsch notiert: Herrenhaarschnitt am Dienstag, 3. März 2026, um 14 Uhr 30, für Erika Beispiel. "
        "Gebucht wird der Termin gleich nach unserem Gespräch, wenn die Zeit dann noch frei ist."
    )


def test_a_wish_is_read_back_in_the_companys_language(call: Call) -> None:
    call.company.default_language = "en"
    assert said(call).message == (
        "I have noted your wish: Herrenhaarschnitt on Tuesday, March 3, 2026 at 2:30 pm for Erika Beispiel. "
        "I will book it right after our call, if the time is still free then."
    )


def test_a_known_customer_is_spoken_to_in_their_language(call: Call, company: Company) -> None:
    call.customer = make_customer(company, language="en")
    assert said(call).message.startswith("I have noted your wish")


def test_a_wish_is_kept(call: Call, services: list[Service]) -> None:
    said(call, notes="by the window", email="erika@example.com")
    wish = wish_of(Call.objects.get())
    assert wish is not None
    assert wish.starts_at == datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    assert (wish.appointment_time, wish.service_id) == (time(14, 30), services[0].pk)
    assert (wish.notes, wish.email, wish.collected_at) == ("by the window", "erika@example.com", HEARD_AT)


def test_nothing_is_booked_while_the_caller_speaks(call: Call) -> None:
    said(call)
    assert not Appointment.objects.exists()


def test_a_later_wish_replaces_the_first(call: Call) -> None:
    said(call)
    collect(call, SpokenWish(**{**GOOD, "date": "Mittwoch"}), heard_at=HEARD_AT.replace(minute=1))
    wish = wish_of(Call.objects.get())
    assert wish is not None
    assert f"{wish.appointment_date}" == "2026-03-04"


def test_a_wish_in_winter_and_one_in_summer_are_different_instants(call: Call) -> None:
    starts = []
    for date in ("1.12.2026", "1.7.2026"):
        said(call, date=date)
        starts.append(wish_of(Call.objects.get()).starts_at)
    assert [start.hour for start in starts] == [13, 12]


@pytest.mark.parametrize(("words", "status"), QUESTIONS)
def test_what_is_missing_or_unclear_is_asked(call: Call, language: str, words: dict[str, Any], status: str) -> None:
    reply = said(call, **words)
    assert (reply.success, reply.status) == (True, status)
    assert reply.message.endswith(("?", "."))
    assert wish_of(Call.objects.get()) is None


@pytest.mark.parametrize("words", [{}, *(words for words, _ in QUESTIONS)])
def test_no_reply_claims_a_booking(call: Call, language: str, words: dict[str, Any]) -> None:
    assert not CLAIM.search(said(call, **words).message)


@pytest.mark.parametrize(
    "claim",
    [
        "Ihr Termin ist für morgen gebucht.",
        "Ich habe Ihnen den Termin eingetragen.",
        "Your appointment is booked.",
        "I have booked it.",
        "It has been confirmed.",
    ],
)
def test_a_claim_would_be_noticed(claim: str) -> None:
    assert CLAIM.search(claim)


@pytest.mark.parametrize("words", [{}, *(words for words, _ in QUESTIONS)])
def test_every_reply_has_todays_date(call: Call, language: str, words: dict[str, Any]) -> None:
    assert told(said(call, **words), "today") == "2026-03-02"


def test_today_is_the_companys_day(call: Call) -> None:
    call.company.timezone = "Pacific/Auckland"
    late = HEARD_AT.replace(hour=12)
    assert told(collect(call, SpokenWish(), heard_at=late), "today") == "2026-03-03"


def test_a_question_about_the_day_says_what_day_it_is(call: Call) -> None:
    assert said(call, date="irgendwann").message.startswith("Heute ist Montag, 2. März 2026.")


def test_a_question_about_a_mismatch_names_both_days(call: Call) -> None:
    message = said(call, date="Montag, den 4. März").message
    assert "Montag, 2. März" in message
    assert "Mittwoch, 4. März" in message


def test_a_question_about_the_service_names_those_there_are(call: Call) -> None:
    reply = said(call, service="Massage")
    assert "Herrenhaarschnitt, Färben" in reply.message or "Färben, Herrenhaarschnitt" in reply.message
    assert set(told(reply, "services")) == {"Herrenhaarschnitt", "Färben"}


def test_where_nothing_can_be_booked_the_promised_callback_is_noted_once(call: Call, language: str) -> None:
    Service.objects.update(is_active=False)
    assert [said(call).status for _ in range(2)] == ["no_services", "no_services"]
    follow_up = FollowUp.objects.get()
    assert (follow_up.kind, follow_up.call, follow_up.company) == (FollowUp.Kind.CALLBACK, call, call.company)


def test_a_wish_after_all_is_kept_beside_the_promised_callback(call: Call) -> None:
    Service.objects.update(is_active=False)
    said(call)
    Service.objects.update(is_active=True)
    assert said(call).status == "collected"


@pytest.mark.parametrize("junk", [*sorted(JUNK), "{{customer_name}}", "N/A", "NULL", [], {}, True, False, ["Erika"]])
@pytest.mark.parametrize("field", ["name", "date", "time", "service"])
def test_junk_counts_as_not_said(call: Call, field: str, junk: object) -> None:
    assert said(call, **{field: junk}).status == f"{field}_required"


@pytest.mark.parametrize("field", ["notes", "email"])
@pytest.mark.parametrize("junk", ["none", "{{x}}", 3.5, [], {}, None, "erika at example punkt com"])
def test_junk_beside_the_wish_does_not_stop_it(call: Call, field: str, junk: object) -> None:
    assert said(call, **{field: junk}).status == "collected"


def test_an_address_that_is_none_is_dropped(call: Call) -> None:
    said(call, email="erika at example punkt com")
    assert wish_of(Call.objects.get()).email is None


def test_long_words_are_cut_where_they_are_kept(call: Call) -> None:
    said(call, name="Erika " * 100, notes="x" * 10_000)
    wish = wish_of(Call.objects.get())
    assert (len(wish.customer_name), len(wish.notes)) == (150, 2000)


@pytest.mark.parametrize("field", ["date", "time", "service", "email", "name", "notes"])
def test_endless_words_are_answered(call: Call, field: str) -> None:
    assert said(call, **{field: "dreizehn Uhr " * 20_000}).message


def test_a_date_in_endless_words_is_not_understood(call: Call) -> None:
    assert said(call, date="morgen " + "x" * 5000).status == "date_unclear"


def test_a_hidden_caller_says_a_name(call: Call) -> None:
    call.caller_phone = None
    assert said(call, name=None).status == "name_required"
    assert said(call).status == "collected"


def test_a_known_customer_need_not_say_their_name(call: Call, company: Company) -> None:
    call.customer = make_customer(company, name="Max Muster")
    assert "für Max Muster" in said(call, name=None).message


def test_who_is_named_comes_before_who_calls(call: Call, company: Company) -> None:
    call.customer = make_customer(company, name="Max Muster")
    assert "für Erika Beispiel" in said(call).message


def test_another_companys_service_is_not_wished(call: Call, other_company: Company) -> None:
    make_service(other_company, name="Massage")
    assert said(call, service="Massage").status == "service_required"


def rung_after(call: Call, capture: Any) -> list[bells.Ring]:
    bells.rung()
    with capture(execute=True):
        said(call)
    return bells.rung()


def test_a_wish_of_a_call_that_is_over_is_booked_at_once(call: Call, django_capture_on_commit_callbacks: Any) -> None:
    # The call's end was told to another process: this one's copy does not know.
    Call.objects.update(status=Call.Status.ENDED)
    (ring,) = rung_after(call, django_capture_on_commit_callbacks)
    assert (ring.task, ring.args, ring.is_delayed) == ("appointments.tasks.book_call", (call.pk,), False)


def test_a_wish_of_a_call_that_goes_on_waits(call: Call, django_capture_on_commit_callbacks: Any) -> None:
    assert rung_after(call, django_capture_on_commit_callbacks) == []
