"""Fifty phone calls at once, as Retell sends them."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from retell.sandbox.signing import HEADER, sign

WEBHOOK_KEY = "key_webhook_bench"
# People talk between two functions: calls are at once, their questions are not in step.
PAUSE_SECONDS = (1.0, 4.0)
# From this many days ahead the callers have an appointment, and to there they move it: twenty-five a day.
BOOKED, MOVED, A_DAY = 10, 20, 25


@dataclass(frozen=True)
class Measured:
    """One answer: our own time, the wait for Cal.com and what the caller waited, in milliseconds."""

    own: float
    waited: float
    whole: float
    status: str


@dataclass
class Caller:
    number: int
    port: int
    configuration_id: int
    company_phone: str
    measured: dict[str, list[Measured]] = field(default_factory=lambda: defaultdict(list))

    @property
    def phone(self) -> str:
        return f"+49151{10_000_000 + self.number}"

    def slot(self, days: int) -> tuple[date, str]:
        """A half hour that no other caller wants."""
        day = datetime.now(UTC).date() + timedelta(days=days + self.number // A_DAY)
        hour, half = divmod(self.number % A_DAY, 2)
        return day, f"{7 + hour:02}:{30 * half:02}"

    def turns(self) -> list[tuple[str, dict[str, str]]]:
        moved_to, at = self.slot(MOVED)
        wish = {"name": "Erika Beispiel", "service": "Haarschnitt", "date": "in vier Tagen", "time": "10 Uhr"}
        return [
            ("check_availability", {"date": "in drei Tagen"}),
            ("find_appointments", {}),
            ("change_appointment_details", {"new_date": moved_to.isoformat(), "new_time": at}),
            ("cancel_appointment", {}),
            ("collect_appointment_information", wish),
            (
                "collect_appointment_information",
                {**wish, "date": "in fünf Tagen", "time": f"{9 + self.number % 9} Uhr"},
            ),
            ("check_availability", {"date": "in sechs Tagen", "time": "vormittags"}),
            ("request_callback", {"reason": "Frage zur Rechnung"}),
        ]

    def body(self, name: str, args: dict[str, str], run: str) -> dict[str, Any]:
        call = {
            "call_id": f"call_{run}_{self.number}",
            "call_type": "phone_call",
            "call_status": "ongoing",
            "direction": "inbound",
            "from_number": self.phone,
            "to_number": self.company_phone,
        }
        return {"name": name, "args": args, "call": call}

    async def talk(self, run: str) -> None:
        ringing = {"from_number": self.phone, "to_number": self.company_phone}
        pauses = Random(self.number)
        await asyncio.sleep(pauses.uniform(*PAUSE_SECONDS))
        await self.ask("call_inbound", "inbound", {"event": "call_inbound", "call_inbound": ringing})
        for name, args in self.turns():
            await asyncio.sleep(pauses.uniform(*PAUSE_SECONDS))
            await self.ask(name, "custom-function", self.body(name, args, run))

    async def ask(self, name: str, door: str, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(_request(f"/api/mcp/retell/{door}/{self.configuration_id}", raw))
        headers, answer = await _answer(reader)
        whole = (time.perf_counter() - began) * 1000
        own, waited = float(headers["x-own-ms"]), float(headers["x-waited-ms"])
        self.measured[name].append(Measured(own, waited, whole, answer.get("status", "greeted")))
        writer.close()


def talk_at_once(callers: Sequence[Caller], run: str) -> None:
    """All calls begin at the same instant."""

    async def everybody() -> None:
        await asyncio.gather(*(caller.talk(run) for caller in callers))

    asyncio.run(everybody())


def _request(path: str, body: bytes) -> bytes:
    head = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"{HEADER}: {sign(body, WEBHOOK_KEY, int(time.time() * 1000))}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def _answer(reader: asyncio.StreamReader) -> tuple[dict[str, str], dict[str, Any]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers["content-length"]))
    if " 200 " not in head[0]:
        raise RuntimeError(f"{head[0]} {body[:300]!r}")
    return headers, json.loads(body)
