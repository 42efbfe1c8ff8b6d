"""Judging the end state: what callers were told, against what Cal.com holds and what our rows say. Pure functions.

lost            told that it is noted, booked or handed on, and neither booked nor anybody's task
double          two live bookings for one wish, or two of ours at once with one host
false success   told, or written down, as booked, moved or cancelled, and Cal.com does not have it so
wrong time      a live booking at another time than the caller was last told
orphaned        a booking without its row, or a row without its booking
unclaimed       what still waits, is stuck or failed, and nobody's task
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, combinations
from zoneinfo import ZoneInfo

from retell.truth.plan import Deed, Plan, Story
from retell.truth.record import Answer, Booking, Conversation, Evidence, Row
from retell.truth.understanding import CANCEL, CHANGE, Stand, Understanding, named_in, read_back, understood

COLUMNS = ("lost", "double", "false success", "wrong time", "orphaned", "unclaimed")
# The sandbox writes down milliseconds, and both clocks are one.
CLOCK = timedelta(milliseconds=50)
# A mail tells whole seconds.
MAIL_CLOCK = timedelta(seconds=1)
STUCK_EVENTS = frozenset({"received", "processing", "failed", "dead"})
STUCK_MESSAGES = frozenset({"waiting", "sending", "failed", "dead"})


@dataclass(frozen=True, order=True)
class Failure:
    """`subject` is a call's id, or what else it is about."""

    column: str
    subject: str
    why: str


def grade(plan: Plan, seen: Evidence, zone: ZoneInfo) -> list[Failure]:
    """Everything that is not as it must be."""
    index = _Index(plan, seen)
    found: list[Failure] = []
    for story in plan.stories:
        believed = understood(story, seen.conversations, seen.done, zone)
        found += _of_story(story, believed, index, zone)
    found += [
        *_overlaps(index),
        *_rows(index),
        *_mails(index),
        *_orphaned_bookings(index),
        *_unclaimed(index),
        *_vanished(index),
    ]
    return sorted(set(found))


def needless_tasks(plan: Plan, seen: Evidence, zone: ZoneInfo) -> list[str]:
    """Calls whose wish is booked at the right time, while people are asked to look into it. Not a failure."""
    index = _Index(plan, seen)
    found = []
    for story in plan.stories:
        for number, stand in understood(story, seen.conversations, seen.done, zone).stands.items():
            call_id = seen.conversations[number].call_id
            is_right = any(one.status == "accepted" and one.start in stand.starts for one in index.live_of(call_id))
            kinds = {task.kind for task in seen.tasks if task.call_id == call_id and task.is_open}
            if is_right and kinds & {"needs_review", "booking_failed"}:
                found.append(call_id)
    return found


class _Index:
    """The evidence by what it is looked up by."""

    def __init__(self, plan: Plan, seen: Evidence) -> None:
        self.plan, self.seen = plan, seen
        self.bookings = {one.uid: one for one in seen.bookings}
        self.confirmed = {one.uid for one in seen.done if one.deed.kind == "confirms"}
        self.needs_confirmation = {firm.number: firm.needs_confirmation for firm in plan.firms}

    def all_of(self, call_id: str) -> list[Booking]:
        return [one for one in self.seen.bookings if one.call_id == call_id]

    def live_of(self, call_id: str) -> list[Booking]:
        return [one for one in self.all_of(call_id) if one.is_live]

    def has_task(self, call_id: str) -> bool:
        return any(task.call_id == call_id and task.is_open for task in self.seen.tasks)

    def was_accepted(self, booking: Booking, conversation: Conversation) -> bool:
        """Whether Cal.com ever held it as booked: one that needs a yes was only requested before."""
        if booking.status in ("accepted", "pending"):
            return booking.status == "accepted"
        return not self.needs_confirmation[conversation.call.firm] or booking.uid in self.confirmed


def _of_story(story: Story, believed: Understanding, index: _Index, zone: ZoneInfo) -> Iterator[Failure]:
    conversations = [
        index.seen.conversations[call.number] for call in story.calls if call.number in index.seen.conversations
    ]
    for number, why in believed.wrong:
        yield Failure("wrong time", index.seen.conversations[number].call_id, why)
    for conversation in conversations:
        stand = believed.stands.get(conversation.call.number, Stand(may_be_gone=True))
        yield from _of_stand(stand, conversation.call_id, index)
        if (told := believed.handed_on.get(conversation.call.number)) and not index.has_task(conversation.call_id):
            yield Failure("lost", conversation.call_id, f"was told {told}, and there is no task for anybody")
    call_ids = {conversation.call_id for conversation in conversations}
    # What the host has changed a moment ago we may not have heard of yet.
    is_ours_alone = not any(isinstance(act, Deed) for scene in story.scenes for act in scene)
    for conversation in conversations:
        for answer in conversation.answers:
            untrue = [*_untrue(answer, conversation, call_ids, index, zone)]
            untrue += _unfounded(answer, call_ids, index, zone) if is_ours_alone else ()
            for why in untrue:
                yield Failure("false success", conversation.call_id, why)


def _of_stand(stand: Stand, call_id: str, index: _Index) -> Iterator[Failure]:
    live = index.live_of(call_id)
    if len(live) > 1:
        yield Failure("double", call_id, f"{len(live)} live bookings: {', '.join(map(_named, live))}")
    for booking in live:
        if booking.start in stand.starts:
            if stand.is_in_doubt:
                why = f"{_named(booking)}, though the caller turned away from it and nothing was settled since"
                yield Failure("wrong time", call_id, why)
            if booking.start in stand.with_task_only and not index.has_task(call_id):
                yield Failure(
                    "lost", call_id, f"{_named(booking)} was to be changed, and nobody is told that it was not"
                )
        elif stand.is_off:
            yield Failure("false success", call_id, f"was told that it is cancelled or dropped: {_named(booking)}")
        else:
            allowed = ", ".join(map(str, sorted(stand.starts))) or "no time"
            yield Failure("wrong time", call_id, f"{_named(booking)}, but the caller was told {allowed}")
    if not live and stand.is_needed and not stand.may_be_gone and not index.has_task(call_id):
        yield Failure(
            "lost", call_id, f"relies on {', '.join(map(str, sorted(stand.starts))) or 'somebody'}, has nothing"
        )


def _untrue(
    answer: Answer, conversation: Conversation, call_ids: set[str], index: _Index, zone: ZoneInfo
) -> Iterator[str]:
    """What a reply says has happened, and had not by then; a repeated delivery may lie as little as the first."""
    of_story = [one for one in index.seen.bookings if one.call_id in call_ids]
    by_then = [one for one in of_story if one.created_at <= answer.ended_at + CLOCK]
    if answer.told == "booked":
        start = read_back(answer, zone)
        own = [one for one in by_then if one.start == start and one.call_id == conversation.call_id]
        if not any(index.was_accepted(one, conversation) for one in own):
            yield f"was told that it is booked at {start}: {', '.join(map(_named, own)) or 'no booking'}"
    if answer.told == "requested":
        start = read_back(answer, zone)
        if not any(one.start == start and one.call_id == conversation.call_id for one in by_then):
            yield f"was told that it is requested for {start}: no booking"
    if answer.told == "changed" and answer.function == CHANGE:
        moved = [one for one in by_then if one.start == answer.wished]
        if not any(index.was_accepted(one, conversation) for one in moved):
            yield f"was told that it is moved to {answer.wished}: {', '.join(map(_named, moved)) or 'no booking'}"
    if answer.told in ("cancelled", "already_cancelled") and answer.function == CANCEL:
        for start in named_in(answer, zone):
            at = [one for one in by_then if one.start == start]
            stands = [one for one in at if one.is_live or one.updated_at > answer.ended_at + CLOCK]
            if stands or not at:
                yield f"was told that it is cancelled at {start}: {', '.join(map(_named, stands)) or 'no booking'}"


def _unfounded(answer: Answer, call_ids: set[str], index: _Index, zone: ZoneInfo) -> Iterator[str]:
    """Appointments that the caller was told to have, and has not, or no longer, by then."""
    if answer.told == "found":
        for start in named_in(answer, zone):
            at = [one for one in index.seen.bookings if one.call_id in call_ids and one.start == start]
            by_then = [one for one in at if one.created_at <= answer.ended_at + CLOCK]
            if not any(one.is_live or one.updated_at >= answer.ended_at - CLOCK for one in by_then):
                yield f"was told to have an appointment at {start}: {', '.join(map(_named, at)) or 'no booking'}"


def _overlaps(index: _Index) -> Iterator[Failure]:
    """Two of ours with one host at once; what the host has moved is the host's."""
    by_host = {one.new_uid for one in index.seen.done if one.deed.kind == "moves"}
    hosts: dict[int, list[Booking]] = {}
    for booking in index.seen.bookings:
        if booking.is_live and booking.is_ours and booking.uid not in by_host:
            hosts.setdefault(booking.account_id, []).append(booking)
    for one, other in chain.from_iterable(combinations(ours, 2) for ours in hosts.values()):
        # A request keeps no time of its host's, except from its own kind.
        is_certain = one.status == other.status == "accepted" or one.event_type_id == other.event_type_id
        if is_certain and one.start < other.end and other.start < one.end:
            yield Failure("double", one.call_id, f"{_named(one)} and {_named(other)} of {other.call_id} overlap")


def _rows(index: _Index) -> Iterator[Failure]:
    for row in index.seen.rows:
        booking = index.bookings.get(row.uid or "")
        subject = row.call_id or f"appointment {row.pk}"
        if row.status == "scheduled":
            yield from _scheduled(row, booking, subject)
        if row.status == "cancelled" and booking is not None and booking.is_live and not _stands_elsewhere(row, index):
            yield Failure("false success", subject, f"appointment {row.pk} is cancelled here: {_named(booking)}")


def _scheduled(row: Row, booking: Booking | None, subject: str) -> Iterator[Failure]:
    if booking is None or not booking.is_live:
        held = _named(booking) if booking else f"no booking {row.uid}"
        yield Failure("orphaned", subject, f"appointment {row.pk} is scheduled for {row.starts_at}: {held}")
    elif booking.status != "accepted":
        yield Failure("false success", subject, f"appointment {row.pk} is scheduled, but {_named(booking)}")
    elif booking.start != row.starts_at:
        yield Failure(
            "wrong time", subject, f"appointment {row.pk} is scheduled for {row.starts_at}: {_named(booking)}"
        )


def _mails(index: _Index) -> Iterator[Failure]:
    """What customers were written has happened, and had not by then."""
    rows = {row.pk: row for row in index.seen.rows}
    for mail in index.seen.mails:
        row = rows[mail.appointment]
        own = [one for one in index.seen.bookings if one.uid == row.uid or (row.call_id and one.call_id == row.call_id)]
        at = [one for one in own if one.start == mail.starts_at and one.created_at <= mail.sent_at + MAIL_CLOCK]
        if mail.news == "cancelled":
            is_true = not any(one.is_live or one.updated_at > mail.sent_at + MAIL_CLOCK for one in at)
        else:
            is_true = any(one.status in ("accepted", "cancelled") for one in at)
        if not is_true:
            why = (
                f"was written that it is {mail.news} at {mail.starts_at}: {', '.join(map(_named, own)) or 'no booking'}"
            )
            yield Failure("false success", row.call_id or f"appointment {row.pk}", why)


def _stands_elsewhere(row: Row, index: _Index) -> bool:
    return any(other.uid == row.uid and other.pk != row.pk for other in index.seen.rows)


def _orphaned_bookings(index: _Index) -> Iterator[Failure]:
    """What we have booked, and no row knows."""
    known = {row.uid for row in index.seen.rows if row.status in ("scheduled", "booking")}
    for booking in index.seen.bookings:
        if booking.is_live and booking.is_ours and booking.uid not in known:
            yield Failure("orphaned", booking.call_id or booking.uid, f"no appointment of ours has {_named(booking)}")


def _unclaimed(index: _Index) -> Iterator[Failure]:
    seen = index.seen
    for event in seen.events:
        if event.state in STUCK_EVENTS and not (event.state in ("failed", "dead") and index.has_task(event.call_id)):
            why = f"event {event.pk}, {event.provider} {event.event}, is {event.state} {event.error}"
            yield Failure("unclaimed", event.call_id or f"event {event.pk}", why)
    for message in seen.messages:
        if message.state in STUCK_MESSAGES:
            why = f"message {message.pk}, {message.kind}, is {message.state} {message.error}"
            yield Failure("unclaimed", f"message {message.pk}", why)
    for row in seen.rows:
        subject = row.call_id or f"appointment {row.pk}"
        has_task = any(task.appointment == row.pk and task.is_open for task in seen.tasks)
        if row.is_waiting and not has_task:
            why = f"appointment {row.pk} is {row.status}, {row.attempts} attempts, {row.last_error or 'no error'}"
            yield Failure("unclaimed", subject, why)
        if row.status == "failed" and not has_task:
            yield Failure("unclaimed", subject, f"appointment {row.pk} failed without a task: {row.last_error}")
    booked = {row.call_id for row in seen.rows if row.status not in ("held", "expired")}
    for call in seen.calls:
        if not call.is_over:
            yield Failure("unclaimed", call.call_id, f"the call is still {call.status}")
        elif call.wish in ("wanted", "open") and call.call_id not in booked and not index.has_task(call.call_id):
            yield Failure("unclaimed", call.call_id, f"the wish is {call.wish}, and nothing came of it")


def _vanished(index: _Index) -> Iterator[Failure]:
    """What we have acknowledged is in the inbox."""
    kept = {(event.call_id, event.event) for event in index.seen.events}
    for conversation in index.seen.conversations.values():
        for delivered in conversation.events:
            if delivered.is_accepted and (conversation.call_id, delivered.event) not in kept:
                yield Failure("lost", conversation.call_id, f"{delivered.event} was acknowledged and is not kept")


def _named(booking: Booking) -> str:
    return f"booking {booking.uid}, {booking.status}, at {booking.start}"


def by_column(failures: Iterable[Failure]) -> Mapping[str, list[Failure]]:
    found: dict[str, list[Failure]] = {column: [] for column in COLUMNS}
    for failure in failures:
        found[failure.column].append(failure)
    return found
