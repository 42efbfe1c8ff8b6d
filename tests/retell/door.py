"""Retell at our door: what it sends, signed as it signs, through the whole stack of Django."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from appointments.models import Call, Company, Service
from appointments.wishes import cache_key
from retell.models import RetellConfiguration
from retell.sandbox.signing import HEADER, sign
from tests.calcom.conftest import CalcomControl

CALLER = "+4915112345678"
STARTED_MS = 1_799_658_000_000  # 2027-01-11 09:00:00 UTC, a Monday
COLLECT = "collect_appointment_information"
WISH = {"name": "Erika Beispiel", "date": "morgen", "time": "14 Uhr 30", "service": "Herrenschnitt"}

_numbers = count(1)


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass
class Door:
    """One company's agent, whose events and function calls go to `/api/mcp/retell/`, and its calendar."""

    company: Company
    service: Service
    configuration: RetellConfiguration
    control: CalcomControl
    on_commit: Callable[..., AbstractContextManager]
    call_id: str = field(default_factory=lambda: f"call_{next(_numbers):027x}")
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | bytes,
        *,
        key: str | None = None,
        skew_ms: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send it with the company's key, or another; its transaction stands when this returns."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = sign(raw, self.company.retell_webhook_key if key is None else key, now_ms() + skew_ms)
        return self.post_as_it_is(path, raw, {HEADER: signature, **(headers or {})})

    def post_as_it_is(self, path: str, raw: bytes, headers: Mapping[str, str]) -> HttpResponse:
        with self.on_commit(execute=True):
            return self.client.post(f"/api/mcp/retell/{path}", raw, content_type="application/json", headers=headers)

    def call_object(self, **fields: Any) -> dict[str, Any]:
        """A call that runs, as Retell describes it; None removes a field."""
        call = {
            "call_id": self.call_id,
            "call_type": "phone_call",
            "agent_id": self.configuration.agent_id,
            "agent_version": 3,
            "call_status": "ongoing",
            "direction": "inbound",
            "from_number": CALLER,
            "to_number": self.company.phone_number,
            "start_timestamp": STARTED_MS,
            **fields,
        }
        return {name: value for name, value in call.items() if value is not None}

    def ended_call(self, **fields: Any) -> dict[str, Any]:
        over = {
            "call_status": "ended",
            "end_timestamp": STARTED_MS + 60_000,
            "disconnection_reason": "user_hangup",
            "transcript": "Agent: Guten Tag\nUser: Auf Wiederhören\n",
            "call_cost": {"combined_cost": 12.5},
        }
        return self.call_object(**{**over, **fields})

    def event(self, name: str, **fields: Any) -> dict[str, Any]:
        """The body of a call event; what stands in `fields` changes its call."""
        is_over = name in ("call_ended", "call_analyzed")
        return {"event": name, "call": self.ended_call(**fields) if is_over else self.call_object(**fields)}

    def tell(self, name: str, **fields: Any) -> HttpResponse:
        return self.post("webhook", self.event(name, **fields))

    def function(self, args: Any = None, *, name: str = COLLECT, **fields: Any) -> dict[str, Any]:
        """The answer to a function call of the agent, which is always 200."""
        return self.ask({"name": name, "args": WISH if args is None else args, "call": self.call_object(**fields)})

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        response = self.post("custom-function", body)
        assert response.status_code == 200, response.content
        return json.loads(response.content)

    def call(self) -> Call:
        return Call.objects.get(call_id=self.call_id)

    def bookings(self) -> list[str]:
        """What stands in the company's calendar: the starts of its bookings, in UTC, in the order of booking."""
        mine = [row for row in self.control.bookings() if row["eventTypeId"] == self.service.calcom_event_type_id]
        return [row["start"][:16] for row in mine if row["status"] == "accepted"]

    def forget_wish(self) -> None:
        """The cache loses it."""
        cache.delete(cache_key(self.call_id))
