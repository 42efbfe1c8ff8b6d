"""What is going to happen: companies, callers, their calls and what goes wrong. One seed, one plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from retell.truth.faults import Fault

# Two days ahead nothing is too soon, neither to be booked nor to be changed by phone.
FIRST_DAY_AHEAD = 3
# How a caller takes the second of the times that were offered.
SECOND = "das zweite bitte"
DeedKind = Literal["books", "cancels", "moves", "confirms", "declines"]


@dataclass(frozen=True, kw_only=True)
class Firm:
    """A company to be set up. `tells` is whether Cal.com's webhooks are."""

    number: int
    books_during_call: bool = False
    needs_confirmation: bool = False
    tells: bool = True
    mails_customers: bool = False


@dataclass(frozen=True, order=True)
class Slot:
    """A time at a company: on the n-th workday, so many minutes after midnight on its clock."""

    day: int
    minutes: int

    def starts_at(self, first_day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(workday(first_day, self.day), self.time, tzinfo=zone)

    @property
    def time(self) -> time:
        return time(self.minutes // 60, self.minutes % 60)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One function call. `wish` is the time that the caller asks for, `which` the appointment that they mean."""

    function: str
    args: Mapping[str, Any] = field(default_factory=dict)
    wish: Slot | None = None
    which: Slot | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedCall:
    """`caller` is a number or "anonymous"; `knobs` are Retell's oddities; `after` seconds since its scene began."""

    number: int
    firm: int
    caller: str
    turns: tuple[Turn, ...]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    after: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody does in Cal.com itself: to the booking of call `about`, or a booking of their own at `slot`."""

    firm: int
    kind: DeedKind
    about: int | None = None
    slot: Slot | None = None
    after: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Echo:
    """The end of call `about` is told once more, long after it."""

    firm: int
    about: int
    after: float = 0.0


Act = PlannedCall | Deed | Echo


@dataclass(frozen=True, kw_only=True)
class Story:
    """Calls that belong together. A scene begins when the one before has settled; its acts happen at once."""

    number: int
    kind: str
    firm: int
    scenes: tuple[tuple[Act, ...], ...]

    @property
    def calls(self) -> Iterator[PlannedCall]:
        return (act for scene in self.scenes for act in scene if isinstance(act, PlannedCall))


@dataclass(frozen=True, kw_only=True)
class Plan:
    seed: int
    firms: tuple[Firm, ...]
    stories: tuple[Story, ...]

    @property
    def calls(self) -> list[PlannedCall]:
        return [call for story in self.stories for call in story.calls]


def first_day(today: date) -> date:
    """The workday that counts as number 0."""
    return next_workday(today + timedelta(days=FIRST_DAY_AHEAD))


def workday(first: date, number: int) -> date:
    """The n-th workday from the first on."""
    weeks, days = divmod(first.weekday() + number, 5)
    return first + timedelta(days=7 * weeks + days - first.weekday())


def next_workday(day: date) -> date:
    """The day itself, or the Monday after its weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day
