"""Calls whose end got lost: Retell is asked, and no wish is lost with the end."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as project_settings

from appointments.models import Appointment, Call, Company, FollowUp
from config.celery import app
from mcp_gateway.models import WebhookEvent
from retell.ended_calls import NEVER_TOLD, close_if_over, forgotten_calls
from retell.tasks import close_forgotten_calls
from tests.appointments.threads import at_once
from tests.factories import make_call
from tests.retell.door import COLLECT, STARTED_MS, WISH, Door
from tests.retell.vendor import Vendor
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor
from tests.servers import free_port

Worker = Callable[[], None]
TUESDAY_HALF_PAST_TWO = ["2027-01-12T13:30"]
TWO_HOURS = 121

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def account(door: Door, vendor: Vendor) -> Vendor:
    """The salon's account at Retell."""
    vendor.account_of(door.company)
    return vendor


def after(minutes: float) -> AbstractContextManager:
    return time_machine.travel(STARTED_MS / 1000 + minutes * 60, tick=False)


def swept(worker: Worker, minutes: float = 11) -> None:
    """The sweep so many minutes after the call began, and what it rings for."""
    with after(minutes):
        close_forgotten_calls()
        worker()


def told(vendor: Vendor, door: Door, **fields: Any) -> None:
    """Retell's account of the call: it is over, unless `fields` say otherwise."""
    vendor.knows(door.company.retell_api_key, door.ended_call(**fields))


def goes_on(vendor: Vendor, door: Door, **fields: Any) -> None:
    vendor.knows(door.company.retell_api_key, door.call_object(**fields))


def collected_in_transcript() -> list[dict[str, Any]]:
    return [
        {"role": "tool_call_invocation", "tool_call_id": "a", "name": COLLECT, "arguments": json.dumps(WISH)},
        {"role": "tool_call_result", "tool_call_id": "a", "content": json.dumps({"status": "collected"})},
    ]


def _dies(*_: object) -> None:
    raise SystemExit


class TestOver:
    def test_the_wish_is_booked(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.function()
        told(account, door)
        swept(worker)
        assert door.bookings() == TUESDAY_HALF_PAST_TWO
        assert Appointment.objects.get().status == Appointment.Status.SCHEDULED

    def test_the_call_gets_what_its_end_would_have_told(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.function()
        told(account, door, call_analysis={"call_summary": "Ein Termin."})
        swept(worker)
        call = door.call()
        assert (call.status, call.disconnection_reason, call.summary) == ("ended", "user_hangup", "Ein Termin.")
        assert call.transcript.startswith("Agent: Guten Tag")
        assert call.ended_at is not None

    @pytest.mark.parametrize("status", ["ended", "error", "not_connected"])
    def test_whatever_way_it_ended(self, door: Door, account: Vendor, worker: Worker, status: str) -> None:
        door.tell("call_started")
        worker()
        told(account, door, call_status=status)
        swept(worker)
        assert door.call().status == status

    def test_a_wish_that_only_the_transcript_knows_is_booked(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.tell("call_started")
        worker()
        told(account, door, transcript_with_tool_calls=collected_in_transcript())
        swept(worker)
        assert door.bookings() == TUESDAY_HALF_PAST_TWO

    def test_a_company_that_books_during_the_call_gets_it_booked_too(
        self, door: Door, account: Vendor, worker: Worker
    ) -> None:
        Company.objects.update(booking_mode=Company.BookingMode.DURING_CALL)
        door.tell("call_started")
        worker()
        asked, answered = collected_in_transcript()
        answered["content"] = json.dumps({"status": "confirmation_required"})
        said_yes = {**asked, "tool_call_id": "b", "arguments": json.dumps({**WISH, "confirmed": True})}
        told(account, door, transcript_with_tool_calls=[asked, answered, said_yes])
        swept(worker)
        assert door.bookings() == TUESDAY_HALF_PAST_TWO

    def test_a_worker_that_dies_before_the_wish_is_kept_loses_none(
        self, door: Door, account: Vendor, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        door.tell("call_started")
        worker()
        told(account, door, transcript_with_tool_calls=collected_in_transcript())
        pk = door.call().pk
        with monkeypatch.context() as patch:
            patch.setattr("retell.ended_calls.keep_wish", _dies)
            with after(11), pytest.raises(SystemExit):
                close_if_over(pk)
        assert not door.call().is_over
        swept(worker, 17)
        assert door.bookings() == TUESDAY_HALF_PAST_TWO

    def test_an_open_wish_is_handed_to_staff(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.function()
        door.function({**WISH, "time": "irgendwann"})
        told(account, door)
        swept(worker)
        assert door.bookings() == []
        assert FollowUp.objects.get().kind == FollowUp.Kind.CALLBACK


class TestGoesOn:
    @pytest.mark.parametrize("status", ["ongoing", "registered"])
    @pytest.mark.parametrize("minutes", [11, TWO_HOURS])
    def test_nothing_changes(self, door: Door, account: Vendor, worker: Worker, status: str, minutes: int) -> None:
        door.function()
        before = Call.objects.values().get()
        goes_on(account, door, call_status=status)
        swept(worker, minutes)
        assert Call.objects.values().get() == before
        assert door.bookings() == []

    def test_a_call_that_was_just_heard_of_is_not_asked_about(
        self, door: Door, account: Vendor, worker: Worker
    ) -> None:
        door.function()
        told(account, door)
        swept(worker, 9)
        assert account.requests() == []

    def test_nor_is_one_that_is_over(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.tell("call_ended")
        worker()
        swept(worker)
        assert account.requests() == []

    def test_what_is_heard_while_the_task_waits_makes_asking_needless(self, door: Door, account: Vendor) -> None:
        door.function()
        told(account, door)
        with after(11):
            (pk,) = forgotten_calls()
            Call.objects.get(pk=pk).save()
            close_if_over(pk)
        assert account.requests() == []


Trouble = Callable[[Door, Vendor, Any], None]


def _unknown(door: Door, vendor: Vendor, settings: Any) -> None:
    """Retell has no such call."""


def _no_key(door: Door, vendor: Vendor, settings: Any) -> None:
    Company.objects.update(retell_api_key="")


def _wrong_key(door: Door, vendor: Vendor, settings: Any) -> None:
    Company.objects.update(retell_api_key="key_wrong")


def _nobody_there(door: Door, vendor: Vendor, settings: Any) -> None:
    settings.RETELL_API_URL = f"http://127.0.0.1:{free_port()}"


def _broken(door: Door, vendor: Vendor, settings: Any) -> None:
    vendor.fault("reply", status=500, times=99)


def _paused(door: Door, vendor: Vendor, settings: Any) -> None:
    vendor.fault("reply", status=429, times=99)


def _unintelligible(door: Door, vendor: Vendor, settings: Any) -> None:
    goes_on(vendor, door, call_status=["?"])


def _of_another_call(door: Door, vendor: Vendor, settings: Any) -> None:
    vendor.fault("reply", status=200, body=door.ended_call(call_id="call_other"), times=99)


@pytest.mark.parametrize(
    "trouble",
    [_unknown, _no_key, _wrong_key, _nobody_there, _broken, _paused, _unintelligible, _of_another_call],
)
class TestRetellCanNotTell:
    def test_a_call_that_may_go_on_is_left_alone(
        self, door: Door, account: Vendor, worker: Worker, settings: Any, trouble: Trouble
    ) -> None:
        door.function()
        trouble(door, account, settings)
        swept(worker, 119)
        assert not door.call().is_over
        assert door.bookings() == []

    def test_one_that_no_call_could_be_any_more_is_closed_and_booked(
        self, door: Door, account: Vendor, worker: Worker, settings: Any, trouble: Trouble
    ) -> None:
        door.function()
        trouble(door, account, settings)
        swept(worker, TWO_HOURS)
        call = door.call()
        assert (call.status, call.disconnection_reason, call.ended_at) == ("ended", NEVER_TOLD, None)
        assert door.bookings() == TUESDAY_HALF_PAST_TWO


class TestOften:
    def test_a_call_is_asked_about_every_five_minutes_at_most(
        self, door: Door, account: Vendor, worker: Worker, in_memory: None
    ) -> None:
        door.function()
        goes_on(account, door)
        for minutes in (11, 12, 15.9):
            swept(worker, minutes)
        assert len(account.requests()) == 1
        swept(worker, 16.1)
        assert len(account.requests()) == 2

    def test_the_oldest_news_come_first(self, door: Door) -> None:
        newer = make_call(door.company)
        with after(-1):
            older = make_call(door.company)
        with after(11):
            assert forgotten_calls() == [older.pk, newer.pk]

    def test_a_sweep_is_bounded_and_those_that_go_on_keep_nobody_out(self, door: Door) -> None:
        calls = [make_call(door.company).pk for _ in range(3)]
        with after(11):
            named = [forgotten_calls(limit=2), forgotten_calls(limit=2), forgotten_calls(limit=2)]
        assert [len(some) for some in named] == [2, 1, 0]
        assert sorted(named[0] + named[1]) == calls

    def test_another_providers_calls_are_not_retells(self, door: Door) -> None:
        make_call(door.company, provider="other")
        with after(11):
            assert forgotten_calls() == []

    def test_a_company_that_is_not_active_is_left_alone(self, door: Door) -> None:
        make_call(door.company)
        Company.objects.update(is_active=False)
        with after(TWO_HOURS):
            assert forgotten_calls() == []

    def test_the_sweep_comes_by_itself(self) -> None:
        entry = project_settings.CELERY_BEAT_SCHEDULE["close forgotten calls"]
        assert app.tasks[entry["task"]] is not None
        assert entry["schedule"] == project_settings.SWEEP_SECONDS


class TestApart:
    def test_each_company_is_asked_with_its_own_key(
        self, door: Door, other_door: Door, account: Vendor, worker: Worker
    ) -> None:
        account.account_of(other_door.company)
        for each in (door, other_door):
            each.function()
            told(account, each)
        swept(worker)
        assert sorted(account.keys()) == sorted(each.company.retell_api_key for each in (door, other_door))
        assert [each.bookings() for each in (door, other_door)] == [TUESDAY_HALF_PAST_TWO] * 2

    def test_a_call_of_another_account_is_unknown(
        self, door: Door, other_door: Door, account: Vendor, worker: Worker
    ) -> None:
        door.function()
        account.account_of(other_door.company)
        account.knows(other_door.company.retell_api_key, door.ended_call())
        swept(worker)
        assert not door.call().is_over

    def test_one_companys_trouble_is_not_anothers(
        self, door: Door, other_door: Door, account: Vendor, worker: Worker
    ) -> None:
        other_door.function()
        door.function()
        told(account, door)
        swept(worker)
        assert (door.call().is_over, other_door.call().is_over) == (True, False)


class TestOnce:
    def test_closing_twice_books_once(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.function()
        told(account, door)
        for minutes in (11, 17, 23):
            swept(worker, minutes)
        assert door.bookings() == TUESDAY_HALF_PAST_TWO
        assert len(account.requests()) == 1

    @pytest.mark.parametrize("minutes", [11, TWO_HOURS])
    def test_an_end_that_comes_later_changes_nothing_twice(
        self, door: Door, account: Vendor, worker: Worker, minutes: int
    ) -> None:
        door.function()
        if minutes == 11:
            told(account, door)
        swept(worker, minutes)
        with after(minutes + 1):
            door.tell("call_ended", transcript_with_tool_calls=collected_in_transcript())
            door.tell("call_analyzed", call_analysis={"call_summary": "Ein Termin."})
            worker()
        assert door.bookings() == TUESDAY_HALF_PAST_TWO
        assert Appointment.objects.get().status == Appointment.Status.SCHEDULED
        assert door.call().summary == "Ein Termin."
        assert not FollowUp.objects.exists()
        assert set(WebhookEvent.objects.values_list("state", flat=True)) == {WebhookEvent.State.DONE}

    def test_an_end_that_comes_later_fills_in_what_was_not_known(
        self, door: Door, account: Vendor, worker: Worker
    ) -> None:
        door.function()
        swept(worker, TWO_HOURS)
        door.tell("call_ended")
        worker()
        call = door.call()
        assert call.ended_at is not None
        assert call.ended_at - call.started_at == timedelta(minutes=1)
        assert call.transcript

    def test_a_wish_after_the_closing_is_booked_at_once(self, door: Door, account: Vendor, worker: Worker) -> None:
        door.tell("call_started")
        worker()
        told(account, door)
        swept(worker)
        with after(12):
            door.function()
            worker()
        assert door.bookings() == TUESDAY_HALF_PAST_TWO


def test_two_workers_at_once_book_once(transactional_db: None, door: Door, account: Vendor) -> None:
    door.function()
    told(account, door)
    pk = door.call().pk
    with after(11):
        at_once(2, lambda _: close_if_over(pk))
    assert door.bookings() == TUESDAY_HALF_PAST_TWO
    assert Appointment.objects.count() == 1


def test_of_two_sweeps_at_once_one_names_a_call(transactional_db: None, door: Door) -> None:
    pk = make_call(door.company).pk
    with after(11):
        named = at_once(2, lambda _: forgotten_calls())
    assert sorted(named) == [[], [pk]]
