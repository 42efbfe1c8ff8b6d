"""What people change in Cal.com itself, and how we hear of it."""

import pytest
import requests

from appointments.models import Appointment, Company, FollowUp
from calcom.webhook_events import BOOKING_TRIGGERS
from tests.faults.calls import call_id, start_of, wishing_call
from tests.faults.ends import each_is_booked_once, nothing_waits
from tests.faults.world import FaultyWorld
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.servers]

SECRET = "whsec_salon_0123456789"
NEW_START = start_of(40)


def booked(world: FaultyWorld, company: Company) -> Appointment:
    world.play(wishing_call(company, 0))
    nothing_waits()
    each_is_booked_once(world, [call_id(company, 0)])
    return Appointment.objects.get()


def set_up_webhook(world: FaultyWorld, company: Company) -> None:
    """As staff do it in Cal.com's settings."""
    company.calcom_webhook_secret = SECRET
    company.save(update_fields=["calcom_webhook_secret"])
    webhook = {
        "subscriberUrl": f"{world.app_url}/api/mcp/calcom/webhook/{company.pk}",
        "triggers": sorted(BOOKING_TRIGGERS),
        "active": True,
        "secret": SECRET,
    }
    key = {"Authorization": f"Bearer {company.calcom_api_key}"}
    requests.post(f"{world.calcom_url}/v2/webhooks", json=webhook, headers=key, timeout=10).raise_for_status()


def in_cal_com(world: FaultyWorld, appointment: Appointment, verb: str, **change: str) -> None:
    """The host does it on Cal.com's own pages."""
    url = f"{world.calcom_url}/_sandbox/bookings/{appointment.calcom_booking_uid}/{verb}"
    requests.post(url, json=change, timeout=30).raise_for_status()


def cancel(world: FaultyWorld, appointment: Appointment) -> None:
    in_cal_com(world, appointment, "cancel", reason="Krank")


def move(world: FaultyWorld, appointment: Appointment) -> None:
    start = NEW_START.replace(tzinfo=appointment.company.zone).isoformat()
    in_cal_com(world, appointment, "reschedule", start=start, reason="Krank")


def wait_until_cancelled() -> None:
    eventually(lambda: Appointment.objects.get().status == Appointment.Status.CANCELLED, what="it is cancelled here")


def wait_until_moved(company: Company) -> None:
    start = NEW_START.replace(tzinfo=company.zone)
    eventually(lambda: Appointment.objects.get().starts_at == start, what="it is moved here")


def nobody_has_to_do_anything(world: FaultyWorld) -> None:
    """One appointment, which has the booking that stands."""
    nothing_waits()
    row = Appointment.objects.get()
    assert row.calcom_booking_uid == world.bookings()[-1]["uid"]
    assert not FollowUp.objects.exists()


def sync(world: FaultyWorld) -> None:
    world.run("-m", "celery", "-A", "config", "call", "calcom.tasks.sync_bookings_of_all")


def test_a_webhook_tells_of_a_cancellation(world: FaultyWorld) -> None:
    company = world.mailing_company()
    set_up_webhook(world, company)
    cancel(world, booked(world, company))
    wait_until_cancelled()
    nobody_has_to_do_anything(world)


def test_a_webhook_tells_of_a_move(world: FaultyWorld) -> None:
    company = world.mailing_company()
    set_up_webhook(world, company)
    move(world, booked(world, company))
    wait_until_moved(company)
    nobody_has_to_do_anything(world)


def test_without_a_webhook_a_comparison_finds_a_cancellation(world: FaultyWorld) -> None:
    company = world.mailing_company()
    cancel(world, booked(world, company))
    sync(world)
    wait_until_cancelled()
    nobody_has_to_do_anything(world)


def test_without_a_webhook_a_comparison_finds_a_move(world: FaultyWorld) -> None:
    company = world.mailing_company()
    move(world, booked(world, company))
    sync(world)
    wait_until_moved(company)
    nobody_has_to_do_anything(world)
