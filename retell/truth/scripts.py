"""From a planned call to Retell's call script, and from Retell's report to what the caller was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from appointments.models import Company
from appointments.spoken import speak_time
from retell.truth.plan import PlannedCall, Slot, Turn
from retell.truth.record import Answer, Conversation, Delivered
from retell.truth.understanding import CHANGE


@dataclass(frozen=True)
class Scripts:
    """`run` makes call ids that no earlier run has used."""

    run: str
    first_day: date
    companies: Mapping[int, Company]

    def call_id(self, number: int) -> str:
        return f"call_{self.run}{number:0{27 - len(self.run)}d}"

    def starts_at(self, firm: int, slot: Slot) -> datetime:
        return slot.starts_at(self.first_day, self.companies[firm].zone)

    def script(self, call: PlannedCall) -> dict[str, Any]:
        company = self.companies[call.firm]
        turns = [{"function": turn.function, "args": self._args(call, turn)} for turn in call.turns]
        return {
            "api_key": company.retell_api_key,
            "call_id": self.call_id(call.number),
            "to_number": company.phone_number,
            "from_number": call.caller,
            "script": turns,
            **call.knobs,
        }

    def echo(self, call: PlannedCall) -> dict[str, Any]:
        """The end of the call once more, with nothing said in between."""
        bare = {"api_key", "call_id", "to_number", "from_number"}
        script = {name: value for name, value in self.script(call).items() if name in bare}
        return {**script, "skip_events": ["call_started"]}

    def conversation(self, call: PlannedCall, report: Mapping[str, Any]) -> Conversation:
        steps = report["steps"]
        answers = [step for step in steps if step["what"].startswith("function:")]
        return Conversation(
            call=call,
            call_id=self.call_id(call.number),
            company_id=self.companies[call.firm].pk,
            answers=tuple(self._answer(call, place, step) for place, step in enumerate(answers)),
            events=tuple(
                Delivered(event=step["what"], is_accepted=step["status"] == 204)
                for step in steps
                if step["what"].startswith("call_")
            ),
        )

    def _answer(self, call: PlannedCall, place: int, step: Mapping[str, Any]) -> Answer:
        """Every turn has so many rows: the model's repeats, and of each the copies, of which it hears the first."""
        deliveries = call.knobs.get("deliveries", 1)
        copies = deliveries.get("functions", 1) if isinstance(deliveries, Mapping) else 1
        invocations = 1 + call.knobs.get("repeat_functions", 0)
        turn = call.turns[place // (copies * invocations)]
        return Answer(
            function=turn.function,
            args=self._args(call, turn),
            status=step["status"],
            body=step["body"],
            ended_at=datetime.fromtimestamp(step["ended_at"] / 1000, UTC),
            wished=self.starts_at(call.firm, turn.wish) if turn.wish else None,
            which=self.starts_at(call.firm, turn.which) if turn.which else None,
            is_heard=place % copies == 0,
        )

    def _args(self, call: PlannedCall, turn: Turn) -> dict[str, Any]:
        """The caller's words for the planned times."""
        wish, which = (self._words(call.firm, slot) for slot in (turn.wish, turn.which))
        args = dict(turn.args)
        if turn.function == CHANGE:
            args |= {f"new_{name}": words for name, words in wish.items()} | which
        elif turn.function == "check_availability":
            args |= {name: words for name, words in which.items() if name == "date"}
        else:
            args |= wish | which
        return args

    def _words(self, firm: int, slot: Slot | None) -> dict[str, str]:
        if slot is None:
            return {}
        local = self.starts_at(firm, slot)
        return {"date": f"{local:%d.%m.%Y}", "time": speak_time(local.time(), "de")}
