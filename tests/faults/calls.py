"""Many callers, each with a time of their own."""

from datetime import date, datetime, time, timedelta
from typing import Any

from appointments.models import Company
from tests.journeys.scripts import a_call, next_workday
from tests.journeys.test_dialogues import COLLECT, workday_after

A_DAY = 16  # half hours between nine and five


def start_of(number: int) -> datetime:
    """The time that the caller of this number wishes, by the company's clock."""
    days, half_hours = divmod(number, A_DAY)
    day: date = next_workday()
    for _ in range(days):
        day = workday_after(day)
    return datetime.combine(day, time(9)) + timedelta(minutes=30 * half_hours)


def call_id(company: Company, number: int) -> str:
    return f"call_{company.slug}_{number}"


def caller(number: int) -> str:
    return f"+49151123{number:05}"


def wish(number: int) -> dict[str, Any]:
    start = start_of(number)
    return {
        "name": "Erika Beispiel",
        "date": f"{start:%d.%m.%Y}",
        "time": f"{start:%H:%M}",
        "service": "Herrenschnitt",
        "email": f"erika{number}@kunden.example",
    }


def wishing_call(company: Company, number: int, **more: Any) -> dict[str, Any]:
    """The script of one whole call."""
    return a_call(
        company,
        call_id=call_id(company, number),
        from_number=caller(number),
        **{"script": [{"function": COLLECT, "args": wish(number)}], **more},
    )
