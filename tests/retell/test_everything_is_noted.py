"""Whatever changes something leaves an entry in the audit trail: who, when, what, before and after, and under which id.

Methods, actions and commands are listed, and each list is held against what there is: who adds one says here what it
leaves. What callers tell a function during a call is the call's own record; it becomes an entry when it is booked,
moved or cancelled.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.contrib import admin as django_admin
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from appointments import desk, holds
from appointments.customers import customer_for
from appointments.follow_ups import follow_up
from appointments.models import Appointment, Company, Customer, FollowUp, Service
from appointments.trying_again import give_up
from mcp_gateway import correlation, gateway, tasks
from mcp_gateway.errors import GatewayError
from mcp_gateway.models import ApiToken, AuditEntry, Authenticator, OutgoingCall, WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Access, registry
from mcp_gateway.tokens import create_token
from retell.models import RetellConfiguration
from tests import trail
from tests.calcom.conftest import CalcomControl
from tests.factories import make_company, make_configuration, make_customer, make_service
from tests.mcp_gateway.breakers.calls import A, fail
from tests.mcp_gateway.breakers.conftest import alone as alone
from tests.retell.deploying.conftest import Account
from tests.retell.deploying.conftest import account as account
from tests.retell.deploying.conftest import agent_id as agent_id
from tests.retell.door import CALLER, WISH, Door
from tests.retell.vendor import running_retell as running_retell
from tests.retell.vendor import vendor as vendor

pytestmark = pytest.mark.usefixtures("monday")

START, OTHER_START = "2027-01-12T10:00:00Z", "2027-01-12T13:00:00Z"
BOOKING = {"event_type_id": 0, "start": START, "booking_key": "key-1", "attendee": {"name": "E", "email": "e@x.de"}}


@dataclass
class World:
    """A company with accounts at both vendors, an agent, and something of everything."""

    door: Door
    account: Account
    agent_id: str
    to_confirm: Service
    work: Callable[[], None]

    @property
    def company(self) -> Company:
        return self.door.company

    @property
    def configuration(self) -> RetellConfiguration:
        return RetellConfiguration.objects.get(agent_id=self.agent_id)

    def appointment(self, service: Service | None = None) -> Appointment:
        by = Principal.of_task("test")
        told: dict[str, Any] = {"name": "Erika", "phone": CALLER, "email": None, "notes": ""}
        start = datetime.fromisoformat(START)
        return desk.create(service=service or self.door.service, start=start, by=by, **told)

    def event(self, *, is_settled: bool = True) -> WebhookEvent:
        self.door.tell("call_started")
        if is_settled:
            self.work()
        return WebhookEvent.objects.latest("pk")

    def booked(self) -> dict[str, Any]:
        return {**BOOKING, "event_type_id": self.door.service.calcom_event_type_id}


@pytest.fixture
def world(
    company: Company,
    control: CalcomControl,
    account: Account,
    agent_id: str,
    worker: Callable[[], None],
    django_capture_on_commit_callbacks: Any,
) -> World:
    types = [
        {"title": "Haircut", "slug": "haircut", "length_minutes": 30},
        {"title": "Colour", "slug": "colour", "length_minutes": 30, "requires_confirmation": True},
    ]
    ids = control.add_account(company.slug, company.calcom_api_key, types)
    company.calcom_base_url = control.base_url
    company.save()
    service = make_service(company, calcom_event_type_id=ids["haircut"])
    colour = make_service(company, name="Farbe", aliases=[], calcom_event_type_id=ids["colour"])
    configuration = RetellConfiguration.objects.get(agent_id=agent_id)
    door = Door(company, service, configuration, control, django_capture_on_commit_callbacks)
    return World(door, account, agent_id, colour, worker)


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root")


def entries_under(correlation_id: str) -> list[AuditEntry]:
    return list(trail.done().filter(correlation_id=correlation_id))


def check(entry: AuditEntry, actor: str, *, reason: str = "") -> None:
    assert entry.actor == actor
    assert abs(entry.at - timezone.now()) < timedelta(minutes=5)
    assert entry.action
    assert entry.object_type
    assert entry.object_id
    assert entry.before or entry.after
    assert entry.reason == reason or not reason


# What each method is called with; a method that changes nothing here leaves what it was asked for.
Params = Callable[[World], dict[str, Any]]
WRITES: dict[str, Params] = {
    "appointment_mgmt.createAppointment": lambda w: {"service_id": w.door.service.pk, "start": START, "name": "Erika"},
    "appointment_mgmt.rescheduleAppointment": lambda w: {
        "appointment_id": w.appointment().pk,
        "start": OTHER_START,
        "reason": "asked",
    },
    "appointment_mgmt.cancelAppointment": lambda w: {"appointment_id": w.appointment().pk, "reason": "asked"},
    "appointment_mgmt.confirmAppointment": lambda w: {"appointment_id": w.appointment(w.to_confirm).pk},
    "calcom.reserveSlot": lambda w: {"event_type_id": w.door.service.calcom_event_type_id, "start": START},
    "calcom.releaseSlot": lambda w: {"uid": "abc"},
    "calcom.createBooking": lambda w: w.booked(),
    "calcom.rescheduleBooking": lambda w: {
        "uid": w.appointment().calcom_booking_uid,
        "start": OTHER_START,
        "reason": "asked",
    },
    "calcom.cancelBooking": lambda w: {"uid": w.appointment().calcom_booking_uid, "reason": "asked"},
    "calcom.confirmBooking": lambda w: {"uid": w.appointment(w.to_confirm).calcom_booking_uid},
    "calcom.syncEventTypes": lambda w: {},
    "calcom.syncBookings": lambda w: {},
    "queue.retryJob": lambda w: {"job_id": w.event().pk, "reason": "asked"},
    "retell_config.addAgent": lambda w: {"agent_id": w.account.agent()},
    "retell_config.updateAgent": lambda w: {"agent_id": w.agent_id, "prompt": "Be kind."},
    "retell_config.pauseAgent": lambda w: {"agent_id": w.agent_id},
    "retell_config.updateWebhook": lambda w: {"agent_ids": [w.agent_id], "events": ["call_ended"]},
    "retell_config.testWebhook": lambda w: {"agent_id": w.agent_id},
    "retell_config.updateCustomFunction": lambda w: {
        "agent_id": w.agent_id,
        "name": "request_callback",
        "enabled": False,
    },
    "retell_config.deployCustomFunctions": lambda w: {"agent_ids": [w.agent_id]},
    "retell_config.rollBackPrompt": lambda w: {"agent_id": w.agent_id, "number": _two_prompts(w)},
    "webhook.processRetellWebhook": lambda w: {"event_id": w.event(is_settled=False).pk},
    "webhook.replayEvent": lambda w: {"event_id": w.event().pk, "reason": "asked"},
}


def _two_prompts(world: World) -> int:
    for text in ("First.", "Second."):
        world.account.call("updateAgent", agent_id=world.agent_id, prompt=text)
    return 1


def test_every_method_that_writes_is_listed() -> None:
    """The functions of a call are no method for programs: what comes of them is tested below."""
    writing = {
        method.name
        for method in registry.methods.values()
        if method.server.name in OUR_SERVERS and method.declaration.access is Access.WRITE
    }
    assert writing == set(WRITES)


OUR_SERVERS = ("retell_config", "appointment_mgmt", "webhook", "calcom", "database", "queue")


@pytest.mark.parametrize("method", WRITES)
def test_a_programs_write_is_noted(world: World, client: Client, method: str) -> None:
    params = WRITES[method](world)
    token, text = create_token(name="till", company=world.company, scopes=["*"])
    correlation_id = str(uuid4())
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"Authorization": f"Bearer {text}", "X-Correlation-ID": correlation_id}
    answer = client.post("/api/mcp/gateway", json.dumps(body), content_type="application/json", headers=headers).json()
    assert "result" in answer, answer
    noted = [entry for entry in entries_under(correlation_id) if entry.actor == f"token:{token.prefix}"]
    assert noted
    for entry in noted:
        check(entry, f"token:{token.prefix}", reason=params.get("reason", ""))
        assert entry.company == world.company


def test_a_write_that_fails_at_the_vendor_is_noted_with_its_outcome(world: World, superuser: User) -> None:
    by = Principal.of_staff(superuser)
    params = {"company_id": world.company.pk, "uid": "nothing", "reason": "asked"}
    with correlation.bound("") as correlation_id, pytest.raises(GatewayError):
        gateway.call("calcom.cancelBooking", params, principal=by)
    (entry,) = entries_under(correlation_id)
    check(entry, by.name, reason="asked")
    assert (entry.before, entry.after) == ({"uid": "nothing"}, {"outcome": "not_found"})


def test_words_of_people_are_not_kept_of_a_call(world: World, superuser: User) -> None:
    with correlation.bound("") as correlation_id:
        params = {"company_id": world.company.pk, **world.booked()}
        gateway.call("calcom.createBooking", params, principal=Principal.of_staff(superuser))
    (entry,) = entries_under(correlation_id)
    assert "e@x.de" not in str(entry.before) + str(entry.after)


class TestWebhooks:
    """Retell's events and functions, Cal.com's events: what they change is noted."""

    def test_a_booking_after_the_call(self, world: World) -> None:
        world.door.function({**WISH, "confirmed": True})
        world.door.tell("call_ended")
        world.work()
        event = WebhookEvent.objects.get(event="call_ended")
        (entry,) = trail.done().filter(action="appointment.booked")
        check(entry, "booking")
        assert entry.correlation_id == event.correlation_id
        assert (entry.before["status"], entry.after["status"]) == ("booking", "scheduled")

    @pytest.mark.parametrize(
        ("function", "args", "action"),
        [
            ("change_appointment_details", {"new_date": "übermorgen", "new_time": "10 Uhr"}, "appointment.moved"),
            ("cancel_appointment", {"reason": "krank"}, "appointment.cancelled"),
        ],
    )
    def test_a_change_during_the_call(self, world: World, function: str, args: dict[str, str], action: str) -> None:
        world.company.notice_hours = 0
        world.company.save()
        world.appointment()
        world.door.function({**args, "confirmed": True}, name=function)
        (entry,) = trail.done().filter(action=action)
        check(entry, "retell")
        assert entry.actor_kind == AuditEntry.Actor.WEBHOOK
        assert entry.before != entry.after

    def test_a_booking_that_is_given_up(self, world: World) -> None:
        appointment = world.appointment(world.to_confirm)
        give_up(appointment, FollowUp.Kind.BOOKING_FAILED, "Call back.")
        (entry,) = trail.done().filter(action="appointment.given_up")
        check(entry, "booking", reason="Call back.")
        assert entry.after["status"] == "failed"

    def test_a_customer_who_is_made_of_a_call(self, world: World) -> None:
        world.door.function({**WISH, "confirmed": True})
        world.door.tell("call_ended")
        world.work()
        customer = Customer.objects.get()
        (entry,) = trail.done().filter(object_type="Customer")
        check(entry, "booking")
        assert (entry.action, entry.object_id, entry.company) == ("customer.created", str(customer.pk), world.company)
        assert {"name", "phone"} <= set(entry.after["filled"])
        assert customer.name not in str(entry.after)
        assert CALLER not in str(entry.after)

    def test_a_customer_whose_gaps_are_filled(self, world: World) -> None:
        customer = make_customer(world.company, phone=CALLER, name="Erika", email=None)
        told: dict[str, Any] = {"phone": CALLER, "name": "Other", "email": "e@x.de", "language": "de"}
        for _ in range(2):
            customer_for(world.company, **told)
        (entry,) = trail.done().filter(object_type="Customer", object_id=customer.pk)
        check(entry, "booking")
        assert (entry.action, entry.after) == ("customer.filled", {"filled": ["email", "language"]})

    def test_follow_ups_that_the_system_opens_and_closes(self, world: World) -> None:
        appointment = world.appointment(world.to_confirm)
        (opened,) = trail.done().filter(action="follow_up.opened")
        desk.confirm(appointment, by=Principal.of_task("test"))
        (done,) = trail.done().filter(action="follow_up.done")
        for entry in (opened, done):
            check(entry, "follow-ups")
            assert (entry.object_id, entry.company) == (str(FollowUp.objects.get().pk), world.company)
        assert (opened.before, opened.after) == ({}, {"status": "open"})
        assert (done.before, done.after) == ({"status": "open"}, {"status": "done"})

    def test_a_follow_up_that_is_opened_again_and_added_to(self, world: World) -> None:
        appointment = world.appointment()
        for _ in range(2):
            follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, "Look.")
        FollowUp.objects.update(status=FollowUp.Status.DONE)
        follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, "Look.")
        entries = trail.done().filter(object_type="FollowUp").order_by("pk")
        assert [entry.action for entry in entries] == ["follow_up.opened", "follow_up.added_to", "follow_up.opened"]
        assert [entry.before for entry in entries] == [{}, {"status": "open"}, {"status": "done"}]

    def test_a_callback_that_a_caller_asks_for(self, world: World) -> None:
        for words in ("Morgen bitte", "Lieber am Freitag"):
            world.door.function({"notes": words}, name="request_callback")
        entries = trail.done().filter(object_type="FollowUp").order_by("pk")
        assert [entry.action for entry in entries] == ["follow_up.opened", "follow_up.added_to"]
        assert not any("Freitag" in str((entry.after, entry.reason)) for entry in entries)

    def test_a_hold_that_nobody_used(self, world: World) -> None:
        world.door.function(WISH)
        held = Appointment.objects.get()
        assert not trail.done().filter(object_type="Appointment").exists(), "the call tells of it"
        Appointment.objects.update(call=None, held_until=timezone.now() - timedelta(minutes=1))
        holds.renew_or_let_go(held.pk)
        (entry,) = trail.done().filter(action="appointment.expired")
        check(entry, "holds")
        assert (entry.object_id, entry.before, entry.after) == (
            str(held.pk),
            {"status": "held"},
            {"status": "expired"},
        )

    def test_event_types_that_a_task_takes_over(self, world: World) -> None:
        by = Principal.of_task("test", world.company.pk)
        gateway.call("calcom.syncEventTypes", principal=by)
        (entry,) = trail.done().filter(action="event_types.synced")
        check(entry, "test")
        assert entry.after == {"added": 2, "updated": 0, "removed": 0}

    def test_what_is_forgotten_is_noted_once_for_all(self, world: World) -> None:
        long_ago = timezone.now() - timedelta(days=400)
        for _ in range(2):
            OutgoingCall.objects.create(at=long_ago, method="x", outcome="done", ms=1, company=world.company)
        for _ in range(2):
            tasks.forget_old_outgoing_calls()
        (entry,) = trail.done().filter(action="rows.forgotten")
        check(entry, "forget old outgoing calls")
        assert (entry.object_type, entry.before) == ("OutgoingCall", {"rows": 2})


def _token(world: World) -> ApiToken:
    return create_token(name="till", company=world.company, scopes=["*"])[0]


def _follow_up(world: World, status: FollowUp.Status) -> FollowUp:
    return FollowUp.objects.create(company=world.company, kind="callback", what_to_do="Ring", status=status)


# Of each model: what an action of its list is tried on, and what else is posted with it.
ACTIONS: dict[tuple[str, str], Callable[[World], Any]] = {
    ("appointments.service", "delete_selected"): lambda w: make_service(w.company, name="Alt"),
    ("appointments.customer", "delete_selected"): lambda w: make_customer(w.company),
    ("retell.retellconfiguration", "delete_selected"): lambda w: make_configuration(w.company),
    ("appointments.followup", "take_chosen"): lambda w: _follow_up(w, FollowUp.Status.OPEN),
    ("appointments.followup", "release_chosen"): lambda w: _follow_up(w, FollowUp.Status.TAKEN),
    ("appointments.followup", "finish_chosen"): lambda w: _follow_up(w, FollowUp.Status.OPEN),
    ("appointments.followup", "reopen_chosen"): lambda w: _follow_up(w, FollowUp.Status.DONE),
    ("mcp_gateway.apitoken", "revoke"): _token,
    ("mcp_gateway.apitoken", "rotate"): _token,
}
# Their next page asks first, and is tested with it.
ASKED_ON_A_PAGE = {("mcp_gateway.webhookevent", "replay"), ("mcp_gateway.outboxmessage", "send_again")}


def test_every_action_of_a_list_is_listed(superuser: User) -> None:
    request = RequestFactory().get("/")
    request.user = superuser
    found = {
        (model._meta.label_lower, action)
        for model, model_admin in django_admin.site._registry.items()
        for action in model_admin.get_actions(request)
    }
    assert found == set(ACTIONS) | ASKED_ON_A_PAGE


@pytest.mark.parametrize(("model", "action"), ACTIONS)
def test_an_action_of_a_list_is_noted(world: World, client: Client, superuser: User, model: str, action: str) -> None:
    row = ACTIONS[model, action](world)
    client.force_login(superuser)
    correlation_id = str(uuid4())
    said = {"action": action, "_selected_action": [row.pk], "post": "yes", "confirmed": "yes"}
    page = reverse(f"admin:{model.replace('.', '_')}_changelist")
    assert client.post(page, said, headers={"X-Correlation-ID": correlation_id}).status_code in (200, 302)
    (entry,) = entries_under(correlation_id)
    check(entry, f"staff:{superuser.pk}")


class TestCommands:
    """What is typed at the server is noted under the command's name."""

    CHANGING = {
        "mcp_create_token",
        "mcp_circuit_status",
        "rotate_encryption_keys",
        "webhook_replay",
        "mcp_test_webhook",
        "reset_second_factor",
    }
    # Look only, or make an installation of their own with invented data.
    OTHERS = {"mcp_health", "mcp_methods", "mcp_debug_cache", "sandbox", "demo", "seed_demo", "truth"}

    def test_every_command_is_listed(self) -> None:
        apps = ("mcp_gateway", "appointments", "calcom", "retell")
        assert {name for name, app in get_commands().items() if app in apps} == self.CHANGING | self.OTHERS

    def noted(self, *command: str) -> AuditEntry:
        last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with suppress(SystemExit):
            call_command(*command, stdout=StringIO())
        (entry,) = trail.done().filter(pk__gt=last, actor=command[0])
        check(entry, command[0])
        assert entry.actor_kind == AuditEntry.Actor.TASK
        assert entry.correlation_id
        return entry

    def test_a_token_is_made(self, company: Company) -> None:
        self.noted("mcp_create_token", "--company", str(company.pk), "--name", "till", "--scope", "*")

    def test_a_breaker_is_reset(self, db: None, alone: None) -> None:
        company = make_company(pk=A)
        fail(times=5)
        entry = self.noted("mcp_circuit_status", "--reset", f"vendor:{A}")
        assert (entry.object_id, entry.company) == (f"vendor:{A}", company)
        assert (entry.before["state"], entry.after["state"]) == ("open", "closed")

    def test_secrets_are_encrypted_anew(self, company: Company, settings: Settings) -> None:
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
        Company.objects.update(calcom_api_key="")
        assert "retell_webhook_key" in self.noted("rotate_encryption_keys").object_id

    def test_a_second_factor_is_reset(self, db: None) -> None:
        user = User.objects.create_user("locked-out", is_staff=True)
        Authenticator.objects.create(user=user, name="app", confirmed=True)
        assert self.noted("reset_second_factor", "locked-out").object_id == str(user.pk)

    def test_an_event_is_replayed(self, world: World) -> None:
        event = world.event()
        self.noted("webhook_replay", "--id", str(event.pk), "--reason", "asked")

    def test_a_webhook_is_tested(self, company: Company) -> None:
        configuration = make_configuration(company)
        entry = self.noted("mcp_test_webhook", f"--company={company.pk}")
        assert entry.object_id == str(configuration.pk)
