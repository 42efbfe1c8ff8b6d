"""A running Cal.com sandbox with the account of one salon, and the salon's company that uses it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from appointments.models import Company, Service
from calcom.sandbox import CalcomSandbox
from mcp_gateway.sandbox import Fault, RunningSandbox

API_KEY = "cal_live_salon_0123456789"
EVERY_DAY = [
    {
        "days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        "startTime": "08:00",
        "endTime": "18:00",
    }
]
# A week ahead, on the hour, inside the opening hours above (UTC).
SLOT = (datetime.now(UTC) + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)


class CalcomControl:
    """The sandbox behind its port; `ids` are those of the salon's event types by slug."""

    def __init__(self, sandbox: CalcomSandbox) -> None:
        self.sandbox = sandbox
        self.base_url = sandbox.base_url
        self.ids: dict[str, int] = {}

    def post(self, path: str, /, **body: Any) -> Any:
        response = requests.post(f"{self.base_url}/_sandbox/{path}", json=body, timeout=5)
        response.raise_for_status()
        return response.json() if response.content else None

    def get(self, path: str) -> Any:
        return requests.get(f"{self.base_url}/_sandbox/{path}", timeout=5).json()

    def add_account(self, username: str, api_key: str, event_types: list[dict[str, Any]]) -> dict[str, int]:
        """The ids of the new account's event types by slug."""
        made = self.post(
            "accounts",
            username=username,
            api_key=api_key,
            email=f"{username}@salon.example",
            name=username.title(),
            time_zone="UTC",
            schedule=EVERY_DAY,
            event_types=event_types,
        )
        return {event_type["slug"]: event_type["id"] for event_type in made["event_types"]}

    def fault(self, action: str, path: str = "/v2/bookings", **fields: Any) -> None:
        self.sandbox.faults.append(Fault(action=action, path=path, **fields))

    def bookings(self) -> list[dict[str, Any]]:
        return self.get("bookings")

    def requests(self) -> list[dict[str, Any]]:
        """What reached Cal.com's own paths, oldest first."""
        return self.get("requests")


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[CalcomSandbox]:
    sandbox = CalcomSandbox()
    with RunningSandbox(sandbox):
        yield sandbox


@pytest.fixture
def control(running_sandbox: CalcomSandbox) -> CalcomControl:
    control = CalcomControl(running_sandbox)
    control.post("reset")
    control.ids = control.add_account(
        "salon",
        API_KEY,
        [
            {"title": "Haircut", "slug": "haircut", "length_minutes": 60},
            {"title": "Colour", "slug": "colour", "requires_confirmation": True},
            {"title": "Phone", "slug": "phone", "email_hidden": True},
            {"title": "Staff only", "slug": "staff", "hidden": True},
        ],
    )
    return control


@pytest.fixture
def company(db: None, control: CalcomControl) -> Company:
    return Company.objects.create(name="Salon", slug="salon", calcom_api_key=API_KEY, calcom_base_url=control.base_url)


@pytest.fixture
def service(company: Company, control: CalcomControl) -> Service:
    return Service.objects.create(
        company=company, name="Haircut", duration_minutes=60, calcom_event_type_id=control.ids["haircut"]
    )
