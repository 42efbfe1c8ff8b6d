"""Long actions: one item after the other, each committed, cancelled between two, taken over from the dead."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from django.utils.translation import gettext, override

from appointments.models import Company
from mcp_gateway import background, correlation, tasks
from mcp_gateway.background import Kind, Outcome, Result
from mcp_gateway.errors import RateLimited
from mcp_gateway.models import AuditEntry, LongAction
from mcp_gateway.principal import Principal
from tests import bells

KIND = "testing"
State = LongAction.State
Work = Callable[[LongAction, Any, Principal], Result]
Start = Callable[..., LongAction]


class Worked:
    """What was done, in its order; `does` is what one item comes to."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.does: Callable[[LongAction, Any], Result] = lambda _action, _item: Result()
        self.by: Principal | None = None

    def __call__(self, action: LongAction, item: Any, by: Principal) -> Result:
        self.items.append(item)
        self.by = by
        return self.does(action, item)


@pytest.fixture
def worked() -> Iterator[Worked]:
    worked = Worked()
    background.kinds[KIND] = Kind(title="Test", permission="mcp_gateway.change_webhookevent", work=worked)
    yield worked
    del background.kinds[KIND]


@pytest.fixture
def user(company: Company) -> User:
    user = User.objects.create_user("anna", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_webhookevent"))
    company.staff.add(user)
    return user


@pytest.fixture
def start(worked: Worked, user: User, company: Company) -> Start:
    def start(*items: Any, **fields: Any) -> LongAction:
        return background.start(KIND, items, **{"user": user, "company_id": company.pk, "key": uuid4(), **fields})

    return start


def now(action: LongAction) -> LongAction:
    return LongAction.objects.get(pk=action.pk)


def counts(action: LongAction) -> tuple[int, int, int, int]:
    row = now(action)
    return row.total, row.done, row.skipped, row.failed


def let_the_lease_run_out(action: LongAction) -> None:
    LongAction.objects.filter(pk=action.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def test_items_are_done_in_their_order_and_counted(start: Start, worked: Worked) -> None:
    outcomes = {"a": Result(), "b": Result(outcome=Outcome.SKIPPED), "c": Result(outcome=Outcome.FAILED, told="why")}
    worked.does = lambda _action, item: outcomes[item]
    action = start("a", "b", "c")
    assert background.run(action.pk) == State.DONE
    assert worked.items == ["a", "b", "c"]
    assert counts(action) == (3, 1, 1, 1)
    assert list(action.results.values_list("item", "outcome", "told")) == [
        ("a", "done", ""),
        ("b", "skipped", ""),
        ("c", "failed", "why"),
    ]
    assert now(action).ended_at is not None


def test_a_worker_hears_of_it_once_it_stands(
    start: Start, worked: Worked, django_capture_on_commit_callbacks: Any
) -> None:
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        action = start("a")
    assert [(ring.task, ring.args) for ring in bells.rung()] == [(background.RUN_TASK, (action.pk,))]
    assert tasks.run_long_action(action.pk) == State.DONE


def test_each_result_stands_before_the_next_item_begins(start: Start, worked: Worked) -> None:
    seen: list[int] = []

    def look(action: LongAction, item: Any) -> Result:
        seen.append(now(action).done)
        return Result()

    worked.does = look
    background.run(start("a", "b", "c").pk)
    assert seen == [0, 1, 2]


def test_with_the_same_key_it_is_started_once(start: Start, worked: Worked) -> None:
    key = uuid4()
    first, second = start("a", key=key), start("a", "b", key=key)
    assert (first.pk, second.total) == (second.pk, 1)
    assert LongAction.objects.count() == 1
    assert AuditEntry.objects.filter(action="long_action.started").count() == 1


def test_what_is_over_is_not_done_again(start: Start, worked: Worked) -> None:
    action = start("a")
    background.run(action.pk)
    assert background.run(action.pk) is None
    assert worked.items == ["a"]


def test_two_workers_do_not_share_one(start: Start, worked: Worked) -> None:
    action = start("a", "b")
    answers: list[Any] = []

    def ring_again(action: LongAction, item: Any) -> Result:
        answers.append(background.run(action.pk))
        return Result()

    worked.does = ring_again
    background.run(action.pk)
    assert answers == [None, None]
    assert worked.items == ["a", "b"]


def test_an_item_that_breaks_is_told_without_its_text_and_the_next_is_done(start: Start, worked: Worked) -> None:
    def break_once(action: LongAction, item: Any) -> Result:
        if item == "a":
            raise RuntimeError("secret")
        return Result()

    worked.does = break_once
    action = start("a", "b")
    assert background.run(action.pk) == State.DONE
    assert counts(action) == (2, 1, 0, 1)
    assert "secret" not in action.results.get(number=0).told


def test_where_nothing_was_done_it_has_failed(start: Start, worked: Worked) -> None:
    worked.does = lambda _action, _item: Result(outcome=Outcome.FAILED)
    assert background.run(start("a", "b").pk) == State.FAILED


class TestCancelling:
    def test_what_waits_ends_at_once(self, start: Start, worked: Worked, user: User) -> None:
        action = start("a")
        assert background.cancel(action.pk, Principal.of_staff(user))
        assert now(action).state == State.CANCELLED
        assert background.run(action.pk) is None
        assert worked.items == []

    def test_what_runs_ends_after_the_item_it_is_at(self, start: Start, worked: Worked, user: User) -> None:
        action = start("a", "b", "c")

        def cancelled_meanwhile(action: LongAction, item: Any) -> Result:
            background.cancel(action.pk, Principal.of_staff(user))
            return Result()

        worked.does = cancelled_meanwhile
        assert background.run(action.pk) == State.CANCELLED
        assert worked.items == ["a"]
        assert counts(action) == (3, 1, 0, 0)

    def test_it_is_cancelled_once(self, start: Start, worked: Worked, user: User) -> None:
        action = start("a")
        assert [background.cancel(action.pk, Principal.of_staff(user)) for _ in range(2)] == [True, False]
        assert AuditEntry.objects.filter(action="long_action.cancelled").count() == 1

    def test_what_is_over_stays_as_it_ended(self, start: Start, worked: Worked, user: User) -> None:
        action = start("a")
        background.run(action.pk)
        assert not background.cancel(action.pk, Principal.of_staff(user))
        assert now(action).state == State.DONE


class Killed(BaseException):
    """The worker's process is gone in the middle of an item."""


class TestAWorkerThatDies:
    @pytest.fixture
    def left_behind(self, start: Start, worked: Worked) -> LongAction:
        """An action whose worker died at its second item."""

        def die(action: LongAction, item: Any) -> Result:
            if item == "b":
                raise Killed
            return Result()

        worked.does = die
        action = start("a", "b", "c")
        with pytest.raises(Killed):
            background.run(action.pk)
        worked.items.clear()
        return action

    def test_nobody_takes_over_while_its_lease_lasts(self, left_behind: LongAction) -> None:
        assert background.due() == []
        assert background.run(left_behind.pk) is None

    def test_the_sweep_has_another_go_on_after_the_last_result(self, left_behind: LongAction, worked: Worked) -> None:
        worked.does = lambda _action, _item: Result()
        let_the_lease_run_out(left_behind)
        bells.rung()
        assert tasks.sweep_long_actions() == 1
        bells.answer()
        assert worked.items == ["b", "c"]
        assert counts(left_behind) == (3, 3, 0, 0)
        assert now(left_behind).state == State.DONE

    def test_an_item_that_kills_workers_is_given_up_and_the_next_is_done(
        self, left_behind: LongAction, worked: Worked
    ) -> None:
        for _ in range(background.MOST_TRIES - 1):
            let_the_lease_run_out(left_behind)
            with pytest.raises(Killed):
                background.run(left_behind.pk)
        let_the_lease_run_out(left_behind)
        assert background.run(left_behind.pk) == State.DONE
        assert counts(left_behind) == (3, 2, 0, 1)
        assert left_behind.results.get(number=1).outcome == Outcome.FAILED

    def test_one_that_was_believed_dead_keeps_nothing_any_more(self, start: Start, worked: Worked) -> None:
        """It comes back to an action that another has by now."""
        action = start("a", "b")

        def be_late(action: LongAction, item: Any) -> Result:
            worked.does = lambda _action, _item: Result()
            let_the_lease_run_out(action)
            assert background.run(action.pk) == State.DONE
            return Result(outcome=Outcome.FAILED)

        worked.does = be_late
        assert background.run(action.pk) is None
        assert counts(action) == (2, 2, 0, 0)

    def test_one_that_is_cancelled_ends_with_whoever_takes_over(
        self, left_behind: LongAction, worked: Worked, user: User
    ) -> None:
        background.cancel(left_behind.pk, Principal.of_staff(user))
        let_the_lease_run_out(left_behind)
        assert background.run(left_behind.pk) == State.CANCELLED
        assert worked.items == []


def test_a_turn_is_short_and_the_next_worker_goes_on(
    start: Start, worked: Worked, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(background, "TURN_SECONDS", -1)
    action = start("a")
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        assert background.run(action.pk) == State.RUNNING
    assert [ring.args for ring in bells.rung()] == [(action.pk,)]
    assert background.due() == [action.pk]
    monkeypatch.undo()
    assert background.run(action.pk) == State.DONE


def test_long_turns_in_a_row_are_no_deaths(start: Start, worked: Worked, monkeypatch: pytest.MonkeyPatch) -> None:
    action = start("a")
    with monkeypatch.context() as patch:
        patch.setattr(background, "TURN_SECONDS", -1)
        for _ in range(background.MOST_TRIES + 1):
            background.run(action.pk)
    background.run(action.pk)
    assert counts(action) == (1, 1, 0, 0)


class TestTheStartersCallsAreUsedUp:
    """Of this minute: what staff may call, and what a worker calls for them, stands on one limit."""

    @pytest.fixture
    def refused(self, start: Start, worked: Worked) -> LongAction:
        """An action whose second item was refused."""

        def refuse(action: LongAction, item: Any) -> Result:
            if item == "b":
                raise RateLimited(retry_after=20)
            return Result()

        worked.does = refuse
        return start("a", "b", "c")

    def test_the_item_waits_until_there_are_new_ones(
        self, refused: LongAction, worked: Worked, django_capture_on_commit_callbacks: Any
    ) -> None:
        bells.rung()
        with django_capture_on_commit_callbacks(execute=True):
            assert background.run(refused.pk) == State.RUNNING
        assert [(ring.args, ring.is_delayed) for ring in bells.rung()] == [((refused.pk,), True)]
        assert counts(refused) == (3, 1, 0, 0)
        assert background.run(refused.pk) is None
        worked.does = lambda _action, _item: Result()
        with time_machine.travel(timezone.now() + timedelta(seconds=21)):
            assert background.due() == [refused.pk]
            assert background.run(refused.pk) == State.DONE
        assert worked.items == ["a", "b", "b", "c"]
        assert counts(refused) == (3, 3, 0, 0)

    def test_waiting_often_is_no_death(self, refused: LongAction, worked: Worked) -> None:
        for _ in range(background.MOST_TRIES + 1):
            background.run(refused.pk)
            let_the_lease_run_out(refused)
        worked.does = lambda _action, _item: Result()
        assert background.run(refused.pk) == State.DONE
        assert counts(refused) == (3, 3, 0, 0)

    def test_it_is_cancelled_while_it_waits(self, refused: LongAction, user: User) -> None:
        background.run(refused.pk)
        assert background.cancel(refused.pk, Principal.of_staff(user))
        let_the_lease_run_out(refused)
        assert background.run(refused.pk) == State.CANCELLED
        assert counts(refused) == (3, 1, 0, 0)

    def test_what_no_minute_would_allow_has_failed(self, start: Start, worked: Worked) -> None:
        def refuse(action: LongAction, item: Any) -> Result:
            raise RateLimited(retryable=False, retry_after=60)

        worked.does = refuse
        action = start("a")
        assert background.run(action.pk) == State.FAILED
        assert action.results.get().told == gettext("Too many calls")


class TestWhoStartedIt:
    def test_it_is_done_as_they(self, start: Start, worked: Worked, user: User, company: Company) -> None:
        background.run(start("a").pk)
        assert worked.by is not None
        assert (worked.by.name, worked.by.companies) == (f"staff:{user.pk}", frozenset({company.pk}))

    def test_in_their_language(self, start: Start, worked: Worked) -> None:
        worked.does = lambda _action, _item: Result(told=gettext("failed"))
        with override("de"):
            action = start("a")
        with override("en"):
            background.run(action.pk)
        assert action.results.get().told == "fehlgeschlagen"

    def test_under_its_own_correlation_id(self, start: Start, worked: Worked) -> None:
        seen: list[str] = []
        worked.does = lambda _action, _item: Result(told=seen.append(correlation.current()) or "")
        action = start("a")
        background.run(action.pk)
        assert seen == [action.correlation_id]

    @pytest.mark.parametrize("lost", ["permission", "company", "log-in"])
    def test_who_may_not_any_more_does_not_by_a_worker_either(
        self, start: Start, worked: Worked, user: User, company: Company, lost: str
    ) -> None:
        action = start("a")
        if lost == "permission":
            user.user_permissions.clear()
        elif lost == "company":
            company.staff.remove(user)
        else:
            User.objects.filter(pk=user.pk).update(is_active=False)
        assert background.run(action.pk) == State.FAILED
        assert worked.items == []
        assert now(action).last_error


def test_a_kind_that_is_gone_is_told(start: Start, worked: Worked) -> None:
    action = start("a")
    LongAction.objects.filter(pk=action.pk).update(kind="gone")
    assert background.run(action.pk) == State.FAILED


def test_start_cancel_and_end_stand_in_the_trail(start: Start, worked: Worked, user: User) -> None:
    ended, cancelled = start("a", reason="Because"), start("a")
    background.run(ended.pk)
    background.cancel(cancelled.pk, Principal.of_staff(user))
    told = AuditEntry.objects.order_by("pk").values_list("object_id", "action", "actor", "correlation_id")
    assert list(told) == [
        (str(ended.pk), "long_action.started", f"staff:{user.pk}", ended.correlation_id),
        (str(cancelled.pk), "long_action.started", f"staff:{user.pk}", cancelled.correlation_id),
        (str(ended.pk), "long_action.ended", "long_action", ended.correlation_id),
        (str(cancelled.pk), "long_action.cancelled", f"staff:{user.pk}", cancelled.correlation_id),
    ]
    end = AuditEntry.objects.get(action="long_action.ended")
    assert (end.reason, end.after) == ("Because", {"state": "done", "total": 1, "done": 1, "skipped": 0, "failed": 0})


def test_old_ones_that_are_over_are_forgotten(start: Start, worked: Worked) -> None:
    over, open_still, new = start("a"), start("a"), start("a")
    for action in (over, new):
        background.run(action.pk)
    long_ago = timezone.now() - background.KEPT - timedelta(days=1)
    LongAction.objects.filter(pk__in=[over.pk, open_still.pk]).update(created_at=long_ago)
    assert tasks.forget_old_long_actions() == 1
    assert set(LongAction.objects.all()) == {open_still, new}
