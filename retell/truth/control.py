"""The vendors' sandboxes, as far as a run sets them up, plays on them and looks at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from appointments.models import Company
from retell.demo.company import Vendors
from retell.truth.record import Booking

PLAY_SECONDS = 300
SECONDS = 30


@dataclass(frozen=True)
class Control:
    vendors: Vendors

    def play(self, script: Mapping[str, Any]) -> dict[str, Any]:
        """Retell's report of the call."""
        report: dict[str, Any] = _json("POST", f"{self.vendors.retell_url}/_sandbox/calls", script, PLAY_SECONDS)
        return report

    def fail(self, body: Mapping[str, Any]) -> None:
        self._calcom("POST", "faults", body)

    def mishap(self, body: Mapping[str, Any]) -> None:
        self._calcom("POST", "webhook-mishaps", body)

    def setting(self, name: str, value: float) -> None:
        self._calcom("POST", "settings", {name: value})

    def unused_faults(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._calcom("GET", "faults")
        return rows

    def forgive(self) -> None:
        """No faults any more."""
        self._calcom("DELETE", "faults")
        self._calcom("DELETE", "webhook-mishaps")
        self._calcom("POST", "settings", {"read_lag_seconds": 0.0, "race_window_seconds": 0.0})

    def book(self, event_type_id: int, start: datetime) -> dict[str, Any]:
        """Somebody books on the web page."""
        made: dict[str, Any] = self._calcom(
            "POST", "bookings", {"event_type_id": event_type_id, "start": start.isoformat()}
        )
        return made

    def change(self, uid: str, how: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The host cancels or moves a booking in Cal.com's own pages."""
        changed: dict[str, Any] = self._calcom("POST", f"bookings/{uid}/{how}", body)
        return changed

    def answer(self, company: Company, uid: str, how: str) -> None:
        """The host confirms or declines a request."""
        url = f"{self.vendors.calcom_url}/v2/bookings/{uid}/{how}"
        headers = {"Authorization": f"Bearer {company.calcom_api_key}", "cal-api-version": "2024-08-13"}
        requests.post(url, json={}, headers=headers, timeout=SECONDS).raise_for_status()

    def bookings(self) -> tuple[Booking, ...]:
        return tuple(map(_booking, self._calcom("GET", "bookings")))

    def _calcom(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return _json(method, f"{self.vendors.calcom_url}/_sandbox/{path}", body, SECONDS)


def _json(method: str, url: str, body: Mapping[str, Any] | None, seconds: float) -> Any:
    response = requests.request(method, url, json=body, timeout=seconds)
    response.raise_for_status()
    return response.json() if response.content else None


def _booking(row: Mapping[str, Any]) -> Booking:
    metadata = row.get("metadata") or {}
    return Booking(
        uid=row["uid"],
        account_id=row["accountId"],
        event_type_id=row["eventTypeId"],
        start=datetime.fromisoformat(row["start"]),
        end=datetime.fromisoformat(row["end"]),
        status=row["status"],
        created_at=datetime.fromisoformat(row["createdAt"]),
        updated_at=datetime.fromisoformat(row["updatedAt"]),
        key=metadata.get("booking_key", ""),
        call_id=metadata.get("call_id", ""),
        moved_to=row.get("rescheduledToUid") or "",
    )
