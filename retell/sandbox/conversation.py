"""What was said and called in one call, as the vendor writes it into the call object.

Time runs on the call's own clock, two seconds a turn, so that the same script gives the same transcript.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from retell.sandbox.script import CallScript
from retell.sandbox.state import Json

TURN_SECONDS = 2.0


@dataclass(kw_only=True)
class Utterance:
    role: str
    content: str


@dataclass(kw_only=True, eq=False)
class Invocation:
    """One function call of the model's; `result` and `successful` are set when it has been answered.

    `type` is the tool's, "custom" until that is known.
    """

    name: str
    arguments: dict[str, Any]
    tool_call_id: str
    result: str | None = None
    successful: bool = False
    type: str = "custom"


@dataclass(kw_only=True, eq=False)
class Transfer:
    """The agent hands the caller on to `number`; `outcome` is bridged or cancelled."""

    number: str
    outcome: str
    tool_call_id: str


Turn = Utterance | Invocation | Transfer


class Conversation:
    def __init__(self, turns: list[Turn]) -> None:
        self.turns = turns

    @classmethod
    def of(cls, script: CallScript, begin_message: str, call_id: str) -> "Conversation":
        """The same script and call id give the same tool call ids."""
        turns: list[Turn] = []
        if begin_message:
            turns.append(Utterance(role="agent", content=begin_message))
        for turn in script.script:
            nth = sum(isinstance(planned, Invocation) for planned in turns)
            turns += _planned(script, turn, f"{call_id}/{len(turns)}", nth)
        return cls(turns)

    @property
    def bridged(self) -> Transfer | None:
        """The transfer that ended the call for the agent."""
        transfers = [turn for turn in self.turns if isinstance(turn, Transfer) and turn.outcome == "bridged"]
        return transfers[-1] if transfers else None

    @property
    def invocations(self) -> list[Invocation]:
        return [turn for turn in self.turns if isinstance(turn, Invocation)]

    @property
    def duration_ms(self) -> int:
        return round((len(self.turns) + 1) * TURN_SECONDS * 1000)

    def as_fields(self, until: Turn | None = None) -> Json:
        """The call object's transcript fields, up to and with `until` while the call goes on."""
        turns = self.turns if until is None else self.turns[: self.turns.index(until) + 1]
        entries = [entry for n, turn in enumerate(turns) for entry in _entries(turn, n * TURN_SECONDS)]
        spoken = [entry for entry in entries if "words" in entry]
        return {
            "transcript": "".join(f"{entry['role'].capitalize()}: {entry['content']}\n" for entry in spoken),
            "transcript_object": spoken,
            "transcript_with_tool_calls": entries,
        }


def _planned(script: CallScript, turn: Json, place: str, nth: int) -> list[Turn]:
    if "transfer" in turn:
        outcome = turn.get("outcome", "bridged")
        return [Transfer(number=turn["transfer"], outcome=outcome, tool_call_id=_tool_call_id(place))]
    if "function" not in turn:
        role = "user" if "user" in turn else "agent"
        return [Utterance(role=role, content=turn[role])]
    arguments = script.arguments_of(turn, nth)
    backwards = dict(reversed(arguments.items()))
    orders = [arguments, *[backwards] * int(script.repeat_functions)]
    return [
        Invocation(name=turn["function"], arguments=order, tool_call_id=_tool_call_id(f"{place}/{n}"))
        for n, order in enumerate(orders)
    ]


def _tool_call_id(place: str) -> str:
    return f"tool_call_{hashlib.sha256(place.encode()).hexdigest()[:6]}"


def _entries(turn: Turn, start: float) -> list[Json]:
    if isinstance(turn, Utterance):
        return [{"role": turn.role, "content": turn.content, "words": _words(turn.content, start)}]
    if isinstance(turn, Transfer):
        return [
            {
                "role": "tool_call_invocation",
                "tool_call_id": turn.tool_call_id,
                "name": "transfer_call",
                "arguments": "{}",
                "type": "transfer_call",
                "time_sec": start,
            }
        ]
    invocation: Json = {
        "role": "tool_call_invocation",
        "tool_call_id": turn.tool_call_id,
        "name": turn.name,
        "arguments": json.dumps(turn.arguments, ensure_ascii=False, separators=(",", ":")),
        "type": turn.type,
        "time_sec": start,
    }
    if turn.result is None:
        return [invocation]
    result: Json = {
        "role": "tool_call_result",
        "tool_call_id": turn.tool_call_id,
        "content": turn.result,
        "successful": turn.successful,
        "time_sec": start + 1,
    }
    return [invocation, result]


def _words(text: str, start: float) -> list[Json]:
    words = text.split()
    step = TURN_SECONDS / max(len(words), 1)
    return [
        {"word": word, "start": round(start + n * step, 3), "end": round(start + (n + 1) * step, 3)}
        for n, word in enumerate(words)
    ]
