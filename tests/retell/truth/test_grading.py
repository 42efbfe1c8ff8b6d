"""Each column catches its fault, and nothing else: a judge that can't fail proves nothing."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from retell.truth.grading import needless_tasks
from retell.truth.plan import SECOND
from retell.truth.record import Answer, Booking, CallRow, Delivered, Event, Message
from tests.retell.truth.worlds import (
    AFTER,
    BEFORE,
    CALL_BACK,
    CANCEL,
    CHANGE,
    COLLECT,
    FIND,
    NIGHT,
    NOON,
    TEN,
    ZONE,
    Told,
    answer,
    asked,
    booking,
    broke,
    cancelled,
    clock,
    deed,
    dropped,
    mail,
    moved,
    noted,
    over,
    row,
    task,
)

TWO_CALLERS = ("+4915100000001", "+4915100000002")


@pytest.mark.parametrize("told", ["collected", "collected_unchecked", "booking_pending", "booked"])
def test_a_promise_that_is_booked_is_kept(told: str) -> None:
    assert Told(calls=[[noted(told=told)]], bookings=[booking()]).failing() == set()


# lost


@pytest.mark.parametrize("told", ["collected", "collected_unchecked", "booking_pending"])
def test_a_promise_of_which_nothing_came_is_lost(told: str) -> None:
    assert Told(calls=[[noted(told=told)]]).failing() == {"lost"}


def test_a_promise_whose_booking_is_cancelled_by_nobody_is_lost() -> None:
    assert Told(calls=[[noted()]], bookings=[over(booking())]).failing() == {"lost"}


def test_a_promise_that_a_person_sees_to_is_not_lost() -> None:
    assert Told(calls=[[noted()]], tasks=[task()]).failing() == set()


def test_a_task_that_is_done_sees_to_nothing() -> None:
    assert Told(calls=[[noted()]], tasks=[task(status="done")]).failing() == {"lost"}


def test_another_calls_task_sees_to_nothing() -> None:
    assert Told(calls=[[noted()], []], tasks=[task(call=1)]).failing() == {"lost"}


def test_a_promise_that_the_host_cancelled_is_not_lost() -> None:
    assert Told(calls=[[noted()]], bookings=[over(booking())], deeds=[deed("cancels")]).failing() == set()


def test_a_promise_that_the_host_moved_is_not_lost_nor_wrong() -> None:
    bookings = [over(booking(), moved_to="new"), booking(NIGHT, uid="new")]
    moves = deed("moves", new_uid="new", starts_at=NIGHT)
    assert Told(calls=[[noted()]], bookings=bookings, deeds=[moves]).failing() == set()


def test_a_wish_in_doubt_is_somebodys_task() -> None:
    assert Told(calls=[[noted(), asked()]], tasks=[task(kind="callback")]).failing() == set()
    assert Told(calls=[[noted(), asked()]]).failing() == {"lost"}


def test_a_question_promises_nothing() -> None:
    assert Told(calls=[[asked()]]).failing() == set()


def test_where_the_answer_broke_nothing_is_promised_and_a_booking_is_right() -> None:
    assert Told(calls=[[broke()]]).failing() == set()
    assert Told(calls=[[broke()]], bookings=[booking()]).failing() == set()


def test_a_broken_answer_takes_no_earlier_promise_back() -> None:
    assert Told(calls=[[noted(), broke(wished=NOON)]]).failing() == {"lost"}


@pytest.mark.parametrize(
    "last",
    [
        answer(CALL_BACK, "callback_noted"),
        answer(CALL_BACK, "phone_required"),
        answer(CANCEL, "callback_required"),
        answer(CANCEL, "not_changeable"),
        answer(CHANGE, "calendar_unreachable"),
        answer(CANCEL, "change_pending"),
    ],
)
def test_who_is_to_be_called_is_somebodys_task(last: object) -> None:
    told = Told(calls=[[noted()], [last]], bookings=[booking()])  # type: ignore[list-item]
    assert told.failing() == {"lost"}
    told.tasks = [task(call=1, kind="callback")]
    assert told.failing() == set()


@pytest.mark.parametrize("first", [answer(CHANGE, "calendar_unreachable"), answer(CHANGE, "not_changeable")])
@pytest.mark.parametrize("told", ["changed", "change_pending"])
def test_nobody_need_call_for_a_change_that_gave_way_to_another(first: Answer, told: str) -> None:
    later = moved(told=told)
    assert Told(calls=[[noted()], [first], [later]], bookings=[booking(NOON)]).failing() == set()


def test_nor_for_a_cancellation_that_was_made_later() -> None:
    first = answer(CANCEL, "calendar_unreachable")
    assert Told(calls=[[noted()], [first], [cancelled()]], bookings=[over(booking())]).failing() == set()


def test_a_wish_that_was_dropped_unheard_may_be_gone_though_another_was_sought() -> None:
    assert Told(calls=[[noted(), broke(CANCEL, wished=None), asked("slot_taken")]]).failing() == set()


def test_a_wish_that_was_not_dropped_is_not_gone_because_another_was_sought() -> None:
    assert Told(calls=[[noted(), asked("slot_taken")]]).failing() == {"lost"}


def test_whoever_asked_to_be_called_besides_is_somebodys_task_still() -> None:
    for first in (
        [answer(CALL_BACK, "callback_noted"), answer(CHANGE, "calendar_unreachable")],
        [answer(CHANGE, "calendar_unreachable"), answer(CALL_BACK, "callback_noted")],
    ):
        assert Told(calls=[[noted()], first, [moved()]], bookings=[booking(NOON)]).failing() == {"lost"}


def test_a_later_change_that_could_not_be_made_either_is_somebodys_task() -> None:
    refused = answer(CHANGE, "calendar_unreachable")
    assert Told(calls=[[noted()], [refused], [refused]], bookings=[booking()]).failing() == {"lost"}
    tasks = [task(call=2, kind="callback")]
    assert Told(calls=[[noted()], [refused], [refused]], bookings=[booking()], tasks=tasks).failing() == {"lost"}


def test_an_unclear_change_that_did_not_happen_is_somebodys_task() -> None:
    told = Told(calls=[[noted()], [moved(told="change_pending")]], bookings=[booking()])
    assert told.failing() == {"lost"}
    told.tasks = [task()]
    assert told.failing() == set()


def test_an_unclear_change_that_happened_is_nobodys() -> None:
    bookings = [over(booking(), moved_to="new"), booking(NOON, uid="new")]
    assert Told(calls=[[noted()], [moved(told="change_pending")]], bookings=bookings).failing() == set()


def test_an_unclear_cancellation_ends_cancelled_or_as_a_task() -> None:
    pending = cancelled(told="cancellation_pending")
    assert Told(calls=[[noted()], [pending]], bookings=[booking()]).failing() == {"lost"}
    assert Told(calls=[[noted()], [pending]], bookings=[booking()], tasks=[task()]).failing() == set()
    assert Told(calls=[[noted()], [pending]], bookings=[over(booking())]).failing() == set()


def test_what_was_acknowledged_is_in_the_inbox() -> None:
    told = Told(calls=[[asked()]], delivered=[Delivered(event="call_ended", is_accepted=True)])
    assert told.failing() == {"lost"}
    told.events = [Event(pk=1, provider="retell", event="call_ended", call_id="call_0", state="done")]
    assert told.failing() == set()


def test_what_was_not_acknowledged_may_be_lost_on_its_way() -> None:
    told = Told(calls=[[asked()]], delivered=[Delivered(event="call_ended", is_accepted=False)])
    assert told.failing() == set()


# double


def test_two_live_bookings_of_one_call_are_one_too_many() -> None:
    bookings = [booking(), booking(uid="other", account_id=2)]
    assert Told(calls=[[noted()]], bookings=bookings).failing() == {"double"}


def test_two_callers_at_one_time_with_one_host_are_one_too_many() -> None:
    bookings = [booking(), booking(TEN + timedelta(minutes=15), uid="other", call=1)]
    calls = [[noted()], [noted(TEN + timedelta(minutes=15))]]
    assert Told(calls=calls, bookings=bookings, callers=TWO_CALLERS).failing() == {"double"}


def test_one_after_the_other_is_all_right() -> None:
    half_past = TEN + timedelta(minutes=30)
    bookings = [booking(), booking(half_past, uid="other", call=1)]
    assert Told(calls=[[noted()], [noted(half_past)]], bookings=bookings, callers=TWO_CALLERS).failing() == set()


def test_what_the_web_has_booked_at_the_same_time_is_not_ours() -> None:
    bookings = [booking(), booking(uid="web", key="", call_id="")]
    assert Told(calls=[[noted()]], bookings=bookings).failing() == set()


def test_what_the_host_has_moved_there_is_not_ours() -> None:
    bookings = [over(booking(), moved_to="new"), booking(NOON, uid="new"), booking(NOON, uid="other", call=1)]
    told = Told(calls=[[noted()], [noted(NOON)]], bookings=bookings, callers=TWO_CALLERS)
    told.deeds = [deed("moves", new_uid="new", starts_at=NOON)]
    assert told.failing() == set()


# false success


def test_booked_means_that_it_was_booked_by_then() -> None:
    late = booking(created_at=AFTER, updated_at=AFTER)
    assert Told(calls=[[noted(told="booked")]], bookings=[late]).failing() == {"false success"}
    assert Told(calls=[[noted(told="collected")]], bookings=[late]).failing() == set()


def test_booked_without_a_booking_is_false_and_lost() -> None:
    assert Told(calls=[[noted(told="booked")]]).failing() == {"false success", "lost"}


def test_a_request_is_not_booked() -> None:
    pending = booking(status="pending")
    told = Told(calls=[[noted(told="booked")]], bookings=[pending], needs_confirmation=True)
    assert told.failing() == {"false success"}
    told.calls = [[noted(told="requested")]]
    assert told.failing() == set()


def test_what_was_only_requested_and_then_declined_was_never_booked() -> None:
    told = Told(calls=[[noted(told="booked")]], bookings=[over(booking(), status="rejected")], needs_confirmation=True)
    told.deeds = [deed("declines")]
    assert told.failing() == {"false success"}


def test_a_repeated_delivery_may_not_lie_either() -> None:
    unheard = replace(noted(told="booked"), is_heard=False)
    assert Told(calls=[[noted(), unheard]], tasks=[task()]).failing() == {"false success"}


def test_cancelled_means_cancelled() -> None:
    assert Told(calls=[[noted()], [cancelled()]], bookings=[over(booking())]).failing() == set()
    assert Told(calls=[[noted()], [cancelled()]], bookings=[booking()]).failing() == {"false success"}


def test_cancelled_means_cancelled_by_then() -> None:
    late = over(booking(), at=AFTER)
    assert Told(calls=[[noted()], [cancelled()]], bookings=[late]).failing() == {"false success"}


def test_who_dropped_a_wish_has_no_booking() -> None:
    assert Told(calls=[[noted(), dropped()]]).failing() == set()
    assert Told(calls=[[noted(), dropped()]], bookings=[booking()]).failing() == {"false success"}


def test_moved_means_moved() -> None:
    bookings = [over(booking(), moved_to="new"), booking(NOON, uid="new")]
    assert Told(calls=[[noted()], [moved()]], bookings=bookings).failing() == set()
    assert Told(calls=[[noted()], [moved()]], bookings=[booking()]).failing() == {"false success", "wrong time"}


def test_moved_means_moved_by_then() -> None:
    bookings = [over(booking(), moved_to="new"), booking(NOON, uid="new", created_at=AFTER)]
    assert Told(calls=[[noted()], [moved()]], bookings=bookings).failing() == {"false success"}


def test_an_appointment_that_is_named_exists() -> None:
    found = replace(cancelled(told="found"), function=FIND)
    assert Told(calls=[[noted()], [found]], bookings=[booking()]).failing() == set()
    gone = over(booking(), at=BEFORE)
    assert Told(calls=[[noted()], [found]], bookings=[gone], tasks=[task()]).failing() == {"false success"}


def test_an_appointment_that_is_cancelled_after_it_was_named_was_there() -> None:
    found = replace(cancelled(told="found"), function=FIND)
    told = Told(calls=[[noted()], [found], [broke(CANCEL, wished=None)]], bookings=[over(booking(), at=AFTER)])
    assert told.failing() == set()


@pytest.mark.parametrize("held", [[], [booking(status="pending")], [booking(NOON)]])
def test_who_is_written_that_it_is_booked_has_it_booked(held: list[Booking]) -> None:
    told = Told(calls=[[broke(), broke(wished=NOON)]], bookings=held, mails=[mail("scheduled")])
    told.rows = [row(NOON if held and held[0].start == NOON else TEN, status="booking")]
    assert "false success" in told.failing()


def test_who_is_written_the_truth_is_told_nothing_false() -> None:
    told = Told(calls=[[noted()]], bookings=[booking()], rows=[row()], mails=[mail("scheduled")])
    assert told.failing() == set()
    moved_on = [over(booking(), at=AFTER, moved_to="new"), booking(NOON, uid="new")]
    told = Told(calls=[[noted()], [moved()]], bookings=moved_on, rows=[row(NOON, uid="new")])
    told.mails = [mail("scheduled"), mail("moved", NOON)]
    assert told.failing() == set()


def test_who_is_written_that_it_is_cancelled_has_none() -> None:
    told = Told(calls=[[noted()]], bookings=[booking()], rows=[row()], mails=[mail("cancelled")])
    assert told.failing() == {"false success"}


def test_a_row_that_is_scheduled_is_confirmed() -> None:
    told = Told(calls=[[noted()]], bookings=[booking(status="pending")], rows=[row()])
    assert told.failing() == {"false success"}


def test_a_row_that_is_cancelled_is_cancelled() -> None:
    told = Told(calls=[[noted()]], bookings=[booking()], rows=[row(status="cancelled")])
    assert told.failing() == {"false success", "orphaned"}


# wrong time


def test_a_booking_is_at_the_time_told_last() -> None:
    assert Told(calls=[[noted(), noted(NOON)]], bookings=[booking(NOON)]).failing() == set()
    assert Told(calls=[[noted(), noted(NOON)]], bookings=[booking()]).failing() == {"wrong time"}


def test_the_time_told_is_the_time_asked_for() -> None:
    assert Told(calls=[[noted(NOON, wished=TEN)]], bookings=[booking(NOON)]).failing() == {"wrong time"}


def test_the_new_time_told_is_the_time_asked_for() -> None:
    bookings = [over(booking(), moved_to="new"), booking(NOON, uid="new")]
    told = Told(calls=[[noted()], [moved(says=NIGHT)]], bookings=bookings)
    assert told.failing() == {"wrong time"}


def test_a_booking_that_nobody_was_told_of_is_wrong() -> None:
    assert Told(calls=[[asked("slot_taken")]], bookings=[booking()]).failing() == {"wrong time"}
    assert Told(calls=[[]], bookings=[booking()]).failing() == {"wrong time"}


def test_what_the_caller_turned_away_from_is_not_booked() -> None:
    assert Told(calls=[[noted(), asked("slot_taken")]], bookings=[booking()]).failing() == {"wrong time"}


def test_where_a_change_broke_both_times_are_right_and_no_third() -> None:
    calls = [[noted()], [broke(CHANGE, wished=NOON)]]
    assert Told(calls=calls, bookings=[booking()]).failing() == set()
    assert Told(calls=calls, bookings=[booking(NOON)]).failing() == set()
    assert Told(calls=calls, bookings=[booking(NIGHT)]).failing() == {"wrong time"}


def test_what_is_just_being_changed_may_be_as_asked_for_or_as_before() -> None:
    calls = [[noted()], [moved(told="being_changed")]]
    assert Told(calls=calls, bookings=[booking()]).failing() == set()
    assert Told(calls=calls, bookings=[booking(NOON)]).failing() == set()
    assert Told(calls=calls, bookings=[booking(NIGHT)]).failing() == {"wrong time"}
    assert Told(calls=calls).failing() == {"lost"}


def test_host_and_caller_at_once_leave_either_time() -> None:
    told = Told(calls=[[noted()], [broke(CHANGE, wished=NOON)]], bookings=[booking(NIGHT)], at_once=True)
    told.deeds = [deed("moves", new_uid="new", starts_at=NIGHT)]
    assert told.failing() == set()


def test_a_row_has_its_bookings_time() -> None:
    assert Told(calls=[[noted()]], bookings=[booking()], rows=[row(NOON)]).failing() == {"wrong time"}


# orphaned


@pytest.mark.parametrize("status", ["failed", "expired", "held"])
def test_a_booking_without_its_row_is_orphaned(status: str) -> None:
    told = Told(calls=[[noted()]], bookings=[booking()], rows=[row(status=status)], tasks=[task(appointment=1)])
    assert told.failing() == {"orphaned"}


def test_a_booking_of_another_uid_than_its_rows_is_orphaned() -> None:
    bookings = [booking(uid="new"), over(booking(), moved_to="new")]
    assert Told(calls=[[noted()]], bookings=bookings, rows=[row()]).failing() == {"orphaned"}


@pytest.mark.parametrize("held", [[], [over(booking())]])
def test_a_row_without_its_booking_is_orphaned(held: list[Booking]) -> None:
    told = Told(calls=[[noted()]], bookings=held, rows=[row()], deeds=[deed("cancels")])
    assert told.failing() == {"orphaned"}


def test_a_row_that_waits_for_the_hosts_yes_knows_its_booking() -> None:
    told = Told(calls=[[noted()]], bookings=[booking(status="pending")], rows=[row(status="booking")])
    assert told.failing() == set()


def choice_without_an_answer(*offered: datetime) -> list[Answer]:
    taken = answer(COLLECT, "slot_taken", alternatives=[clock(start) for start in offered])
    return [taken, replace(broke(wished=None), args={"time": SECOND})]


def test_a_choice_whose_answer_was_lost_may_be_booked() -> None:
    told = Told(calls=[choice_without_an_answer(NOON, TEN)], bookings=[booking()], rows=[row()])
    assert told.failing() == set()


def test_another_time_than_the_chosen_one_is_wrong() -> None:
    told = Told(calls=[choice_without_an_answer(TEN, NOON)], bookings=[booking()], rows=[row()])
    assert told.failing() == {"wrong time"}


# unclaimed


@pytest.mark.parametrize("state", ["received", "processing", "failed", "dead"])
def test_an_event_that_is_not_settled_is_unclaimed(state: str) -> None:
    told = Told(calls=[[]])
    told.events = [Event(pk=1, provider="retell", event="call_ended", call_id="call_0", state=state)]
    assert told.failing() == {"unclaimed"}


@pytest.mark.parametrize("state", ["waiting", "sending", "failed", "dead"])
def test_a_message_that_is_not_sent_is_unclaimed(state: str) -> None:
    assert Told(calls=[[]], messages=[Message(pk=1, kind="mail", state=state)]).failing() == {"unclaimed"}


def test_an_appointment_that_waits_is_unclaimed() -> None:
    waits = row(status="booking", uid=None, is_waiting=True)
    assert Told(calls=[[broke()]], rows=[waits]).failing() == {"unclaimed"}


def test_an_appointment_that_failed_is_somebodys_task() -> None:
    told = Told(calls=[[broke()]], rows=[row(status="failed", uid=None)])
    assert told.failing() == {"unclaimed"}
    told.tasks = [task(appointment=1)]
    assert told.failing() == set()


def test_an_appointment_that_waits_while_people_know_is_claimed() -> None:
    waits = row(status="booking", uid=None, is_waiting=True)
    assert Told(calls=[[broke()]], rows=[waits], tasks=[task(appointment=waits.pk)]).failing() == set()


def test_a_call_that_never_ends_is_unclaimed() -> None:
    goes_on = CallRow(call_id="call_0", status="ongoing", is_over=False)
    assert Told(calls=[[]], call_rows=[goes_on]).failing() == {"unclaimed"}


@pytest.mark.parametrize("wish", ["wanted", "open"])
def test_a_wish_of_which_nothing_came_is_unclaimed(wish: str) -> None:
    told = Told(calls=[[broke()]], call_rows=[CallRow(call_id="call_0", status="ended", is_over=True, wish=wish)])
    assert told.failing() == {"unclaimed"}
    told.tasks = [task()]
    assert told.failing() == set()


# counted only


def test_a_task_about_what_is_booked_is_needless() -> None:
    told = Told(calls=[[noted()]], bookings=[booking()], tasks=[task()])
    assert (told.failing(), needless_tasks(told.plan, told.evidence, ZONE)) == (set(), ["call_0"])
