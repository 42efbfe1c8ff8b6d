"""Host and caller change one booking at once, and Cal.com lets both through: one booking is left, and people know."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone

from appointments import changes
from appointments.models import Appointment, Company, FollowUp, Service
from calcom import webhook_events
from calcom.mirroring import Mirror
from calcom.types import Booking
from mcp_gateway import outbox
from mcp_gateway.errors import NotFound
from mcp_gateway.models import OutboxMessage, WebhookEvent
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.calcom.saying import Mouth, asked_to_move, booked_there, cancelled_there, moved_there, work_on
from tests.calcom.test_mirroring import book, only_row, standing, uid_of
from tests.waiting import eventually

State = WebhookEvent.State
Status = Appointment.Status
CALLERS_TIME, HOSTS_TIME = SLOT + HOUR, SLOT + 2 * HOUR


@pytest.fixture(autouse=True)
def _old_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calcom.mirroring.STALE_READS", timedelta(0))


@pytest.fixture
def cal(company: Company, service: Service, control: CalcomControl) -> Mouth:
    return Mouth(company, control)


@pytest.fixture
def ours(service: Service) -> Appointment:
    return book(service)


@pytest.fixture
def theirs(cal: Mouth, control: CalcomControl) -> Appointment:
    """Booked on the web page by somebody who then calls."""
    work_on(cal.created(booked_there(control, phone_number="+4915112345678")))
    return only_row()


def both(control: CalcomControl, first: Callable[[], object], second: Callable[[], object]) -> None:
    """Cal.com checks the second while it has checked the first and not written it down; `second` runs here."""
    control.post("settings", race_window_seconds=0.5)
    with ThreadPoolExecutor() as pool:
        at_work = pool.submit(first)
        eventually(lambda: bool(control.sandbox.state.being_booked), what="the first is checked")
        second()
        at_work.result()
    control.post("settings", race_window_seconds=0)


@contextmanager
def follows(control: CalcomControl, act: Callable[[], object]) -> Iterator[None]:
    """The host acts while what the block asks for is checked and not written down."""
    control.post("settings", race_window_seconds=0.5)

    def wait_and_act() -> None:
        eventually(lambda: bool(control.sandbox.state.being_booked), what="ours is checked")
        act()

    with ThreadPoolExecutor() as pool:
        at_work = pool.submit(wait_and_act)
        yield
        at_work.result()
    control.post("settings", race_window_seconds=0)


def move(row: Appointment, to: datetime = CALLERS_TIME) -> None:
    changes.reschedule_appointment(row, start=to, reason="By phone")


def cancel(row: Appointment) -> None:
    changes.cancel_appointment(row, reason="By phone")


def host_is_later(control: CalcomControl, row: Appointment) -> None:
    """The host moves it while the caller's move is not written down."""
    uid = uid_of(row)
    with follows(control, lambda: asked_to_move(control, uid, HOSTS_TIME)):
        move(row)


def host_is_sooner(control: CalcomControl, row: Appointment, act: Callable[[Appointment], None]) -> None:
    """The caller's change comes while the host's move is not written down."""
    uid = uid_of(row)
    both(control, lambda: asked_to_move(control, uid, HOSTS_TIME), lambda: act(row))


def live(control: CalcomControl) -> list[str]:
    return [one["uid"] for one in control.bookings() if one["status"] == "accepted"]


def hosts(control: CalcomControl) -> str:
    return next(one["uid"] for one in control.bookings() if one["start"] == f"{HOSTS_TIME:%Y-%m-%dT%H:%M:%S}.000Z")


def deliver() -> list[OutboxMessage.State | None]:
    return [outbox.deliver(pk) for pk in outbox.due_messages()]


def asked() -> str:
    return FollowUp.objects.exclude(status=FollowUp.Status.DONE).get().what_to_do


class TestTwoMoves:
    def test_the_hosts_later_one_counts(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        host_is_later(control, ours)
        assert len(live(control)) == 2
        assert work_on(cal.moved(hosts(control))) == [State.DONE]
        assert deliver() == [OutboxMessage.State.SENT]
        assert standing(ours) == (Status.SCHEDULED, HOSTS_TIME, hosts(control))
        assert live(control) == [hosts(control)]

    def test_the_callers_later_one_counts(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        host_is_sooner(control, ours, move)
        assert len(live(control)) == 2
        assert work_on(cal.moved(hosts(control))) == [State.DONE]
        assert deliver() == [OutboxMessage.State.SENT]
        assert standing(ours)[:2] == (Status.SCHEDULED, CALLERS_TIME)
        assert live(control) == [standing(ours)[2]]

    def test_one_that_the_host_moved_on_since_counts_where_it_is(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        host_is_sooner(control, ours, move)
        moved_on = moved_there(control, uid_of(only_row()), SLOT + 4 * HOUR)
        work_on(cal.moved(hosts(control)))
        deliver()
        assert standing(ours) == (Status.SCHEDULED, SLOT + 4 * HOUR, moved_on)
        assert live(control) == [moved_on]

    def test_people_are_told_both_times(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        host_is_sooner(control, ours, move)
        work_on(cal.moved(hosts(control)))
        assert hosts(control) in asked()
        assert uid_of(only_row()) in asked()

    def test_news_that_come_again_change_nothing_more(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        host_is_later(control, ours)
        callers = uid_of(only_row())
        news = [cal.moved(hosts(control)), cal.moved(callers)]
        work_on(*news, *news)
        deliver()
        FollowUp.objects.update(status=FollowUp.Status.DONE)
        assert work_on(*news, cal.cancelled(callers)) == [State.DONE] * 3
        assert standing(ours) == (Status.SCHEDULED, HOSTS_TIME, hosts(control))
        assert OutboxMessage.objects.count() == 1
        assert not FollowUp.objects.exclude(status=FollowUp.Status.DONE).exists()

    def test_a_worker_that_dies_after_writing_leaves_it_to_the_outbox(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        host_is_later(control, ours)
        work_on(cal.moved(hosts(control)))
        assert len(live(control)) == 2
        control.fault("reply", path="/v2/bookings/[^/]+/cancel", status=500)
        assert deliver() == [OutboxMessage.State.WAITING]
        OutboxMessage.objects.update(next_attempt_at="2026-01-01T00:00Z")
        assert deliver() == [OutboxMessage.State.SENT]
        assert live(control) == [hosts(control)]

    def test_one_that_cannot_be_cancelled_is_peoples_to_cancel(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        host_is_later(control, ours)
        callers = uid_of(only_row())
        work_on(cal.moved(hosts(control)))
        control.fault("reply", path="/v2/bookings/[^/]+/cancel", status=400, body={"error": {"message": "Not now"}})
        assert deliver() == [OutboxMessage.State.FAILED]
        assert callers in asked()
        assert "Not now" in asked()

    def test_of_a_booking_made_in_the_calendar_it_is_the_same(
        self, cal: Mouth, theirs: Appointment, control: CalcomControl
    ) -> None:
        host_is_later(control, theirs)
        assert work_on(cal.moved(hosts(control))) == [State.DONE]
        assert deliver() == [OutboxMessage.State.SENT]
        assert standing(only_row()) == (Status.SCHEDULED, HOSTS_TIME, hosts(control))
        assert live(control) == [hosts(control)]

    def test_another_booking_of_the_same_customer_is_left_alone(
        self, cal: Mouth, theirs: Appointment, control: CalcomControl
    ) -> None:
        other = booked_there(control, SLOT + 4 * HOUR, phone_number="+4915112345678")
        moved = moved_there(control, other, SLOT + 5 * HOUR)
        assert work_on(cal.moved(moved)) == [State.DONE]
        assert sorted(Appointment.objects.values_list("calcom_booking_uid", flat=True)) == sorted(
            [uid_of(theirs), moved]
        )
        assert not OutboxMessage.objects.exists()


class TestOldReads:
    """What Cal.com shows from a copy that lags behind is not a second booking."""

    def test_what_it_was_before_is_its_past(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        move(ours)
        mirror = webhook_events._mirror(ours.company)
        between = mirror.look(uid_of(only_row()))
        move(only_row(), HOSTS_TIME)
        lagging = replace(mirror, look=partial(self._look, mirror, {between.uid: between}))
        assert lagging.compare(between, seen_at=timezone.now()) == "unchanged"
        assert not OutboxMessage.objects.exists()
        assert not FollowUp.objects.exists()

    def test_what_it_has_become_after_two_moves_is_its_future(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        move(ours)
        mirror = webhook_events._mirror(ours.company)
        known = mirror.look(uid_of(only_row()))
        last = moved_there(control, moved_there(control, known.uid, HOSTS_TIME), SLOT + 4 * HOUR)
        lagging = replace(mirror, look=partial(self._look, mirror, {known.uid: known}))
        assert lagging.compare(mirror.look(last), seen_at=timezone.now()) == "moved"
        assert standing(ours) == (Status.SCHEDULED, SLOT + 4 * HOUR, last)
        assert not OutboxMessage.objects.exists()

    def test_a_booking_that_it_does_not_show_yet_is_waited_for(
        self, cal: Mouth, ours: Appointment, control: CalcomControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("calcom.mirroring.STALE_READS", timedelta(seconds=30))
        move(ours)
        mirror = webhook_events._mirror(ours.company)
        between = mirror.look(uid_of(only_row()))
        move(only_row(), HOSTS_TIME)
        lagging = replace(mirror, look=partial(self._look, mirror, {between.uid: between, uid_of(only_row()): None}))
        with pytest.raises(changes.BeingChanged):
            lagging.compare(between, seen_at=timezone.now())
        assert not FollowUp.objects.exists()

    @staticmethod
    def _look(mirror: Mirror, shown: dict[str, Booking | None], uid: str, *, follow_moves: bool = True) -> Booking:
        if uid not in shown:
            return mirror.look(uid, follow_moves=follow_moves)
        if (booking := shown[uid]) is None:
            raise NotFound("Not shown yet")
        return booking


class TestCancelledAndMoved:
    def test_what_it_was_moved_to_stands(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        uid = uid_of(ours)
        with follows(control, lambda: cancelled_there(control, uid)):
            move(ours)
        Appointment.objects.update(status=Status.SCHEDULED, calcom_booking_uid=uid, starts_at=SLOT)
        moved = live(control)[0]
        assert work_on(cal.cancelled(uid)) == [State.DONE]
        assert standing(ours)[0] == Status.CANCELLED
        assert work_on(cal.moved(moved), cal.moved(moved)) == [State.DONE, State.DONE]
        assert standing(ours) == (Status.SCHEDULED, CALLERS_TIME, moved)
        assert moved in asked()

    def test_also_where_the_caller_cancelled_and_the_host_moved(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        host_is_sooner(control, ours, cancel)
        assert live(control) == [hosts(control)]
        assert work_on(cal.moved(hosts(control))) == [State.DONE]
        assert standing(ours) == (Status.SCHEDULED, HOSTS_TIME, hosts(control))
        assert hosts(control) in asked()

    def test_one_that_is_over_as_well_changes_nothing(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        uid = uid_of(ours)
        host_is_sooner(control, ours, cancel)
        moved = cal.moved(hosts(control))
        cancelled_there(control, hosts(control))
        assert work_on(moved, cal.cancelled(hosts(control))) == [State.DONE, State.DONE]
        assert standing(ours) == (Status.CANCELLED, SLOT, uid)
