"""What went out to Cal.com stands in its trace: writes, and whatever failed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appointments import desk
from appointments.models import Appointment, Company, Service
from mcp_gateway import correlation, gateway, tasks
from mcp_gateway.errors import GatewayError
from mcp_gateway.models import OutgoingCall
from mcp_gateway.principal import Principal
from tests.calcom.conftest import SLOT, CalcomControl
from tests.factories import make_company

pytestmark = pytest.mark.django_db


def call(company: Company, method: str, **params: Any) -> Any:
    return gateway.call(f"calcom.{method}", params, principal=Principal.of_task("test", company.pk))


def fail(company: Company, method: str, **params: Any) -> None:
    with pytest.raises(GatewayError):
        call(company, method, **params)


def book(service: Service) -> Appointment:
    told: dict[str, Any] = {"name": "Erika", "phone": None, "email": "erika@example.com", "notes": ""}
    return desk.create(service=service, start=SLOT, by=Principal.of_task("test"), **told)


def gone(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
    """A table that the database can't write to."""
    if "outgoing_calls" in sql:
        raise OperationalError("disk full")
    return execute(sql, *args)


@pytest.fixture
def staff() -> Callable[[Company], Client]:
    def of(company: Company) -> Client:
        user = User.objects.create_user(f"of-{company.pk}", is_staff=True)
        user.groups.add(Group.objects.get(name="viewer"))
        company.staff.add(user)
        client = Client(headers={"Accept-Language": "en"})
        client.force_login(user)
        return client

    return of


def trace(client: Client, correlation_id: str) -> str:
    return client.get(reverse("admin:trace", args=[correlation_id])).text


def test_the_trace_of_a_booking_shows_that_it_was_made(
    company: Company, service: Service, staff: Callable[[Company], Client]
) -> None:
    with correlation.bound("") as correlation_id:
        book(service)
    (kept,) = OutgoingCall.objects.filter(method="calcom.createBooking")
    assert (kept.company, kept.outcome, kept.correlation_id) == (company, "done", correlation_id)
    page = trace(staff(company), correlation_id)
    assert "calcom.createBooking" in page
    assert f"{kept.ms} ms" in page
    assert "erika" not in page.lower()


def test_a_read_that_failed_is_shown(
    company: Company, control: CalcomControl, staff: Callable[[Company], Client]
) -> None:
    with correlation.bound("") as correlation_id:
        fail(company, "getBooking", uid="nothing")
    (kept,) = OutgoingCall.objects.all()
    assert (kept.method, kept.outcome) == ("calcom.getBooking", "not_found")
    page = trace(staff(company), correlation_id)
    assert "calcom.getBooking" in page
    assert "not_found" in page


def test_a_read_that_went_well_is_not_kept(company: Company) -> None:
    call(company, "getEventTypes")
    assert not OutgoingCall.objects.exists()


def test_another_companys_staff_see_none(
    company: Company, service: Service, staff: Callable[[Company], Client]
) -> None:
    with correlation.bound("") as correlation_id:
        book(service)
    assert "calcom." not in trace(staff(make_company()), correlation_id)


def test_steps_stand_in_the_order_of_time(
    company: Company, service: Service, staff: Callable[[Company], Client]
) -> None:
    with correlation.bound("") as correlation_id:
        appointment = book(service)
        call(company, "cancelBooking", uid=appointment.calcom_booking_uid)
    page = trace(staff(company), correlation_id)
    assert page.index("calcom.createBooking") < page.index("calcom.cancelBooking")


def test_what_can_not_be_kept_breaks_neither_the_call_nor_a_transaction_around_it(
    company: Company, service: Service
) -> None:
    with connection.execute_wrapper(gone), transaction.atomic():
        appointment = book(service)
        assert Company.objects.filter(pk=company.pk).exists()
    assert appointment.status == Appointment.Status.SCHEDULED
    assert not OutgoingCall.objects.exists()


def test_what_can_not_be_kept_leaves_the_calls_own_error(company: Company, control: CalcomControl) -> None:
    with connection.execute_wrapper(gone), pytest.raises(GatewayError) as raised:
        call(company, "getBooking", uid="nothing")
    assert raised.value.kind == "not_found"


def test_they_are_forgotten_after_fourteen_days(company: Company) -> None:
    for days in (13, 15):
        at = timezone.now() - timedelta(days=days)
        OutgoingCall.objects.create(at=at, method="calcom.getBooking", company=company, outcome="not_found", ms=days)
    assert tasks.forget_old_outgoing_calls() == 1
    assert [kept.ms for kept in OutgoingCall.objects.all()] == [13]
