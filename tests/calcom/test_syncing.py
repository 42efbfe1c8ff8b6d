"""What no webhook has told is made up for by comparing our appointments with the account's bookings."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from appointments import availability, changes
from appointments.calendar import calendar_of
from appointments.models import Appointment, Company, FollowUp, Service
from calcom import syncing, tasks
from calcom.syncing import SyncedBookings
from mcp_gateway import gateway
from mcp_gateway.errors import Conflict, GatewayError, UpstreamError
from mcp_gateway.models import AuditEntry
from mcp_gateway.principal import Principal
from tests import bells
from tests.appointments.threads import at_once
from tests.calcom.conftest import API_KEY, HOUR, SLOT, CalcomControl
from tests.calcom.saying import booked_there, cancelled_there, moved_there
from tests.calcom.test_mirroring import book, only_row, standing, uid_of
from tests.calcom.test_webhook import SECRET, subscribe
from tests.factories import make_company

Status = Appointment.Status
LIST = "/v2/bookings"


@pytest.fixture(autouse=True)
def _old_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed a moment ago counts as changed long ago."""
    monkeypatch.setattr("calcom.mirroring.STALE_READS", timedelta(0))
    monkeypatch.setattr("calcom.syncing.STALE_READS", timedelta(0))


@pytest.fixture
def ours(service: Service) -> Appointment:
    return book(service)


@pytest.fixture
def synced_before(company: Company, service: Service) -> None:
    """All was read a moment ago: only what changes from now on is."""
    sync(company)


@pytest.fixture
def _nobody_rang() -> Iterator[None]:
    bells.rung()
    yield
    bells.rung()


def sync(company: Company) -> dict[str, int]:
    return gateway.call("calcom.syncBookings", principal=Principal.of_task("tests", company.pk))


def counts(**more: int) -> dict[str, int]:
    return SyncedBookings(**more).model_dump()


def lists(control: CalcomControl) -> list[dict[str, Any]]:
    return [request for request in control.requests() if request["path"] == LIST and request["method"] == "GET"]


def test_nothing_to_compare(company: Company, service: Service) -> None:
    assert sync(company) == counts()


def test_what_is_ours_and_the_same_is_left(company: Company, ours: Appointment) -> None:
    assert sync(company) == counts(seen=1, unchanged=1)
    assert not AuditEntry.objects.filter(object_type="Appointment").exclude(action="appointment.booked").exists()


def test_a_booking_of_theirs_is_mirrored_once(company: Company, service: Service, control: CalcomControl) -> None:
    uid = booked_there(control)
    assert sync(company) == counts(seen=1, mirrored=1)
    assert sync(company) == counts(seen=1, unchanged=1)
    assert standing(only_row()) == (Status.SCHEDULED, SLOT, uid)


def test_many_bookings_of_theirs_take_one_request(company: Company, service: Service, control: CalcomControl) -> None:
    for number in range(5):
        booked_there(control, SLOT + number * HOUR)
    before = len(control.requests())
    assert sync(company)["mirrored"] == 5
    assert len(control.requests()) == before + 1


def test_a_booking_of_no_service_is_seen_only(company: Company, service: Service, control: CalcomControl) -> None:
    booked_there(control, slug="staff")
    assert sync(company) == counts(seen=1, unchanged=1)


def test_a_lost_move_is_made_up_for(company: Company, ours: Appointment, control: CalcomControl) -> None:
    uid = moved_there(control, uid_of(ours), SLOT + HOUR)
    assert sync(company) == counts(seen=2, moved=1, unchanged=1)
    assert standing(ours) == (Status.SCHEDULED, SLOT + HOUR, uid)


@pytest.mark.usefixtures("synced_before")
def test_lost_moves_and_a_cancellation_are_made_up_for(
    company: Company, ours: Appointment, control: CalcomControl
) -> None:
    second = moved_there(control, uid_of(ours), SLOT + HOUR)
    third = moved_there(control, second, SLOT + 2 * HOUR)
    cancelled_there(control, third, "Ill")
    assert sync(company) == counts(seen=3, cancelled=1, unchanged=2)
    ours.refresh_from_db()
    assert (ours.status, ours.cancellation_reason) == (Status.CANCELLED, "Ill")


def test_a_move_out_of_what_is_read_is_followed(company: Company, ours: Appointment, control: CalcomControl) -> None:
    far = SLOT + timedelta(days=200)
    moved_there(control, uid_of(ours), far)
    sync(company)
    assert standing(ours)[:2] == (Status.SCHEDULED, far)


def test_what_was_done_stands_in_the_audit_trail(company: Company, ours: Appointment, control: CalcomControl) -> None:
    cancelled_there(control, uid_of(ours))
    sync(company)
    (entry,) = AuditEntry.objects.filter(object_type="Appointment").exclude(action="appointment.booked")
    assert (entry.actor_kind, entry.actor) == ("task", "tests")


def test_slots_from_before_are_not_offered_afterwards(
    company: Company, service: Service, control: CalcomControl
) -> None:
    def free() -> list[Any]:
        return availability.calendar_starts(calendar_of(company), service, SLOT, SLOT + HOUR)

    assert free() == [SLOT]
    booked_there(control)
    sync(company)
    assert free() == []


def test_an_appointment_that_calcom_has_lost_is_for_people_once(
    company: Company, ours: Appointment, control: CalcomControl
) -> None:
    Appointment.objects.update(calcom_booking_uid="lost")
    cancelled_there(control, control.bookings()[0]["uid"])
    for _ in range(2):
        cache.clear()
        assert sync(company)["differences"] == 1
    assert "lost" in FollowUp.objects.get(appointment=ours, kind=FollowUp.Kind.NEEDS_REVIEW).what_to_do
    assert standing(ours)[0] == Status.SCHEDULED


def test_a_review_that_is_done_is_not_opened_again(company: Company, ours: Appointment) -> None:
    Appointment.objects.update(starts_at=SLOT + HOUR, ends_at=SLOT + 2 * HOUR)
    sync(company)
    FollowUp.objects.update(status=FollowUp.Status.DONE)
    sync(company)
    assert FollowUp.objects.get().status == FollowUp.Status.DONE


def test_another_time_without_a_trace_is_for_people(company: Company, ours: Appointment) -> None:
    Appointment.objects.update(starts_at=SLOT + HOUR, ends_at=SLOT + 2 * HOUR)
    assert sync(company) == counts(seen=1, differences=1)
    assert FollowUp.objects.get().kind == FollowUp.Kind.NEEDS_REVIEW
    assert standing(ours)[1] == SLOT + HOUR


def test_what_has_passed_is_nobodys_work(company: Company, ours: Appointment) -> None:
    now = timezone.now()
    Appointment.objects.update(starts_at=now - 2 * HOUR, ends_at=now - HOUR)
    assert sync(company) == counts(seen=1, unchanged=1)
    assert not FollowUp.objects.exists()


def test_what_has_just_been_changed_here_is_not_compared_with_an_old_read(
    company: Company, ours: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calcom.mirroring.STALE_READS", timedelta(seconds=30))
    Appointment.objects.update(starts_at=SLOT + HOUR, ends_at=SLOT + 2 * HOUR, updated_at=timezone.now())
    assert sync(company) == counts(seen=1, unchanged=1)


def test_a_booking_that_stands_though_we_cancelled_it_is_for_people(company: Company, ours: Appointment) -> None:
    Appointment.objects.update(status=Status.CANCELLED)
    assert sync(company)["differences"] == 1
    assert standing(ours)[0] == Status.CANCELLED


def test_a_booking_in_our_hands_is_left_for_the_next_time(
    company: Company, ours: Appointment, control: CalcomControl
) -> None:
    cancelled_there(control, uid_of(ours))
    with changes.claimed(ours, Status.SCHEDULED):
        assert sync(company) == counts(seen=1, unchanged=1)
        assert cache.get(syncing._key(company)) is None
    assert sync(company) == counts(seen=1, cancelled=1)


@pytest.mark.usefixtures("synced_before")
def test_the_second_time_only_changes_are_read(company: Company, service: Service, control: CalcomControl) -> None:
    sync(company)
    queries = [request["query"] for request in lists(control)]
    assert ["afterUpdatedAt" in query for query in queries] == [False, True]


@pytest.mark.usefixtures("synced_before")
def test_a_day_later_everything_is_read(company: Company, control: CalcomControl) -> None:
    known = cache.get(syncing._key(company))
    cache.set(syncing._key(company), {**known, "everything": known["everything"] - timedelta(days=1)})
    sync(company)
    assert "afterUpdatedAt" not in lists(control)[-1]["query"]


def test_more_than_a_list_may_have_are_read_in_pieces(
    company: Company, service: Service, control: CalcomControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calcom.client.PAGE", 1)
    for number in range(9):
        booked_there(control, SLOT + number * timedelta(days=5, hours=1))
    assert sync(company) == counts(seen=9, mirrored=9)


@pytest.mark.usefixtures("synced_before")
def test_more_changes_than_a_list_may_have_mean_reading_everything(
    company: Company, control: CalcomControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calcom.client.PAGE", 1)
    for number in range(5):
        booked_there(control, SLOT + number * timedelta(days=5, hours=1))
    assert sync(company) == counts(seen=5, mirrored=5)


def test_a_calendar_that_does_not_answer_changes_nothing(
    company: Company, ours: Appointment, control: CalcomControl
) -> None:
    cancelled_there(control, uid_of(ours))
    control.fault("reply", path=LIST, status=500)
    with pytest.raises(UpstreamError):
        sync(company)
    assert (standing(ours)[0], cache.get(syncing._key(company))) == (Status.SCHEDULED, None)


def test_without_a_key_nothing_is_asked(company: Company, control: CalcomControl) -> None:
    Company.objects.update(calcom_api_key="")
    with pytest.raises(Conflict) as raised:
        sync(company)
    assert (raised.value.kind, control.requests()) == ("not_configured", [])


def test_another_companys_rows_are_left(
    company: Company, ours: Appointment, other_company: Company, control: CalcomControl
) -> None:
    other_company.calcom_api_key, other_company.calcom_base_url = API_KEY, control.base_url
    other_company.save()
    cancelled_there(control, uid_of(ours))
    assert sync(other_company) == counts(seen=1, unchanged=1)
    assert standing(ours)[0] == Status.SCHEDULED


def test_a_company_that_may_not_be_seen_is_not_synced(company: Company, other_company: Company) -> None:
    with pytest.raises(GatewayError):
        gateway.call(
            "calcom.syncBookings", {"company_id": other_company.pk}, principal=Principal.of_task("t", company.pk)
        )


@pytest.mark.django_db(transaction=True)
def test_two_syncs_at_once_mirror_each_booking_once(company: Company, service: Service, control: CalcomControl) -> None:
    for number in range(4):
        booked_there(control, SLOT + number * HOUR, phone_number="+4915112345678")
    results = at_once(2, lambda _: sync(company))
    assert sum(result["mirrored"] for result in results) == 4
    assert Appointment.objects.count() == 4


@pytest.mark.usefixtures("synced_before")
def test_everything_is_read_where_that_is_asked_for(company: Company, control: CalcomControl) -> None:
    tasks.reconcile_bookings(company.pk)
    assert "afterUpdatedAt" not in lists(control)[-1]["query"]


@pytest.mark.usefixtures("_nobody_rang")
class TestTasks:
    def test_every_active_company_with_a_key_is_rung_for(
        self, company: Company, django_capture_on_commit_callbacks: Any
    ) -> None:
        make_company(calcom_api_key="")
        make_company(is_active=False)
        with django_capture_on_commit_callbacks(execute=True):
            assert tasks.sync_bookings_of_all() == tasks.reconcile_bookings_of_all() == 1
        expected = [(tasks.SYNC_TASK, (company.pk,)), (tasks.RECONCILE_TASK, (company.pk,))]
        assert [(ring.task, ring.args) for ring in bells.rung()] == expected

    def test_the_bell_has_the_name_of_a_task(self) -> None:
        current_app.loader.import_default_modules()
        scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
        assert {tasks.SYNC_TASK, tasks.RECONCILE_TASK, *scheduled} <= set(current_app.tasks)

    def test_one_companys_trouble_is_only_its_own(
        self, company: Company, control: CalcomControl, caplog: pytest.LogCaptureFixture
    ) -> None:
        control.fault("reply", path=LIST, status=500)
        assert tasks.sync_bookings(company.pk) is None
        assert f"company {company.pk}" in caplog.text
        assert tasks.sync_bookings(company.pk) == counts()

    def test_a_company_that_has_gone_is_no_trouble(self, db: None) -> None:
        assert tasks.sync_bookings(999_999) is None


@pytest.mark.django_db(transaction=True)
def test_a_journey_by_calcoms_own_webhooks_and_a_sync_for_the_one_that_was_lost(
    company: Company, service: Service, control: CalcomControl, live_server: LiveServer
) -> None:
    company.calcom_webhook_secret = SECRET
    company.save()
    subscribe(f"{live_server.url}{reverse('calcom-webhook', args=[company.pk])}", control)
    bells.rung()
    row = book(service)
    first = uid_of(row)
    bells.answer()
    assert standing(only_row()) == (Status.SCHEDULED, SLOT, first)
    second = moved_there(control, first, SLOT + HOUR)
    bells.answer()
    assert standing(row) == (Status.SCHEDULED, SLOT + HOUR, second)
    control.post("webhook-mishaps", action="drop", trigger="BOOKING_CANCELLED")
    cancelled_there(control, second, "Ill")
    bells.answer()
    assert standing(row)[0] == Status.SCHEDULED
    sync(company)
    assert standing(row)[0] == Status.CANCELLED
