"""Holding a time for a caller: one call has it, the others are offered what nobody else is."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from appointments import holds
from appointments.availability import free_starts
from appointments.calendar import SlotTaken, calendar_of
from appointments.changes import create_appointment, reschedule_appointment
from appointments.holds import NotHoldable, Taken, hold, let_go, own_appointment
from appointments.models import Appointment, Call, Company, FollowUp, Offer, Service
from appointments.reservations import reserve
from appointments.wishes import booking_key
from tests.appointments.promises import promise
from tests.appointments.threads import at_once
from tests.appointments.wishing import a_wish
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_call

Status = Appointment.Status
DAY = [SLOT.replace(hour=hour) for hour in range(8, 18)]


@pytest.fixture
def call(salon: Company) -> Call:
    return make_call(salon)


def held(call: Call, service: Service, start: datetime = SLOT, **wish: Any) -> Appointment:
    """The hold that the call gets; fails where it gets none."""
    found = hold(call, a_wish(service, starts_at=start, **wish), service, DAY, own_appointment(call))
    assert isinstance(found, Appointment)
    return found


def refused(
    call: Call, service: Service, start: datetime = SLOT, starts: list[datetime] | None = DAY
) -> list[datetime]:
    """What the call is offered instead."""
    found = hold(call, a_wish(service, starts_at=start), service, starts, own_appointment(call))
    assert isinstance(found, Taken)
    return [offer.starts_at for offer in found.offers]


def seen_in_calendar(service: Service) -> list[datetime]:
    return list(calendar_of(service.company).free_starts(service, DAY[0], DAY[-1] + HOUR))


def test_a_free_time_is_held_for_the_call(call: Call, haircut: Service) -> None:
    appointment = held(call, haircut)
    assert (appointment.status, appointment.starts_at, appointment.ends_at) == (Status.HELD, SLOT, SLOT + HOUR)
    assert (appointment.booking_key, appointment.call) == (booking_key(call), call)
    assert appointment.held_until > timezone.now() + timedelta(minutes=9)


def test_the_same_wish_again_is_the_same_hold(call: Call, haircut: Service) -> None:
    assert held(call, haircut) == held(call, haircut)
    assert Appointment.objects.count() == 1


def test_a_corrected_name_stands_on_the_hold(call: Call, haircut: Service) -> None:
    held(call, haircut)
    held(call, haircut, customer_name="Max Muster")
    assert Appointment.objects.get().attendee_name == "Max Muster"


def test_a_hold_moves_with_its_caller(call: Call, haircut: Service) -> None:
    held(call, haircut)
    held(call, haircut, DAY[0])
    assert Appointment.objects.get().starts_at == DAY[0]
    assert held(make_call(haircut.company), haircut).starts_at == SLOT


def test_a_time_that_another_call_holds_is_taken(call: Call, haircut: Service) -> None:
    held(make_call(haircut.company), haircut)
    assert refused(call, haircut) == [SLOT - 2 * HOUR, SLOT - HOUR, SLOT + HOUR]
    assert not Appointment.objects.filter(call=call).exists()


def test_a_time_that_the_calendar_does_not_offer_is_taken(call: Call, haircut: Service) -> None:
    assert refused(call, haircut, SLOT + HOUR / 2)


def test_where_the_calendar_is_not_known_our_own_rows_decide(call: Call, haircut: Service) -> None:
    other = make_call(haircut.company)
    assert isinstance(hold(other, a_wish(haircut), haircut, None, None), Appointment)
    assert refused(call, haircut, starts=None) == []


def test_alternatives_are_of_the_same_part_of_the_day_first(call: Call, haircut: Service, salon: Company) -> None:
    salon.timezone = "UTC"
    salon.save()
    promise(haircut, SLOT.replace(hour=11))
    starts = [SLOT.replace(hour=8), SLOT.replace(hour=9), SLOT.replace(hour=12), SLOT.replace(hour=13)]
    offered = refused(make_call(salon), haircut, SLOT.replace(hour=11), starts)
    assert [start.hour for start in offered] == [8, 9, 12]


def test_what_one_caller_is_offered_no_other_is(call: Call, haircut: Service) -> None:
    promise(haircut)
    first = refused(call, haircut)
    second = refused(make_call(haircut.company), haircut)
    assert set(first).isdisjoint(second)


def test_what_one_caller_is_offered_another_can_not_hold(call: Call, haircut: Service) -> None:
    promise(haircut)
    offered, *_ = refused(call, haircut)
    assert offered not in refused(make_call(haircut.company), haircut, offered)


def test_what_a_caller_is_offered_the_caller_can_hold(call: Call, haircut: Service) -> None:
    promise(haircut)
    offered, *_ = refused(call, haircut)
    assert held(call, haircut, offered).starts_at == offered


def test_who_has_chosen_gives_the_other_offers_back(call: Call, haircut: Service) -> None:
    promise(haircut)
    first, second, *_ = refused(call, haircut)
    held(call, haircut, first)
    assert held(make_call(haircut.company), haircut, second).starts_at == second


def test_an_offer_is_kept_for_a_moment_only(call: Call, haircut: Service) -> None:
    promise(haircut)
    offered, *_ = refused(call, haircut)
    Offer.objects.update(kept_until=timezone.now() - timedelta(seconds=1))
    assert held(make_call(haircut.company), haircut, offered).starts_at == offered


def test_a_hold_that_has_run_out_can_be_taken_up_again(call: Call, haircut: Service) -> None:
    appointment = held(call, haircut)
    let_go(appointment, calendar_of(haircut.company))
    assert held(call, haircut) == appointment


@pytest.mark.parametrize("status", [Status.BOOKING, Status.SCHEDULED, Status.COMPLETED])
def test_what_is_being_booked_is_no_hold_any_more(call: Call, haircut: Service, status: Status) -> None:
    promise(haircut, call=call, status=status)
    with pytest.raises(NotHoldable):
        hold(call, a_wish(haircut), haircut, DAY, own_appointment(call))


def test_what_the_calendar_refused_can_be_wished_at_another_time(call: Call, haircut: Service) -> None:
    failed = promise(haircut, call=call, status=Status.FAILED)
    assert held(call, haircut, DAY[0]).pk == failed.pk


def test_what_may_be_booked_after_all_can_not_be_wished_again(call: Call, haircut: Service) -> None:
    failed = promise(haircut, call=call, status=Status.FAILED)
    FollowUp.objects.create(
        company=call.company, appointment=failed, kind=FollowUp.Kind.NEEDS_REVIEW, what_to_do="Look"
    )
    with pytest.raises(NotHoldable):
        hold(call, a_wish(haircut), haircut, DAY, own_appointment(call))


def test_who_has_cancelled_wishes_anew(call: Call, haircut: Service) -> None:
    promise(haircut, call=call, status=Status.CANCELLED, booking_key=booking_key(call))
    appointment = held(call, haircut)
    assert appointment.booking_key == booking_key(call, 1)


def test_ten_calls_at_once_hold_a_time_once(transactional_db: None, haircut: Service) -> None:
    calls = [make_call(haircut.company) for _ in range(10)]
    found = at_once(10, lambda number: hold(calls[number], a_wish(haircut), haircut, DAY, None))
    offered = [offer.starts_at for one in found if isinstance(one, Taken) for offer in one.offers]
    assert sum(isinstance(one, Appointment) for one in found) == 1
    assert len(offered) == len(set(offered)) == len(DAY) - 1


def test_the_same_call_twice_at_once_has_one_hold(transactional_db: None, call: Call, haircut: Service) -> None:
    found = at_once(4, lambda _: hold(Call.objects.get(pk=call.pk), a_wish(haircut), haircut, DAY, None))
    assert all(isinstance(one, Appointment) for one in found)
    assert Appointment.objects.count() == 1


def test_a_reserved_time_is_hidden_in_the_calendar(call: Call, haircut: Service) -> None:
    reserve(held(call, haircut), calendar_of(haircut.company))
    assert SLOT not in seen_in_calendar(haircut)
    assert Appointment.objects.get().reserved_until > timezone.now() + timedelta(minutes=9)


def test_a_reserved_time_is_free_for_the_call_that_reserved_it(call: Call, haircut: Service) -> None:
    reserve(held(call, haircut), calendar_of(haircut.company))
    calendar = calendar_of(haircut.company)
    assert SLOT in free_starts(calendar, haircut, SLOT, SLOT + HOUR, call=call)
    assert free_starts(calendar, haircut, SLOT, SLOT + HOUR, call=make_call(haircut.company)) == []


def test_a_reservation_that_lasts_is_not_asked_for_again(call: Call, haircut: Service, control: CalcomControl) -> None:
    for _ in range(2):
        reserve(held(call, haircut), calendar_of(haircut.company))
    assert len(control.requests()) == 1


def test_a_hold_that_moves_takes_its_reservation_along(call: Call, haircut: Service) -> None:
    reserve(held(call, haircut), calendar_of(haircut.company))
    reserve(held(call, haircut, DAY[0]), calendar_of(haircut.company))
    assert SLOT in seen_in_calendar(haircut)
    assert DAY[0] not in seen_in_calendar(haircut)


def test_where_somebody_was_quicker_in_the_calendar_the_time_is_taken(
    call: Call, haircut: Service, control: CalcomControl
) -> None:
    control.post(
        "bookings", event_type_id=haircut.calcom_event_type_id, start=SLOT.isoformat(), email="a@salon.example"
    )
    with pytest.raises(SlotTaken):
        reserve(held(call, haircut), calendar_of(haircut.company))


@pytest.mark.parametrize("action", ["reset", "malformed", "reply"])
def test_a_hold_stands_without_a_reservation(call: Call, haircut: Service, control: CalcomControl, action: str) -> None:
    control.fault(action, path="/v2/slots/reservations")
    reserve(held(call, haircut), calendar_of(haircut.company))
    assert Appointment.objects.get().status == Status.HELD


def test_a_reservation_whose_answer_was_lost_does_not_hide_the_time_from_its_own_call(
    call: Call, haircut: Service, control: CalcomControl
) -> None:
    control.fault("reset", path="/v2/slots/reservations", when="after")
    reserve(held(call, haircut), calendar_of(haircut.company))
    assert SLOT in free_starts(calendar_of(haircut.company), haircut, SLOT, SLOT + HOUR, call=call)


def test_where_several_take_place_at_once_none_is_reserved(
    call: Call, haircut: Service, control: CalcomControl
) -> None:
    haircut.parallel_capacity = 2
    haircut.save()
    reserve(held(call, haircut), calendar_of(haircut.company))
    assert control.requests() == []


def test_what_is_let_go_is_free_for_all(call: Call, haircut: Service) -> None:
    appointment = held(call, haircut)
    reserve(appointment, calendar_of(haircut.company))
    assert let_go(appointment, calendar_of(haircut.company))
    assert SLOT in seen_in_calendar(haircut)
    assert held(make_call(haircut.company), haircut).starts_at == SLOT


def test_letting_go_twice_does_nothing(call: Call, haircut: Service) -> None:
    appointment = held(call, haircut)
    assert let_go(appointment, calendar_of(haircut.company))
    assert not let_go(appointment, calendar_of(haircut.company))


def test_a_booked_appointment_is_not_let_go(call: Call, haircut: Service) -> None:
    appointment = promise(haircut, call=call, status=Status.SCHEDULED)
    assert not let_go(appointment, calendar_of(haircut.company))
    appointment.refresh_from_db()
    assert appointment.status == Status.SCHEDULED


class TestTheSweep:
    def running_out(self, call: Call, service: Service, seconds: int = 60) -> Appointment:
        return promise(service, call=call, held_until=timezone.now() + timedelta(seconds=seconds))

    def test_a_hold_lasts_as_long_as_its_call(self, haircut: Service) -> None:
        call = make_call(haircut.company, status=Call.Status.ONGOING)
        appointment = self.running_out(call, haircut)
        assert holds.holds_running_out() == [appointment.pk]
        holds.renew_or_let_go(appointment.pk)
        assert holds.holds_running_out() == []

    def test_its_reservation_lasts_too(self, haircut: Service) -> None:
        call = make_call(haircut.company, status=Call.Status.ONGOING)
        holds.renew_or_let_go(self.running_out(call, haircut).pk)
        assert SLOT not in seen_in_calendar(haircut)

    def test_a_hold_of_a_call_that_is_over_runs_out(self, haircut: Service) -> None:
        call = make_call(haircut.company, status=Call.Status.ENDED)
        appointment = self.running_out(call, haircut, seconds=-1)
        holds.renew_or_let_go(appointment.pk)
        appointment.refresh_from_db()
        assert appointment.status == Status.EXPIRED

    def test_a_hold_that_has_time_left_is_left_alone(self, haircut: Service) -> None:
        call = make_call(haircut.company, status=Call.Status.ENDED)
        appointment = self.running_out(call, haircut, seconds=30)
        holds.renew_or_let_go(appointment.pk)
        appointment.refresh_from_db()
        assert appointment.status == Status.HELD

    def test_a_call_without_an_end_does_not_hold_for_ever(self, haircut: Service) -> None:
        call = make_call(haircut.company, status=Call.Status.ONGOING)
        Call.objects.update(created_at=timezone.now() - holds.LONGEST_CALL)
        appointment = self.running_out(call, haircut, seconds=-1)
        holds.renew_or_let_go(appointment.pk)
        appointment.refresh_from_db()
        assert appointment.status == Status.EXPIRED

    def test_old_offers_are_forgotten(self, call: Call, haircut: Service) -> None:
        holds.remember_told(call, haircut, DAY[:2])
        Offer.objects.filter(position=0).update(created_at=timezone.now() - holds.LONGEST_CALL - HOUR)
        holds.forget_old_offers()
        assert Offer.objects.count() == 1


class TestStaffAndPrograms:
    """Who books without a call is bound by the same promises."""

    def test_a_time_that_a_caller_holds_can_not_be_booked(self, call: Call, haircut: Service) -> None:
        held(call, haircut)
        with pytest.raises(SlotTaken):
            create_appointment(company=haircut.company, service=haircut, start=SLOT, name="Max", phone=None)
        assert Appointment.objects.count() == 1

    def test_an_appointment_can_not_move_to_a_time_that_a_caller_holds(self, call: Call, haircut: Service) -> None:
        booked = create_appointment(company=haircut.company, service=haircut, start=DAY[0], name="Max", phone=None)
        held(call, haircut)
        with pytest.raises(SlotTaken):
            reschedule_appointment(booked, start=SLOT, reason="asked")
        booked.refresh_from_db()
        assert (booked.starts_at, booked.leased_until) == (DAY[0], None)

    def test_while_an_appointment_moves_its_new_time_is_kept(
        self, call: Call, haircut: Service, control: CalcomControl
    ) -> None:
        booked = create_appointment(company=haircut.company, service=haircut, start=DAY[0], name="Max", phone=None)
        with holds.room_to_move(booked, SLOT):
            assert SLOT not in refused(call, haircut)
        assert held(call, haircut).starts_at == SLOT
