"""One field of what an agent passed on, cut into the pieces that mean something and the words that are left over."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from appointments.spoken import dates, stretches, weekdays
from appointments.spoken.meaning import Clock, Day, Piece, Stretch, Weekday
from appointments.spoken.times import clock
from appointments.spoken.tokens import Cursor, rule, tokenise
from appointments.spoken.windows import hours, part_of_day
from appointments.spoken.words import FILLER_SIGNS, FILLERS, fold, vocabulary

LONGEST_FIELD: Final = 120
PLACEHOLDER: Final = re.compile(r"\$?\{.*\}|<.*>|\[.*\]|[\W_]*", re.DOTALL)
JUNK: Final = vocabulary(
    "none|null|nil|nan|n/a|na|k.a.|tbd|undefined|unknown|unbekannt|string|keine|keine angabe|nicht angegeben|"
    "not specified|not provided|not given|date|time|datum|uhrzeit|false"
)

Found = Piece | tuple[Piece, ...] | None
Rule = Callable[[Cursor], Found]
DayRule = Callable[[Cursor, date], Found]
DAY_RULES: Final[tuple[DayRule, ...]] = (
    dates.named_date,
    dates.counted_date,
    dates.dotted_date,
    dates.slashed_date,
    dates.day_of_month,
    weekdays.relative_day,
    weekdays.part_of_today,
    weekdays.counted_days,
    weekdays.weekday,
    stretches.stretch,
)


@dataclass(frozen=True, slots=True)
class Heard:
    pieces: tuple[Piece, ...] = ()
    left_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What the grammar must know besides the words; in the field for times a bare number is a time.

    `rules` are tried first: they understand what only this conversation makes meaningful.
    """

    today: date
    zone: ZoneInfo
    time_field: bool = False
    rules: tuple[Rule, ...] = ()


def hear(words: str | None, setting: Setting) -> Heard:
    if words is None or is_missing(words):
        return Heard()
    if len(words) > LONGEST_FIELD:
        return Heard(left_over=(words[:LONGEST_FIELD],))
    return _parse(Cursor(tokenise(words)), setting)


def is_missing(words: str) -> bool:
    """Whether a model filled the field with a word for nothing, or with a variable that was never replaced."""
    bare = fold(words.strip())
    return bare in JUNK or PLACEHOLDER.fullmatch(bare) is not None


def _parse(cursor: Cursor, setting: Setting) -> Heard:
    pieces: list[Piece] = []
    left_over: list[str] = []
    after_day = False
    while not cursor.done:
        start = cursor.at
        found = _longest(cursor, _rules(setting, after_day=after_day))
        after_day = any(isinstance(piece, Day | Weekday | Stretch) for piece in found)
        pieces.extend(found)
        if cursor.at == start and not _skip_filler(cursor):
            left_over.append(cursor.advance().said)
    return Heard(tuple(pieces), tuple(left_over))


def _rules(setting: Setting, *, after_day: bool) -> list[Rule]:
    """Where two rules read equally much, the earlier one is right."""
    first: list[Rule] = [*setting.rules, partial(part_of_day, after_day=after_day)]
    days: list[Rule] = [partial(iso, zone=setting.zone), *(_on(read, setting.today) for read in DAY_RULES)]
    times: list[Rule] = [partial(read, bare=setting.time_field) for read in (clock, hours)]
    return first + (times + days if setting.time_field else days + times)


def _on(read: DayRule, today: date) -> Rule:
    return lambda cursor: read(cursor, today)


def _longest(cursor: Cursor, rules: list[Rule]) -> tuple[Piece, ...]:
    start = end = cursor.at
    longest: tuple[Piece, ...] = ()
    for read in rules:
        cursor.at = start
        found = read(cursor)
        if found is not None and cursor.at > end:
            end = cursor.at
            longest = found if isinstance(found, tuple) else (found,)
    cursor.at = end
    return longest


def _skip_filler(cursor: Cursor) -> bool:
    return cursor.phrase(FILLERS) is not None or cursor.phrase(FILLER_SIGNS) is not None


@rule
def iso(cursor: Cursor, zone: ZoneInfo) -> tuple[Piece, ...] | None:
    """ "2026-12-15", "2026-12-15T14:30", also with "Z" or the offset of the zone."""
    token = cursor.take("iso")
    if token is None:
        return None
    day, *moment = re.split(r"[t\s]", token.text)
    given = dates.exact(*map(int, day.split("-")))
    # Midnight is how a program writes a date without a time.
    if given.problem or not moment or re.match(r"00:00(:00)?(?![:\d])", moment[0]):
        return (given,)
    return _iso_moment(token.text, zone) or (given, Clock(()))


def _iso_moment(text: str, zone: ZoneInfo) -> tuple[Piece, ...] | None:
    try:
        moment = datetime.fromisoformat(text.upper())
        local = moment.astimezone(zone) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    # An offset of elsewhere is rather the agent's own zone than the caller's: ask.
    elsewhere = moment.utcoffset() and moment.utcoffset() != local.utcoffset()
    if elsewhere or local.second or local.microsecond:
        return None
    return Day((local.date(),)), Clock((local.time().replace(fold=0),))
