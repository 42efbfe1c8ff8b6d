"""Made-up end states: one caller's story, in which all is well until a test makes it otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from appointments.spoken import speak_date, speak_time
from retell.truth.grading import COLUMNS, by_column, grade
from retell.truth.plan import Deed, Firm, Plan, PlannedCall, Slot, Story, Turn
from retell.truth.record import (
    Answer,
    Booking,
    CallRow,
    Conversation,
    Delivered,
    Done,
    Event,
    Evidence,
    Mail,
    Message,
    Row,
    Task,
)

ZONE = ZoneInfo("Europe/Berlin")
TEN = datetime(2026, 12, 1, 10, tzinfo=ZONE)
NOON = TEN + timedelta(hours=2)
NIGHT = TEN + timedelta(hours=12)
SAID_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEFORE, AFTER = SAID_AT - timedelta(seconds=1), SAID_AT + timedelta(seconds=1)
COLLECT, CHANGE, CANCEL = "collect_appointment_information", "change_appointment_details", "cancel_appointment"
FIND, CALL_BACK = "find_appointments", "request_callback"


def answer(function: str, told: str, *, wished: datetime | None = None, **more: Any) -> Answer:
    """What the caller was told; with no word, something broke."""
    body = {"success": bool(told), "status": told or "internal_error", "message": "…", **more}
    return Answer(function=function, status=200, body=body, ended_at=SAID_AT, wished=wished)


def noted(start: datetime = TEN, told: str = "collected", *, wished: datetime | None = None) -> Answer:
    return answer(COLLECT, told, wished=wished or start, **clock(start))


def asked(told: str = "date_unclear") -> Answer:
    return answer(COLLECT, told)


def moved(start: datetime = NOON, told: str = "changed", *, says: datetime | None = None) -> Answer:
    local = (says or start).astimezone(ZONE)
    new = {"new_date": speak_date(local.date(), "de"), "new_time": speak_time(local.time(), "de")}
    return answer(CHANGE, told, wished=start, **new)


def cancelled(start: datetime = TEN, told: str = "cancelled") -> Answer:
    return answer(CANCEL, told, appointments=[clock(start)])


def dropped() -> Answer:
    return answer(CANCEL, "wish_dropped")


def broke(function: str = COLLECT, *, wished: datetime | None = TEN) -> Answer:
    return answer(function, "", wished=wished)


def clock(start: datetime) -> dict[str, str]:
    local = start.astimezone(ZONE)
    return {"date": local.date().isoformat(), "time": f"{local:%H:%M}"}


def booking(start: datetime = TEN, *, call: int = 0, uid: str = "uid", **more: Any) -> Booking:
    fields: dict[str, Any] = {
        "account_id": 1,
        "event_type_id": 1001,
        "end": start + timedelta(minutes=30),
        "status": "accepted",
        "created_at": BEFORE,
        "updated_at": BEFORE,
        "key": f"key-{uid}",
        "call_id": f"call_{call}",
    }
    return Booking(uid=uid, start=start, **{**fields, **more})


def row(
    start: datetime = TEN, *, call: int = 0, uid: str | None = "uid", status: str = "scheduled", **more: Any
) -> Row:
    fields: dict[str, Any] = {"pk": 1, "company_id": 1, "call_id": f"call_{call}", "starts_at": start}
    return Row(status=status, uid=uid, **{**fields, **more})


def task(*, call: int = 0, kind: str = "needs_review", status: str = "open", appointment: int | None = None) -> Task:
    return Task(call_id=f"call_{call}", kind=kind, status=status, what_to_do="…", appointment=appointment)


def mail(news: str, start: datetime = TEN) -> Mail:
    return Mail(appointment=1, news=news, starts_at=start, sent_at=SAID_AT)


@dataclass(kw_only=True)
class Told:
    """Calls of one caller, one after the other, each with its answers; and what was found in the end.

    `deeds` are the host's, after all calls; each is done to the first call's booking.
    """

    calls: Sequence[Sequence[Answer]]
    bookings: Sequence[Booking] = ()
    rows: Sequence[Row] | None = None
    tasks: Sequence[Task] = ()
    deeds: Sequence[Done] = ()
    at_once: bool = False
    needs_confirmation: bool = False
    delivered: Sequence[Delivered] = ()
    events: Sequence[Event] = ()
    messages: Sequence[Message] = ()
    mails: Sequence[Mail] = ()
    call_rows: Sequence[CallRow] = ()
    callers: Sequence[str] = field(default_factory=lambda: ["+4915100000001"] * 9)

    def failing(self) -> set[str]:
        """The columns that are not 0."""
        columns = by_column(grade(self.plan, self.evidence, ZONE))
        return {name for name in COLUMNS if columns[name]}

    @property
    def plan(self) -> Plan:
        scenes: list[tuple[Any, ...]] = [(call,) for call in self._planned()]
        deeds = tuple(one.deed for one in self.deeds)
        if self.at_once:
            scenes = [*scenes[:-1], (*scenes[-1], *deeds)]
        elif deeds:
            scenes.append(deeds)
        story = Story(number=0, kind="made up", firm=0, scenes=tuple(scenes))
        firms = (Firm(number=0, needs_confirmation=self.needs_confirmation),)
        return Plan(seed=0, firms=firms, stories=(story,))

    @property
    def evidence(self) -> Evidence:
        conversations = {
            call.number: Conversation(
                call=call,
                call_id=f"call_{call.number}",
                company_id=1,
                answers=tuple(answers),
                events=tuple(self.delivered),
            )
            for call, answers in zip(self._planned(), self.calls, strict=True)
        }
        return Evidence(
            conversations=conversations,
            done=tuple(self.deeds),
            bookings=tuple(self.bookings),
            rows=tuple(self._rows_of_bookings() if self.rows is None else self.rows),
            tasks=tuple(self.tasks),
            events=tuple(self.events),
            messages=tuple(self.messages),
            mails=tuple(self.mails),
            calls=tuple(self.call_rows),
        )

    def _planned(self) -> list[PlannedCall]:
        turn = Turn(function=COLLECT, wish=Slot(0, 600))
        return [
            PlannedCall(number=number, firm=0, caller=caller, turns=(turn,))
            for number, (caller, _) in enumerate(zip(self.callers, self.calls, strict=False))
        ]

    def _rows_of_bookings(self) -> list[Row]:
        """As they should be: each live booking is some row's."""
        return [
            Row(
                pk=number,
                company_id=1,
                call_id=one.call_id,
                status="scheduled" if one.status == "accepted" else "booking",
                starts_at=one.start,
                uid=one.uid,
            )
            for number, one in enumerate(self.bookings)
            if one.is_live
        ]


def deed(kind: Any, *, new_uid: str = "", starts_at: datetime | None = None, uid: str = "uid") -> Done:
    return Done(deed=Deed(firm=0, kind=kind, about=0), uid=uid, new_uid=new_uid, starts_at=starts_at)


def over(one: Booking, *, at: datetime = BEFORE, status: str = "cancelled", moved_to: str = "") -> Booking:
    return replace(one, status=status, updated_at=at, moved_to=moved_to)
