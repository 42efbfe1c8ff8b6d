"""Comparing bookings in the background: as whoever pressed for it, told in words, done again without harm."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from django.utils.translation import override

from appointments.models import Appointment, Company, Service
from calcom.long_actions import start_comparison
from mcp_gateway import background
from mcp_gateway.models import AuditEntry, LongAction, LongActionResult
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.calcom.saying import booked_there

Outcome = LongActionResult.Outcome


@pytest.fixture
def user(company: Company) -> User:
    user = User.objects.create_user("anna", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_company"))
    company.staff.add(user)
    return user


@pytest.fixture
def started(company: Company, service: Service, user: User) -> LongAction:
    with override("en"):
        return start_comparison(company, user=user, key=uuid4())


def only_result() -> LongActionResult:
    return LongActionResult.objects.get()


def test_what_it_found_is_told(started: LongAction, control: CalcomControl) -> None:
    for number in range(3):
        booked_there(control, SLOT + number * HOUR)
    assert background.run(started.pk) == LongAction.State.DONE
    assert only_result().told == ("Compared: 3. Taken over: 3, moved: 0, cancelled: 0, for people to look at: 0.")
    assert Appointment.objects.count() == 3


def test_starting_it_asks_nothing_of_calcom(started: LongAction, control: CalcomControl) -> None:
    assert control.requests() == []


def test_all_bookings_are_read_however_lately_that_was(
    company: Company, user: User, started: LongAction, control: CalcomControl
) -> None:
    background.run(started.pk)
    background.run(start_comparison(company, user=user, key=uuid4()).pk)
    assert ["afterUpdatedAt" in request["query"] for request in control.requests()] == [False, False]


def test_it_is_done_by_whoever_started_it(started: LongAction, user: User, control: CalcomControl) -> None:
    booked_there(control)
    background.run(started.pk)
    entry = AuditEntry.objects.exclude(object_type="LongAction").filter(object_type="Appointment").get()
    assert (entry.actor, entry.correlation_id) == (f"staff:{user.pk}", started.correlation_id)


def test_done_twice_a_booking_is_taken_over_once(
    company: Company, user: User, started: LongAction, control: CalcomControl
) -> None:
    booked_there(control)
    background.run(started.pk)
    background.run(start_comparison(company, user=user, key=uuid4()).pk)
    assert [result.data["mirrored"] for result in LongActionResult.objects.order_by("pk")] == [1, 0]
    assert Appointment.objects.count() == 1


def test_after_a_worker_was_killed_it_is_done_again_without_harm(started: LongAction, control: CalcomControl) -> None:
    """It had compared, and died before it could say so."""
    booked_there(control)
    background.run(started.pk)
    LongAction.objects.update(state="running", done=0, leased_until=None)
    LongActionResult.objects.all().delete()
    assert background.run(started.pk) == LongAction.State.DONE
    assert (only_result().outcome, only_result().data["unchanged"]) == (Outcome.DONE, 1)
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize("fault", [{"action": "reset"}, {"action": "reply", "status": 500}])
def test_where_calcom_fails_it_has_failed(started: LongAction, control: CalcomControl, fault: dict[str, Any]) -> None:
    booked_there(control)
    control.fault(times=9, **fault)
    assert background.run(started.pk) == LongAction.State.FAILED
    assert (only_result().outcome, only_result().told) == (Outcome.FAILED, "Cal.com can't be reached")
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("cal_live_wrong", "Cal.com does not accept the company's API key"),
        ("", "No Cal.com API key is stored for this company"),
    ],
)
def test_what_is_wrong_with_the_key_is_told(company: Company, started: LongAction, key: str, told: str) -> None:
    company.calcom_api_key = key
    company.save()
    assert background.run(started.pk) == LongAction.State.FAILED
    assert only_result().told == told


def test_whoever_lost_the_company_has_it_not_done(
    company: Company, user: User, started: LongAction, control: CalcomControl
) -> None:
    booked_there(control)
    company.staff.remove(user)
    assert background.run(started.pk) == LongAction.State.FAILED
    assert "/v2/bookings" not in [request["path"] for request in control.requests()]
    assert not Appointment.objects.exists()


def test_with_the_calls_of_a_minute_used_up_it_waits_for_the_next(
    company: Company, user: User, started: LongAction, control: CalcomControl, settings: Any
) -> None:
    settings.RATE_LIMIT_CALLER = 10
    background.run(started.pk)
    second = start_comparison(company, user=user, key=uuid4())
    assert background.run(second.pk) == LongAction.State.RUNNING
    settings.RATE_LIMIT_CALLER = 20  # Redis counts by a clock of its own
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert background.run(second.pk) == LongAction.State.DONE
