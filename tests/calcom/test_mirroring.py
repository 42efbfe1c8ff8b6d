"""What has changed in Cal.com itself reaches our rows: once, forward only, in any order, and nobody else's."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from appointments import availability, booking, changes, follow_ups
from appointments.calendar import calendar_of
from appointments.models import Appointment, Company, Customer, FollowUp, Service
from appointments.notifications import CUSTOMER_MAIL
from appointments.staff_language import for_staff
from calcom import budget, webhook_events
from mcp_gateway.models import AuditEntry, OutboxMessage, WebhookEvent
from tests import bells
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl
from tests.calcom.saying import (
    Mouth,
    asked_to_move,
    booked_there,
    cancelled_there,
    confirmed_there,
    declined_there,
    moved_there,
    work_on,
)
from tests.factories import make_service

State = WebhookEvent.State
Status = Appointment.Status
Origin = Appointment.Origin
PHONE = "+4915112345678"
PAST = SLOT - timedelta(days=14)


@pytest.fixture(autouse=True)
def _old_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed a moment ago counts as changed long ago."""
    monkeypatch.setattr("calcom.mirroring.STALE_READS", timedelta(0))


@pytest.fixture
def cal(company: Company, service: Service, control: CalcomControl) -> Mouth:
    return Mouth(company, control)


@pytest.fixture
def colour(company: Company, control: CalcomControl) -> Service:
    """What the host has to confirm."""
    return make_service(company, name="Colour", duration_minutes=30, calcom_event_type_id=control.ids["colour"])


@pytest.fixture
def ours(service: Service) -> Appointment:
    """Booked by us."""
    return book(service)


def book(service: Service, **more: Any) -> Appointment:
    values = {"start": SLOT, "name": "Erika Beispiel", "phone": PHONE, **more}
    return changes.create_appointment(company=service.company, service=service, **values)


def uid_of(row: Appointment) -> str:
    return row.calcom_booking_uid or ""


def only_row() -> Appointment:
    return Appointment.objects.get()


def standing(row: Appointment) -> tuple[str, Any, str | None]:
    row.refresh_from_db()
    return row.status, row.starts_at, row.calcom_booking_uid


def audited() -> list[tuple[str, str, str]]:
    """What was done with appointments after we had booked them."""
    of_appointments = AuditEntry.objects.filter(object_type="Appointment")
    since = of_appointments.exclude(action="appointment.booked").order_by("pk")
    return list(since.values_list("actor_kind", "action", "object_id"))


class TestOverThere:
    def test_a_cancelled_booking_cancels_its_appointment(self, cal: Mouth, ours: Appointment) -> None:
        assert work_on(cal.cancelled(uid_of(ours), "Ill")) == [State.DONE]
        ours.refresh_from_db()
        assert (ours.status, ours.cancellation_reason, ours.leased_until) == (Status.CANCELLED, "Ill", None)

    def test_it_stands_in_the_audit_trail_as_the_webhooks_doing(self, cal: Mouth, ours: Appointment) -> None:
        work_on(cal.cancelled(uid_of(ours)))
        assert audited() == [("webhook", "appointment.changed_in_calendar", str(ours.pk))]
        entry = AuditEntry.objects.get(action="appointment.changed_in_calendar")
        assert (entry.before["status"], entry.after["status"], entry.reason) == ("scheduled", "cancelled", "Ill")

    def test_cancelled_twice_is_cancelled_once(self, cal: Mouth, ours: Appointment) -> None:
        event = cal.cancelled(uid_of(ours))
        assert work_on(event, event) == [State.DONE, State.DONE]
        assert len(audited()) == 1

    def test_a_long_reason_is_cut(self, cal: Mouth, ours: Appointment) -> None:
        work_on(cal.cancelled(uid_of(ours), "x" * 5000))
        ours.refresh_from_db()
        assert ours.cancellation_reason == "x" * 500

    @pytest.mark.parametrize("reason", [None, 5, {"why": "ill"}])
    def test_a_reason_of_another_form_cancels_all_the_same(self, cal: Mouth, ours: Appointment, reason: Any) -> None:
        work_on(cal.say("BOOKING_CANCELLED", {"uid": uid_of(ours), "cancellationReason": reason}))
        assert standing(ours)[0] == Status.CANCELLED

    def test_our_own_cancellation_comes_back_without_effect(self, cal: Mouth, ours: Appointment) -> None:
        changes.cancel_appointment(ours, reason="By phone")
        assert work_on(cal.cancelled(uid_of(ours), "Ill")) == [State.DONE]
        ours.refresh_from_db()
        assert (ours.cancellation_reason, audited()) == ("By phone", [])

    def test_the_old_uid_of_a_moved_booking_changes_nothing(self, cal: Mouth, ours: Appointment) -> None:
        moved = changes.reschedule_appointment(ours, start=SLOT + HOUR, reason="Later")
        assert work_on(cal.cancelled(uid_of(ours))) == [State.DONE]
        assert standing(ours) == (Status.SCHEDULED, SLOT + HOUR, moved.calcom_booking_uid)

    def test_an_unknown_uid_changes_nothing(self, cal: Mouth, ours: Appointment) -> None:
        assert work_on(cal.say("BOOKING_CANCELLED", {"uid": "unknown"})) == [State.DONE]
        assert standing(ours)[0] == Status.SCHEDULED

    def test_a_declined_request_is_given_up_and_staff_are_asked(
        self, cal: Mouth, colour: Service, control: CalcomControl
    ) -> None:
        row = book(colour)
        declined_there(control, uid_of(row))
        assert work_on(cal.rejected(uid_of(row))) == [State.DONE]
        asked = FollowUp.objects.get(appointment=row, kind=FollowUp.Kind.BOOKING_FAILED)
        assert standing(row)[0] == Status.FAILED
        assert "No time" in asked.what_to_do

    def test_a_cancelled_request_is_given_up_too(self, cal: Mouth, colour: Service) -> None:
        row = book(colour)
        work_on(cal.cancelled(uid_of(row)))
        assert standing(row)[0] == Status.FAILED

    def test_a_cancellation_while_we_change_it_comes_again(self, cal: Mouth, ours: Appointment) -> None:
        event = cal.cancelled(uid_of(ours))
        with changes.claimed(ours, Status.SCHEDULED):
            assert work_on(event) == [State.RECEIVED]
            assert standing(ours)[0] == Status.SCHEDULED
        assert work_on(event) == [State.DONE]

    def test_a_request_that_a_worker_is_just_looking_at_is_not_given_up(self, cal: Mouth, colour: Service) -> None:
        row = book(colour)
        Appointment.objects.update(leased_until=timezone.now() + booking.LEASE)
        assert work_on(cal.cancelled(uid_of(row))) == [State.RECEIVED]
        assert standing(row)[0] == Status.BOOKING

    def test_a_cancellation_whose_booking_somebody_may_be_about_to_get_comes_again(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        """Of a booking of our own whose answer is on its way."""
        with changes.claimed(ours, Status.SCHEDULED):
            moved = moved_there(control, uid_of(ours), SLOT + HOUR)
            assert work_on(cal.cancelled(moved)) == [State.RECEIVED]


class TestMovedThere:
    def test_a_moved_booking_moves_its_appointment(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        uid = moved_there(control, uid_of(ours), SLOT + HOUR)
        assert work_on(cal.moved(uid)) == [State.DONE]
        assert standing(ours) == (Status.SCHEDULED, SLOT + HOUR, uid)

    def test_moved_twice_is_moved_once(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        event = cal.moved(moved_there(control, uid_of(ours), SLOT + HOUR))
        work_on(event, event)
        assert len(audited()) == 1

    def test_our_own_move_comes_back_without_effect(self, cal: Mouth, ours: Appointment) -> None:
        moved = changes.reschedule_appointment(ours, start=SLOT + HOUR, reason="Later")
        assert work_on(cal.moved(uid_of(moved))) == [State.DONE]
        assert audited() == []

    def test_our_own_move_is_not_looked_at_again(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        moved = changes.reschedule_appointment(ours, start=SLOT + HOUR, reason="Later")
        before = len(control.requests())
        work_on(cal.moved(uid_of(moved)))
        assert len(control.requests()) == before

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    @pytest.mark.parametrize("is_ours", [True, False])
    def test_two_moves_and_a_cancellation_end_alike_in_any_order(
        self, cal: Mouth, service: Service, control: CalcomControl, order: tuple[int, ...], is_ours: bool
    ) -> None:
        first = uid_of(book(service)) if is_ours else booked_there(control)
        if not is_ours:
            work_on(cal.created(first))
        second = moved_there(control, first, SLOT + HOUR)
        third = moved_there(control, second, SLOT + 2 * HOUR)
        cancelled_there(control, third)
        events = [cal.moved(second), cal.moved(third), cal.cancelled(third)]
        work_on(*(events[number] for number in order))
        assert only_row().status == Status.CANCELLED

    @pytest.mark.parametrize("is_ours", [True, False])
    def test_two_moves_told_the_wrong_way_round_end_at_the_last(
        self, cal: Mouth, service: Service, control: CalcomControl, is_ours: bool
    ) -> None:
        first = uid_of(book(service)) if is_ours else booked_there(control)
        if not is_ours:
            work_on(cal.created(first))
        second = moved_there(control, first, SLOT + HOUR)
        third = moved_there(control, second, SLOT + 2 * HOUR)
        work_on(cal.moved(third), cal.moved(second))
        assert standing(only_row()) == (Status.SCHEDULED, SLOT + 2 * HOUR, third)

    def test_a_move_whose_old_uid_is_not_told_is_found_by_our_key(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        uid = moved_there(control, uid_of(ours), SLOT + HOUR)
        work_on(cal.moved(uid, rescheduleUid=None))
        assert standing(ours) == (Status.SCHEDULED, SLOT + HOUR, uid)

    def test_a_move_that_waits_for_confirmation_is_no_appointment_yet(
        self, cal: Mouth, colour: Service, control: CalcomControl
    ) -> None:
        row = book(colour)
        confirmed_there(control, uid_of(row))
        row = changes.confirm_appointment(row)
        uid = asked_to_move(control, uid_of(row), SLOT + HOUR)
        work_on(cal.requested(uid))
        assert standing(row) == (Status.BOOKING, SLOT + HOUR, uid)

    def test_a_move_while_we_change_it_comes_again(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        uid = moved_there(control, uid_of(ours), SLOT + HOUR)
        event = cal.moved(uid)
        with changes.claimed(ours, Status.SCHEDULED):
            assert work_on(event) == [State.RECEIVED]
            assert standing(ours)[1] == SLOT
        assert work_on(event) == [State.DONE]
        assert standing(ours)[1] == SLOT + HOUR

    def test_two_living_children_of_one_booking_are_for_people(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        second = booked_there(control, SLOT + 3 * HOUR, metadata={"booking_key": str(ours.booking_key)})
        event = cal.created(second)
        work_on(event, event)
        assert second in FollowUp.objects.get(appointment=ours).what_to_do
        assert standing(ours)[0] == Status.SCHEDULED

    def test_of_two_rows_of_one_booking_the_older_is_dropped(
        self, cal: Mouth, service: Service, control: CalcomControl
    ) -> None:
        """As a slow copy of Cal.com's data may bring about."""
        first = booked_there(control)
        work_on(cal.created(first))
        old = only_row()
        uid = moved_there(control, first, SLOT + HOUR)
        times = {"starts_at": SLOT + HOUR, "ends_at": SLOT + 2 * HOUR}
        there = Appointment.objects.create(
            company=service.company, service=service, status=Status.SCHEDULED, calcom_booking_uid=uid, **times
        )
        mirror = webhook_events._mirror(service.company)
        assert mirror.follow(old, mirror.look(uid)) == "cancelled"
        assert (standing(old)[0], standing(there)[0]) == (Status.CANCELLED, Status.SCHEDULED)

    def test_a_booking_that_another_row_gets_meanwhile_comes_again(
        self, cal: Mouth, service: Service, control: CalcomControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = book(service)
        uid = moved_there(control, uid_of(row), SLOT + HOUR)
        times = {"starts_at": SLOT + HOUR, "ends_at": SLOT + 2 * HOUR}
        Appointment.objects.create(company=service.company, service=service, calcom_booking_uid=uid, **times)
        mirror = webhook_events._mirror(service.company)
        monkeypatch.setattr("calcom.mirroring.Mirror._row", lambda *_, **__: None)
        with pytest.raises(changes.BeingChanged):
            mirror.follow(row, mirror.look(uid))
        assert standing(row)[1] == SLOT

    def test_a_calendar_that_does_not_answer_is_asked_again(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        event = cal.moved(moved_there(control, uid_of(ours), SLOT + HOUR))
        control.fault("reply", path="/v2/bookings/[^/]+", status=500)
        assert work_on(event, event) == [State.RECEIVED, State.DONE]

    def test_a_calendar_that_asks_for_a_pause_is_waited_for(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        event = cal.moved(moved_there(control, uid_of(ours), SLOT + HOUR))
        control.fault("reply", path="/v2/bookings/[^/]+", status=429, headers={"Retry-After": "20"})
        assert work_on(event) == [State.RECEIVED]
        event.refresh_from_db()
        assert event.attempts[-1]["waits"] == 1
        assert 19 < (event.next_attempt_at - timezone.now()).total_seconds() < 25
        budget.forget_all()
        assert work_on(event) == [State.DONE]

    def test_an_appointment_in_hand_is_waited_for(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        event = cal.moved(moved_there(control, uid_of(ours), SLOT + HOUR))
        Appointment.objects.update(leased_until=timezone.now() + HOUR / 60)
        assert work_on(event) == [State.RECEIVED]
        event.refresh_from_db()
        assert event.attempts[-1]["waits"] == 1

    def test_a_booking_that_calcom_does_not_show_yet_is_looked_at_again(
        self, cal: Mouth, ours: Appointment, control: CalcomControl
    ) -> None:
        event = cal.moved(moved_there(control, uid_of(ours), SLOT + HOUR))
        control.post("settings", read_lag_seconds=3600)
        assert work_on(event) == [State.RECEIVED]

    def test_one_that_it_never_shows_is_for_people(self, cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
        event = cal.say("BOOKING_RESCHEDULED", {"uid": "gone", "rescheduleUid": uid_of(ours)})
        WebhookEvent.objects.update(received_at=timezone.now() - HOUR)
        assert work_on(event) == [State.FAILED]
        assert "gone" in FollowUp.objects.get(appointment=ours).what_to_do


class TestBookedByUs:
    @pytest.mark.parametrize("say", [Mouth.created, Mouth.requested])
    def test_our_own_booking_comes_back_without_effect(self, cal: Mouth, ours: Appointment, say: Any) -> None:
        assert work_on(say(cal, uid_of(ours))) == [State.DONE]
        assert (only_row().origin, audited()) == (Origin.STAFF, [])

    def test_before_our_own_answer_nothing_is_written_around_the_booking_service(
        self, cal: Mouth, ours: Appointment
    ) -> None:
        uid = uid_of(ours)
        in_flight = {"status": Status.BOOKING, "calcom_booking_uid": None, "leased_until": timezone.now() + HOUR / 60}
        Appointment.objects.update(**in_flight, sent_at=timezone.now())
        assert work_on(cal.created(uid)) == [State.DONE]
        assert standing(ours) == (Status.BOOKING, SLOT, None)

    def test_an_answer_that_was_lost_is_looked_up_now(self, cal: Mouth, ours: Appointment) -> None:
        uid = uid_of(ours)
        waits = {"status": Status.BOOKING, "calcom_booking_uid": None, "leased_until": timezone.now() + HOUR}
        Appointment.objects.update(**waits, sent_at=timezone.now())
        bells.rung()
        work_on(cal.created(uid))
        booking.book(only_row())
        assert standing(ours) == (Status.SCHEDULED, SLOT, uid)

    def test_a_confirmed_request_is_scheduled_by_the_booking_service(
        self, cal: Mouth, colour: Service, control: CalcomControl
    ) -> None:
        row = book(colour)
        confirmed_there(control, uid_of(row))
        work_on(cal.created(uid_of(row)))
        booking.book(Appointment.objects.get(pk=row.pk))
        assert standing(row)[0] == Status.SCHEDULED

    def test_a_booking_that_was_given_up_and_came_after_all_is_for_people(self, cal: Mouth, ours: Appointment) -> None:
        uid = uid_of(ours)
        Appointment.objects.update(status=Status.FAILED, calcom_booking_uid=None)
        work_on(cal.created(uid))
        assert uid in FollowUp.objects.get(appointment=ours).what_to_do
        assert standing(ours)[0] == Status.FAILED


class TestBookedThere:
    def test_it_becomes_an_appointment(self, cal: Mouth, service: Service, control: CalcomControl) -> None:
        uid = booked_there(control, email="max@salon.example", phone_number=PHONE)
        assert work_on(cal.created(uid)) == [State.DONE]
        row = only_row()
        assert (row.origin, row.service, row.ends_at) == (Origin.CALENDAR, service, SLOT + HOUR)
        assert standing(row) == (Status.SCHEDULED, SLOT, uid)
        assert (row.attendee_name, row.attendee_email, row.customer.phone) == ("Max Muster", "max@salon.example", PHONE)
        assert audited() == [("webhook", "appointment.mirrored_from_calendar", str(row.pk))]

    def test_a_known_number_is_the_same_customer(self, cal: Mouth, company: Company, control: CalcomControl) -> None:
        known = Customer.objects.create(company=company, phone=PHONE, name="Erika Beispiel")
        work_on(cal.created(booked_there(control, phone_number=PHONE)))
        assert only_row().customer == known
        known.refresh_from_db()
        assert known.name == "Erika Beispiel"

    def test_without_a_number_there_is_a_name_only(self, cal: Mouth, control: CalcomControl) -> None:
        work_on(cal.created(booked_there(control)))
        assert (only_row().customer, only_row().attendee_name) == (None, "Max Muster")

    @pytest.mark.parametrize("email", ["4915112345678@sms.cal.com", "a@no-mail.invalid", f"{'x' * 300}@a.example"])
    def test_an_address_that_nobody_reads_is_none(self, cal: Mouth, control: CalcomControl, email: str) -> None:
        work_on(cal.created(booked_there(control, email=email)))
        assert only_row().attendee_email is None

    def test_what_was_read_before_we_moved_it_is_not_a_second_one(
        self, cal: Mouth, company: Company, control: CalcomControl
    ) -> None:
        first = booked_there(control)
        work_on(cal.created(first))
        mirror = webhook_events._mirror(company)
        read, read_at = mirror.look(first), timezone.now()
        changes.reschedule_appointment(only_row(), start=SLOT + HOUR, reason="Later")
        assert mirror.compare(read, seen_at=read_at) == "unchanged"
        assert only_row().starts_at == SLOT + HOUR

    def test_twice_is_one(self, cal: Mouth, control: CalcomControl) -> None:
        event = cal.created(booked_there(control))
        assert work_on(event, event) == [State.DONE, State.DONE]
        assert len(audited()) == 1

    def test_somebody_quicker_is_no_trouble(
        self, cal: Mouth, control: CalcomControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work_on(cal.created(booked_there(control)))
        monkeypatch.setattr("calcom.mirroring.Mirror._row", lambda *_, **__: None)
        monkeypatch.setattr("calcom.mirroring.Mirror._has_moved_one", lambda *_: False)
        assert work_on(*WebhookEvent.objects.all()) == [State.DONE]
        assert Appointment.objects.count() == 1

    def test_it_is_cancelled_and_moved_as_any_other(self, cal: Mouth, control: CalcomControl) -> None:
        first = booked_there(control)
        work_on(cal.created(first))
        second = moved_there(control, first, SLOT + HOUR)
        work_on(cal.moved(second), cal.cancelled(second))
        assert standing(only_row()) == (Status.CANCELLED, SLOT + HOUR, second)

    def test_cancelled_before_we_heard_of_it_is_nothing(self, cal: Mouth, control: CalcomControl) -> None:
        uid = booked_there(control)
        created = cal.created(uid)
        cancelled_there(control, uid)
        work_on(cal.cancelled(uid), created)
        assert not Appointment.objects.exists()

    def test_moved_before_we_heard_of_it_is_one_at_the_new_time(self, cal: Mouth, control: CalcomControl) -> None:
        first = booked_there(control)
        created = cal.created(first)
        second = moved_there(control, first, SLOT + HOUR)
        work_on(cal.moved(second), created)
        assert standing(only_row()) == (Status.SCHEDULED, SLOT + HOUR, second)

    def test_a_request_is_none_until_it_is_confirmed(self, cal: Mouth, colour: Service, control: CalcomControl) -> None:
        uid = booked_there(control, slug="colour")
        work_on(cal.requested(uid))
        assert not Appointment.objects.exists()
        confirmed_there(control, uid)
        work_on(cal.created(uid))
        assert only_row().service == colour

    def test_moved_to_a_time_that_waits_for_confirmation_it_is_no_booking_until_then(
        self, cal: Mouth, colour: Service, control: CalcomControl
    ) -> None:
        first = booked_there(control, slug="colour")
        confirmed_there(control, first)
        work_on(cal.created(first))
        second = asked_to_move(control, first, SLOT + HOUR)
        work_on(cal.requested(second))
        assert standing(only_row()) == (Status.BOOKING, SLOT + HOUR, second)
        assert not OutboxMessage.objects.filter(kind=CUSTOMER_MAIL, payload__news="cancelled").exists()
        confirmed_there(control, second)
        work_on(cal.created(second))
        assert booking.book(only_row()).status == Status.SCHEDULED

    def test_moved_by_us_it_waits_for_confirmation_and_people_are_asked(
        self, cal: Mouth, colour: Service, control: CalcomControl
    ) -> None:
        first = booked_there(control, slug="colour")
        confirmed_there(control, first)
        work_on(cal.created(first))
        moved = changes.reschedule_appointment(only_row(), start=SLOT + HOUR, reason="Later")
        assert moved.status == Status.BOOKING
        assert FollowUp.objects.get().what_to_do == for_staff(colour.company, follow_ups.WAITS_FOR_CONFIRMATION)
        confirmed_there(control, moved.calcom_booking_uid or "")
        assert booking.book(moved).status == Status.SCHEDULED
        assert FollowUp.objects.get().status == FollowUp.Status.DONE

    def test_of_two_services_of_one_event_type_it_is_the_one_that_lasts_as_long(
        self, cal: Mouth, company: Company, control: CalcomControl
    ) -> None:
        long = make_service(company, name="Long", duration_minutes=90, calcom_event_type_id=control.ids["haircut"])
        work_on(cal.created(booked_there(control, length_minutes=90)))
        assert only_row().service == long

    def test_an_event_type_of_no_service_is_ignored_unseen(self, cal: Mouth, control: CalcomControl) -> None:
        event = cal.created(booked_there(control, slug="staff"))
        before = len(control.requests())
        assert work_on(event) == [State.IGNORED]
        assert (Appointment.objects.count(), len(control.requests())) == (0, before)

    def test_an_inactive_service_is_ignored(self, cal: Mouth, control: CalcomControl) -> None:
        Service.objects.update(is_active=False)
        assert work_on(cal.created(booked_there(control))) == [State.IGNORED]

    def test_it_is_not_offered_any_more(self, cal: Mouth, service: Service, control: CalcomControl) -> None:
        work_on(cal.created(booked_there(control)))
        free = availability.free_starts(calendar_of(service.company), service, SLOT, SLOT + HOUR)
        assert free == []

    def test_without_a_key_nobody_can_look(self, cal: Mouth, control: CalcomControl) -> None:
        event = cal.created(booked_there(control))
        Company.objects.update(calcom_api_key="")
        assert work_on(event) == [State.FAILED]


class TestWhoCame:
    @pytest.fixture
    def past(self, ours: Appointment) -> Appointment:
        Appointment.objects.update(starts_at=PAST, ends_at=PAST + HOUR, attendee_email="erika@salon.example")
        return ours

    def test_who_did_not_come_is_a_no_show(self, cal: Mouth, past: Appointment) -> None:
        event = cal.attended(uid_of(past), {"email": "Erika@salon.example", "noShow": True})
        assert work_on(event, event) == [State.DONE, State.DONE]
        assert (standing(past)[0], len(audited())) == (Status.NO_SHOW, 1)

    def test_the_only_attendee_is_the_one(self, cal: Mouth, past: Appointment) -> None:
        work_on(cal.attended(uid_of(past), {"email": "other@salon.example", "noShow": True}))
        assert standing(past)[0] == Status.NO_SHOW

    @pytest.mark.parametrize(
        "attendees",
        [
            [{"email": "erika@salon.example", "noShow": False}],
            [{"email": "a@salon.example", "noShow": True}, {"email": "erika@salon.example", "noShow": False}],
            [{"email": "a@salon.example", "noShow": True}, {"email": "b@salon.example", "noShow": True}],
            [],
            ["erika"],
            [{"email": 5, "noShow": "perhaps"}],
        ],
    )
    def test_anything_else_is_none(self, cal: Mouth, past: Appointment, attendees: list[Any]) -> None:
        assert work_on(cal.attended(uid_of(past), *attendees)) == [State.DONE]
        assert standing(past)[0] == Status.SCHEDULED

    def test_nobody_stays_away_ahead_of_time(self, cal: Mouth, ours: Appointment) -> None:
        work_on(cal.attended(uid_of(ours), {"email": "erika@salon.example", "noShow": True}))
        assert standing(ours)[0] == Status.SCHEDULED


class TestAnotherCompany:
    @pytest.fixture
    def stranger(self, other_company: Company, service: Service, control: CalcomControl) -> Mouth:
        """Another company with the same account, and a service of the same event type."""
        other_company.calcom_api_key, other_company.calcom_base_url = API_KEY, control.base_url
        other_company.save()
        make_service(other_company, calcom_event_type_id=service.calcom_event_type_id)
        return Mouth(other_company, control)

    def test_its_news_cancel_nothing_here(self, stranger: Mouth, ours: Appointment) -> None:
        work_on(stranger.cancelled(uid_of(ours)))
        assert standing(ours)[0] == Status.SCHEDULED

    def test_its_news_move_nothing_here(self, stranger: Mouth, ours: Appointment, control: CalcomControl) -> None:
        first = uid_of(ours)
        event = stranger.moved(moved_there(control, first, SLOT + HOUR))
        assert work_on(event) == [State.IGNORED]
        assert standing(ours) == (Status.SCHEDULED, SLOT, first)

    def test_what_is_ours_is_not_mirrored_there(self, stranger: Mouth, ours: Appointment) -> None:
        assert work_on(stranger.created(uid_of(ours))) == [State.IGNORED]
        assert Appointment.objects.count() == 1

    def test_who_did_not_come_there_is_no_matter_here(self, stranger: Mouth, ours: Appointment) -> None:
        Appointment.objects.update(starts_at=PAST, ends_at=PAST + HOUR)
        work_on(stranger.attended(uid_of(ours), {"email": "a@salon.example", "noShow": True}))
        assert standing(ours)[0] == Status.SCHEDULED

    def test_an_inactive_companys_events_are_ignored(self, cal: Mouth, ours: Appointment) -> None:
        event = cal.cancelled(uid_of(ours))
        Company.objects.update(is_active=False)
        assert work_on(event) == [State.IGNORED]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "text",
        5,
        {},
        {"uid": 7},
        {"uid": None},
        {"uid": ""},
        {"uid": "a/../b"},
        {"uid": "x" * 65},
        {"uid": {}},
    ],
)
@pytest.mark.parametrize("trigger", ["BOOKING_CREATED", "BOOKING_CANCELLED", "BOOKING_NO_SHOW_UPDATED"])
def test_what_names_no_booking_is_ignored(cal: Mouth, ours: Appointment, trigger: str, payload: Any) -> None:
    Appointment.objects.create(company=ours.company, service=ours.service, starts_at=PAST, ends_at=PAST + HOUR)
    assert work_on(cal.say(trigger, payload)) == [State.IGNORED]
    assert standing(ours)[0] == Status.SCHEDULED


@pytest.mark.parametrize("event_type", [None, "haircut", -1, 0, 10**30, 1.5, [], True])
def test_an_event_type_of_another_form_is_unknown(cal: Mouth, event_type: Any) -> None:
    assert work_on(cal.say("BOOKING_CREATED", {"uid": "unknown", "eventTypeId": event_type})) == [State.IGNORED]


@pytest.mark.parametrize("metadata", [None, "text", [], {"booking_key": 5}, {"booking_key": "no uuid"}])
def test_metadata_of_another_form_is_none(cal: Mouth, control: CalcomControl, metadata: Any) -> None:
    assert work_on(cal.created(booked_there(control), metadata=metadata)) == [State.DONE]
    assert only_row().status == Status.SCHEDULED


def test_nothing_is_ever_written_to_calcom(cal: Mouth, ours: Appointment, control: CalcomControl) -> None:
    moved = moved_there(control, uid_of(ours), SLOT + HOUR)
    before = len(control.requests())
    work_on(cal.moved(moved), cal.created(booked_there(control, SLOT + 3 * HOUR)), cal.cancelled(moved))
    sent = control.requests()[before:]
    assert {request["method"] for request in sent} == {"GET"}


def test_placeholders_are_told_by_the_setting(cal: Mouth, control: CalcomControl, settings: Settings) -> None:
    settings.PLACEHOLDER_EMAIL_DOMAIN = "nobody.example"
    work_on(cal.created(booked_there(control, email="a@nobody.example")))
    assert only_row().attendee_email is None
