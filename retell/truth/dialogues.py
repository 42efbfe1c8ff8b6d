"""The dialogues: who calls about what, alone or against others. Each draws the scenes of a story."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from retell.truth.author import CALL_BACK, CANCEL, CHANGE, CHECK, COLLECT, FIND, LONG, NAMES, SHORT, Author
from retell.truth.plan import SECOND, Act, Deed, DeedKind, Echo, Firm, PlannedCall, Slot, Turn

HIDDEN = "anonymous"

Scenes = tuple[tuple[Act, ...], ...]


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
    choice = Turn(function=COLLECT, args={"time": SECOND})
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
