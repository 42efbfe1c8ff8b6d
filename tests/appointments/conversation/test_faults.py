"""Whatever goes wrong with Cal.com while the caller waits: an answer comes, and what it says is so.

A request that hangs does so for a minute: the tests are over long before that because the functions don't wait.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from appointments import availability
from appointments.calendar import CalendarError, calendar_of
from appointments.conversation import turn
from appointments.intents import book_wish
from appointments.models import Appointment, Call, Company, FollowUp, Service
from appointments.voice import Reply
from calcom import budget, client
from calcom.sandbox import CalcomSandbox
from mcp_gateway.sandbox import RunningSandbox
from tests.appointments.booked import book_by_phone
from tests.appointments.talking import CLAIM, NOW, Conversation, berlin, told
from tests.appointments.threads import at_once
from tests.calcom.conftest import CalcomControl
from tests.waiting import eventually

Status = Appointment.Status

# What is waited for here, in place of seconds.
BUDGET = 0.5
ALWAYS = 1000

WEDNESDAY, THURSDAY = "2027-01-13T10:00", "2027-01-14T15:00"
STANDS, STAYS = "steht noch wie zuvor", "bleibt wie zuvor"
LATER = {"new_date": "Donnerstag", "new_time": "15 Uhr"}


@dataclass(frozen=True)
class Trouble:
    """A way to misbehave; `known` is what it says of the request: "lost" is nothing, the others changed nothing."""

    name: str
    known: str
    action: str
    answer: tuple[int, Any] = (0, None)

    def befall(self, control: CalcomControl, place: "Place", when: str = "before", times: int = ALWAYS) -> None:
        status, body = self.answer
        fields = {"status": status, "body": body} if self.action == "reply" else {}
        fields |= {"seconds": 10 * BUDGET} if self.action == "delay" else {}
        control.fault(self.action, place.path, method=place.method, when=when, times=times, **fields)


@dataclass(frozen=True)
class Place:
    """Some of Cal.com's paths."""

    name: str
    method: str
    path: str


@dataclass(frozen=True)
class Ask:
    """What the agent asks for after `before`; `healthy` is the answer's status when nothing is wrong.

    `amid` has the answer's status by place and by what is known after the trouble there.
    """

    name: str
    before: Callable[[Conversation], object]
    act: Callable[[Conversation], Reply]
    healthy: str
    amid: dict[str, dict[str, str]]

    def status(self, place: Place, trouble: Trouble) -> str:
        return self.amid[place.name][trouble.known]

    @property
    def standing(self) -> list[str]:
        """What Cal.com holds before."""
        return [utc(WEDNESDAY)] if self.before is booked else []


def envelope(status: int, code: str, message: str) -> tuple[int, Any]:
    return status, {"status": "error", "error": {"code": code, "message": message, "details": message}}


THROTTLED = "CustomThrottlerGuard - Too many requests. Please try again later."
LOST = [
    Trouble("hang", "lost", "hang"),
    Trouble("reset", "lost", "reset"),
    Trouble("500", "lost", "reply", (500, {"statusCode": 500, "message": "Internal server error"})),
    Trouble("502", "lost", "reply", (502, b"<html>Bad Gateway</html>")),
    Trouble("malformed", "lost", "malformed"),
]
LATE = Trouble("late", "lost", "delay")
REFUSED = [
    Trouble("429", "nothing", "reply", envelope(429, "ThrottlerException", THROTTLED)),
    Trouble("401", "nothing", "reply", envelope(401, "UnauthorizedException", "Your api key is not valid")),
    Trouble("404", "refused", "reply", envelope(404, "NotFoundException", "Not Found")),
]

SLOTS = Place("slots", "GET", "/v2/slots")
RESERVE = Place("reserve", "POST", "/v2/slots/reservations")
RELEASE = Place("release", "DELETE", "/v2/slots/reservations/.*")
BOOK = Place("book", "POST", "/v2/bookings")
MOVE = Place("move", "POST", "/v2/bookings/.*/reschedule")
CANCEL = Place("cancel", "POST", "/v2/bookings/.*/cancel")
LOOK = Place("look", "GET", "/v2/bookings/.+")
EVERYTHING = Place("everything", "", "/v2/.*")
PLACES = [SLOTS, RESERVE, RELEASE, BOOK, MOVE, CANCEL, EVERYTHING]
WRITES = [RESERVE, RELEASE, BOOK, MOVE, CANCEL]


def always(status: str) -> dict[str, str]:
    return dict.fromkeys(("lost", "nothing", "refused"), status)


def nothing(caller: Conversation) -> None:
    pass


def in_the_call(caller: Conversation) -> None:
    Company.objects.update(booking_mode=Company.BookingMode.DURING_CALL)


def read_back(caller: Conversation) -> None:
    """The caller has been asked for the yes."""
    in_the_call(caller)
    assert caller.collect().status == "confirmation_required"


def booked(caller: Conversation) -> None:
    book_by_phone(caller.service, WEDNESDAY)


def wished(caller: Conversation) -> None:
    assert caller.collect().status == "collected"


UNCHECKED = {"slots": always("collected_unchecked"), "everything": always("collected_unchecked")}
UNREACHABLE = {"lost": "calendar_unreachable", "nothing": "calendar_unreachable", "refused": "not_changeable"}

COLLECT = Ask(
    "collect", nothing, lambda caller: caller.collect(), "collected", {**UNCHECKED, "reserve": always("collected")}
)
READ_BACK = Ask(
    "collect in the call",
    in_the_call,
    lambda caller: caller.collect(),
    "confirmation_required",
    {**UNCHECKED, "reserve": always("confirmation_required")},
)
CONFIRM = Ask(
    "confirm",
    read_back,
    lambda caller: caller.adds(confirmed="ja"),
    "booked",
    {**UNCHECKED, "book": {"lost": "booking_pending", "nothing": "booking_pending", "refused": "booking_failed"}},
)
CHECK = Ask(
    "check",
    nothing,
    lambda caller: caller.check(date="morgen", time="14 Uhr"),
    "available",
    {"slots": always("calendar_unreachable"), "everything": always("calendar_unreachable")},
)
CHANGE = Ask(
    "change",
    booked,
    lambda caller: caller.change(**LATER),
    "changed",
    {"slots": UNREACHABLE, "move": {**UNREACHABLE, "lost": "change_pending"}, "everything": UNREACHABLE},
)
CALL_OFF = Ask(
    "cancel",
    booked,
    lambda caller: caller.cancel(),
    "cancelled",
    {
        "cancel": {**UNREACHABLE, "lost": "cancellation_pending"},
        "everything": {**UNREACHABLE, "lost": "cancellation_pending"},
    },
)
FIND = Ask("find", booked, lambda caller: caller.find(), "found", {"everything": always("found")})
CALL_BACK = Ask(
    "request_callback",
    nothing,
    lambda caller: caller.callback(reason="Rechnung"),
    "callback_noted",
    {"everything": always("callback_noted")},
)
MOVE_WISH = Ask(
    "change a wish",
    wished,
    lambda caller: caller.change(new_time="16 Uhr"),
    "collected",
    {**UNCHECKED, "reserve": always("collected"), "release": always("collected")},
)
DROP_WISH = Ask(
    "cancel a wish",
    wished,
    lambda caller: caller.cancel(),
    "wish_dropped",
    {"release": always("wish_dropped"), "everything": always("wish_dropped")},
)
ASKS = [COLLECT, READ_BACK, CONFIRM, CHECK, CHANGE, CALL_OFF, FIND, CALL_BACK, MOVE_WISH, DROP_WISH]


def named(*parts: Any) -> str:
    return " - ".join(getattr(part, "name", part) for part in parts)


def cases() -> list[Any]:
    """Every trouble where a function goes; after the vendor has done the work an answer can only be lost."""
    return [
        pytest.param(ask, place, trouble, when, id=named(ask, place, trouble, when))
        for ask in ASKS
        for place in PLACES
        if place.name in ask.amid
        for trouble, when in [
            *((trouble, "before") for trouble in LOST + REFUSED),
            *((trouble, "after") for trouble in LOST if place in WRITES),
        ]
    ]


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "LOOK_SECONDS", BUDGET)
    monkeypatch.setattr(turn, "WRITE_SECONDS", BUDGET)


def asked(ask: Ask, caller: Conversation, place: Place, trouble: Trouble, when: str = "before") -> Reply:
    """The answer amid the trouble; nothing is remembered of what is free."""
    ask.before(caller)
    availability.forget(caller.call.company_id)
    trouble.befall(caller.control, place, when)
    return ask.act(caller)


def heal(control: CalcomControl) -> None:
    """Cal.com is well again, and the minute for which it blocks a key is over."""
    control.sandbox.faults.clear()
    budget.forget_all()


def live(control: CalcomControl) -> list[str]:
    return [row["start"][:16] for row in control.bookings() if row["status"] == "accepted"]


def utc(moment: str) -> str:
    return berlin(moment).isoformat()[:16]


def claims(reply: Reply) -> bool:
    """Whether it says that something is done; that something is not confirmed yet is no claim."""
    return CLAIM.search(reply.message.replace("noch nicht bestätigt", "")) is not None


def assert_so(reply: Reply, caller: Conversation, standing: list[str]) -> None:
    """What is claimed is so in Cal.com; where nothing is claimed nor left open, nothing has changed there."""
    done = {"booked": [utc("2027-01-12T14:00")], "changed": [utc(THURSDAY)], "cancelled": []}
    assert claims(reply) == (reply.status in done)
    if not reply.status.endswith("_pending"):
        assert live(caller.control) == done.get(reply.status, standing)


def assert_seen_to(reply: Reply, caller: Conversation) -> None:
    """What is promised is noted: the wish that will be booked, and whatever somebody is said to look into."""
    row, wish = caller.row(), caller.wish()
    if "Gebucht wird" in reply.message or "gleich nach unserem Gespräch" in reply.message:
        assert (row.status in (Status.HELD, Status.BOOKING), wish.state) == (True, "wanted")
        assert row.starts_at == wish.starts_at
    if "Jemand von uns" in reply.message:
        assert FollowUp.objects.filter(status=FollowUp.Status.OPEN).exists()


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize(("ask", "place", "trouble", "when"), cases())
def test_an_answer_comes_and_is_so(caller: Conversation, ask: Ask, place: Place, trouble: Trouble, when: str) -> None:
    reply = asked(ask, caller, place, trouble, when)
    assert (reply.success, reply.status) == (True, ask.status(place, trouble))
    assert_so(reply, caller, ask.standing)
    assert_seen_to(reply, caller)


@pytest.mark.parametrize("ask", ASKS, ids=named)
def test_what_goes_wrong_where_it_has_no_business_is_nothing_to_it(caller: Conversation, ask: Ask) -> None:
    ask.before(caller)
    for place in PLACES:
        if place.name not in ask.amid:
            Trouble("500", "lost", "reply", (500, None)).befall(caller.control, place)
    assert ask.act(caller).status == ask.healthy


@pytest.mark.parametrize("ask", [COLLECT, READ_BACK, CHECK, CHANGE, CALL_OFF, MOVE_WISH], ids=named)
def test_when_it_is_over_the_same_again_works(caller: Conversation, ask: Ask) -> None:
    asked(ask, caller, EVERYTHING, REFUSED[0])
    heal(caller.control)
    availability.forget(caller.call.company_id)
    assert ask.act(caller).status == ask.healthy


class TestTheBudget:
    """Cal.com answers well, but late: whoever waited for it would say what it says."""

    @pytest.fixture
    def running_sandbox(self) -> Iterator[CalcomSandbox]:
        """One of its own: what arrives in it later is nothing to other tests."""
        sandbox = CalcomSandbox()
        with RunningSandbox(sandbox):
            yield sandbox

    @pytest.fixture(autouse=True)
    def _patient_client(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only the functions' own budget ends a request."""
        for name in ("READ_SECONDS", "WRITE_SECONDS"):
            monkeypatch.setattr(client, name, 60.0)

    @pytest.mark.usefixtures("in_a_hurry")
    @pytest.mark.parametrize(
        ("ask", "place"),
        [
            pytest.param(ask, place, id=named(ask, place))
            for ask in ASKS
            for place in PLACES
            if ask.amid.get(place.name, always(ask.healthy))["lost"] != ask.healthy
        ],
    )
    def test_an_answer_is_not_waited_for(self, caller: Conversation, ask: Ask, place: Place) -> None:
        assert asked(ask, caller, place, LATE).status == ask.status(place, LATE)

    @pytest.mark.usefixtures("in_a_hurry")
    def test_nor_is_a_reservation(self, caller: Conversation) -> None:
        asked(COLLECT, caller, RESERVE, LATE)
        assert caller.row().reservation_uid == ""

    @pytest.mark.usefixtures("in_a_hurry")
    def test_nor_is_what_became_of_a_change(self, caller: Conversation) -> None:
        asked(CHANGE, caller, MOVE, LOST[1], "after")
        LATE.befall(caller.control, LOOK, times=1)
        assert told(FIND.act(caller), "appointments")[0]["date"] == "2027-01-13"


class TestAWishInTrouble:
    """Never lost, and booked once, when the call is over and Cal.com well again."""

    def end(self, caller: Conversation) -> Appointment | None:
        """The call ends; what could not be done at once is tried again within the hour."""
        heal(caller.control)
        Call.objects.update(status=Call.Status.ENDED)
        for hours in (0, 1, 2):
            with time_machine.travel(NOW + timedelta(hours=hours, minutes=5)):
                appointment = book_wish(Call.objects.get())
        return appointment

    @pytest.mark.usefixtures("in_a_hurry")
    @pytest.mark.parametrize(
        ("place", "trouble", "when"),
        [
            pytest.param(place, trouble, when, id=named(place, trouble, when))
            for place, when in [(SLOTS, "before"), (RESERVE, "before"), (RESERVE, "after"), (EVERYTHING, "before")]
            for trouble in (LOST if when == "after" else LOST + REFUSED)
        ],
    )
    def test_collected_it_is_one_booking(self, caller: Conversation, place: Place, trouble: Trouble, when: str) -> None:
        asked(COLLECT, caller, place, trouble, when)
        assert self.end(caller).status == Status.SCHEDULED
        assert live(caller.control) == [utc("2027-01-12T14:00")]

    @pytest.mark.usefixtures("in_a_hurry")
    @pytest.mark.parametrize(
        ("place", "trouble", "when"),
        [
            *((BOOK, trouble, when) for trouble in LOST for when in ("before", "after")),
            *((BOOK, trouble, "before") for trouble in REFUSED[:2]),
            *((place, trouble, "before") for trouble in LOST + REFUSED for place in (SLOTS, EVERYTHING)),
        ],
        ids=named,
    )
    def test_confirmed_it_is_one_booking(self, caller: Conversation, place: Place, trouble: Trouble, when: str) -> None:
        asked(CONFIRM, caller, place, trouble, when)
        assert self.end(caller).status == Status.SCHEDULED
        assert live(caller.control) == [utc("2027-01-12T14:00")]
        assert caller.row().calcom_booking_uid == caller.control.bookings()[0]["uid"]

    @pytest.mark.parametrize("trouble", REFUSED[2:], ids=named)
    def test_refused_for_good_it_is_not_booked_behind_the_callers_back(
        self, caller: Conversation, trouble: Trouble
    ) -> None:
        asked(CONFIRM, caller, BOOK, trouble)
        assert self.end(caller).status == Status.FAILED
        assert live(caller.control) == []

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_second_yes_sends_no_second_request(self, caller: Conversation, when: str) -> None:
        assert asked(CONFIRM, caller, BOOK, LOST[1], when).status == "booking_pending"
        heal(caller.control)
        assert CONFIRM.act(caller).status == "booking_pending"
        assert [row["method"] for row in caller.control.requests() if row["path"] == BOOK.path] == ["POST"]

    @pytest.mark.usefixtures("in_a_hurry")
    def test_a_booking_that_comes_late_is_one_booking(self, caller: Conversation) -> None:
        CONFIRM.before(caller)
        caller.control.fault("delay", BOOK.path, method="POST", seconds=2 * BUDGET)
        assert CONFIRM.act(caller).status == "booking_pending"
        eventually(caller.control.bookings, what="the request arrives")
        assert self.end(caller).status == Status.SCHEDULED
        assert live(caller.control) == [utc("2027-01-12T14:00")]


class TestALostReservation:
    """Cal.com hides the time for a caller who does not know: from the others, and that is all."""

    @pytest.fixture
    def lost(self, caller: Conversation) -> Conversation:
        asked(COLLECT, caller, RESERVE, LOST[1], "after")
        heal(caller.control)
        return caller

    def test_the_caller_may_go_on(self, lost: Conversation) -> None:
        assert lost.adds(name="Erika Beispiehl").status == "collected"
        assert (lost.row().status, lost.wish().state) == (Status.HELD, "wanted")

    def test_the_caller_may_go_on_when_the_calendar_is_asked_again(self, lost: Conversation) -> None:
        availability.forget(lost.call.company_id)
        assert lost.adds(name="Erika Beispiehl").status == "collected"

    def test_the_caller_may_say_yes(self, lost: Conversation) -> None:
        in_the_call(lost)
        assert CONFIRM.act(lost).status == "booked"

    def test_what_was_not_given_back_may_be_wished_again(self, caller: Conversation) -> None:
        asked(MOVE_WISH, caller, RELEASE, LOST[1])
        heal(caller.control)
        assert caller.adds(time="14 Uhr").status == "collected"


class TestALostChange:
    """It was done, and nobody knows: what is said and asked next."""

    @pytest.fixture
    def moved(self, caller: Conversation) -> Conversation:
        asked(CHANGE, caller, MOVE, LOST[1], "after")
        heal(caller.control)
        return caller

    @pytest.fixture
    def cancelled(self, caller: Conversation) -> Conversation:
        asked(CALL_OFF, caller, CANCEL, LOST[1], "after")
        heal(caller.control)
        return caller

    @pytest.fixture(params=[LOST[2], REFUSED[0]], ids=named)
    def unseen(self, request: pytest.FixtureRequest, moved: Conversation) -> Conversation:
        """What became of it can't be seen either."""
        request.param.befall(moved.control, LOOK)
        return moved

    def test_the_same_change_again_is_no_slot_taken(self, moved: Conversation) -> None:
        """It is taken by the appointment itself."""
        assert CHANGE.act(moved).status in ("changed", "change_pending", "unchanged")
        assert live(moved.control) == [utc(THURSDAY)]

    def test_the_same_cancellation_again_is_done(self, cancelled: Conversation) -> None:
        assert CALL_OFF.act(cancelled).status == "cancelled"
        assert live(cancelled.control) == []

    def test_what_was_moved_is_not_said_to_stand_where_it_was(self, moved: Conversation) -> None:
        assert STANDS not in CALL_OFF.act(moved).message

    def test_what_was_cancelled_is_not_said_to_stand(self, cancelled: Conversation) -> None:
        assert STANDS not in CHANGE.act(cancelled).message

    @pytest.mark.parametrize(("ask", "place"), [(CHANGE, MOVE), (CALL_OFF, CANCEL)], ids=named)
    def test_what_did_not_arrive_can_be_asked_for_again(self, caller: Conversation, ask: Ask, place: Place) -> None:
        """As soon as the calendar is sure to show what did."""
        asked(ask, caller, place, LOST[1])
        heal(caller.control)
        with time_machine.travel(NOW + timedelta(minutes=1)):
            assert ask.act(caller).status == ask.healthy

    def test_what_can_be_seen_is_told_as_it_is(self, moved: Conversation) -> None:
        assert told(FIND.act(moved), "appointments")[0]["date"] == "2027-01-14"

    def test_what_can_not_be_seen_is_told_to_be_unconfirmed(self, unseen: Conversation) -> None:
        assert "noch nicht bestätigt" in FIND.act(unseen).message

    @pytest.mark.parametrize(
        "new", [LATER, {"new_date": "Mittwoch", "new_time": "10 Uhr"}, {"new_date": "Freitag", "new_time": "10 Uhr"}]
    )
    def test_what_can_not_be_seen_is_not_said_to_be_where_it_was(
        self, unseen: Conversation, new: dict[str, str]
    ) -> None:
        reply = unseen.change(**new)
        assert reply.status != "unchanged" or new == LATER
        assert not [words for words in (STANDS, STAYS) if words in reply.message]

    def test_nor_where_nothing_works(self, moved: Conversation) -> None:
        for trouble in (LOST[2], REFUSED[0], REFUSED[1]):
            heal(moved.control)
            trouble.befall(moved.control, EVERYTHING)
            assert STANDS not in CALL_OFF.act(moved).message
            assert STANDS not in CHANGE.act(moved).message


@pytest.mark.parametrize("ask", [CHANGE, CALL_OFF], ids=named)
@pytest.mark.parametrize("done", ["cancel", "reschedule"])
def test_what_staff_did_in_calcom_is_not_said_to_stand_as_it_was(caller: Conversation, ask: Ask, done: str) -> None:
    """Before its webhook comes, if it does."""
    booked(caller)
    uid = Appointment.objects.get().calcom_booking_uid
    caller.control.post(f"bookings/{uid}/{done}", start=berlin("2027-01-15T10:00").isoformat())
    reply = ask.act(caller)
    assert STANDS not in reply.message
    assert not claims(reply) or live(caller.control) == []


@pytest.mark.django_db(transaction=True)
class TestTwiceAtOnce:
    """A model repeats itself within a second, while Cal.com is still busy with the first."""

    def twice(self, caller: Conversation, ask: Ask, place: Place) -> list[Reply]:
        ask.before(caller)
        caller.control.fault("delay", place.path, method=place.method, when="after", seconds=BUDGET)
        return at_once(2, lambda _: ask.act(caller))

    def test_a_wish_is_held_once(self, caller: Conversation) -> None:
        replies = self.twice(caller, COLLECT, RESERVE)
        assert {reply.status for reply in replies} == {"collected"}
        assert (caller.row().status, caller.wish().state) == (Status.HELD, "wanted")

    def test_a_yes_is_one_booking(self, caller: Conversation) -> None:
        replies = self.twice(caller, CONFIRM, BOOK)
        assert {reply.status for reply in replies} == {"booked", "booking_pending"}
        assert live(caller.control) == [utc("2027-01-12T14:00")]

    @pytest.mark.parametrize(("ask", "place"), [(CHANGE, MOVE), (CALL_OFF, CANCEL)], ids=named)
    def test_a_change_is_not_said_to_have_failed(self, caller: Conversation, ask: Ask, place: Place) -> None:
        replies = self.twice(caller, ask, place)
        assert ask.healthy in {reply.status for reply in replies}
        assert not any(STANDS in reply.message for reply in replies)


class TestAnOpenBreaker:
    def open(self, caller: Conversation) -> None:
        """Five failures in a row."""
        LOST[2].befall(caller.control, SLOTS, times=5)
        for _ in range(5):
            with pytest.raises(CalendarError):
                calendar_of(caller.service.company).free_starts(caller.service, NOW, NOW + timedelta(days=1))

    @pytest.mark.parametrize("ask", ASKS, ids=named)
    def test_the_answer_comes_at_once_and_is_so(self, caller: Conversation, ask: Ask) -> None:
        ask.before(caller)
        availability.forget(caller.call.company_id)
        self.open(caller)
        sent = len(caller.control.requests())
        reply = ask.act(caller)
        assert (reply.success, reply.status) == (True, ask.amid["everything"]["nothing"])
        assert len(caller.control.requests()) == sent
        assert_so(reply, caller, ask.standing)
        assert_seen_to(reply, caller)

    def test_a_yes_is_kept_for_after_the_call(self, caller: Conversation) -> None:
        """What is free was looked up before it opened."""
        CONFIRM.before(caller)
        self.open(caller)
        reply = CONFIRM.act(caller)
        assert reply.status == "booking_pending"
        assert_seen_to(reply, caller)
        assert TestAWishInTrouble().end(caller).status == Status.SCHEDULED

    def test_a_second_company_is_not_affected(self, caller: Conversation, other_company: Company) -> None:
        self.open(caller)
        Company.objects.filter(pk=other_company.pk).update(
            calcom_api_key=caller.service.company.calcom_api_key, calcom_base_url=caller.control.base_url
        )
        other_company.refresh_from_db()
        service = Service.objects.create(
            company=other_company,
            name="Haarschnitt",
            duration_minutes=60,
            calcom_event_type_id=caller.service.calcom_event_type_id,
        )
        assert Conversation(service, caller.control).collect().status == "collected"


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.django_db(transaction=True)
def test_five_callers_who_wait_for_the_same_answer_are_all_answered(cut: Service, control: CalcomControl) -> None:
    """One of them asks the calendar, which hangs; the others wait for that answer no longer than it does."""
    callers = [Conversation(cut, control, number=f"+491511234567{number}") for number in range(5)]
    LOST[0].befall(control, SLOTS)
    times = [f"{hour} Uhr" for hour in range(10, 15)]
    replies = at_once(5, lambda number: callers[number].collect(time=times[number]))
    assert [reply.status for reply in replies] == ["collected_unchecked"] * 5
    assert {caller.wish().state for caller in callers} == {"wanted"}


@pytest.mark.usefixtures("in_a_hurry")
def test_what_can_not_be_looked_up_is_neither_free_nor_full(caller: Conversation) -> None:
    LOST[0].befall(caller.control, SLOTS)
    replies = [caller.collect(time="nachmittags"), caller.check(date="nächste Woche"), caller.check(date=None)]
    assert not {"no_slots", "slot_taken", "available"} & {reply.status for reply in replies}
