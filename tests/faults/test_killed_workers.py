"""Workers that are killed in the middle, at every place where that could cost a booking or make a second one."""

import pytest

from appointments.models import Appointment
from tests.faults.calls import call_id, wishing_call
from tests.faults.ends import each_is_booked_once, end_leases, leases_run_out, nothing_waits
from tests.faults.world import TIMES, FaultyWorld, victim
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.servers]

POINTS = [
    "inbox.claimed",
    "inbox.handled",
    "intent.wanted",
    "intent.written",
    "booking.claimed",
    "booking.sent",
    "booking.answered",
    "booking.scheduling",
    "booking.scheduled",
    "outbox.claimed",
    "outbox.sent",
]


def test_each_call_is_booked_and_told_once_wherever_a_worker_dies(world: FaultyWorld) -> None:
    call_ids = []
    for place, point in enumerate(POINTS):
        company = world.mailing_company(place)  # one each: Cal.com takes two requests a second of an account
        for number in range(TIMES):
            world.arm(point, victim(number))
            world.play(wishing_call(company, number))
            world.await_kill(point)
            call_ids.append(call_id(company, number))
    leases_run_out()
    nothing_waits()
    each_is_booked_once(world, call_ids)
    assert len(world.mails()) == len(call_ids)


def test_a_booking_whose_answer_was_lost_is_found_though_calcom_shows_it_late(world: FaultyWorld) -> None:
    company = world.mailing_company()
    world.calcom_settings(read_lag_seconds=5)
    for number, point in enumerate(["booking.sent", "booking.answered"]):
        world.arm(point, victim(number))
        world.play(wishing_call(company, number))
        world.await_kill(point)
        end_leases()  # whoever looks for the booking now does not see it yet
    looked_in_vain = Appointment.objects.filter(last_error__contains="zeigt die Buchung noch nicht")
    eventually(lambda: looked_in_vain.count() == 2, what="both were looked for")
    leases_run_out()
    nothing_waits()
    each_is_booked_once(world, [call_id(company, number) for number in range(2)])
