"""What a test asks a call to be: the body of `POST /_sandbox/calls`."""

from dataclasses import dataclass, field, fields
from typing import Any

from retell.sandbox.errors import refuse
from retell.sandbox.state import Json

EVENT_STEPS = (
    "call_started",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
    "call_ended",
    "call_analyzed",
)
CALL_OBJECTS = ("live", "empty", "missing")


@dataclass(frozen=True, kw_only=True)
class CallScript:
    """Who calls whom, what is said and called, and what goes wrong on the way.

    `script` is a list of turns: {"user": "…"}, {"agent": "…"}, {"function": "<tool>", "args": {…}} or
    {"transfer": "<number>", "outcome": "bridged" or "cancelled"}. A bridged transfer ends the call for the agent; its
    events are sent to agents that subscribe to them. Tools of MCP servers are functions as well.
    A phone call names `to_number` and `from_number` ("anonymous" is one), a web call `agent_id` and `web_call`.
    `call_id` of a call that is registered plays that call; any other is taken as it is, so it can be played twice.

    `call_fields` are laid over the call object once it has ended, `call_analysis` over its analysis.

    What may go wrong:
    `deliveries`: how often each event is sent, or {"call_ended": 3, "functions": 2, "function:<tool>": 2};
    `order`: "normal", "reversed" or a list of events, "functions" and "function:<tool>" (the rest follows as usual);
    `parallel`: true sends the copies of a step at once, "all" sends all steps at once;
    `skip_events`: events that are lost; `not_connected`: the call never came about;
    `sign_with`: another key; `clock_skew_ms`: added to the signature's time; `omit_signature`: no header;
    `resign`: whether repeats are signed afresh; `event_timestamp`: whether call events carry it;
    `execution_message`, `junk_args` (true or an object): what models add to the arguments;
    `call_object`: what functions are told of the call, "live" or, as in the vendor's simulations, "empty" or "missing";
    `repeat_functions`: how many times more the model calls each function, keys in another order;
    `webhook_retries`, `retry_backoff_ms` (first wait, doubled each time), `delay_ms` between steps.
    """

    api_key: str = ""
    call_id: str = ""
    agent_id: str = ""
    agent_version: int | str | None = None
    to_number: str = ""
    from_number: str | None = None
    direction: str = "inbound"
    web_call: bool = False
    script: list[Json] = field(default_factory=list)
    dynamic_variables: dict[str, str] | None = None
    metadata: Json | None = None
    custom_sip_headers: dict[str, str] | None = None
    call_analysis: Json = field(default_factory=dict)
    call_fields: Json = field(default_factory=dict)
    start_timestamp: int | None = None
    deliveries: int | dict[str, int] = 1
    order: str | list[str] = "normal"
    parallel: bool | str = False
    skip_events: list[str] = field(default_factory=list)
    not_connected: bool = False
    custom_disconnection_reason: str = ""
    sign_with: str = ""
    clock_skew_ms: int = 0
    omit_signature: bool = False
    resign: bool = True
    event_timestamp: bool = True
    execution_message: str | bool = False
    junk_args: bool | Json = False
    call_object: str = "live"
    repeat_functions: int = 0
    webhook_retries: int = 3
    retry_backoff_ms: int = 20
    delay_ms: int = 0

    @classmethod
    def of(cls, body: Json) -> "CallScript":
        """Refuses unknown keys and steps, so that a misspelt knob isn't a test that proves nothing."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(body) - known)
        if unknown:
            refuse(400, f"Unknown key in the call script: {', '.join(unknown)}")
        script = cls(**body)
        script.check()
        return script

    def check(self) -> None:
        if isinstance(self.order, str) and self.order not in ("normal", "reversed"):
            refuse(400, "order is normal, reversed or a list of steps")
        named = [*(self.order if isinstance(self.order, list) else ()), *self.skip_events]
        named += self.deliveries if isinstance(self.deliveries, dict) else ()
        for step in named:
            if step not in (*EVENT_STEPS, "functions") and not step.startswith("function:"):
                refuse(400, f"Unknown step: {step}")
        copies = self.deliveries.values() if isinstance(self.deliveries, dict) else [self.deliveries]
        if min(copies, default=1) < 1:
            refuse(400, "deliveries are at least 1; use skip_events to lose an event")
        if set(self.skip_events) - set(EVENT_STEPS):
            refuse(400, "Only events can be skipped")
        for turn in self.script:
            if len({"user", "agent", "function", "transfer"} & set(turn)) != 1:
                refuse(400, "A turn is one of user, agent, function and transfer")
            if turn.get("outcome", "bridged") not in ("bridged", "cancelled"):
                refuse(400, "A transfer is bridged or cancelled")
        if self.call_object not in CALL_OBJECTS:
            refuse(400, f"call_object is one of {', '.join(CALL_OBJECTS)}")
        if not self.web_call and not self.call_id and self.from_number is None:
            refuse(400, "A phone call needs from_number")

    def copies_of(self, what: str) -> int:
        """How often one step is sent; a plain number counts for events only."""
        if isinstance(self.deliveries, dict):
            general = self.deliveries.get("functions", 1) if what.startswith("function:") else 1
            return self.deliveries.get(what, general)
        return 1 if what.startswith("function:") else self.deliveries

    def arguments_of(self, turn: Json, nth: int) -> dict[str, Any]:
        """The arguments as the model writes them, with what it likes to add; it invents another call id each time."""
        arguments = dict(turn.get("args") or {})
        if self.execution_message:
            told = self.execution_message
            arguments["execution_message"] = told if isinstance(told, str) else "Einen Moment bitte, ich schaue nach."
        if self.junk_args:
            invented = {"call_id": JUNK_CALL_IDS[nth % len(JUNK_CALL_IDS)], **JUNK}
            arguments.update(self.junk_args if isinstance(self.junk_args, dict) else invented)
        return arguments


JUNK_CALL_IDS = ("call_001", "call_1", "1", "None", "current", "dummy_call_id", "{{call_id}}")
JUNK: Json = {
    "from_number": "None",
    "customer_phone": "N/A",
    "customer_email": "null",
    "current_date": "2023-10-24",
}
