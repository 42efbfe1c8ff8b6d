"""Drawing a plan: companies, and one story after the other until there are calls enough."""

from random import Random

from retell.truth.author import Author
from retell.truth.dialogues import KINDS, Scenes
from retell.truth.plan import Deed, DeedKind, Firm, Plan, PlannedCall, Story

FIRMS = 20
CALLS_PER_FIRM = 3
CALLS_PER_DAY = 5
FEWEST_DAYS = 10


def draw_plan(seed: int, calls: int, *, servers: bool = True, with_faults: bool = True) -> Plan:
    """So many calls. `servers`: database and Redis are servers that can be cut off."""
    rng = Random(seed)  # noqa: S311  (a plan that can be played again)
    firms = [_firm(number) for number in range(max(4, min(FIRMS, calls // CALLS_PER_FIRM)))]
    author = Author(rng, servers=servers, with_faults=with_faults, days=_days(calls, len(firms)))
    stories: list[Story] = []
    left = calls
    while left:
        story = _story(author, len(stories), rng.choice(firms), most_calls=left)
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


def _story(author: Author, number: int, firm: Firm, *, most_calls: int) -> Story:
    fitting = {kind: weight for kind, (weight, calls, _) in KINDS.items() if calls <= most_calls}
    kind = author.rng.choices(list(fitting), weights=list(fitting.values()))[0]
    scenes = KINDS[kind][2](author, firm)
    if firm.needs_confirmation:
        scenes = _answered_by_the_host(author, firm, scenes)
    return Story(number=number, kind=kind, firm=firm.number, scenes=scenes)


def _answered_by_the_host(author: Author, firm: Firm, scenes: Scenes) -> Scenes:
    """After the first scene the host says yes, no, or nothing."""
    answers: tuple[DeedKind | None, ...] = ("confirms", "confirms", "declines", None)
    deed = author.rng.choice(answers)
    calls = [act for act in scenes[0] if isinstance(act, PlannedCall)]
    if deed is None or not calls:
        return scenes
    given = tuple(Deed(firm=firm.number, kind=deed, about=call.number) for call in calls)
    return (scenes[0], given, *scenes[1:])
