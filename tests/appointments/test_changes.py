"""Appointments made, moved, cancelled and confirmed outside a call, in a real Cal.com sandbox."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from appointments import changes
from appointments.booking import STALE_READS
from appointments.calendar import CalendarUnreachable, OutcomeUnknown, SlotTaken
from appointments.models import Appointment, Company, FollowUp, Service
from mcp_gateway import gateway
from mcp_gateway.errors import Conflict, GatewayError, InvalidParams, NotFound, UpstreamError
from mcp_gateway.models import AuditEntry
from mcp_gateway.principal import Principal
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_customer

PHONE = "+4915112345678"

pytestmark = pytest.mark.django_db


def make(service: Service, **more: Any) -> Appointment:
    values = {"start": SLOT, "name": "Erika Beispiel", "phone": PHONE, **more}
    return changes.create_appointment(company=service.company, service=service, **values)


def take_in_calendar(service: Service, control: CalcomControl) -> None:
    """Somebody has booked the time on the web."""
    control.post(
        "bookings", event_type_id=service.calcom_event_type_id, start=SLOT.isoformat(), email="a@salon.example"
    )


def live(control: CalcomControl) -> list[dict[str, Any]]:
    return [row for row in control.bookings() if row["status"] in ("accepted", "pending")]


def call(company: Company, method: str, **params: Any) -> Any:
    principal = Principal.of_task("tests", company.pk)
    return gateway.call(f"appointment_mgmt.{method}", params, principal=principal)


def refused(company: Company, method: str, **params: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call(company, method, **params)
    return caught.value


def test_a_made_appointment_is_in_the_calendar(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    (booking,) = control.bookings()
    assert (made.status, made.calcom_booking_uid) == (Appointment.Status.SCHEDULED, booking["uid"])
    assert made.customer.phone == PHONE


def test_what_a_program_changes_is_in_the_trail(haircut: Service) -> None:
    made = call(haircut.company, "createAppointment", service_id=haircut.pk, start=SLOT.isoformat(), name="Erika")
    call(haircut.company, "cancelAppointment", appointment_id=made["id"], reason="Ill")
    entries = AuditEntry.objects.filter(object_type="Appointment", object_id=str(made["id"])).order_by("pk")
    assert [(entry.action, entry.actor, entry.reason) for entry in entries] == [
        ("appointment.booked", "booking", ""),
        ("appointment.created", "tests", ""),
        ("appointment.cancelled", "tests", "Ill"),
    ]


def test_a_taken_time_makes_no_appointment(haircut: Service, control: CalcomControl) -> None:
    make(haircut)
    with pytest.raises(SlotTaken):
        make(haircut, phone="+4915187654321")
    assert (Appointment.objects.count(), len(live(control))) == (1, 1)


def test_a_time_that_is_taken_in_the_calendar_only_fails(haircut: Service, control: CalcomControl) -> None:
    take_in_calendar(haircut, control)
    assert make(haircut).status == Appointment.Status.FAILED


def test_a_moved_appointment_has_the_new_uid_and_time(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    moved = changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
    (booking,) = live(control)
    assert moved.starts_at == SLOT + HOUR
    assert moved.calcom_booking_uid == booking["uid"] != made.calcom_booking_uid
    assert moved.leased_until is None


def test_a_move_to_a_taken_time_leaves_it_where_it_was(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    make(haircut, start=SLOT + HOUR, phone="+4915187654321")
    with pytest.raises(SlotTaken):
        changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
    made.refresh_from_db()
    assert (made.starts_at, made.status, made.leased_until) == (SLOT, Appointment.Status.SCHEDULED, None)


def test_a_move_whose_answer_was_lost_is_reviewed_and_can_be_repeated(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    control.fault("reset", path="/v2/bookings/[^/]+/reschedule", when="after")
    with pytest.raises(OutcomeUnknown):
        changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
    assert FollowUp.objects.get().kind == FollowUp.Kind.NEEDS_REVIEW
    assert changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later").starts_at == SLOT + HOUR
    assert len(live(control)) == 1


def test_a_review_that_was_done_is_opened_again_by_the_next_unclear_change(
    haircut: Service, control: CalcomControl
) -> None:
    made = make(haircut)
    done = {"kind": FollowUp.Kind.NEEDS_REVIEW, "status": FollowUp.Status.DONE, "what_to_do": "Confirm it."}
    FollowUp.objects.create(company=haircut.company, appointment=made, **done)
    control.fault("reset", path="/v2/bookings/[^/]+/reschedule", when="after")
    with pytest.raises(OutcomeUnknown):
        changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
    asked = FollowUp.objects.get()
    assert asked.status == FollowUp.Status.OPEN
    assert "Kalender" in asked.what_to_do


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (lambda made: changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later"), "sollte auf"),
        (lambda made: changes.cancel_appointment(made, reason="Ill"), "sollte abgesagt werden"),
    ],
    ids=["move", "cancel"],
)
def test_an_unclear_change_that_the_host_was_quicker_than_stays_somebodys_task(
    haircut: Service, control: CalcomControl, asked: Callable[[Appointment], Appointment], wanted: str
) -> None:
    made = make(haircut)
    control.fault("reset", method="POST", path="/v2/bookings/[^/]+/(reschedule|cancel)")
    with pytest.raises(OutcomeUnknown):
        asked(made)
    control.post(f"bookings/{made.calcom_booking_uid}/reschedule", start=(SLOT + 3 * HOUR).isoformat())
    assert changes.settle(made).starts_at == SLOT + 3 * HOUR
    task = FollowUp.objects.get()
    assert (task.status, wanted in task.what_to_do) == (FollowUp.Status.OPEN, True)


def test_an_unclear_move_of_what_the_host_then_cancelled_stays_somebodys_task(
    haircut: Service, control: CalcomControl
) -> None:
    made = make(haircut)
    control.fault("reset", path="/v2/bookings/[^/]+/reschedule")
    with pytest.raises(OutcomeUnknown):
        changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
    control.post(f"bookings/{made.calcom_booking_uid}/cancel", reason="ill")
    assert changes.settle(made).status == Appointment.Status.CANCELLED
    task = FollowUp.objects.get()
    assert task.status == FollowUp.Status.OPEN
    assert "im Kalender wurde er aber abgesagt" in task.what_to_do


def test_a_cancelled_appointment_is_cancelled_in_both_places(haircut: Service, control: CalcomControl) -> None:
    cancelled = changes.cancel_appointment(make(haircut), reason="Ill")
    assert (cancelled.status, cancelled.cancellation_reason) == (Appointment.Status.CANCELLED, "Ill")
    assert live(control) == []


def test_cancelling_twice_asks_the_calendar_once(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    for _ in range(2):
        changes.cancel_appointment(made, reason="Ill")
    assert [row["path"] for row in control.requests()].count(f"/v2/bookings/{made.calcom_booking_uid}/cancel") == 1


def test_nothing_says_cancelled_while_the_calendar_does_not_answer(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    control.fault("reply", path="/v2/bookings/[^/]+/cancel", status=500)
    with pytest.raises(OutcomeUnknown):
        changes.cancel_appointment(made, reason="Ill")
    made.refresh_from_db()
    assert made.status == Appointment.Status.SCHEDULED


def test_an_appointment_in_somebodys_hands_is_not_changed(haircut: Service) -> None:
    made = make(haircut)
    with changes.claimed(made, Appointment.Status.SCHEDULED), pytest.raises(changes.NotChangeable):
        changes.cancel_appointment(made, reason="Ill")


def test_a_failed_appointment_can_not_be_moved(haircut: Service, control: CalcomControl) -> None:
    take_in_calendar(haircut, control)
    failed = make(haircut)
    with pytest.raises(changes.NotChangeable):
        changes.reschedule_appointment(failed, start=SLOT + HOUR, reason="Later")


def test_a_requested_booking_is_confirmed_in_the_calendar(colour: Service, control: CalcomControl) -> None:
    requested = make(colour)
    assert requested.status == Appointment.Status.BOOKING
    Appointment.objects.update(sent_at=SLOT - 1000 * HOUR)
    assert changes.confirm_appointment(requested).status == Appointment.Status.SCHEDULED
    assert [row["status"] for row in control.bookings()] == ["accepted"]
    assert not FollowUp.objects.exclude(status=FollowUp.Status.DONE).exists()


def test_found_by_phone_however_it_is_written(haircut: Service) -> None:
    made = make(haircut)
    (row,) = call(haircut.company, "findAppointments", phone="0151 12345678")["appointments"]
    assert (row["id"], row["service"], row["duration_minutes"]) == (made.pk, "Herrenhaarschnitt", 60)


def test_an_unknown_number_has_no_appointments(haircut: Service) -> None:
    assert call(haircut.company, "findAppointments", phone=PHONE) == {"appointments": []}


def test_another_companys_customer_is_not_found(haircut: Service, other_company: Company) -> None:
    make(haircut)
    make_customer(other_company, phone=PHONE)
    assert call(other_company, "findAppointments", phone=PHONE) == {"appointments": []}


def test_what_is_no_phone_number_is_refused(haircut: Service) -> None:
    assert isinstance(refused(haircut.company, "findAppointments", phone="anonymous"), InvalidParams)


def test_another_companys_service_can_not_be_booked(haircut: Service, other_company: Company) -> None:
    params = {"service_id": haircut.pk, "start": SLOT.isoformat(), "name": "Erika"}
    assert isinstance(refused(other_company, "createAppointment", **params), NotFound)


@pytest.mark.parametrize("method", ["rescheduleAppointment", "cancelAppointment", "confirmAppointment"])
def test_another_companys_appointment_does_not_exist(haircut: Service, other_company: Company, method: str) -> None:
    more = {"start": (SLOT + HOUR).isoformat()} if method == "rescheduleAppointment" else {}
    reason = {} if method == "confirmAppointment" else {"reason": "Ill"}
    error = refused(other_company, method, appointment_id=make(haircut).pk, **more, **reason)
    assert isinstance(error, NotFound)


def test_the_whole_way_by_rpc(haircut: Service, control: CalcomControl) -> None:
    company = haircut.company
    made = call(company, "createAppointment", service_id=haircut.pk, start=SLOT.isoformat(), name="Erika", phone=PHONE)
    later = (SLOT + HOUR).isoformat()
    moved = call(company, "rescheduleAppointment", appointment_id=made["id"], start=later, reason="Later")
    ended = call(company, "cancelAppointment", appointment_id=made["id"], reason="Ill")
    assert [made["status"], moved["status"], ended["status"]] == ["scheduled", "scheduled", "cancelled"]
    assert live(control) == []


def test_a_taken_time_is_a_conflict_by_rpc(haircut: Service) -> None:
    made = make(haircut)
    make(haircut, start=SLOT + HOUR, phone="+4915187654321")
    later = (SLOT + HOUR).isoformat()
    error = refused(haircut.company, "rescheduleAppointment", appointment_id=made.pk, start=later, reason="Later")
    assert (type(error), error.kind) == (Conflict, "slot_taken")


def test_an_unclear_outcome_is_said_to_be_unclear_by_rpc(haircut: Service, control: CalcomControl) -> None:
    made = make(haircut)
    control.fault("reply", path="/v2/bookings/[^/]+/cancel", status=500)
    error = refused(haircut.company, "cancelAppointment", appointment_id=made.pk, reason="Ill")
    assert (type(error), error.kind, error.retryable) == (UpstreamError, "unknown_outcome", False)


class TestCatchingUp:
    """What became of an appointment in the calendar, while our row did not know."""

    def lose(self, control: CalcomControl, what: str) -> None:
        control.fault("reset", path=f"/v2/bookings/.*/{what}", when="after")

    def test_a_move_whose_answer_was_lost(self, haircut: Service, control: CalcomControl) -> None:
        made = make(haircut)
        self.lose(control, "reschedule")
        with pytest.raises(OutcomeUnknown):
            changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
        caught_up = changes.catch_up(made)
        (booking,) = live(control)
        assert (caught_up.starts_at, caught_up.calcom_booking_uid) == (SLOT + HOUR, booking["uid"])
        assert caught_up.sent_at is None

    def test_a_cancellation_whose_answer_was_lost(self, haircut: Service, control: CalcomControl) -> None:
        made = make(haircut)
        self.lose(control, "cancel")
        with pytest.raises(OutcomeUnknown):
            changes.cancel_appointment(made, reason="Ill")
        assert changes.catch_up(made).status == Appointment.Status.CANCELLED

    def test_what_is_clear_needs_no_review(self, haircut: Service, control: CalcomControl) -> None:
        made = make(haircut)
        self.lose(control, "cancel")
        with pytest.raises(OutcomeUnknown):
            changes.cancel_appointment(made, reason="Ill")
        changes.catch_up(made)
        assert FollowUp.objects.get().status == FollowUp.Status.DONE

    def test_what_others_did_in_the_calendar(self, haircut: Service, control: CalcomControl) -> None:
        made = make(haircut)
        for start in (SLOT + HOUR, SLOT + 2 * HOUR):
            uid = live(control)[0]["uid"]
            control.post(f"bookings/{uid}/reschedule", start=start.isoformat())
        assert changes.catch_up(made).starts_at == SLOT + 2 * HOUR

    def test_a_change_that_the_calendar_may_not_show_yet_stays_unclear(
        self, haircut: Service, control: CalcomControl
    ) -> None:
        made = make(haircut)
        control.fault("reset", path="/v2/bookings/.*/reschedule", when="before")
        with pytest.raises(OutcomeUnknown):
            changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
        assert changes.catch_up(Appointment.objects.get()).sent_at is not None
        Appointment.objects.update(sent_at=timezone.now() - STALE_READS)
        assert changes.catch_up(Appointment.objects.get()).sent_at is None

    def test_while_the_calendar_is_away_nothing_is_known(self, haircut: Service, control: CalcomControl) -> None:
        made = make(haircut)
        control.fault("reset", path="/v2/bookings/.*")
        with pytest.raises(CalendarUnreachable):
            changes.catch_up(made)
        made.refresh_from_db()
        assert (made.status, made.leased_until) == (Appointment.Status.SCHEDULED, None)


class TestSettling:
    """What the sweep finds out of a change whose outcome nobody knows."""

    def unclear_move(self, service: Service, control: CalcomControl, *, when: str) -> Appointment:
        made = make(service)
        control.fault("reset", path="/v2/bookings/.*/reschedule", when=when)
        with pytest.raises(OutcomeUnknown):
            changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
        Appointment.objects.update(sent_at=timezone.now() - STALE_READS)
        return Appointment.objects.get()

    def test_one_that_arrived_is_followed_and_nobody_has_to_look(
        self, haircut: Service, control: CalcomControl
    ) -> None:
        made = self.unclear_move(haircut, control, when="after")
        settled = changes.settle(made)
        assert (settled.starts_at, settled.sent_at) == (SLOT + HOUR, None)
        assert FollowUp.objects.get().status == FollowUp.Status.DONE

    def test_one_that_never_arrived_is_told_to_people(self, haircut: Service, control: CalcomControl) -> None:
        made = self.unclear_move(haircut, control, when="before")
        settled = changes.settle(made)
        assert (settled.starts_at, settled.sent_at) == (SLOT, None)
        assert FollowUp.objects.get().status == FollowUp.Status.OPEN
        assert "hat den Kalender nicht erreicht" in FollowUp.objects.get().what_to_do

    def test_what_the_calendar_may_not_show_yet_stays_in_doubt(self, haircut: Service, control: CalcomControl) -> None:
        made = self.unclear_move(haircut, control, when="before")
        Appointment.objects.update(sent_at=timezone.now())
        with pytest.raises(OutcomeUnknown):
            changes.settle(made)
        assert changes.is_in_doubt(Appointment.objects.get())

    def killed_on_the_way(self, service: Service, moving_to: datetime | None) -> Appointment:
        make(service)
        sent_at = timezone.now() - STALE_READS
        Appointment.objects.update(sent_at=sent_at, moving_to=moving_to, leased_until=timezone.now())
        return Appointment.objects.get()

    @pytest.mark.parametrize(("moving_to", "words"), [(SLOT + HOUR, "verlegt werden"), (None, "abgesagt werden")])
    def test_who_asked_for_a_killed_change_that_never_arrived_is_called_back(
        self, haircut: Service, control: CalcomControl, moving_to: datetime | None, words: str
    ) -> None:
        made = self.killed_on_the_way(haircut, moving_to)
        assert changes.changes_in_doubt() == [made.pk]
        assert changes.settle(made).sent_at is None
        row = FollowUp.objects.get()
        assert (row.kind, row.appointment, row.status) == (FollowUp.Kind.CALLBACK, made, FollowUp.Status.OPEN)
        assert words in row.what_to_do

    def test_that_is_told_once_however_often_it_happens(self, haircut: Service, control: CalcomControl) -> None:
        changes.settle(self.killed_on_the_way(haircut, SLOT + HOUR))
        Appointment.objects.update(sent_at=timezone.now() - STALE_READS)
        changes.settle(Appointment.objects.get())
        assert FollowUp.objects.count() == 1

    @pytest.mark.parametrize("what", ["moved", "cancelled"])
    def test_nobody_has_to_call_once_it_was_changed_after_all(
        self, haircut: Service, control: CalcomControl, what: str
    ) -> None:
        made = changes.settle(self.killed_on_the_way(haircut, SLOT + HOUR))
        if what == "moved":
            changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Again")
        else:
            changes.cancel_appointment(made, reason="Rather not")
        assert FollowUp.objects.get().status == FollowUp.Status.DONE

    def test_a_killed_change_that_arrived_is_nobodys_work(self, haircut: Service, control: CalcomControl) -> None:
        made = self.killed_on_the_way(haircut, SLOT + HOUR)
        start = (SLOT + HOUR).isoformat()
        control.post(f"bookings/{made.calcom_booking_uid}/reschedule", start=start, reason="Ours")
        assert changes.settle(made).starts_at == SLOT + HOUR
        assert not FollowUp.objects.exists()

    def promised_to_call(self, made: Appointment) -> FollowUp:
        return FollowUp.objects.create(
            company=made.company, appointment=made, kind=FollowUp.Kind.CALLBACK, what_to_do="Umbuchen ging nicht."
        )

    @pytest.mark.parametrize("what", ["moved", "cancelled"])
    def test_who_was_promised_a_call_and_then_heard_nothing_is_told_what_was_done(
        self, haircut: Service, control: CalcomControl, what: str
    ) -> None:
        made = self.killed_on_the_way(haircut, SLOT + HOUR if what == "moved" else None)
        promised = self.promised_to_call(made)
        if what == "moved":
            start = (SLOT + HOUR).isoformat()
            control.post(f"bookings/{made.calcom_booking_uid}/reschedule", start=start, reason="Ours")
        else:
            control.post(f"bookings/{made.calcom_booking_uid}/cancel", reason="Ours")
        changes.settle(made)
        promised.refresh_from_db()
        assert promised.status == FollowUp.Status.OPEN
        words = "verlegt worden" if what == "moved" else "abgesagt worden"
        assert promised.what_to_do.count(words) == 1

    def test_who_was_promised_a_call_and_then_told_that_it_is_looked_into_need_not_be_called(
        self, haircut: Service, control: CalcomControl
    ) -> None:
        made = self.unclear_move(haircut, control, when="after")
        promised = self.promised_to_call(made)
        changes.settle(made)
        promised.refresh_from_db()
        assert promised.status == FollowUp.Status.DONE

    def test_one_that_is_on_its_way_is_left_alone(self, haircut: Service, control: CalcomControl) -> None:
        make(haircut)
        later = timezone.now() + STALE_READS
        Appointment.objects.update(sent_at=timezone.now() - STALE_READS, leased_until=later)
        assert changes.changes_in_doubt() == []
        assert not changes.is_in_doubt(Appointment.objects.get())

    def test_a_refused_change_leaves_no_doubt(self, haircut: Service, control: CalcomControl) -> None:
        made = make(haircut)
        control.fault("reply", path="/v2/bookings/.*/reschedule", status=429)
        with pytest.raises(CalendarUnreachable):
            changes.reschedule_appointment(made, start=SLOT + HOUR, reason="Later")
        assert Appointment.objects.get().sent_at is None
