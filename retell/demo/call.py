"""One phone call, played by Retell's sandbox as Retell would, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import requests
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Service
from appointments.spoken import speak_date, speak_time
from mcp_gateway import gateway
from mcp_gateway.principal import Principal
from retell.demo.company import TIMEOUT_SECONDS, Vendors

CALLER = "+4915112345678"
BOOKING_SECONDS = 60.0
PLAY_SECONDS = 60.0


class DemoFailed(Exception):
    """The call did not become the booking that it asked for."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    appointment: Appointment
    booking: dict[str, Any]


def free_start(company: Company, service: Service) -> datetime:
    """The first free start from tomorrow on, in Cal.com and in our own rows."""
    tomorrow = (timezone.now().astimezone(company.zone) + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    found = gateway.call(
        "calcom.checkAvailability",
        {
            "event_type_id": service.calcom_event_type_id,
            "start": tomorrow.isoformat(),
            "end": (tomorrow + timedelta(days=14)).isoformat(),
        },
        principal=Principal.of_task("demo", company.pk),
    )
    taken = set(Appointment.objects.filter(company=company).values_list("starts_at", flat=True))
    for start in (datetime.fromisoformat(text) for text in found["starts"]):
        if start not in taken:
            return start
    raise DemoFailed("Cal.com offers no free time in the next two weeks.")


def script(company: Company, service: Service, start: datetime) -> dict[str, Any]:
    """The call as the sandbox plays it: the caller's words, not a computed date."""
    local = start.astimezone(company.zone)
    day, time = speak_date(local.date(), "de"), speak_time(local.time(), "de")
    spoken = service.aliases[0] if service.aliases else service.name
    what, when = {"service": spoken}, {"date": day, "time": time}
    return {
        "api_key": company.retell_api_key,
        "call_id": f"call_{uuid4().hex[:27]}",
        "to_number": company.phone_number,
        "from_number": CALLER,
        "script": [
            {"user": f"Ich hätte gern einen Termin: {spoken}. Was ist am {day} frei?"},
            {"function": "check_availability", "args": {**what, "date": day}},
            {"user": f"Dann um {time} bitte, für Erika Beispiel."},
            {"function": "collect_appointment_information", "args": {"name": "Erika Beispiel", **what, **when}},
        ],
    }


def play(vendors: Vendors, script: dict[str, Any]) -> dict[str, Any]:
    """Play the call; returns the sandbox's report. Raises DemoFailed when a step was not taken."""
    try:
        response = requests.post(f"{vendors.retell_url}/_sandbox/calls", json=script, timeout=PLAY_SECONDS)
    except requests.RequestException:
        raise DemoFailed("Retell's sandbox does not answer.") from None
    if not response.ok:
        raise DemoFailed(f"Retell's sandbox refused the call: {response.text[:500]}")
    report: dict[str, Any] = response.json()
    for step in report["steps"]:
        if not isinstance(step["status"], int) or not 200 <= step["status"] < 300:
            raise DemoFailed(f"{step['what']} was answered with {step['status']}: {step['body']}")
    return report


def wait_for_booking(vendors: Vendors, company: Company, call_id: str, check: Callable[[], None]) -> Outcome:
    """Wait until the call is booked here and compare with Cal.com; `check` raises when a process has died."""
    deadline = monotonic() + BOOKING_SECONDS
    while monotonic() < deadline:
        check()
        appointment = Appointment.objects.filter(company=company, call__call_id=call_id).first()
        if appointment and appointment.status == Appointment.Status.SCHEDULED:
            return _compared(vendors, appointment)
        if appointment and appointment.status == Appointment.Status.FAILED:
            raise DemoFailed(f"The booking failed: {appointment.last_error}")
        sleep(0.1)
    raise DemoFailed(f"No booking after {BOOKING_SECONDS:.0f} s; the call's row: {_state(call_id)}")


def _compared(vendors: Vendors, appointment: Appointment) -> Outcome:
    everything = requests.get(f"{vendors.calcom_url}/_sandbox/bookings", timeout=TIMEOUT_SECONDS).json()
    key = str(appointment.booking_key)
    mine = [row for row in everything if row["metadata"].get("booking_key") == key]
    if [row["uid"] for row in mine] != [appointment.calcom_booking_uid]:
        raise DemoFailed(f"Cal.com holds {[row['uid'] for row in mine]}, we hold {appointment.calcom_booking_uid}.")
    if datetime.fromisoformat(mine[0]["start"]) != appointment.starts_at:
        raise DemoFailed(f"Cal.com holds {mine[0]['start']}, the caller asked for {appointment.starts_at}.")
    return Outcome(appointment=appointment, booking=mine[0])


def _state(call_id: str) -> str:
    call = Call.objects.filter(call_id=call_id).first()
    return "none" if call is None else f"{call.status}, wish: {'yes' if call.collected_data else 'no'}"
