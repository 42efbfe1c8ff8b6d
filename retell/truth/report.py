"""The end: a table that can be pasted into README, and of each failure all that is needed to understand it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from retell.truth.grading import COLUMNS, Failure, by_column
from retell.truth.plan import Plan
from retell.truth.record import Evidence
from retell.truth.trouble import Trouble


def table(failures: Sequence[Failure]) -> Iterator[str]:
    columns = by_column(failures)
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    yield f"| {' | '.join(str(len({one.subject for one in columns[name]})) for name in COLUMNS)} |"


def counts(plan: Plan, seen: Evidence, needless: Sequence[str], trouble: Trouble) -> Iterator[str]:
    """What there was, which is no failure."""
    answers = [answer for conversation in seen.conversations.values() for answer in conversation.answers]
    broken = [answer for answer in answers if answer.status == 200 and not answer.told]
    unanswered = [answer for answer in answers if answer.status != 200]
    own = [booking for booking in seen.bookings if booking.is_ours]
    kinds = Counter(task.kind for task in seen.tasks if task.is_open)
    rows = {
        "calls": len(seen.conversations),
        "companies": len(plan.firms),
        "answers to callers": len(answers),
        "of them technical failures": len(broken),
        "of them never given": len(unanswered),
        "bookings that we made": len(own),
        "of them live in the end": sum(booking.is_live for booking in own),
        "still tried again, and people know": sum(row.is_waiting for row in seen.rows),
        "mails to customers": len(seen.mails),
        "changes by hosts and on the web": len(seen.done),
        "open follow-ups": ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or 0,
        "needless follow-ups": len(needless),
        "faults": sum(trouble.injected.values()),
        "of them never met by anybody": trouble.never_struck,
        "processes started again": sum(trouble.world.restarts.values()),
    }
    yield "| what | how many |"
    yield "|---|---|"
    for what, many in rows.items():
        yield f"| {what} | {many} |"


def faults_by_kind(trouble: Trouble) -> Iterator[str]:
    yield f"Faults: {_counted(trouble.injected) or 'none'}"
    yield f"Started again: {_counted(trouble.world.restarts) or 'nothing'}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def answers_told(seen: Evidence) -> str:
    told = Counter(
        answer.told or f"no answer ({answer.status})"
        for conversation in seen.conversations.values()
        for answer in conversation.answers
    )
    return "Told: " + ", ".join(f"{status} {count}" for status, count in told.most_common())


def offences(failures: Sequence[Failure], plan: Plan, seen: Evidence) -> Iterator[str]:
    """Everything known of each call that something is wrong with, and of the calls of its story."""
    stories = {
        seen.conversations[call.number].call_id: story
        for story in plan.stories
        for call in story.calls
        if call.number in seen.conversations
    }
    for subject, found in groupby(sorted(failures, key=lambda one: one.subject), key=lambda one: one.subject):
        yield f"\n{subject}"
        for failure in found:
            yield f"  {failure.column.upper()}: {failure.why}"
        story = stories.get(subject)
        if story is None:
            continue
        yield f"  story {story.number}: {story.kind}, company {story.firm}"
        for call in story.calls:
            if call.number in seen.conversations:
                yield from _call(call.number, seen)
        for done in seen.done:
            if any(done.deed in scene for scene in story.scenes):
                yield f"  the host {done.deed.kind} {done.uid} {done.new_uid} {done.starts_at or ''}"


def _call(number: int, seen: Evidence) -> Iterator[str]:
    conversation = seen.conversations[number]
    call = conversation.call
    faults = ", ".join(fault.kind for fault in call.faults)
    yield f"  {conversation.call_id} from {call.caller}: {faults or 'no faults'}"
    for answer in conversation.answers:
        heard = "" if answer.is_heard else " (not heard)"
        yield f"    {answer.ended_at:%H:%M:%S} {answer.function} {dict(answer.args)}{heard}"
        yield f"             → {answer.status} {answer.told}: {answer.sentence}"
    events = ", ".join(f"{one.event} {'kept' if one.is_accepted else 'not taken'}" for one in conversation.events)
    yield f"    told by Retell: {events or 'nothing'}"
    mine = conversation.call_id
    rows = {one.pk for one in seen.rows if one.call_id == mine}
    things = (
        [one for one in seen.bookings if one.call_id == mine],
        [one for one in seen.rows if one.call_id == mine],
        [one for one in seen.tasks if one.call_id == mine],
        [one for one in seen.mails if one.appointment in rows],
        [one for one in seen.events if one.call_id == mine],
        [one for one in seen.calls if one.call_id == mine],
    )
    for thing in (one for several in things for one in several):
        yield f"    {thing}"
