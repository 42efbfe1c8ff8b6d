"""The page of one call: its story, from what Retell told and what was made of it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from appointments.models import Call, Company, FollowUp
from mcp_gateway import audit
from mcp_gateway.models import WebhookEvent
from mcp_gateway.principal import Principal
from retell.webhook_events import key_of_call
from tests.appointments.staff.conftest import make_appointment
from tests.factories import make_call, make_customer

pytestmark = pytest.mark.django_db
LIST = "/admin/appointments/call/"


def browser(company: Company, role: str = "viewer", language: str = "en") -> Client:
    user = User.objects.create_user(f"{role}{company.pk}", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    company.staff.add(user)
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(user)
    return browser


@pytest.fixture
def viewer(company: Company) -> Client:
    return browser(company)


@pytest.fixture
def call(company: Company) -> Call:
    began = timezone.now() - timedelta(minutes=10)
    return make_call(
        company,
        status=Call.Status.ENDED,
        caller_phone="+4915112345678",
        started_at=began,
        ended_at=began + timedelta(minutes=3, seconds=5),
        disconnection_reason="user_hangup",
        cost_cents="12.5",
        transcript="Agent: Guten Tag\nUser: <script>alert(1)</script>",
    )


def told(call: Call, event: str, rows: list[Any] | None = None, **columns: Any) -> WebhookEvent:
    facts = {
        "call_id": call.call_id,
        "start_timestamp": int(call.started_at.timestamp() * 1000),
        "transcript_with_tool_calls": rows or [],
    }
    defaults = {
        "provider": "retell",
        "company": call.company,
        "event": event,
        "dedupe_key": key_of_call(call.company_id, event, call.call_id),
        "payload": {"event": event, "call": facts},
        "state": WebhookEvent.State.DONE,
    }
    return WebhookEvent.objects.create(**{**defaults, **columns})


def conversation(message: str = "Ich halte Ihnen 14 Uhr frei.", name: str = "Erika") -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "Morgen um zwei", "words": [{"word": "zwei", "start": 3.1, "end": 4.0}]},
        {
            "role": "tool_call_invocation",
            "tool_call_id": "t1",
            "name": "collect_appointment_information",
            "arguments": json.dumps({"name": name, "date": "morgen"}),
        },
        {
            "role": "tool_call_result",
            "tool_call_id": "t1",
            "content": json.dumps({"success": True, "status": "collected", "message": message}),
        },
    ]


def page(viewer: Client, call: Call) -> str:
    return viewer.get(f"{LIST}{call.pk}/change/").text


def test_the_facts_are_in_words(viewer: Client, call: Call) -> None:
    shown = page(viewer, call)
    for words in ("3 min 5 s", "0.13 USD", "the caller hung up", 'href="tel:+4915112345678"'):
        assert words in shown


def test_what_was_understood_and_told_comes_from_the_stored_event(viewer: Client, call: Call) -> None:
    told(call, "call_ended", conversation())
    shown = page(viewer, call)
    assert "name: Erika, date: morgen" in shown
    assert "Ich halte Ihnen 14 Uhr frei." in shown
    assert "collected" in shown


def test_the_story_is_in_the_order_of_time(viewer: Client, call: Call) -> None:
    told(call, "call_started", received_at=call.started_at)
    told(call, "call_ended", conversation(), received_at=call.ended_at + timedelta(seconds=1))
    make_appointment(call.company, call=call)
    shown = page(viewer, call)
    story = ["Event call_started", "Function collect", "The call ended", "Event call_ended", "Appointment: Erika"]
    places = [shown.index(words) for words in story]
    assert places == sorted(places)


def test_what_was_done_since_is_told_as_in_the_audit_trail(viewer: Client, call: Call) -> None:
    appointment = make_appointment(call.company, call=call)
    by = User.objects.create_user("<b>jana", is_staff=True)
    audit.record_by(
        Principal.of_staff(by),
        action="appointment.cancelled",
        object_type="Appointment",
        object_id=appointment.pk,
        company_id=call.company_id,
        reason="Stylist is ill",
    )
    text = viewer.get(f"{LIST}{call.pk}/change/").text
    assert "<b>&lt;b&gt;jana</b> cancelled <a href=" in text
    assert "Stylist is ill" in text
    assert "appointment.cancelled" not in text


def test_events_lead_to_their_page_with_their_attempts(viewer: Client, call: Call) -> None:
    attempts = [{"number": 1, "error": "KeyError"}, {"number": 2, "error": "NoHandler"}]
    event = told(call, "call_ended", state=WebhookEvent.State.DEAD, attempts=attempts)
    shown = page(viewer, call)
    assert f"/admin/mcp_gateway/webhookevent/{event.pk}/change/" in shown
    assert "2 attempts: NoHandler" in shown


def test_events_of_which_several_come_are_there_too(viewer: Client, call: Call) -> None:
    told(call, "transcript_updated", dedupe_key="1:hash")
    assert "Event transcript_updated" in page(viewer, call)


def test_another_calls_events_are_not(viewer: Client, call: Call) -> None:
    other = make_call(call.company, started_at=call.started_at)
    told(other, "call_ended", conversation("Fremdes"))
    told(other, "transcript_updated", dedupe_key="1:hash")
    shown = page(viewer, call)
    assert "Fremdes" not in shown
    assert "transcript_updated" not in shown


@pytest.mark.parametrize(
    "rows",
    [
        [{"role": "tool_call_invocation"}],
        [{"role": "tool_call_invocation", "tool_call_id": [], "name": 7, "arguments": "no JSON"}],
        [{"role": "user", "words": [{"end": "late"}]}, 3, None],
        [{"role": "tool_call_invocation", "tool_call_id": "t"}, {"role": "tool_call_result", "tool_call_id": "t"}],
    ],
    ids=["bare", "junk", "words", "empty result"],
)
def test_junk_breaks_nothing(viewer: Client, call: Call, rows: list[Any]) -> None:
    told(call, "call_ended", rows)
    assert "What happened" in page(viewer, call)


def test_what_strangers_say_is_text(viewer: Client, call: Call) -> None:
    told(call, "call_ended", conversation("<b>told</b>", name="<b>said</b>"))
    shown = page(viewer, call)
    for words in ("<script>alert", "<b>told", "<b>said"):
        assert words not in shown
    assert "&lt;b&gt;told" in shown


def test_the_booking_is_there_to_be_asked_about(viewer: Client, call: Call) -> None:
    make_appointment(call.company, call=call, calcom_booking_uid="uid_of_booking")
    shown = page(viewer, call)
    assert 'data-uid="uid_of_booking"' in shown
    assert "as last heard" in shown


def test_a_call_of_another_company_is_not_opened(call: Call, other_company: Company) -> None:
    stranger = browser(other_company)
    assert call.call_id not in stranger.get(f"{LIST}{call.pk}/change/", follow=True).text


def test_what_may_not_be_seen_is_not_told(company: Company, call: Call, client: Client) -> None:
    told(call, "call_ended")
    make_appointment(company, call=call)
    FollowUp.objects.create(company=company, kind="callback", call=call, what_to_do="Secret task")
    user = User.objects.create_user("caller", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_call"))
    company.staff.add(user)
    client.force_login(user)
    shown = page(client, call)
    for words in ("Event call_ended", "Appointment: Erika", "Secret task", "webhookevent"):
        assert words not in shown


@pytest.mark.parametrize("written", ["0151 12345678", "+49 151 12345678", "0049 151 12345678", "0151 123"])
def test_a_call_is_found_by_number(viewer: Client, call: Call, written: str) -> None:
    make_call(call.company, caller_phone="+4930999")
    assert [row.pk for row in viewer.get(LIST, {"q": written}).context["cl"].result_list] == [call.pk]


def test_a_call_is_found_by_its_id_alone(viewer: Client, call: Call) -> None:
    make_call(call.company, customer=make_customer(call.company, name=call.call_id))
    assert [row.pk for row in viewer.get(LIST, {"q": call.call_id}).context["cl"].result_list] == [call.pk]


@pytest.mark.parametrize(("view", "found"), [("today", 2), ("failed", 1), ("needs_attention", 1), ("tests", 1)])
def test_saved_views(viewer: Client, company: Company, view: str, found: int) -> None:
    good, _ = make_call(company), make_call(company, status=Call.Status.ERROR)
    make_call(company, is_test=True)
    FollowUp.objects.create(company=company, kind="callback", call=good, what_to_do="Ring")
    listed = viewer.get(f"{LIST}?view={view}")
    assert listed.context["cl"].result_count == found


def test_pages_cost_the_same_however_many_there_are(
    viewer: Client, company: Company, call: Call, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_call(company, customer=make_customer(company))
        make_appointment(company, call=call)
        FollowUp.objects.create(company=company, kind="callback", call=call, what_to_do="Ring")
    viewer.get(LIST)
    told(call, "call_ended", conversation())
    with django_assert_max_num_queries(12):
        viewer.get(LIST)
    with django_assert_max_num_queries(15):
        page(viewer, call)


def test_it_is_german_for_germans(company: Company, call: Call) -> None:
    told(call, "call_ended", conversation())
    shown = page(browser(company, "operator", "de"), call)
    for words in ("Was geschah", "es wurde aufgelegt", "0,13 USD", "Ereignis call_ended"):
        assert words in shown
