"""Web processes that are killed while Retell waits for their answer."""

from datetime import datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appointments.models import Appointment, Company, FollowUp
from mcp_gateway.models import WebhookEvent
from tests.faults.calls import A_DAY, call_id, caller, start_of, wishing_call
from tests.faults.ends import each_is_booked_once, leases_run_out, nothing_waits
from tests.faults.world import TIMES, FaultyWorld, victim
from tests.journeys.scripts import a_call
from tests.journeys.test_dialogues import CANCEL, CHANGE

pytestmark = [pytest.mark.processes, pytest.mark.servers]

# Three more tries, as Retell makes them; how long it waits in between is not documented.
RETELL_TRIES_AGAIN = {"webhook_retries": 3, "retry_backoff_ms": 1500}
BERLIN = ZoneInfo("Europe/Berlin")

Stand = tuple[str, datetime]  # status, and the start by the company's clock


@pytest.mark.parametrize("point", ["inbox.receiving", "inbox.stored"])
def test_a_webhook_that_was_not_answered_comes_again_and_counts_once(world: FaultyWorld, point: str) -> None:
    company = world.mailing_company()
    for number in range(TIMES):
        world.arm(point, victim(number))
        script = wishing_call(company, number, skip_events=["call_started"], **RETELL_TRIES_AGAIN)
        ends = [step["status"] for step in world.play(script)["steps"] if step["what"] == "call_ended"]
        assert ends == [None] * (len(ends) - 1) + [204]
        world.await_kill(point)
        world.await_web()
    nothing_waits()
    each_is_booked_once(world, [call_id(company, number) for number in range(TIMES)])
    assert WebhookEvent.objects.count() == 2 * TIMES


def test_an_appointment_stands_as_cal_com_has_it_when_its_change_was_never_answered(world: FaultyWorld) -> None:
    expected: dict[str, Stand] = {}
    places = list(product(["change.sent", "change.answered"], [CHANGE, CANCEL]))
    companies = [world.mailing_company(place) for place in range(len(places))]
    for company, number in product(companies, range(TIMES)):
        world.play(wishing_call(company, number))
    nothing_waits()
    for (company, (point, function)), number in product(zip(companies, places, strict=True), range(TIMES)):
        world.arm(point, victim(number))
        world.play(changing_call(company, number, function))
        world.await_kill(point)
        world.await_web()
        expected[call_id(company, number)] = after(point, function, number)
    leases_run_out()
    nothing_waits()
    bookings = {row["uid"]: row for row in world.bookings()}
    appointments = {row.call.call_id: row for row in Appointment.objects.select_related("call", "company")}
    assert {key: in_our_rows(row) for key, row in appointments.items()} == expected
    assert {key: in_cal_com(bookings[row.calcom_booking_uid]) for key, row in appointments.items()} == expected
    # Whose change never reached Cal.com is called back; nobody else.
    lost = {row.pk for row in appointments.values() if row.company in companies_of(companies, places, "change.sent")}
    assert sorted(FollowUp.objects.values_list("appointment", "kind")) == sorted((pk, "callback") for pk in lost)


def companies_of(companies: list[Company], places: list[tuple[str, str]], point: str) -> list[Company]:
    return [company for company, place in zip(companies, places, strict=True) if place[0] == point]


def changing_call(company: Company, number: int, function: str) -> dict[str, Any]:
    new = start_of(moved(number))
    times = {"new_date": f"{new:%d.%m.%Y}", "new_time": f"{new:%H:%M}"} if function == CHANGE else {}
    script = [{"function": function, "args": times}]
    again = f"{call_id(company, number)}_again"
    return a_call(company, call_id=again, from_number=caller(number), script=script)


def moved(number: int) -> int:
    """Whose time this caller moves to: nobody's."""
    return number + 3 * A_DAY


def after(point: str, function: str, number: int) -> Stand:
    """What is killed before the request leaves changes nothing; afterwards it is done."""
    if point == "change.sent":
        return "scheduled", start_of(number)
    return ("scheduled", start_of(moved(number))) if function == CHANGE else ("cancelled", start_of(number))


def in_our_rows(appointment: Appointment) -> Stand:
    return appointment.status, wall_clock(appointment.starts_at)


def in_cal_com(booking: dict[str, Any]) -> Stand:
    status = {"accepted": "scheduled"}.get(booking["status"], booking["status"])
    return status, wall_clock(datetime.fromisoformat(booking["start"]))


def wall_clock(moment: datetime) -> datetime:
    return moment.astimezone(BERLIN).replace(tzinfo=None)
