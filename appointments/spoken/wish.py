"""Understanding when a caller would like to come. Whatever is not wholly and uniquely understood is a problem to ask
about: a guess here books a wrong appointment."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from appointments.spoken.meaning import Problem, Understanding
from appointments.spoken.sentence import Heard, Setting, hear
from appointments.spoken.settle import DayChoice, TimeChoice, choose_day, choose_time

USUAL_OPENING = (time(8), time(20))


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
    day = _wholly_day(choose_day(pieces, today), in_date)
    hour = _wholly_time(choose_time(pieces, opening), in_time)
    understood = Understanding(
        date=day.day,
        time=hour.moment,
        window=hour.window,
        approximate=hour.approximate,
        problem=day.problem or hour.problem,
        candidates=day.candidates,
        time_candidates=hour.candidates,
        left_over=" ".join((*in_date.left_over, *in_time.left_over)),
    )
    return _placed(understood, now, zone)


def _wholly_day(day: DayChoice, heard: Heard) -> DayChoice:
    """A word that was not understood may turn the meaning round ("nicht am Dienstag")."""
    if not heard.left_over:
        return day
    return DayChoice(None, Problem.DATE_UNCLEAR, (day.day,) if day.day else day.candidates)


def _wholly_time(hour: TimeChoice, heard: Heard) -> TimeChoice:
    if not heard.left_over:
        return hour
    candidates = (hour.moment,) if hour.moment else hour.candidates
    return replace(hour, moment=None, problem=Problem.TIME_UNCLEAR, candidates=candidates)


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
