"""The tasks that look after holds and warm what is free, as a worker runs them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Offer, Service
from appointments.tasks import renew_or_let_go, sweep_holds, warm_availability
from config.celery import app
from tests import bells
from tests.appointments.promises import promise
from tests.calcom.conftest import HOUR, SLOT, CalcomControl
from tests.factories import make_call

Status = Appointment.Status


@pytest.fixture(autouse=True)
def _no_bell_has_rung() -> None:
    bells.rung()


def running_out(service: Service, status: Call.Status, start: object = SLOT) -> Appointment:
    call = make_call(service.company, status=status)
    return promise(service, start, call=call, held_until=timezone.now() - timedelta(seconds=1))


def test_the_sweep_looks_after_each_hold_by_itself(haircut: Service) -> None:
    held = [running_out(haircut, Call.Status.ENDED, SLOT + hour * HOUR) for hour in range(3)]
    assert sweep_holds() == 3
    assert {ring.args[0] for ring in bells.rung()} == {appointment.pk for appointment in held}


def test_what_runs_out_is_let_go_and_what_goes_on_is_renewed(haircut: Service) -> None:
    over = running_out(haircut, Call.Status.ENDED)
    live = running_out(haircut, Call.Status.ONGOING, SLOT + HOUR)
    for appointment in (over, live):
        renew_or_let_go(appointment.pk)
        appointment.refresh_from_db()
    assert (over.status, live.status) == (Status.EXPIRED, Status.HELD)
    assert live.held_until > timezone.now()


def test_looking_twice_changes_nothing(haircut: Service) -> None:
    appointment = running_out(haircut, Call.Status.ENDED)
    for _ in range(2):
        renew_or_let_go(appointment.pk)
    appointment.refresh_from_db()
    assert appointment.status == Status.EXPIRED


def test_the_sweep_forgets_old_offers(haircut: Service) -> None:
    Offer.objects.create(service=haircut, position=0, starts_at=SLOT, ends_at=SLOT + HOUR)
    Offer.objects.update(created_at=timezone.now() - timedelta(hours=3))
    sweep_holds()
    assert not Offer.objects.exists()


def test_the_sweep_is_on_the_clock() -> None:
    tasks = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {"appointments.tasks.sweep_holds", "appointments.tasks.sweep_bookings"} <= tasks
    app.loader.import_default_modules()
    assert tasks <= set(app.tasks)


def test_a_ringing_phone_warms_what_is_free(haircut: Service, control: CalcomControl) -> None:
    warm_availability(haircut.company_id)
    assert [row["path"] for row in control.requests()] == ["/v2/slots"]


def test_nothing_is_asked_for_a_company_that_is_no_more(haircut: Service, control: CalcomControl) -> None:
    Company.objects.update(is_active=False)
    warm_availability(haircut.company_id)
    warm_availability(0)
    assert control.requests() == []
