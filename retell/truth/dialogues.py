"""The dialogues: who calls about what, drawn from one random source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any

from retell.truth import faults
from retell.truth.faults import Oddity
from retell.truth.plan import Act, Deed, DeedKind, Echo, Firm, Plan, PlannedCall, Slot, Story, Turn

COLLECT, CHECK, FIND = "collect_appointment_information", "check_availability", "find_appointments"
CHANGE, CANCEL, CALL_BACK = "change_appointment_details", "cancel_appointment", "request_callback"
SHORT, LONG = "Herrenschnitt", "Damenschnitt"
HIDDEN = "anonymous"
NAMES = ("Erika Beispiel", "Max Muster", "Jana Probst", "Otto Sander", "Mary Sample", "Ali Öztürk", "Lena Groß")
FIRMS = 20
CALLS_PER_FIRM = 3
CALLS_PER_DAY = 5
FEWEST_DAYS = 10
OPENS, CLOSES = 9 * 60, 17 * 60
# Between two functions people talk.
PAUSE_MS = (50, 700)

Scenes = tuple[tuple[Act, ...], ...]


def draw_plan(seed: int, calls: int, *, servers: bool = True, with_faults: bool = True) -> Plan:
    """So many calls. `servers`: database and Redis are servers that can be cut off."""
    rng = Random(seed)  # noqa: S311  (a plan that can be played again)
    firms = [_firm(number) for number in range(max(4, min(FIRMS, calls // CALLS_PER_FIRM)))]
    author = Author(rng, servers=servers, with_faults=with_faults, days=_days(calls, len(firms)))
    stories: list[Story] = []
    left = calls
    while left:
        story = author.story(len(stories), rng.choice(firms), most_calls=left)
        left -= len(list(story.calls))
        stories.append(story)
    return Plan(seed=seed, firms=tuple(firms), stories=tuple(stories))


def _days(calls: int, firms: int) -> int:
    return max(FEWEST_DAYS, calls // (firms * CALLS_PER_DAY))


def _firm(number: int) -> Firm:
    return Firm(
        number=number,
        books_during_call=number % 4 == 1,
        needs_confirmation=number % 6 == 3,
        tells=number % 5 != 2,
        mails_customers=number % 3 == 0,
    )


@dataclass
class Author:
    """Draws one story after the other; numbers and callers are never used twice."""

    rng: Random
    servers: bool
    with_faults: bool
    days: int

    def __post_init__(self) -> None:
        self.call_numbers = count()
        self.caller_numbers = count(15_100_000_001)

    def story(self, number: int, firm: Firm, *, most_calls: int) -> Story:
        fitting = {kind: weight for kind, (weight, calls, _) in KINDS.items() if calls <= most_calls}
        kind = self.rng.choices(list(fitting), weights=list(fitting.values()))[0]
        scenes = KINDS[kind][2](self, firm)
        if firm.needs_confirmation:
            scenes = self._answered_by_the_host(firm, scenes)
        return Story(number=number, kind=kind, firm=firm.number, scenes=scenes)

    def _answered_by_the_host(self, firm: Firm, scenes: Scenes) -> Scenes:
        """After the first scene the host says yes, no, or nothing."""
        answers: tuple[DeedKind | None, ...] = ("confirms", "confirms", "declines", None)
        deed = self.rng.choice(answers)
        calls = [act for act in scenes[0] if isinstance(act, PlannedCall)]
        if deed is None or not calls:
            return scenes
        given = tuple(Deed(firm=firm.number, kind=deed, about=call.number) for call in calls)
        return (scenes[0], given, *scenes[1:])

    # What is drawn for a call

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


def plain(author: Author, firm: Firm) -> Scenes:
    long = author.rng.random() < 0.3
    slot = author.slot(minutes=60 if long else 30)
    return ((author.call(firm, *author.booking(firm, slot, service=LONG if long else SHORT)),),)


def checked_first(author: Author, firm: Firm) -> Scenes:
    slot = author.slot()
    check = Turn(function=CHECK, args={"service": SHORT}, which=slot)
    return ((author.call(firm, check, *author.booking(firm, slot)),),)


def another_wish(author: Author, firm: Firm) -> Scenes:
    wish = author.wish(author.slot())
    return ((author.call(firm, wish, *author.booking(firm, author.slot())),),)


def moved_wish(author: Author, firm: Firm) -> Scenes:
    """The caller calls it a change, but nothing is booked yet."""
    slot = author.slot()
    return ((author.call(firm, author.wish(slot), Turn(function=CHANGE, which=slot, wish=author.slot())),),)


def same_time(author: Author, firm: Firm) -> Scenes:
    slot = author.slot()
    one, other = (author.call(firm, *author.booking(firm, slot)) for _ in range(2))
    return ((one, replace(other, after=author.rng.choice((0.0, 0.0, 0.3)))),)


def overlapping(author: Author, firm: Firm) -> Scenes:
    """Two services of one host, the short one within the long one."""
    slot = author.slot(minutes=60)
    inside = Slot(slot.day, slot.minutes + author.rng.choice((0, 30)))
    one = author.call(firm, *author.booking(firm, slot, service=LONG))
    other = author.call(firm, *author.booking(firm, inside))
    return ((one,), (other,))


def second_best(author: Author, firm: Firm) -> Scenes:
    """The time is taken; the second alternative will do."""
    slot = author.slot()
    first = author.call(firm, *author.booking(firm, slot))
    choice = Turn(function=COLLECT, args={"time": "das zweite bitte"})
    return ((first,), (author.call(firm, author.wish(slot), choice),))


def cancelled_later(author: Author, firm: Firm) -> Scenes:
    slot, caller = author.slot(), author.caller()
    first = author.call(firm, *author.booking(firm, slot), caller=caller)
    cancel = Turn(function=CANCEL, args={"reason": "krank"}, which=author.rng.choice((slot, None)))
    return ((first,), (author.call(firm, *author.rng.choice(((cancel,), (_FIND, cancel))), caller=caller),))


def moved_later(author: Author, firm: Firm) -> Scenes:
    slot, caller = author.slot(), author.caller()
    first = author.call(firm, *author.booking(firm, slot), caller=caller)
    change = Turn(function=CHANGE, which=author.rng.choice((slot, None)), wish=author.slot())
    return ((first,), (author.call(firm, *author.rng.choice(((change,), (_FIND, change))), caller=caller),))


def moved_twice(author: Author, firm: Firm) -> Scenes:
    slot, caller = author.slot(), author.caller()
    moves = [Turn(function=CHANGE, wish=author.slot()) for _ in range(2)]
    calls = [author.call(firm, move, caller=caller) for move in moves]
    return ((author.call(firm, *author.booking(firm, slot), caller=caller),), *((call,) for call in calls))


def cancelled_and_wished_anew(author: Author, firm: Firm) -> Scenes:
    slot, caller = author.slot(), author.caller()
    first = author.call(firm, *author.booking(firm, slot), caller=caller)
    cancel = Turn(function=CANCEL, which=slot)
    return ((first,), (author.call(firm, cancel, *author.booking(firm, author.slot()), caller=caller),))


def dropped(author: Author, firm: Firm) -> Scenes:
    slot = author.slot()
    return ((author.call(firm, author.wish(slot), Turn(function=CANCEL, which=author.rng.choice((slot, None)))),),)


def dropped_and_wished_anew(author: Author, firm: Firm) -> Scenes:
    slot = author.slot()
    drop = Turn(function=CANCEL)
    return ((author.call(firm, author.wish(slot), drop, *author.booking(firm, author.slot())),),)


def call_back(author: Author, firm: Firm) -> Scenes:
    asks = Turn(function=CALL_BACK, args={"reason": "Frage zu einem Termin", "name": author.rng.choice(NAMES)})
    return ((author.call(firm, *author.rng.choice(((asks,), (_CHECK_NEXT, asks)))),),)


def hangs_up(author: Author, firm: Firm) -> Scenes:
    """In the middle: before a wish is whole, or on a question about another."""
    half = Turn(function=COLLECT, args={"service": SHORT, "date": "nächste Woche"})
    unclear = Turn(function=COLLECT, args={"date": "irgendwann demnächst"})
    turns = author.rng.choice(((_CHECK_NEXT,), (half,), (author.wish(author.slot()), unclear)))
    return ((author.call(firm, *turns),),)


def unclear_then_clear(author: Author, firm: Firm) -> Scenes:
    unclear = author.wish(None, date=author.rng.choice(("31. Februar", "irgendwann", "übermorgen oder so")))
    return ((author.call(firm, unclear, *author.booking(firm, author.slot())),),)


def hidden(author: Author, firm: Firm) -> Scenes:
    """Nobody knows who it is: a wish can be booked, an appointment not be changed."""
    book = author.booking(firm, author.slot())
    cancel = Turn(function=CANCEL, args={"name": "Erika Beispiel"})
    asks = Turn(function=CALL_BACK, args={"phone": "0151 12345678", "reason": "Termin absagen"})
    return ((author.call(firm, *author.rng.choice((book, (cancel, asks))), caller=HIDDEN),),)


def booked_on_the_web_meanwhile(author: Author, firm: Firm) -> Scenes:
    slot = author.slot()
    turns = (Turn(function=CHECK, args={"service": SHORT}, which=slot), *author.booking(firm, slot))
    call = author.call(firm, *turns, knobs={"delay_ms": author.rng.randint(600, 1500)})
    return ((call, Deed(firm=firm.number, kind="books", slot=slot, after=author.rng.uniform(0.3, 3))),)


def host_cancels(author: Author, firm: Firm) -> Scenes:
    slot, caller = author.slot(), author.caller()
    first = author.call(firm, *author.booking(firm, slot), caller=caller)
    deed = Deed(firm=firm.number, kind="cancels", about=first.number)
    then = author.rng.choice(((Turn(function=CANCEL),), (Turn(function=CHANGE, wish=author.slot()),), (_FIND,)))
    return ((first,), (deed,), (author.call(firm, *then, caller=caller),))


def host_moves(author: Author, firm: Firm) -> Scenes:
    slot, caller = author.slot(), author.caller()
    first = author.call(firm, *author.booking(firm, slot), caller=caller)
    deed = Deed(firm=firm.number, kind="moves", about=first.number, slot=author.slot())
    then = author.rng.choice(((Turn(function=CANCEL),), (Turn(function=CHANGE, wish=author.slot()),), (_FIND,)))
    return ((first,), (deed,), (author.call(firm, *then, caller=caller),))


def host_changes_at_once(author: Author, firm: Firm) -> Scenes:
    """The host and the caller change the same appointment at the same moment."""
    slot, caller = author.slot(), author.caller()
    first = author.call(firm, *author.booking(firm, slot), caller=caller)
    kinds: tuple[DeedKind, ...] = ("moves", "cancels")
    kind = author.rng.choice(kinds)
    deed = Deed(
        firm=firm.number,
        kind=kind,
        about=first.number,
        slot=author.slot() if kind == "moves" else None,
        after=author.rng.uniform(0, 0.6),
    )
    then = author.rng.choice((Turn(function=CANCEL), Turn(function=CHANGE, wish=author.slot())))
    return ((first,), (author.call(firm, then, caller=caller), deed))


def told_again(author: Author, firm: Firm) -> Scenes:
    """The end of the call is told once more, after the appointment was cancelled."""
    first, *later = cancelled_later(author, firm)
    (call,) = first
    assert isinstance(call, PlannedCall)
    return (first, *later, (Echo(firm=firm.number, about=call.number),))


_FIND = Turn(function=FIND)
_CHECK_NEXT = Turn(function=CHECK, args={"service": SHORT, "date": "nächste Woche"})

# How often it is drawn, how many calls it has, and what draws it.
KINDS: Mapping[str, tuple[int, int, Callable[[Author, Firm], Scenes]]] = {
    "plain": (12, 1, plain),
    "checked first": (5, 1, checked_first),
    "another wish": (5, 1, another_wish),
    "moved wish": (3, 1, moved_wish),
    "same time": (5, 2, same_time),
    "overlapping": (2, 2, overlapping),
    "second best": (4, 2, second_best),
    "cancelled later": (6, 2, cancelled_later),
    "moved later": (7, 2, moved_later),
    "moved twice": (2, 3, moved_twice),
    "cancelled and wished anew": (4, 2, cancelled_and_wished_anew),
    "dropped": (3, 1, dropped),
    "dropped and wished anew": (3, 1, dropped_and_wished_anew),
    "call back": (2, 1, call_back),
    "hangs up": (3, 1, hangs_up),
    "unclear then clear": (3, 1, unclear_then_clear),
    "hidden": (3, 1, hidden),
    "booked on the web meanwhile": (4, 1, booked_on_the_web_meanwhile),
    "host cancels": (3, 2, host_cancels),
    "host moves": (3, 2, host_moves),
    "host changes at once": (3, 2, host_changes_at_once),
    "told again": (3, 2, told_again),
}
