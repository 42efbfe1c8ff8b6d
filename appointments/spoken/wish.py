"""Understanding when a caller would like to come. Whatever is not wholly and uniquely understood is a problem to ask
about: a guess here books a wrong appointment."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from appointments.spoken.meaning import Clock, Day, Hours, Part, Problem, Stretch, Understanding, Weekday
from appointments.spoken.sentence import Heard, Setting, hear
from appointments.spoken.settle import DayChoice, TimeChoice, choose_day, choose_time

USUAL_OPENING: Final = (time(8), time(20))
DAYS: Final = (Day, Weekday, Stretch)
TIMES: Final = (Clock, Hours, Part)


def understand(
    date_words: str | None,
    time_words: str | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    opening: tuple[time, time] = USUAL_OPENING,
) -> Understanding:
    """What the words mean for someone who says them at `now` in `zone`; each field may hold a date, a time or both.

    `now` is aware. `opening` (local; the end excluded) settles which "drei" is meant.
    Any text gives an answer; only a naive `now` raises, a ValueError.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    today = now.astimezone(zone).date()
    in_date = hear(date_words, Setting(today, zone))
    in_time = hear(time_words, Setting(today, zone, time_field=True))
    pieces = (*in_date.pieces, *in_time.pieces)
    day, hour = choose_day(pieces, today), choose_time(pieces, opening)
    if in_date.left_over or _unsure_of(DAYS, in_time):
        day = _doubted_day(day)
    if in_time.left_over or _unsure_of(TIMES, in_date):
        hour = _doubted_time(hour)
    understood = Understanding(
        date=day.day,
        time=hour.moment,
        window=hour.window,
        approximate=hour.approximate,
        problem=day.problem or hour.problem,
        candidates=day.candidates,
        time_candidates=hour.candidates,
        left_over=" ".join((*in_date.left_over, *in_time.left_over)),
        days=day.days,
    )
    return _placed(understood, now, zone)


def _unsure_of(kinds: tuple[type, ...], heard: Heard) -> bool:
    """A word that was not understood may turn round all that its field says ("nicht am Dienstag um drei")."""
    return bool(heard.left_over) and any(isinstance(piece, kinds) for piece in heard.pieces)


def _doubted_day(day: DayChoice) -> DayChoice:
    return DayChoice(None, Problem.DATE_UNCLEAR, (day.day,) if day.day else day.candidates)


def _doubted_time(hour: TimeChoice) -> TimeChoice:
    candidates = (hour.moment,) if hour.moment else hour.candidates
    return TimeChoice(None, Problem.TIME_UNCLEAR, candidates, approximate=hour.approximate)


def _placed(understood: Understanding, now: datetime, zone: ZoneInfo) -> Understanding:
    """With its instant, if day and time make one and it lies ahead."""
    day, moment = understood.date, understood.time
    if understood.problem is Problem.TIME_REQUIRED and day and understood.window and understood.window.end:
        over = datetime.combine(day, understood.window.end, zone) <= now
        return replace(understood, problem=Problem.TIME_IN_PAST) if over else understood
    if understood.problem or day is None or moment is None:
        return understood
    problem = _clock_change(day, moment, zone)
    start = datetime.combine(day, moment, zone).astimezone(UTC)
    if problem is None and start <= now:
        problem = Problem.TIME_IN_PAST
    return replace(understood, problem=problem, start=None if problem else start)


def _clock_change(day: date, moment: time, zone: ZoneInfo) -> Problem | None:
    """Summer time begins by skipping an hour and ends by repeating one."""
    first = datetime.combine(day, moment, zone)
    if first.utcoffset() == first.replace(fold=1).utcoffset():
        return None
    skipped = first.astimezone(UTC).astimezone(zone).time() != moment
    return Problem.TIME_IMPOSSIBLE if skipped else Problem.TIME_AMBIGUOUS
