"""What a caller must believe after what they were told, and so what may be the case when everything is at rest.

The replies of a story's calls are gone through in their order. For each call that wished something there is a stand:
where a live booking of it may be, and whether none may be, or must be seen to by a person. Where an answer was lost
or said that something broke, the caller knows nothing: then both is allowed, as it was before and as they asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from appointments.spoken import speak_date, speak_time
from retell.truth.plan import SECOND, PlannedCall, Story
from retell.truth.record import Answer, Conversation, Done

COLLECT, CHANGE, CANCEL = "collect_appointment_information", "change_appointment_details", "cancel_appointment"
# After these the caller relies on an appointment at the time that was read back.
PROMISED = frozenset({"collected", "collected_unchecked", "requested", "booked", "booking_pending"})
# After these somebody is going to call, or to look into it.
HANDED_ON = frozenset(
    {
        "booking_failed",
        "needs_review",
        "callback_noted",
        "phone_required",
        "callback_required",
        "not_changeable",
        "too_many_lookups",
        "no_services",
    }
)
# The appointment stands as it was, and somebody is going to call because of it.
UNCHANGED = frozenset({"calendar_unreachable", "not_changeable"})
# Nothing was asked for, or nothing came of it: what was promised before stands.
NO_NEWS = frozenset({"already_booked", "not_found", "which_appointment", "too_late"})
# It is not known yet: something broke, no answer came, or another message of the caller's is just being worked on.
UNKNOWN = frozenset({"", "being_changed"})
LANGUAGES = ("de", "en")


@dataclass
class Stand:
    """What may have become of one call's wish. `is_off`: told that nothing will be booked, or that it is cancelled.

    `is_in_doubt`: the caller turned away from the time since, and what they want instead was not settled.
    `may_be_gone`: no booking, and nobody who sees to it, is all right. `with_task_only`: starts of which that holds
    only where somebody has been asked to look into it. `offered`: the times that were offered last, in their order.
    """

    starts: set[datetime] = field(default_factory=set)
    offered: tuple[datetime, ...] = ()
    is_needed: bool = False
    may_be_gone: bool = False
    is_off: bool = False
    is_in_doubt: bool = False
    with_task_only: set[datetime] = field(default_factory=set)

    def promise(self, start: datetime) -> None:
        self._begin_anew({start})
        self.is_needed, self.may_be_gone, self.is_off = True, False, False

    def call_off(self) -> None:
        self._begin_anew(set())
        self.is_needed, self.may_be_gone, self.is_off = False, True, True

    def _begin_anew(self, starts: set[datetime]) -> None:
        self.starts, self.with_task_only, self.is_in_doubt = starts, set(), False


@dataclass
class Understanding:
    """Of one story: the stand of each call, who must be called back, and what was said that can't be.

    `owed`: who of those only because of a change that could not be made, and to which stand. Once the caller has
    asked for another change of it, and that was made or is looked into, nobody need call because of the first.
    """

    zone: ZoneInfo
    stands: dict[int, Stand] = field(default_factory=dict)
    handed_on: dict[int, str] = field(default_factory=dict)
    owed: dict[int, Stand] = field(default_factory=dict)
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def stand(self, call: PlannedCall) -> Stand:
        return self.stands.setdefault(call.number, Stand())

    def hand_on(self, call: PlannedCall, told: str) -> None:
        """Somebody is going to call, whatever comes later."""
        self.handed_on[call.number] = told
        self.owed.pop(call.number, None)

    def owe(self, call: PlannedCall, told: str, stand: Stand) -> None:
        """Somebody is going to call because this could not be changed, and for nothing else."""
        if call.number not in self.handed_on or self.owed.get(call.number) is stand:
            self.owed[call.number] = stand
        else:
            self.owed.pop(call.number, None)
        self.handed_on[call.number] = told

    def settle(self, stand: Stand) -> None:
        """It was changed after all, or that is looked into."""
        for number in [number for number, owed in self.owed.items() if owed is stand]:
            del self.owed[number], self.handed_on[number]


def understood(
    story: Story, conversations: Mapping[int, Conversation], done: Sequence[Done], zone: ZoneInfo
) -> Understanding:
    """Go through the story."""
    so_far = Understanding(zone)
    callers: dict[str, list[PlannedCall]] = {}
    for scene in story.scenes:
        deeds = [one for one in done if one.deed in scene]
        for act in scene:
            if isinstance(act, PlannedCall) and act.number in conversations:
                earlier = callers.setdefault(act.caller, [])
                for answer in conversations[act.number].answers:
                    if answer.is_heard:
                        _hear(so_far, act, earlier, answer)
                earlier.append(act)
        is_alone = not any(isinstance(act, PlannedCall) for act in scene)
        for one in deeds:
            _see(so_far, one, is_alone=is_alone)
    return so_far


def _see(so_far: Understanding, one: Done, *, is_alone: bool) -> None:
    """The host has done something to a booking. At the same moment as a call: who was first is not known."""
    if one.deed.about is None or one.deed.kind == "confirms":
        return
    stand = so_far.stands.setdefault(one.deed.about, Stand())
    if is_alone:
        stand.starts, stand.is_in_doubt = set(), False
    if one.deed.kind == "moves" and one.starts_at is not None:
        stand.starts.add(one.starts_at)
        stand.is_off &= not is_alone
    else:
        stand.may_be_gone = True


def _hear(so_far: Understanding, call: PlannedCall, earlier: list[PlannedCall], answer: Answer) -> None:
    known = _earlier(so_far, earlier)
    moves_wish = answer.function == CHANGE and (answer.told in PROMISED or not known)
    is_unchanged = answer.told in UNCHANGED and answer.function in (CHANGE, CANCEL)
    if is_unchanged and (stand := _unchanged(so_far, known, call, answer)):
        so_far.owe(call, answer.told, stand)
    elif is_unchanged or answer.told in HANDED_ON:
        so_far.hand_on(call, answer.told)
    if answer.function == COLLECT or moves_wish:
        _hear_wish(so_far, so_far.stand(call), call, answer)
    elif answer.function == CHANGE:
        _hear_change(so_far, so_far.stand(known[-1]), call, answer)
    elif answer.function == CANCEL:
        _hear_cancelling(so_far, call, earlier, answer)


def _earlier(so_far: Understanding, earlier: list[PlannedCall]) -> list[PlannedCall]:
    """The caller's calls before this one that have wished something."""
    return [call for call in earlier if call.number in so_far.stands]


def _hear_wish(so_far: Understanding, stand: Stand, call: PlannedCall, answer: Answer) -> None:
    told_at = read_back(answer, so_far.zone)
    if answer.told in PROMISED and told_at is not None:
        if answer.wished is not None and told_at != answer.wished:
            so_far.wrong.append((call.number, f"asked for {answer.wished}, was told {answer.told} at {told_at}"))
        stand.promise(told_at)
    elif answer.told == "confirmation_required" and told_at is not None:
        stand.starts = {told_at}
        stand.is_off = stand.is_in_doubt = False
        stand.may_be_gone = not stand.is_needed
    elif answer.told in UNKNOWN:
        # A yes without a time goes with what was read back before, a choice with what was offered.
        stand.starts |= {answer.wished} if answer.wished else _chosen(stand, answer)
        stand.may_be_gone |= not stand.is_needed
        stand.is_in_doubt = stand.is_off = False
    elif answer.told in ("booking_failed", "needs_review"):
        stand.starts, stand.is_needed = set(), True
    elif answer.told not in NO_NEWS | PROMISED:
        stand.offered = offers(answer, so_far.zone) or stand.offered
        stand.is_in_doubt = bool(stand.starts)
        stand.may_be_gone |= not stand.is_needed


def _hear_change(so_far: Understanding, stand: Stand, call: PlannedCall, answer: Answer) -> None:
    new = answer.wished
    if answer.told in ("changed", "change_requested", "unchanged"):
        if new is None or not _names(answer, new, so_far.zone):
            so_far.wrong.append((call.number, f"asked to move to {new}, was told: {answer.sentence}"))
        else:
            stand.promise(new)
            so_far.settle(stand)
    elif answer.told == "change_pending" and "new_date" in answer.body and new is not None:
        stand.with_task_only |= stand.starts
        stand.starts = stand.starts | {new}
        so_far.settle(stand)
    elif answer.told == "change_pending":
        so_far.hand_on(call, answer.told)
    elif answer.told == "already_cancelled":
        stand.call_off()
    elif answer.told in UNKNOWN and new is not None:
        stand.starts.add(new)


def _hear_cancelling(so_far: Understanding, call: PlannedCall, earlier: list[PlannedCall], answer: Answer) -> None:
    known = _earlier(so_far, earlier)
    own = so_far.stands.get(call.number)
    if answer.told == "wish_dropped":
        so_far.stand(call).call_off()
        return
    stand = _meant(so_far, known, own, answer)
    if stand is None:
        return
    if answer.told in ("cancelled", "already_cancelled"):
        stand.call_off()
        so_far.settle(stand)
    elif answer.told == "cancellation_pending":
        stand.with_task_only |= stand.starts
        stand.may_be_gone = True
        so_far.settle(stand)
    elif answer.told == "change_pending":
        so_far.hand_on(call, answer.told)
    elif answer.told in UNKNOWN:
        stand.may_be_gone = True


def _unchanged(so_far: Understanding, known: list[PlannedCall], call: PlannedCall, answer: Answer) -> Stand | None:
    """The stand that a change or cancellation was about which could not be made."""
    if answer.function == CHANGE:
        return so_far.stands[known[-1].number] if known else None
    return _meant(so_far, known, so_far.stands.get(call.number), answer)


def _meant(so_far: Understanding, known: list[PlannedCall], own: Stand | None, answer: Answer) -> Stand | None:
    """The stand that a cancellation is about: the one at the time told, else the caller's latest."""
    stands = [*(so_far.stands[call.number] for call in known), *([own] if own else [])]
    told_at = named_in(answer, so_far.zone)
    at_that_time = [stand for stand in stands if told_at & stand.starts]
    return next(reversed(at_that_time or stands), None)


def read_back(answer: Answer, zone: ZoneInfo) -> datetime | None:
    """The time that a reply reads back."""
    return _instant(answer.body, zone) if isinstance(answer.body, Mapping) else None


def offers(answer: Answer, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The times that a reply offers instead, in the order in which they are spoken."""
    told = answer.body.get("alternatives") if isinstance(answer.body, Mapping) else None
    found = (_instant(one, zone) for one in told or [] if isinstance(one, Mapping))
    return tuple(start for start in found if start is not None)


def _chosen(stand: Stand, answer: Answer) -> set[datetime]:
    """What a choice among the offers means whose answer was lost."""
    return set(stand.offered[1:2]) if answer.args.get("time") == SECOND else set()


def named_in(answer: Answer, zone: ZoneInfo) -> set[datetime]:
    """The times of the appointments that a reply names."""
    named = answer.body.get("appointments") if isinstance(answer.body, Mapping) else None
    found = (_instant(one, zone) for one in named or [] if isinstance(one, Mapping))
    return {start for start in found if start is not None}


def _instant(told: Mapping[str, object], zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{told['date']}T{told['time']}").replace(tzinfo=zone)
    except (KeyError, ValueError):
        return None


def _names(answer: Answer, start: datetime, zone: ZoneInfo) -> bool:
    """Whether the reply's new time is this one, in words."""
    local = start.astimezone(zone)
    told = (answer.body.get("new_date"), answer.body.get("new_time"))
    return told in {(speak_date(local.date(), to), speak_time(local.time(), to)) for to in LANGUAGES}
