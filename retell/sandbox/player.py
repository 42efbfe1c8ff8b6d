"""Plays one call: its events and function calls, in the order and with the mishaps that the script asks for."""

import copy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from retell.sandbox.conversation import Conversation, Invocation, Transfer, Turn
from retell.sandbox.delivery import Attempt, Courier, Outgoing, encoded, together
from retell.sandbox.functions import RESULT_CHARACTERS, extracted, fill, outgoing_for, result_text
from retell.sandbox.lines import Setup
from retell.sandbox.mcp import McpClient, McpFailure, find_server
from retell.sandbox.script import CallScript
from retell.sandbox.state import Json, now_ms

DEFAULT_EVENTS = ("call_started", "call_ended", "call_analyzed")
DEFAULT_TIMEOUT_MS = 10_000
CENTS_PER_SECOND = 0.15
STATUS_RANK = {"registered": 0, "ongoing": 1}


@dataclass(frozen=True)
class Step:
    what: str
    run: Callable[[], list[Json]]


class Player:
    """One playing of a call; `calls` is the workspace's store, written under `lock`."""

    def __init__(self, setup: Setup, courier: Courier, calls: dict[str, Json], lock: threading.RLock) -> None:
        self.setup = setup
        self.courier = courier
        self.script: CallScript = courier.script
        self.calls = calls
        self.lock = lock
        self.collected: dict[str, str] = {}
        self.conversation = Conversation.of(self.script, setup.begin_message, setup.call["call_id"])
        if self.script.not_connected:
            self.conversation.turns.clear()
        planned_start = now_ms() - self.conversation.duration_ms
        self.start_ms = planned_start if self.script.start_timestamp is None else self.script.start_timestamp

    def play(self) -> tuple[list[Json], Json]:
        """What was sent and answered, and the call as it stands at the end."""
        self._store(self.setup.call if self.script.not_connected else self.ongoing(), anew=True)
        steps = in_order(self._steps(), self.script.order)
        jobs = [partial(self._run, step, is_first=step is steps[0]) for step in steps]
        rows = together(jobs, parallel=self.script.parallel == "all")
        self._store(self.analyzed())
        return [row for some in rows for row in some], self.analyzed()

    # The call object at the stations of its life

    def ongoing(self, until: Turn | None = None) -> Json:
        call: Json = {**self.setup.call, "call_status": "ongoing", "start_timestamp": self.start_ms}
        if self.collected:
            call["collected_dynamic_variables"] = dict(self.collected)
        return {**call, **self.conversation.as_fields(until)} if until else call

    def ended(self) -> Json:
        if self.script.not_connected:
            return self._never_connected()
        seconds = self.conversation.duration_ms / 1000
        bridged = self.conversation.bridged
        reason = self.script.custom_disconnection_reason or ("call_transfer" if bridged else "user_hangup")
        call_id = self.setup.call["call_id"]
        return {
            **self.ongoing(),
            "call_status": "error" if reason.startswith("error_") else "ended",
            "end_timestamp": self.start_ms + self.conversation.duration_ms,
            "duration_ms": self.conversation.duration_ms,
            "disconnection_reason": reason,
            **({"transfer_destination": bridged.number} if bridged else {}),
            **self.conversation.as_fields(),
            "recording_url": f"https://recordings.invalid/{call_id}/recording.wav",
            "public_log_url": f"https://recordings.invalid/{call_id}/public.log",
            "call_cost": {
                **_cost(seconds),
                "total_duration_seconds": seconds,
                "total_duration_unit_price": CENTS_PER_SECOND,
            },
            **self.script.call_fields,
        }

    def _never_connected(self) -> Json:
        """No times, no transcript, and a cost without durations."""
        return {
            **self.setup.call,
            "call_status": "not_connected",
            "disconnection_reason": self.script.custom_disconnection_reason or "dial_no_answer",
            "call_cost": _cost(0),
            **self.script.call_fields,
        }

    def analyzed(self) -> Json:
        connected = not self.script.not_connected
        analysis = {
            "call_summary": f"A call of {len(self.conversation.turns)} turns." if connected else "",
            "in_voicemail": False,
            "user_sentiment": "Neutral" if connected else "Unknown",
            "call_successful": connected,
            "custom_analysis_data": {},
        }
        return {**self.ended(), "call_analysis": {**analysis, **self.script.call_analysis}}

    def _store(self, call: Json, *, anew: bool = False) -> None:
        """A call never goes back: what comes late doesn't make an ended call ongoing."""
        with self.lock:
            stored = self.calls.get(call["call_id"])
            if anew or stored is None or _rank(stored) <= _rank(call):
                self.calls[call["call_id"]] = copy.deepcopy(call)

    # The steps

    def _steps(self) -> list[Step]:
        steps = [] if self.script.not_connected else self._event_steps("call_started")
        for turn in self.conversation.turns:
            if isinstance(turn, Invocation):
                steps.append(Step(f"function:{turn.name}", partial(self.call_function, turn)))
                steps += self._event_steps("transcript_updated", until=turn)
            elif isinstance(turn, Transfer):
                steps += self._event_steps("transfer_started", until=turn)
                steps += self._event_steps(f"transfer_{turn.outcome}", until=turn)
        for event in ("transcript_updated", "call_ended"):
            steps += self._event_steps(event)
        if self.conversation.bridged:
            steps += self._event_steps("transfer_ended")
        return steps + self._event_steps("call_analyzed")

    def _event_steps(self, event: str, until: Turn | None = None) -> list[Step]:
        subscribed = self.setup.agent.get("webhook_events")
        wanted = event in (DEFAULT_EVENTS if subscribed is None else subscribed)
        lost = event in self.script.skip_events or not self.setup.agent.get("webhook_url")
        return [Step(event, partial(self.send_event, event, until))] if wanted and not lost else []

    def _run(self, step: Step, *, is_first: bool) -> list[Json]:
        if self.script.delay_ms and not is_first:
            time.sleep(self.script.delay_ms / 1000)
        return step.run()

    def send_event(self, event: str, until: Turn | None = None) -> list[Json]:
        """`until` is where an event in the middle of the call stops."""
        stations = {"call_ended": self.ended, "transfer_ended": self.ended, "call_analyzed": self.analyzed}
        call = stations.get(event, self.ongoing)()
        if event == "transcript_updated":
            call |= self.conversation.as_fields(until)
        self._store(call)
        timestamp_ms = self.courier.clock_ms()
        envelope: Json = {"event": event, "call": call, **_transfer(until)}
        if self.script.event_timestamp:
            envelope["event_timestamp"] = timestamp_ms
        outgoing = Outgoing(
            what=event,
            url=fill(self.setup.agent["webhook_url"], self.variables()),
            body=encoded(envelope),
            headers={},
            query={},
            timeout_ms=self.setup.agent.get("webhook_timeout_ms", DEFAULT_TIMEOUT_MS),
            retries=self.script.webhook_retries,
            signed_at=timestamp_ms,
        )
        return _rows(self.courier.send_copies(outgoing, self.script.copies_of(event)))

    def call_function(self, invocation: Invocation) -> list[Json]:
        what = f"function:{invocation.name}"
        tool = self.setup.tools.get(invocation.name)
        if tool is None:
            invocation.result = f"Tool {invocation.name} not found"
            nothing = {"status": None, "body": invocation.result, "ms": 0, "ended_at": now_ms()}
            return [{"what": what, "attempt": 1, **nothing}]
        if tool["type"] == "mcp":
            return [self._call_mcp_tool(tool, invocation)]
        self._store(self.ongoing(invocation))
        told = {"live": self.ongoing(invocation), "empty": {}, "missing": None}[self.script.call_object]
        outgoing = outgoing_for(tool, invocation.arguments, told, self.variables())
        copies = self.courier.send_copies(outgoing, self.script.copies_of(what))
        answer = copies[0][-1]
        invocation.successful = answer.successful
        invocation.result = result_text(answer)
        self.collected.update(extracted(tool, answer))
        return _rows(copies)

    def _call_mcp_tool(self, tool: Json, invocation: Invocation) -> Json:
        """Unsigned, without a call object; status None when no answer could be read."""
        invocation.type = "mcp"
        self._store(self.ongoing(invocation))
        started, status = time.monotonic(), None
        server = find_server(self.setup.mcp_servers, tool["mcp_id"])
        try:
            if server is None:
                raise McpFailure(f"mcp server {tool['mcp_id']} not found")
            client = McpClient(server=server, variables=self.variables(), insists_on_sse=self.setup.insists_on_sse)
            text, invocation.successful = client.call(tool["name"], invocation.arguments)
            status = 200
        except McpFailure as failure:
            text = str(failure)
        ms = round((time.monotonic() - started) * 1000)
        invocation.result = text[:RESULT_CHARACTERS]
        attempt = Attempt(what=f"function:{tool['name']}", number=1, status=status, text=text, ms=ms, ended_at=now_ms())
        if invocation.successful:
            self.collected.update(extracted(tool, attempt))
        return attempt.as_step()

    def variables(self) -> dict[str, str]:
        """What `{{…}}` may name in URLs, headers, query parameters and constants."""
        call = self.setup.call
        names = ("call_id", "call_type", "agent_id", "direction")
        system: dict[str, str] = {name: call[name] for name in names if name in call}
        if call["call_type"] == "phone_call":
            ours, theirs = ("to", "from") if call["direction"] == "inbound" else ("from", "to")
            system |= {"agent_number": call[f"{ours}_number"], "user_number": call[f"{theirs}_number"]}
        given = call.get("retell_llm_dynamic_variables", {})
        return {**self.setup.default_variables, **given, **self.collected, **system}


def in_order(steps: list[Step], order: str | list[str]) -> list[Step]:
    """Named steps first, in the order they are named; the rest follows as usual."""
    if order == "reversed":
        return list(reversed(steps))
    named = order if isinstance(order, list) else []
    rest, ordered = list(steps), []
    for name in named:
        taken = [step for step in rest if name in (step.what, _group(step))]
        rest = [step for step in rest if step not in taken]
        ordered += taken
    return ordered + rest


def _group(step: Step) -> str:
    return "functions" if step.what.startswith("function:") else step.what


def _transfer(turn: Turn | None) -> Json:
    """What a transfer's events have beside the call: an object, where the call itself has a plain number."""
    if not isinstance(turn, Transfer):
        return {}
    return {
        "transfer_destination": {"number": turn.number, "extension": ""},
        "transfer_option": {"type": "cold_transfer", "showTransfereeAsCaller": False},
    }


def _rows(copies: list[list[Attempt]]) -> list[Json]:
    return [attempt.as_step() for attempts in copies for attempt in attempts]


def _cost(seconds: float) -> Json:
    cents = round(seconds * CENTS_PER_SECOND, 4)
    return {
        "combined_cost": cents,
        "product_costs": [{"product": "elevenlabs_tts", "unit_price": CENTS_PER_SECOND, "cost": cents}],
    }


def _rank(call: Json) -> int:
    return STATUS_RANK.get(call["call_status"], 2) + ("call_analysis" in call)
