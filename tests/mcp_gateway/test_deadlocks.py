"""Two transactions that wait for each other: one is broken off, and run again."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import OperationalError, transaction

from appointments.models import Company
from mcp_gateway.deadlocks import DEADLOCK, TRIES, rerun_on_deadlock
from tests.appointments.threads import at_once
from tests.factories import make_company


class Broken:
    """Breaks off a number of times."""

    def __init__(self, times: int, code: int = DEADLOCK) -> None:
        self.left, self.code, self.runs = times, code, 0

    def work(self) -> str:
        self.runs += 1
        if self.left:
            self.left -= 1
            raise OperationalError(self.code, "Deadlock found when trying to get lock")
        return "done"


@pytest.mark.django_db(transaction=True)
def test_it_is_run_again() -> None:
    assert rerun_on_deadlock(Broken(2).work)() == "done"


@pytest.mark.django_db(transaction=True)
def test_but_not_for_ever() -> None:
    broken = Broken(100)
    with pytest.raises(OperationalError):
        rerun_on_deadlock(broken.work)()
    assert broken.runs == TRIES


@pytest.mark.django_db(transaction=True)
def test_another_error_is_not_run_again() -> None:
    broken = Broken(1, code=2006)
    with pytest.raises(OperationalError):
        rerun_on_deadlock(broken.work)()
    assert broken.runs == 1


def test_inside_a_transaction_only_who_began_it_can_run_it_again(db: None) -> None:
    broken = Broken(1)
    with pytest.raises(OperationalError):
        rerun_on_deadlock(broken.work)()
    assert broken.runs == 1


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_who_lock_two_rows_crosswise_both_get_through() -> None:
    rows = [make_company().pk, make_company().pk]
    both_hold_one = Barrier(2)

    def lock_both(number: int) -> str:
        @rerun_on_deadlock
        @transaction.atomic
        def work() -> str:
            for step in (number, 1 - number):
                Company.objects.select_for_update().get(pk=rows[step])
                with suppress(BrokenBarrierError):  # the one that is run again meets nobody any more
                    both_hold_one.wait(timeout=2)
            return "done"

        return work()

    assert at_once(2, lock_both) == ["done", "done"]
