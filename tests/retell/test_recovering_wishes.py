"""The transcript of function calls as the last copy of a wish: it is heard once more, up to the caller's last word."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from appointments.intents import book_wish
from appointments.models import Appointment, Call, Company, FollowUp
from appointments.wishes import wish_of
from mcp_gateway import bell
from mcp_gateway.models import WebhookEvent
from retell.sandbox.signing import HEADER
from retell.webhook_events import recover_wish
from tests.retell.door import COLLECT, STARTED_MS, WISH, Door

Worker = Callable[[], None]
CHANGE, CANCEL = "change_appointment_details", "cancel_appointment"
COLLECTED = {"success": True, "status": "collected", "message": "Notiert."}
ASKED = {"success": True, "status": "time_ambiguous", "message": "Vormittags oder nachmittags?"}
READ_BACK = {"success": True, "status": "confirmation_required", "message": "Soll ich das jetzt buchen?"}
# What an HTTP client says of an answer that never came reaches us as the function's result.
COMPLAINT = "Axios Error: error code: ECONNABORTED, error message: timeout of 120000ms exceeded"
FAULTS = [
    {"success": False, "status": "internal_error", "message": "Da ist etwas schiefgegangen."},
    COMPLAINT,
]
LATER = {**WISH, "time": "16 Uhr"}

# UTC: half past two and four o'clock in Berlin.
TUESDAY_HALF_PAST_TWO = ["2027-01-12T13:30"]
TUESDAY_AT_FOUR = ["2027-01-12T15:00"]

pytestmark = pytest.mark.usefixtures("monday")


def row_of(role: str, call: str, **fields: Any) -> dict[str, Any]:
    return {"role": role, "tool_call_id": call, **fields}


def invocation(arguments: Any = WISH, *, name: str = COLLECT, call: str = "tool_call_1") -> dict[str, Any]:
    return row_of("tool_call_invocation", call, name=name, arguments=json.dumps(arguments))


def result(content: Any, *, call: str = "tool_call_1") -> dict[str, Any]:
    content = content if isinstance(content, str) else json.dumps(content)
    return row_of("tool_call_result", call, content=content)


def asked(answer: Any, arguments: Any = WISH, *, name: str = COLLECT, call: str = "tool_call_1") -> list[dict]:
    """One function call with its answer, as two rows of the transcript; None: it never came."""
    rows = [invocation(arguments, name=name, call=call)]
    return rows if answer is None else [*rows, result(answer, call=call)]


def status(name: str) -> dict[str, Any]:
    return {"success": True, "status": name, "message": "…"}


def booked(door: Door, worker: Worker, *rows: dict[str, Any], event: str = "call_ended") -> list[str]:
    """What stands in the calendar after a call whose function calls never reached us."""
    door.tell(event, transcript_with_tool_calls=list(rows))
    worker()
    return door.bookings()


@pytest.fixture
def during_call(door: Door) -> Door:
    door.company.booking_mode = Company.BookingMode.DURING_CALL
    door.company.save()
    return door


class TestWishes:
    @pytest.mark.parametrize("event", ["call_ended", "call_analyzed"])
    def test_one_that_was_noted_is_booked(self, door: Door, worker: Worker, event: str) -> None:
        assert booked(door, worker, *asked(COLLECTED), event=event) == TUESDAY_HALF_PAST_TWO

    @pytest.mark.parametrize("answer", ["collected", "collected_unchecked", "booking_pending", "requested", "booked"])
    def test_every_answer_that_notes_one_counts(self, door: Door, worker: Worker, answer: str) -> None:
        assert booked(door, worker, *asked(status(answer))) == TUESDAY_HALF_PAST_TWO

    def test_one_whose_answer_never_came_is_booked(self, door: Door, worker: Worker) -> None:
        assert booked(door, worker, *asked(None)) == TUESDAY_HALF_PAST_TWO

    @pytest.mark.parametrize("name", [f"{COLLECT}_v17", "collect_appointment", "collect_appointment_v2"])
    def test_other_spellings_of_the_function_are_heard(self, door: Door, worker: Worker, name: str) -> None:
        assert booked(door, worker, *asked(COLLECTED, name=name)) == TUESDAY_HALF_PAST_TWO

    def test_german_arguments_are_heard(self, door: Door, worker: Worker) -> None:
        words = {"name": "Erika", "datum": "morgen", "uhrzeit": "halb drei", "dienstleistung": "Herrenschnitt"}
        assert booked(door, worker, *asked(COLLECTED, words)) == TUESDAY_HALF_PAST_TWO

    @pytest.mark.parametrize("name", ["language", "sprache"])
    def test_the_language_is_heard(self, door: Door, worker: Worker, name: str) -> None:
        booked(door, worker, *asked(COLLECTED, {**WISH, "date": "12.01.2027", "time": "14:30", name: "English"}))
        assert Appointment.objects.get().language == "en"

    def test_the_caller_who_changed_their_mind_gets_the_last_one(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(COLLECTED, LATER, call="b")]
        assert booked(door, worker, *rows) == TUESDAY_AT_FOUR

    def test_another_hour_alone_is_meant_for_the_same_day(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(COLLECTED, {"time": "16 Uhr"}, call="b")]
        assert booked(door, worker, *rows) == TUESDAY_AT_FOUR

    def test_one_that_we_have_is_not_replaced_by_the_transcript(self, door: Door, worker: Worker) -> None:
        door.function(LATER)
        assert booked(door, worker, *asked(COLLECTED)) == TUESDAY_AT_FOUR

    def test_tomorrow_counts_from_the_calls_start(self, door: Door, worker: Worker) -> None:
        door.tell("call_ended", transcript_with_tool_calls=asked(COLLECTED))
        until_the_next_day = timedelta(hours=15).total_seconds()
        with time_machine.travel(STARTED_MS / 1000 + until_the_next_day, tick=False):
            worker()
            assert door.bookings() == TUESDAY_HALF_PAST_TWO

    def test_what_the_analysis_tells_again_is_not_booked_again(self, door: Door, worker: Worker) -> None:
        booked(door, worker, *asked(COLLECTED))
        assert booked(door, worker, *asked(COLLECTED), event="call_analyzed") == TUESDAY_HALF_PAST_TWO


class TestNoWishes:
    @pytest.mark.parametrize(
        "answer",
        [
            ASKED,
            status("slot_taken"),
            {"success": True, "status": ["collected"], "message": "Notiert."},
            *FAULTS,
            "collected",
            "[]",
            "",
        ],
    )
    def test_after_any_other_answer_there_is_none(self, door: Door, worker: Worker, answer: Any) -> None:
        assert booked(door, worker, *asked(answer)) == []
        assert not Appointment.objects.exists()
        assert WebhookEvent.objects.get().state == WebhookEvent.State.DONE

    @pytest.mark.parametrize("answer", FAULTS)
    def test_whoever_met_a_fault_is_called_back(self, door: Door, worker: Worker, answer: Any) -> None:
        for event in ("call_ended", "call_analyzed"):
            booked(door, worker, *asked(answer), event=event)
        follow_up = FollowUp.objects.get()
        assert (follow_up.kind, follow_up.call) == (FollowUp.Kind.CALLBACK, door.call())
        assert "Erika Beispiel, Herrenschnitt, morgen, 14 Uhr 30" in follow_up.what_to_do

    @pytest.mark.parametrize("better", [COLLECTED, ASKED, status("slot_taken")])
    @pytest.mark.parametrize("answer", FAULTS)
    def test_nobody_is_called_back_where_it_went_well_after_all(
        self, door: Door, worker: Worker, answer: Any, better: dict[str, Any]
    ) -> None:
        booked(door, worker, *asked(answer), *asked(better, call="b"))
        assert not FollowUp.objects.exists()

    def test_nobody_is_called_back_who_has_said_nothing(self, door: Door, worker: Worker) -> None:
        booked(door, worker, *asked(COMPLAINT, {}))
        assert not FollowUp.objects.exists()

    @pytest.mark.parametrize("arguments", ["", "not json", "[]", "null", "{}", 5, None, ["a"], {"date": "morgen"}])
    def test_arguments_that_say_too_little_make_none(self, door: Door, worker: Worker, arguments: Any) -> None:
        assert booked(door, worker, {**invocation(), "arguments": arguments}) == []

    @pytest.mark.parametrize("name", ["check_availability", "find_appointments", "request_callback", "book_flight"])
    def test_another_functions_arguments_are_none(self, door: Door, worker: Worker, name: str) -> None:
        assert booked(door, worker, *asked(COLLECTED, name=name)) == []

    def test_the_transcript_of_an_event_from_nobody_is_not_read(self, door: Door, worker: Worker) -> None:
        body = door.event("call_ended", transcript_with_tool_calls=asked(COLLECTED))
        door.post_as_it_is("webhook", json.dumps(body).encode(), {HEADER: "v=1,d=2"})
        worker()
        assert not Appointment.objects.exists()


class TestDoubts:
    """Whoever was asked something after their wish was noted may have wished otherwise."""

    @pytest.mark.parametrize("answer", [ASKED, status("slot_taken"), status("no_slots"), COMPLAINT])
    def test_a_wish_that_was_asked_about_since_is_not_booked(self, door: Door, worker: Worker, answer: Any) -> None:
        assert booked(door, worker, *asked(COLLECTED), *asked(answer, LATER, call="b")) == []

    def test_it_is_given_to_staff_who_call_back(self, door: Door, worker: Worker) -> None:
        booked(door, worker, *asked(COLLECTED), *asked(ASKED, LATER, call="b"))
        follow_up = FollowUp.objects.get()
        assert (follow_up.kind, follow_up.call, follow_up.company) == (
            FollowUp.Kind.CALLBACK,
            door.call(),
            door.company,
        )
        assert "Herrenhaarschnitt für Di 12.01.2027 14:30 CET" in follow_up.what_to_do

    def test_it_is_given_to_them_once(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(ASKED, LATER, call="b")]
        for event in ("call_ended", "call_analyzed"):
            booked(door, worker, *rows, event=event)
        assert FollowUp.objects.count() == 1

    def test_settled_anew_it_is_booked(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(ASKED, LATER, call="b"), *asked(COLLECTED, LATER, call="c")]
        assert booked(door, worker, *rows) == TUESDAY_AT_FOUR


class TestDropped:
    DROPPED = status("wish_dropped")

    def test_nothing_is_booked_of_it(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(self.DROPPED, {}, name=CANCEL, call="b")]
        assert booked(door, worker, *rows) == []
        assert not FollowUp.objects.exists()

    def test_it_stays_dropped_when_the_transcript_comes_again(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(self.DROPPED, {}, name=CANCEL, call="b")]
        booked(door, worker, *rows)
        assert booked(door, worker, *rows, event="call_analyzed") == []
        assert wish_of(door.call()).state == "dropped"

    def test_it_stays_dropped_when_only_the_cancelling_reached_us(self, door: Door, worker: Worker) -> None:
        door.function()
        door.function({}, name=CANCEL)
        assert booked(door, worker, *asked(COLLECTED)) == []

    def test_what_is_wished_afterwards_is_booked(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(self.DROPPED, {}, name=CANCEL, call="b"), *asked(COLLECTED, LATER, call="c")]
        assert booked(door, worker, *rows) == TUESDAY_AT_FOUR

    def test_cancelling_that_was_refused_drops_nothing(self, door: Door, worker: Worker) -> None:
        rows = [*asked(COLLECTED), *asked(status("which_appointment"), {}, name=CANCEL, call="b")]
        assert booked(door, worker, *rows) == TUESDAY_HALF_PAST_TWO


class TestChanged:
    @pytest.mark.parametrize(
        "words",
        [
            {"new_time": "16 Uhr"},
            {"neue_uhrzeit": "16 Uhr"},
            {"date": "morgen", "time": "14 Uhr 30", "new_date": "morgen", "new_time": "16 Uhr"},
            {"datum": "morgen", "neues_datum": "12.01.2027", "neue_uhrzeit": "vier Uhr nachmittags"},
        ],
    )
    def test_a_wish_that_was_moved_is_booked_at_the_new_time(
        self, door: Door, worker: Worker, words: dict[str, str]
    ) -> None:
        rows = [*asked(COLLECTED), *asked(COLLECTED, words, name=CHANGE, call="b")]
        assert booked(door, worker, *rows) == TUESDAY_AT_FOUR

    @pytest.mark.parametrize("answer", [ASKED, status("slot_taken"), None])
    def test_a_wish_that_may_have_been_moved_is_not_booked(self, door: Door, worker: Worker, answer: Any) -> None:
        rows = [*asked(COLLECTED), *asked(answer, {"new_time": "16 Uhr"}, name=CHANGE, call="b")]
        assert booked(door, worker, *rows) == []
        assert FollowUp.objects.get().kind == FollowUp.Kind.CALLBACK


class TestDuringTheCall:
    """A company that books on a yes only."""

    CONFIRMED = {**WISH, "confirmed": True}

    @pytest.mark.parametrize("answer", [READ_BACK, COLLECTED, None])
    def test_without_a_yes_nothing_is_booked(self, during_call: Door, worker: Worker, answer: Any) -> None:
        assert booked(during_call, worker, *asked(answer)) == []
        assert FollowUp.objects.get().kind == FollowUp.Kind.CALLBACK

    def test_a_yes_to_nothing_that_was_read_back_is_none(self, during_call: Door, worker: Worker) -> None:
        assert booked(during_call, worker, *asked(None, self.CONFIRMED)) == []

    @pytest.mark.parametrize("answer", [status("booked"), status("booking_pending"), None])
    @pytest.mark.parametrize("yes", [CONFIRMED, {"confirmed": True}, {"bestaetigung": "ja"}])
    def test_what_was_read_back_is_booked_on_a_yes(
        self, during_call: Door, worker: Worker, answer: Any, yes: dict[str, Any]
    ) -> None:
        rows = [*asked(READ_BACK), *asked(answer, yes, call="b")]
        assert booked(during_call, worker, *rows) == TUESDAY_HALF_PAST_TWO

    def test_what_stands_in_the_calendar_already_is_found_there(self, during_call: Door, worker: Worker) -> None:
        """The database was restored from before the call: the booking is known by its key."""
        during_call.function()
        assert during_call.function(self.CONFIRMED)["status"] == "booked"
        Appointment.objects.all().delete()
        Call.objects.all().delete()
        during_call.forget_wish()
        rows = [*asked(READ_BACK), *asked(status("booked"), self.CONFIRMED, call="b")]
        assert booked(during_call, worker, *rows) == TUESDAY_HALF_PAST_TWO
        assert Appointment.objects.get().status == Appointment.Status.SCHEDULED


@pytest.fixture
def wishes_when_rung(door: Door, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the call wished when a worker was asked to book it."""
    wishes: list[str] = []
    send = bell._send

    def noted(task_name: str, args: tuple[int, ...], countdown: float) -> None:
        if task_name == "appointments.tasks.book_call":
            wishes.append(f"{wish_of(door.call()).starts_at:%Y-%m-%dT%H:%M}")
        send(task_name, args, countdown)

    monkeypatch.setattr(bell, "_send", noted)
    return wishes


@pytest.mark.django_db(transaction=True)
def test_no_worker_is_rung_for_before_the_last_word_is_heard(door: Door, wishes_when_rung: list[str]) -> None:
    rows = [*asked(COLLECTED), *asked(COLLECTED, LATER, call="b")]
    door.function({})
    Call.objects.update(status=Call.Status.ENDED)
    recover_wish(door.call(), {"transcript_with_tool_calls": rows})
    assert set(wishes_when_rung) == set(TUESDAY_AT_FOUR)
    assert book_wish(door.call()).starts_at.hour == 15
