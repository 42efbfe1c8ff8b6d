"""Retell's webhook, as a load: each event another one, signed."""

import json
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.calls import WEBHOOK_KEY
from benchmarks.load import request
from retell.sandbox.signing import HEADER, sign

MINUTES = 3
SAID = (
    ("agent", "Guten Tag, hier ist der Salon. Was kann ich für Sie tun?"),
    ("user", "Ich hätte gern einen Haarschnitt, am liebsten nächsten Dienstag um halb drei."),
    ("agent", "Einen Augenblick bitte, ich sehe nach."),
    ("agent", "Dienstag um 14 Uhr 30 ist frei, und ich halte Ihnen die Zeit frei. Auf welchen Namen?"),
    ("user", "Erika Beispiel. Vielen Dank."),
    ("agent", "Gern geschehen. Auf Wiederhören."),
)


@dataclass
class Events:
    """What begins and ends one call after another; `path` says to whom that is told."""

    name: str
    port: int
    path: str
    run: str
    numbers: "count[int]" = field(default_factory=count)

    def as_bytes(self) -> bytes:
        number, is_end = divmod(next(self.numbers), 2)
        call_id = f"call_{self.run}_{number}"
        return signed(self.path, ended(call_id) if is_end else started(call_id))


def signed(path: str, body: dict[str, Any]) -> bytes:
    raw = json.dumps(body, separators=(",", ":")).encode()
    signature = sign(raw, WEBHOOK_KEY, int(time.time() * 1000))
    return request(path, {"Content-Type": "application/json", HEADER: signature}, raw)


def started(call_id: str, **fields: Any) -> dict[str, Any]:
    return {"event": "call_started", "call": {**_call(call_id), "call_status": "ongoing", **fields}}


def ended(call_id: str, **fields: Any) -> dict[str, Any]:
    """With the transcript in its three forms; words have their times only in the second."""
    call = _call(call_id)
    transcript = [{"role": role, "content": text, "words": _words(text)} for role, text in SAID]
    over = {
        "call_status": "ended",
        "end_timestamp": call["start_timestamp"] + MINUTES * 60_000,
        "duration_ms": MINUTES * 60_000,
        "disconnection_reason": "user_hangup",
        "transcript": "".join(f"{role.capitalize()}: {text}\n" for role, text in SAID),
        "transcript_object": transcript,
        "transcript_with_tool_calls": [{"role": role, "content": text} for role, text in SAID],
        "call_cost": {"combined_cost": 12.5, "product_costs": [], "total_duration_seconds": MINUTES * 60},
    }
    return {"event": "call_ended", "call": {**call, **over, **fields}}


def _call(call_id: str) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "call_type": "phone_call",
        "agent_id": "agent_bench",
        "agent_version": 1,
        "direction": "inbound",
        "from_number": "+4915112345678",
        "to_number": "+493012345678",
        "start_timestamp": int(time.time() * 1000) - MINUTES * 60_000,
    }


def _words(text: str) -> list[dict[str, Any]]:
    return [{"word": word, "start": 0.25 * at, "end": 0.25 * at + 0.2} for at, word in enumerate(text.split())]
