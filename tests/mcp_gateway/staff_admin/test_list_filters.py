"""Filters of the lists: days of the viewer's zone, errors, what their addresses keep."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment, Call, Company
from mcp_gateway.models import OutboxMessage, WebhookEvent
from mcp_gateway.preferences import READ_AT
from tests.appointments.staff.conftest import make_appointment
from tests.factories import make_call, make_customer

Events = Callable[..., list[WebhookEvent]]
EVENTS = reverse("admin:mcp_gateway_webhookevent_changelist")
CALLS = reverse("admin:appointments_call_changelist")
APPOINTMENTS = reverse("admin:appointments_appointment_changelist")
OUTBOX = reverse("admin:mcp_gateway_outboxmessage_changelist")
# 00:30 of the 25th in Berlin.
LATE = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)


def found(client: Client, url: str, **parameters: str) -> list[Any]:
    return list(client.get(url, parameters).context["cl"].result_list)


def of_day(client: Client, url: str, day: str) -> list[Any]:
    return found(client, url, **{"from": day, "to": day})


def test_a_call_late_in_the_evening_of_utc_lies_on_the_next_day_in_berlin(viewer: Client, company: Company) -> None:
    call = make_call(company, started_at=LATE)
    assert of_day(viewer, CALLS, "2026-11-24") == []
    assert of_day(viewer, CALLS, "2026-11-25") == [call]


def test_a_call_whose_beginning_was_never_told_lies_where_it_was_heard_of(viewer: Client, company: Company) -> None:
    call = make_call(company)
    Call.objects.update(created_at=LATE)
    assert of_day(viewer, CALLS, "2026-11-25") == [call]


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", "2026-11-25"), ("America/New_York", "2026-11-24"), ("Europe/London", "2026-11-24")],
)
def test_the_days_are_those_of_the_viewers_zone(
    viewer: Client, company: Company, events: Events, zone: str, day: str
) -> None:
    Company.objects.update(timezone=zone)
    session = viewer.session
    session[READ_AT] = 0  # a minute ago
    session.save()
    call, appointment = make_call(company, started_at=LATE), make_appointment(company, starts_at=LATE)
    (event,) = events(1, received_at=LATE)
    rows = {CALLS: [call], APPOINTMENTS: [appointment], EVENTS: [event]}
    for url, expected in rows.items():
        assert of_day(viewer, url, day) == expected, url


def test_the_day_of_a_change_of_the_clock_has_all_its_hours(viewer: Client, events: Events) -> None:
    events(1, received_at=datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
    events(1, received_at=datetime(2026, 10, 25, 22, 59, tzinfo=UTC))
    events(1, received_at=datetime(2026, 10, 25, 23, 0, tzinfo=UTC))
    assert len(of_day(viewer, EVENTS, "2026-10-25")) == 2


@pytest.mark.parametrize(
    ("parameters", "count"),
    [({"from": "2026-11-24"}, 2), ({"to": "2026-11-24"}, 2), ({"from": "2026-11-23", "to": "2026-11-25"}, 3)],
)
def test_either_end_of_the_days_may_be_left_open(
    viewer: Client, events: Events, parameters: dict[str, str], count: int
) -> None:
    for day in (23, 24, 25):
        events(1, received_at=datetime(2026, 11, day, 12, tzinfo=UTC))
    assert len(found(viewer, EVENTS, **parameters)) == count


@pytest.mark.parametrize("day", ["0001-01-01", "1971-01-01", "9998-12-31", "9999-12-31"])
def test_no_day_is_too_early_or_too_late_to_be_asked_for(viewer: Client, events: Events, day: str) -> None:
    events(1)
    assert viewer.get(EVENTS, {"from": day, "to": day}).status_code == 200


def test_what_went_wrong_can_be_filtered(viewer: Client, company: Company, events: Events) -> None:
    (wrong,), (fine,) = events(1, last_error="TimeoutError"), events(1)
    assert (found(viewer, EVENTS, error="yes"), found(viewer, EVENTS, error="no")) == ([wrong], [fine])
    broken = make_call(company, status=Call.Status.ENDED, disconnection_reason="error_llm_websocket_open")
    ended = make_call(company, status=Call.Status.ENDED)
    assert (found(viewer, CALLS, error="yes"), found(viewer, CALLS, error="no")) == ([broken], [ended])
    failed = make_appointment(company, status=Appointment.Status.FAILED)
    booked = make_appointment(company)
    assert (found(viewer, APPOINTMENTS, error="yes"), found(viewer, APPOINTMENTS, error="no")) == ([failed], [booked])
    for key, error in (("1", "SMTPException"), ("2", "")):
        OutboxMessage.objects.create(company=company, kind="x", dedupe_key=key, payload={}, last_error=error)
    assert [message.dedupe_key for message in found(viewer, OUTBOX, error="yes")] == ["1"]


def test_filters_and_search_meet_in_one_address(viewer: Client, company: Company) -> None:
    customer = make_customer(company, name="Anna")
    wanted = {"started_at": LATE, "status": Call.Status.ERROR, "agent_id": "agent_1", "customer": customer}
    call = make_call(company, **wanted)
    for other in ({"agent_id": "agent_2"}, {"status": "ended"}, {"started_at": None}, {"customer": None}):
        make_call(company, **{**wanted, **other})
    address = {"q": "Anna", "status__exact": "error", "agent_id": "agent_1", "error": "yes"}
    address |= {"from": "2026-11-25", "to": "2026-11-25"}
    shown = viewer.get(CALLS, address)
    assert list(shown.context["cl"].result_list) == [call]
    for name, value in address.items():
        assert f'name="{name}" value="{value}"' in shown.text, "the forms keep it"
        assert f"{name}={value}" in shown.text, "the links keep it"


def test_what_is_left_out_leaves_the_rest(viewer: Client, events: Events) -> None:
    events(1, state="dead")
    events(1)
    shown = viewer.get(EVENTS, {"state__exact": "dead", "from": "x<script>"}, headers={"Accept-Language": "en"})
    assert shown.context["cl"].result_count == 1
    assert "makes no sense here: from=x&lt;script&gt;." in shown.text
    in_german = viewer.get(EVENTS, {"from": "x"}, headers={"Accept-Language": "de"}).text
    assert "Weggelassen, weil es hier keinen Sinn ergibt: from=x." in in_german
