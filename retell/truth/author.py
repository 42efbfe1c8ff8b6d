"""What a call is made of: callers, times, words and mishaps, drawn from one random source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any

from retell.truth import faults
from retell.truth.faults import Oddity
from retell.truth.plan import Firm, PlannedCall, Slot, Turn

COLLECT, CHECK, FIND = "collect_appointment_information", "check_availability", "find_appointments"
CHANGE, CANCEL, CALL_BACK = "change_appointment_details", "cancel_appointment", "request_callback"
SHORT, LONG = "Herrenschnitt", "Damenschnitt"
NAMES = ("Erika Beispiel", "Max Muster", "Jana Probst", "Otto Sander", "Mary Sample", "Ali Öztürk", "Lena Groß")
OPENS, CLOSES = 9 * 60, 17 * 60
# Between two functions people talk.
PAUSE_MS = (50, 700)


@dataclass
class Author:
    """Numbers of calls and callers are never used twice."""

    rng: Random
    servers: bool
    with_faults: bool
    days: int

    def __post_init__(self) -> None:
        self.call_numbers = count()
        self.caller_numbers = count(15_100_000_001)

    def caller(self) -> str:
        return f"+49{next(self.caller_numbers)}"

    def slot(self, *, minutes: int = 30) -> Slot:
        start = self.rng.randrange(OPENS, CLOSES - minutes + 1, minutes)
        return Slot(self.rng.randrange(self.days), start)

    def call(
        self, firm: Firm, *turns: Turn, caller: str | None = None, knobs: Mapping[str, Any] | None = None
    ) -> PlannedCall:
        drawn = self._faults(turns) if self.with_faults else ()
        odd: dict[str, Any] = {}
        for fault in drawn:
            if isinstance(fault, Oddity):
                odd |= fault.knobs
        paused = {"delay_ms": self.rng.randint(*PAUSE_MS), "retry_backoff_ms": self.rng.choice((20, 300, 1000))}
        return PlannedCall(
            number=next(self.call_numbers),
            firm=firm.number,
            caller=caller or self.caller(),
            turns=turns,
            knobs={**paused, **odd, **(knobs or {})},
            faults=drawn,
        )

    def _faults(self, turns: Sequence[Turn]) -> tuple[faults.Fault, ...]:
        changes = any(turn.function in (CHANGE, CANCEL) for turn in turns)
        return faults.draw(self.rng, functions=len(turns), servers=self.servers, changes=changes)

    def wish(self, slot: Slot | None, *, service: str = SHORT, **more: Any) -> Turn:
        args = {"name": self.rng.choice(NAMES), "service": service, **more}
        if self.rng.random() < 0.3:
            args["email"] = f"caller{self.rng.randrange(1000)}@kunden.example"
        return Turn(function=COLLECT, args=args, wish=slot)

    def booking(self, firm: Firm, slot: Slot, *, service: str = SHORT) -> tuple[Turn, ...]:
        """What is said until it will be booked, or is."""
        wish = self.wish(slot, service=service)
        yes = replace(wish, args={**wish.args, "confirmed": True})
        return (wish, yes) if firm.books_during_call else (wish,)
