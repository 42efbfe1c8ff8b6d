"""Local times become instants in UTC; the hours that a change of clocks skips or repeats are nobody's appointment."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from appointments.spoken import Problem, understand
from tests.appointments.spoken.asking import ask


@pytest.mark.parametrize(
    ("day", "hour", "start"),
    [
        ("15.12.2026", "14:30", datetime(2026, 12, 15, 13, 30, tzinfo=UTC)),
        ("15.06.2026", "14:30", datetime(2026, 6, 15, 12, 30, tzinfo=UTC)),
        ("29.03.2026", "01:59", datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        ("29.03.2026", "03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("29.03.2026", "halb drei", datetime(2026, 3, 29, 12, 30, tzinfo=UTC)),
        ("25.10.2026", "01:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("25.10.2026", "03:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("25.10.2026", "halb drei", datetime(2026, 10, 25, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_local_time_becomes_its_instant(day: str, hour: str, start: datetime) -> None:
    understood = ask(day, hour, today="2026-03-20")
    assert (understood.problem, understood.start) == (None, start)


@pytest.mark.parametrize("hour", ["02:00", "02:30", "02:59", "halb drei nachts", "2:30 am"])
def test_an_hour_skipped_by_summer_time_is_impossible(hour: str) -> None:
    understood = ask("29.03.2026", hour, today="2026-03-20")
    assert (understood.problem, understood.start) == (Problem.TIME_IMPOSSIBLE, None)


@pytest.mark.parametrize("hour", ["02:00", "02:30", "02:59", "halb drei nachts", "2:30 am"])
def test_an_hour_doubled_at_the_end_of_summer_time_is_ambiguous(hour: str) -> None:
    understood = ask("25.10.2026", hour, today="2026-03-20")
    assert (understood.problem, understood.start) == (Problem.TIME_AMBIGUOUS, None)


def test_the_day_is_that_of_the_zone_not_of_utc() -> None:
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)  # already the 19th in Berlin
    assert understand("heute", "15:00", now=late, zone=ZoneInfo("Europe/Berlin")).date == date(2026, 11, 19)
    assert understand("heute", "18:00", now=late, zone=ZoneInfo("America/New_York")).date == date(2026, 11, 18)


def test_now_may_be_given_in_another_zone() -> None:
    tokyo = datetime(2026, 11, 19, 1, 0, tzinfo=ZoneInfo("Asia/Tokyo"))  # 17:00 on the 18th in Berlin
    understood = understand("heute", "18 Uhr", now=tokyo, zone=ZoneInfo("Europe/Berlin"))
    assert understood.start == datetime(2026, 11, 18, 17, 0, tzinfo=UTC)
    assert understood.time == time(18)


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        understand("heute", "15:00", now=datetime(2026, 11, 18, 10, 0), zone=ZoneInfo("Europe/Berlin"))  # noqa: DTZ001
