"""What the caller hears while their wish is collected, and what is kept of it."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from appointments import conversation, holds
from appointments.conversation import Said
from appointments.models import Appointment, Call, Company, FollowUp, Offer, Service
from appointments.voice import JUNK
from tests import bells
from tests.appointments.promises import promise
from tests.appointments.talking import CLAIM, NOW, Conversation, berlin, times, told
from tests.calcom.conftest import CalcomControl
from tests.factories import make_customer, make_service

Status = Appointment.Status

# What is said instead of the good wish, and the question that comes back.
QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"service": "Massage"}, "service_required"),
    ({"service": "Haarschnitt und Farbe"}, "service_required"),
    ({"date": None}, "date_required"),
    ({"time": None}, "time_required"),
    ({"time": "vormittags"}, "time_required"),
    ({"date": "irgendwann"}, "date_unclear"),
    ({"time": "irgendwann"}, "time_unclear"),
    ({"time": "00:00"}, "time_ambiguous"),
    ({"date": "gestern"}, "date_in_past"),
    ({"date": "heute", "time": "9 Uhr"}, "time_in_past"),
    ({"date": "31.2.2028"}, "date_impossible"),
    ({"date": "28.03.2027", "time": "02:30 Uhr nachts"}, "time_impossible"),
    ({"date": "Montag, den 13. Januar"}, "weekday_mismatch"),
    ({"name": None}, "name_required"),
    ({"name": "Unbekannt"}, "name_required"),
    ({"name": "Acht Uhr"}, "name_required"),
]


@pytest.fixture
def colouring(salon: Company) -> Service:
    return make_service(salon, name="Färben", aliases=["Farbe"])


@pytest.fixture(params=["de", "en"])
def language(request: pytest.FixtureRequest, salon: Company) -> str:
    Company.objects.update(default_language=request.param)
    return request.param


def test_a_free_time_is_held_and_read_back_with_weekday_and_date(caller: Conversation) -> None:
    reply = caller.collect()
    assert reply.status == "collected"
    assert reply.message == (
        "Dienstag, 12. Januar 2027 um 14 Uhr ist frei, und ich halte Ihnen die Zeit frei: Haarschnitt für Erika "
        "Beispiel. Gebucht wird der Termin gleich nach unserem Gespräch."
    )
    assert caller.row().status == Status.HELD


def test_the_agent_gets_the_same_as_data(caller: Conversation) -> None:
    reply = caller.collect()
    assert (told(reply, "date"), told(reply, "time"), told(reply, "today")) == ("2027-01-12", "14:00", "2027-01-11")
    assert told(reply, "spoken_time") == "14 Uhr"


def test_a_wish_is_kept(caller: Conversation) -> None:
    caller.collect(notes="by the window", email="erika at web punkt de")
    wish = caller.wish()
    assert (wish.starts_at, wish.state) == (berlin("2027-01-12T14:00"), "wanted")
    assert (wish.appointment_time, wish.notes, wish.email) == (time(14), "by the window", "erika@web.de")


def test_nothing_is_booked_while_the_caller_speaks(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    assert control.bookings() == []


def test_a_held_time_is_hidden_from_people_on_the_web(caller: Conversation, control: CalcomControl) -> None:
    caller.collect()
    assert [row["path"] for row in control.requests()] == ["/v2/slots", "/v2/slots/reservations"]


class TestQuestions:
    @pytest.mark.parametrize(("words", "status"), QUESTIONS)
    def test_what_is_missing_or_unclear_is_asked(
        self, caller: Conversation, colouring: Service, language: str, words: dict[str, Any], status: str
    ) -> None:
        reply = caller.collect(**words)
        assert (reply.success, reply.status) == (True, status)
        assert reply.message.endswith(("?", "."))
        assert not Appointment.objects.exists()

    @pytest.mark.parametrize("words", [{}, *(words for words, _ in QUESTIONS)])
    def test_no_reply_claims_a_booking(
        self, caller: Conversation, colouring: Service, language: str, words: dict[str, Any]
    ) -> None:
        assert not CLAIM.search(caller.collect(**words).message)

    @pytest.mark.parametrize(
        "claim",
        [
            "Ihr Termin ist für morgen gebucht.",
            "Ich habe Ihnen den Termin eingetragen.",
            "Ihr Termin wurde auf Mittwoch verlegt.",
            "Your appointment is booked.",
            "I have moved it.",
            "It has been cancelled.",
        ],
    )
    def test_a_claim_would_be_noticed(self, claim: str) -> None:
        assert CLAIM.search(claim)

    @pytest.mark.parametrize("words", [{}, *(words for words, _ in QUESTIONS)])
    def test_every_reply_has_todays_date(self, caller: Conversation, words: dict[str, Any]) -> None:
        assert told(caller.collect(**words), "today") == "2027-01-11"

    def test_today_is_the_companys_day(self, caller: Conversation) -> None:
        Company.objects.update(timezone="Pacific/Auckland")
        call = Call.objects.select_related("company").get()
        reply = conversation.collect(call, Said(), heard_at=datetime(2027, 1, 11, 12, 0, tzinfo=UTC))
        assert told(reply, "today") == "2027-01-12"

    def test_a_question_about_the_day_says_what_day_it_is(self, caller: Conversation) -> None:
        assert caller.collect(date="irgendwann").message.startswith("Heute ist Montag, 11. Januar 2027.")

    def test_a_question_about_a_mismatch_names_both_days(self, caller: Conversation) -> None:
        message = caller.collect(date="Montag, den 13. Januar").message
        assert "Mittwoch, 13. Januar" in message
        assert "Montag, 11. Januar" in message

    def test_a_question_about_the_service_names_those_there_are(self, caller: Conversation, colouring: Service) -> None:
        reply = caller.collect(service="Massage")
        assert set(told(reply, "services")) == {"Haarschnitt", "Färben"}
        assert all(name in reply.message for name in ("Haarschnitt", "Färben"))

    def test_a_day_without_a_time_is_answered_with_what_is_free(self, caller: Conversation) -> None:
        reply = caller.collect(time=None)
        assert reply.status == "time_required"
        assert times(reply, "times") == [f"2027-01-12 {hour}:00" for hour in ("09", "11", "13", "16", "18")]

    def test_a_part_of_the_day_is_answered_with_what_is_free_then(self, caller: Conversation) -> None:
        reply = caller.collect(time="nachmittags")
        assert {one[-5:] for one in times(reply, "times")} <= {"12:00", "13:00", "14:00", "15:00", "16:00", "17:00"}

    def test_a_day_without_a_time_is_asked_for_plainly_while_the_calendar_is_away(
        self, caller: Conversation, control: CalcomControl
    ) -> None:
        control.fault("reset", path="/v2/slots")
        assert caller.collect(time=None).message == (
            "Heute ist Montag, 11. Januar 2027. Um wie viel Uhr möchten Sie gern kommen?"
        )

    def test_who_is_asked_the_same_again_and_again_is_offered_a_call_back(self, caller: Conversation) -> None:
        asked = [caller.collect(date="irgendwann").message for _ in range(3)]
        assert ["zurückrufen" in message for message in asked] == [False, False, True]

    def test_where_nothing_can_be_booked_the_promised_callback_is_noted_once(
        self, caller: Conversation, language: str
    ) -> None:
        Service.objects.update(is_active=False)
        assert [caller.collect().status for _ in range(2)] == ["no_services", "no_services"]
        (follow_up,) = caller.follow_ups()
        assert follow_up.kind == FollowUp.Kind.CALLBACK

    def test_another_companys_service_is_not_wished(
        self, caller: Conversation, colouring: Service, other_company: Company
    ) -> None:
        make_service(other_company, name="Massage")
        assert caller.collect(service="Massage").status == "service_required"


class TestJunk:
    @pytest.mark.parametrize(
        "junk", [*sorted(JUNK), "{{customer_name}}", "N/A", "NULL", [], {}, True, False, ["Erika"]]
    )
    @pytest.mark.parametrize("field", ["name", "date", "time", "service"])
    def test_it_counts_as_not_said(self, caller: Conversation, colouring: Service, field: str, junk: object) -> None:
        assert caller.collect(**{field: junk}).status == f"{field}_required"

    @pytest.mark.parametrize("field", ["notes", "email", "confirmed", "language"])
    @pytest.mark.parametrize("junk", ["none", "{{x}}", 3.5, [], {}, None, "erika at example punkt com"])
    def test_beside_the_wish_it_does_not_stop_it(self, caller: Conversation, field: str, junk: object) -> None:
        assert caller.collect(**{field: junk}).status == "collected"

    def test_an_address_that_was_not_understood_is_dropped_and_the_caller_told(self, caller: Conversation) -> None:
        assert "E-Mail-Adresse habe ich nicht verstanden" in caller.collect(email="irgendwas mit at").message
        assert caller.wish().email is None

    def test_long_words_are_cut_where_they_are_kept(self, caller: Conversation) -> None:
        caller.collect(notes="x" * 10_000)
        assert len(caller.wish().notes) == 2000

    @pytest.mark.parametrize("field", ["date", "time", "service", "email", "name", "notes"])
    def test_endless_words_are_answered(self, caller: Conversation, field: str) -> None:
        assert caller.collect(**{field: "dreizehn Uhr " * 20_000}).message

    def test_a_date_in_endless_words_is_not_understood(self, caller: Conversation) -> None:
        assert caller.collect(date="morgen " + "x" * 5000).status == "date_unclear"


class TestNames:
    def test_a_hidden_caller_says_a_name(self, hidden_caller: Conversation) -> None:
        assert hidden_caller.collect(name=None).status == "name_required"
        assert hidden_caller.collect().status == "collected"

    def test_a_known_customer_need_not(self, caller: Conversation, salon: Company) -> None:
        Call.objects.update(customer=make_customer(salon, name="Max Muster"))
        assert "für Max Muster" in caller.collect(name=None).message

    def test_who_is_named_comes_before_who_calls(self, caller: Conversation, salon: Company) -> None:
        Call.objects.update(customer=make_customer(salon, name="Max Muster"))
        assert "für Erika Beispiel" in caller.collect().message

    @pytest.mark.parametrize("name", ["Clara", "hier ist Clara", "CLARA"])
    def test_the_agents_own_name_is_nobodys(self, caller: Conversation, name: str) -> None:
        Company.objects.update(agent_name="Clara")
        assert caller.collect(name=name).status == "name_required"

    def test_a_name_is_corrected(self, caller: Conversation) -> None:
        caller.collect()
        assert "für Erika Beispil" not in caller.adds(name="Erika Beispiehl").message
        assert (caller.wish().customer_name, caller.row().attendee_name) == ("Erika Beispiehl",) * 2
        assert caller.wish().state == "wanted"


class TestLanguage:
    def test_a_known_customer_is_spoken_to_in_theirs(self, caller: Conversation, salon: Company) -> None:
        Call.objects.update(customer=make_customer(salon, language="en"))
        assert caller.collect().message.startswith("Tuesday, January 12, 2027 at 2 pm is free")

    def test_an_english_caller_of_a_german_company_hears_english(self, caller: Conversation) -> None:
        reply = caller.collect(date="tomorrow", time="2 pm", service="cut")
        assert reply.message == (
            "Tuesday, January 12, 2027 at 2 pm is free, and I am keeping the time for you: Haarschnitt for Erika "
            "Beispiel. I will book it right after our call."
        )

    def test_and_goes_on_hearing_it(self, caller: Conversation) -> None:
        caller.collect(date="tomorrow", time="2 pm", service="cut")
        assert caller.find().message == "I find no upcoming appointment for your number."

    @pytest.mark.parametrize(("named", "begins"), [("English", "Tuesday"), ("Deutsch", "Dienstag"), ("fr", "Dienstag")])
    def test_what_the_agent_names_is_spoken(self, caller: Conversation, named: str, begins: str) -> None:
        assert caller.collect(language=named).message.startswith(begins)


class TestTaken:
    def test_the_nearest_are_offered(self, caller: Conversation, other_caller: Conversation) -> None:
        other_caller.collect()
        reply = caller.collect()
        assert reply.status == "slot_taken"
        assert times(reply) == ["2027-01-12 12:00", "2027-01-12 13:00", "2027-01-12 15:00"]
        assert reply.message == (
            "Am Dienstag, 12. Januar 2027 um 14 Uhr ist leider nichts frei. Frei wäre: Dienstag, 12. Januar 2027 um "
            "12 Uhr, 13 Uhr oder 15 Uhr. Was passt Ihnen am besten?"
        )

    def test_what_was_booked_on_the_web_is_taken(self, caller: Conversation) -> None:
        caller.take("2027-01-12T14:00")
        assert caller.collect().status == "slot_taken"

    def test_what_was_booked_on_the_web_since_we_looked_is_taken(self, caller: Conversation) -> None:
        caller.check(date="morgen")
        caller.take("2027-01-12T14:00")
        reply = caller.collect()
        assert reply.status == "slot_taken"
        assert "2027-01-12 14:00" not in times(reply)
        assert caller.row().status == Status.EXPIRED

    @pytest.mark.parametrize(
        ("words", "chosen"),
        [
            ({"time": "das zweite"}, "13:00"),
            ({"date": "ja, das zweite bitte"}, "13:00"),
            ({"time": "15 Uhr"}, "15:00"),
            ({"time": "um drei"}, "15:00"),
            ({"date": "der letzte"}, "15:00"),
            ({"date": "morgen", "time": "12 Uhr"}, "12:00"),
        ],
    )
    def test_an_offer_is_taken_up(
        self, caller: Conversation, other_caller: Conversation, words: dict[str, str], chosen: str
    ) -> None:
        other_caller.collect()
        caller.collect()
        reply = caller.adds(**words)
        assert (reply.status, told(reply, "date"), told(reply, "time")) == ("collected", "2027-01-12", chosen)

    def test_a_yes_to_several_offers_is_asked_about(self, caller: Conversation, other_caller: Conversation) -> None:
        other_caller.collect()
        caller.collect()
        reply = caller.adds(date="ja")
        assert reply.status == "choice_unclear"
        assert "12 Uhr, 13 Uhr oder 15 Uhr" in reply.message

    def test_an_alternative_on_another_day_is_held_on_that_day(
        self, caller: Conversation, cut: Service, control: CalcomControl
    ) -> None:
        for hour in range(9, 19):
            caller.take(f"2027-01-12T{hour:02}:00")
        reply = caller.collect()
        assert times(reply) == ["2027-01-11 15:00", "2027-01-11 16:00", "2027-01-13 12:00"]
        assert told(caller.adds(time="das letzte"), "date") == "2027-01-13"

    def test_another_hour_is_meant_for_the_day_that_was_spoken_of(
        self, caller: Conversation, other_caller: Conversation
    ) -> None:
        other_caller.collect()
        caller.collect()
        reply = caller.adds(time="lieber 17 Uhr")
        assert (told(reply, "date"), told(reply, "time")) == ("2027-01-12", "17:00")

    def test_nothing_is_noted_for_who_hangs_up_on_it(self, caller: Conversation, other_caller: Conversation) -> None:
        other_caller.collect()
        caller.collect()
        assert caller.wish().state == "sought"

    def test_where_nothing_is_near_another_day_is_asked_for(self, caller: Conversation, control: CalcomControl) -> None:
        control.fault("reply", path="/v2/slots", status=200, body={"status": "success", "data": {}})
        reply = caller.collect()
        assert (reply.status, times(reply)) == ("no_slots", [])


class TestAChangeOfMind:
    def test_the_hold_moves(self, caller: Conversation, other_caller: Conversation) -> None:
        caller.collect()
        assert caller.collect(date="Mittwoch").status == "collected"
        assert (caller.row().starts_at, Appointment.objects.count()) == (berlin("2027-01-13T14:00"), 1)
        assert other_caller.collect().status == "collected"

    def test_only_another_hour_is_meant_for_the_same_day(self, caller: Conversation) -> None:
        caller.collect()
        reply = caller.adds(time="lieber 16 Uhr")
        assert (reply.status, told(reply, "date"), told(reply, "time")) == ("collected", "2027-01-12", "16:00")

    def test_the_calls_own_reservation_is_not_in_its_way(self, caller: Conversation, cut: Service) -> None:
        cut.duration_minutes = 120
        cut.save()
        caller.collect()
        assert caller.adds(time="15 Uhr").status == "collected"

    def test_what_is_not_settled_puts_the_wish_in_doubt(self, caller: Conversation) -> None:
        caller.collect()
        caller.collect(date="irgendwann")
        assert caller.wish().state == "open"

    def test_a_taken_time_leaves_the_one_before_held_and_says_so(
        self, caller: Conversation, other_caller: Conversation
    ) -> None:
        other_caller.collect(time="16 Uhr")
        caller.collect()
        reply = caller.adds(time="16 Uhr")
        assert reply.status == "slot_taken"
        assert "Bis dahin halte ich Ihnen Dienstag, 12. Januar 2027 um 14 Uhr frei." in reply.message
        assert (caller.row().status, caller.wish().state) == (Status.HELD, "open")

    def test_a_hold_that_moved_to_a_time_taken_on_the_web_is_not_said_to_stand(self, caller: Conversation) -> None:
        caller.collect()
        caller.take("2027-01-12T16:00")
        reply = caller.adds(time="16 Uhr")
        assert reply.status == "slot_taken"
        assert "Bis dahin halte ich" not in reply.message
        assert (caller.row().status, caller.wish().state) == (Status.EXPIRED, "open")

    def test_who_goes_back_to_the_first_has_settled_it(self, caller: Conversation) -> None:
        caller.collect()
        caller.collect(date="irgendwann")
        caller.collect()
        assert caller.wish().state == "wanted"

    def test_a_question_about_something_else_leaves_the_wish(self, caller: Conversation) -> None:
        caller.collect()
        caller.adds(name="Acht Uhr")
        assert caller.wish().state == "wanted"

    def test_a_repeated_wish_is_the_same_wish(self, caller: Conversation) -> None:
        assert caller.collect().as_json() == caller.collect().as_json()
        assert Appointment.objects.count() == 1

    def test_a_service_that_was_settled_need_not_be_said_again(self, caller: Conversation, colouring: Service) -> None:
        caller.collect()
        assert told(caller.collect(service=None, time="16 Uhr"), "service") == "Haarschnitt"


class TestACalendarThatDoesNotAnswer:
    def test_the_wish_is_noted_held_and_the_caller_told_so(self, caller: Conversation, control: CalcomControl) -> None:
        control.fault("reset", path="/v2/slots")
        reply = caller.collect()
        assert (reply.success, reply.status) == (True, "collected_unchecked")
        assert reply.message.startswith("Ich kann im Moment nicht in den Kalender sehen.")
        assert (caller.row().status, caller.wish().state) == (Status.HELD, "wanted")

    def test_two_callers_are_not_promised_the_same(
        self, caller: Conversation, other_caller: Conversation, control: CalcomControl
    ) -> None:
        control.fault("reset", path="/v2/slots", times=2)
        caller.collect()
        reply = other_caller.collect()
        assert (reply.status, times(reply)) == ("slot_taken", [])


class TestACallThatIsOver:
    """Its end was told before its wish, to another process: this one's copy does not know."""

    @pytest.fixture(autouse=True)
    def _over(self, caller: Conversation) -> None:
        Call.objects.update(status=Call.Status.ENDED)

    def rung(self, caller: Conversation, capture: Any) -> list[str]:
        bells.rung()
        with capture(execute=True):
            caller.collect()
        return [ring.task for ring in bells.rung()]

    def test_it_is_booked_at_once(self, caller: Conversation, django_capture_on_commit_callbacks: Any) -> None:
        assert self.rung(caller, django_capture_on_commit_callbacks) == ["appointments.tasks.book_call"]

    def test_the_calendar_is_asked_when_it_is_booked(self, caller: Conversation, control: CalcomControl) -> None:
        caller.collect()
        assert control.requests() == []


def test_a_wish_of_a_call_that_goes_on_waits(caller: Conversation, django_capture_on_commit_callbacks: Any) -> None:
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        caller.collect()
    assert bells.rung() == []


def test_a_wish_after_the_booking_changes_nothing(caller: Conversation, cut: Service) -> None:
    promise(cut, call=caller.call, status=Status.SCHEDULED, start=berlin("2027-01-12T14:00"))
    reply = caller.collect(time="16 Uhr")
    assert reply.status == "already_booked"
    assert "Dienstag, 12. Januar 2027 um 14 Uhr" in reply.message


def test_offers_to_a_caller_are_in_the_order_of_telling(caller: Conversation, other_caller: Conversation) -> None:
    other_caller.collect()
    caller.collect()
    assert [offer.position for offer in holds.offers_to(caller.call)] == [0, 1, 2]
    assert all(offer.kept_until > NOW for offer in Offer.objects.all())
