"""What becomes of a wish when the call is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from appointments.calendar import calendar_of
from appointments.changes import cancel_appointment
from appointments.holds import hold, let_go
from appointments.intents import book_wish, calls_to_book
from appointments.models import Appointment, Call, FollowUp, Service
from appointments.reservations import reserve
from appointments.wishes import booking_key, wish_of
from tests.appointments.promises import promise
from tests.appointments.threads import at_once
from tests.appointments.wishing import a_wish, an_ended_call
from tests.calcom.conftest import HOUR, SLOT, CalcomControl

Status = Appointment.Status


def held_by(call: Call, service: Service) -> Appointment:
    found = hold(call, a_wish(service), service, None, None)
    assert isinstance(found, Appointment)
    return found


def test_a_held_time_becomes_the_booking(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    held = held_by(call, haircut)
    booked = book_wish(call)
    assert (booked.pk, booked.status, booked.booking_key) == (held.pk, Status.SCHEDULED, booking_key(call))
    assert [row["status"] for row in control.bookings()] == ["accepted"]


def test_a_reserved_time_is_booked_with_one_request(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    reserve(held_by(call, haircut), calendar_of(haircut.company))
    before = len(control.requests())
    book_wish(call)
    assert len(control.requests()) == before + 1


def test_what_was_corrected_last_is_booked(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut, customer_name="Erika Beispiehl")
    held_by(call, haircut)
    assert book_wish(call).attendee_name == "Erika Beispiehl"


def test_a_hold_that_has_run_out_is_taken_up_again(haircut: Service) -> None:
    call = an_ended_call(haircut)
    let_go(held_by(call, haircut), calendar_of(haircut.company))
    assert book_wish(call).status == Status.SCHEDULED


def test_a_time_that_somebody_else_was_promised_meanwhile_fails_with_a_follow_up(
    haircut: Service, control: CalcomControl
) -> None:
    call = an_ended_call(haircut)
    let_go(held_by(call, haircut), calendar_of(haircut.company))
    promise(haircut)
    assert book_wish(call).status == Status.FAILED
    assert FollowUp.objects.get().kind == FollowUp.Kind.BOOKING_FAILED
    assert control.bookings() == []


def test_a_hold_of_another_time_than_the_wish_is_not_taken_for_it(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    promise(haircut, SLOT + HOUR, call=call, booking_key=booking_key(call))
    assert book_wish(call).starts_at == SLOT


def test_what_was_cancelled_is_not_booked_again_by_late_news_of_its_call(
    haircut: Service, control: CalcomControl
) -> None:
    call = an_ended_call(haircut)
    cancel_appointment(book_wish(call), reason="Ill")
    assert book_wish(Call.objects.get(pk=call.pk)).status == Status.CANCELLED
    assert [row["status"] for row in control.bookings()] == ["cancelled"]


def test_what_was_wished_anew_after_a_cancellation_is_booked(haircut: Service, control: CalcomControl) -> None:
    call = an_ended_call(haircut)
    cancel_appointment(book_wish(call), reason="Ill")
    held_by(call, haircut)
    assert book_wish(Call.objects.get(pk=call.pk)).status == Status.SCHEDULED
    assert [row["status"] for row in control.bookings()] == ["cancelled", "accepted"]


class TestAnOpenWish:
    def test_it_is_not_booked_and_staff_call_back(self, haircut: Service, control: CalcomControl) -> None:
        call = an_ended_call(haircut, state="open")
        held_by(call, haircut)
        assert book_wish(call) is None
        assert control.bookings() == []
        (row,) = FollowUp.objects.all()
        assert (row.kind, row.call) == (FollowUp.Kind.CALLBACK, call)
        assert "Erika Beispiel wünschte Herrenhaarschnitt" in row.what_to_do

    def test_its_time_is_free_for_others(self, haircut: Service) -> None:
        call = an_ended_call(haircut, state="open")
        held = held_by(call, haircut)
        book_wish(call)
        held.refresh_from_db()
        assert held.status == Status.EXPIRED

    def test_it_is_handed_over_once(self, haircut: Service) -> None:
        call = an_ended_call(haircut, state="open")
        book_wish(call)
        FollowUp.objects.update(status=FollowUp.Status.DONE)
        book_wish(Call.objects.get(pk=call.pk))
        assert [row.status for row in FollowUp.objects.all()] == [FollowUp.Status.DONE]
        assert wish_of(Call.objects.get()).state == "handed_over"

    def test_the_sweep_finds_one_whose_end_rang_no_bell(self, haircut: Service) -> None:
        call = an_ended_call(haircut, state="open")
        assert calls_to_book() == [call.pk]
        book_wish(call)
        assert calls_to_book() == []


def test_the_sweep_finds_a_forgotten_wish_beside_appointments_of_no_call(haircut: Service) -> None:
    call = an_ended_call(haircut)
    booked = {"status": Status.SCHEDULED, "starts_at": SLOT + HOUR, "ends_at": SLOT + 2 * HOUR}
    Appointment.objects.create(company=haircut.company, service=haircut, **booked)
    assert calls_to_book() == [call.pk]


@pytest.mark.parametrize("state", ["dropped", "sought", "handed_over"])
def test_what_is_not_wanted_is_neither_booked_nor_called_back_about(
    haircut: Service, control: CalcomControl, state: str
) -> None:
    call = an_ended_call(haircut, state=state)
    assert book_wish(call) is None
    assert (control.bookings(), FollowUp.objects.count()) == ([], 0)


def test_a_wish_noted_before_wishes_had_a_state_is_wanted(haircut: Service) -> None:
    call = an_ended_call(haircut)
    del call.collected_data["state"]
    Call.objects.update(collected_data=call.collected_data)
    assert calls_to_book() == [call.pk]


def test_a_call_that_goes_on_keeps_its_hold(haircut: Service) -> None:
    call = an_ended_call(haircut, call={"status": Call.Status.ONGOING})
    held = held_by(call, haircut)
    assert book_wish(call) is None
    held.refresh_from_db()
    assert held.status == Status.HELD


def test_a_hold_that_was_booked_is_intended_once(
    transactional_db: None, haircut: Service, control: CalcomControl
) -> None:
    call = an_ended_call(haircut)
    held_by(call, haircut)
    at_once(5, lambda _: book_wish(Call.objects.select_related("company").get(pk=call.pk)))
    assert [row["status"] for row in control.bookings()] == ["accepted"]
    assert Appointment.objects.get().status == Status.SCHEDULED


def test_a_hold_that_runs_out_while_it_is_booked_is_not_lost(haircut: Service) -> None:
    call = an_ended_call(haircut)
    held_by(call, haircut)
    Appointment.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert book_wish(call).status == Status.SCHEDULED
