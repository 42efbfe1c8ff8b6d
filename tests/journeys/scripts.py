"""Calls as Retell's sandbox plays them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from appointments.models import Company

CALLER = "+4915112345678"


def next_workday() -> date:
    """A weekday that is neither today nor tomorrow: nothing is too soon there."""
    day = datetime.now(UTC).date() + timedelta(days=2)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def a_start(company: Company, at: time = time(14, 30)) -> datetime:
    """The instant of a wall-clock time at the company on the next workday."""
    return datetime.combine(next_workday(), at, tzinfo=company.zone)


def a_call(
    company: Company, *, from_number: str = CALLER, call_id: str = "call_journey", **more: Any
) -> dict[str, Any]:
    """One call that wishes a haircut at half past two on the next workday."""
    wish = {
        "name": "Erika Beispiel",
        "date": f"{next_workday():%d.%m.%Y}",
        "time": "14 Uhr 30",
        "service": "Herrenschnitt",
    }
    return {
        "api_key": company.retell_api_key,
        "call_id": call_id,
        "to_number": company.phone_number,
        "from_number": from_number,
        "script": [
            {"user": "Ich hätte gern einen Termin."},
            {"function": "collect_appointment_information", "args": wish},
        ],
        **more,
    }
