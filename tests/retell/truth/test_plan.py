"""One seed, one plan, and nothing left out of it."""

import re
from datetime import date, timedelta

import pytest

from retell.sandbox.script import CallScript
from retell.truth import faults
from retell.truth.dialogues import KINDS
from retell.truth.drawing import draw_plan
from retell.truth.faults import Oddity
from retell.truth.plan import first_day, workday
from tests.servers import PROJECT

TODAY = date(2026, 11, 25)


def kill_points_of_the_source() -> set[str]:
    found = set()
    for room in ("mcp_gateway", "appointments", "calcom", "retell"):
        for path in (PROJECT / room).rglob("*.py"):
            found |= set(re.findall(r'kill_point\("([\w.]+)"\)', path.read_text()))
    return found


def test_the_same_seed_draws_the_same_plan() -> None:
    assert draw_plan(7, 100) == draw_plan(7, 100)
    assert draw_plan(7, 100) != draw_plan(8, 100)


@pytest.mark.parametrize("calls", [1, 2, 7, 300])
def test_there_are_as_many_calls_as_asked_for(calls: int) -> None:
    planned = draw_plan(7, calls).calls
    assert sorted(call.number for call in planned) == list(range(calls))


def test_every_dialogue_and_every_fault_comes_up() -> None:
    plan = draw_plan(7, 5000)
    assert {story.kind for story in plan.stories} == set(KINDS)
    drawn = {fault.kind for call in plan.calls for fault in call.faults}
    for name in faults.KILL_POINTS:
        assert {f"killed at {name}", f"killed at {name} (group)"} <= drawn
    for failure in faults.FAILURES:
        assert {f"Cal.com create: {failure}", f"Cal.com cancel: {failure}", f"Cal.com reschedule: {failure}"} <= drawn
    assert {f"Retell {name}" for name in faults.ODDITIES} <= drawn
    assert {"database away", "Redis away", "Redis restarted empty", "kill -9 worker", "kill -9 web"} <= drawn


def test_every_kill_point_of_the_source_is_known() -> None:
    # What staff start is killed elsewhere: no caller has part in it.
    of_calls = {name for name in kill_points_of_the_source() if not name.startswith("long_action.")}
    assert set(faults.KILL_POINTS) == of_calls


def test_without_servers_nothing_is_cut_off() -> None:
    kinds = {type(fault) for call in draw_plan(7, 2000, servers=False).calls for fault in call.faults}
    assert faults.Cut not in kinds
    assert faults.KillPoint in kinds


def test_without_faults_there_are_none() -> None:
    assert not any(call.faults for call in draw_plan(7, 300, with_faults=False).calls)


def test_retell_can_play_whatever_is_drawn() -> None:
    for call in draw_plan(7, 2000).calls:
        CallScript.of({"to_number": "+493012345678", "from_number": call.caller, **call.knobs})


def test_only_what_has_one_function_is_played_out_of_order() -> None:
    for call in draw_plan(7, 2000).calls:
        orders = [fault for fault in call.faults if isinstance(fault, Oddity) and fault.knobs in faults.ORDERS]
        assert not orders or len(call.turns) == 1


@pytest.mark.parametrize("days", range(7))
def test_workdays_are_no_weekends_and_far_enough_ahead(days: int) -> None:
    today = TODAY + timedelta(days=days)
    first = first_day(today)
    ahead = [workday(first, number) for number in range(20)]
    assert ahead[0] == first >= today + timedelta(days=3)
    assert ahead == sorted(set(ahead))
    assert all(day.weekday() < 5 for day in ahead)
