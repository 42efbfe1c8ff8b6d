"""One row of every kind that a company can have."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils import timezone

from appointments.models import Appointment, Company, FollowUp
from calcom.models import CalcomEventType
from mcp_gateway import audit, inbox
from mcp_gateway.models import AuditEntry, LongAction, OutboxMessage, WebhookEvent
from mcp_gateway.tokens import create_token
from tests.factories import make_call, make_configuration, make_customer, make_service


def rows_of(company: Company) -> dict[type[Model], Any]:
    """The company itself and one row of each kind below it, by model. Names end with the company's."""
    now = timezone.now()
    service = make_service(company, name=f"Schnitt {company.name}")
    customer = make_customer(company, name=f"Kundin {company.name}")
    call = make_call(company, customer=customer)
    appointment = Appointment.objects.create(
        company=company,
        service=service,
        customer=customer,
        call=call,
        starts_at=now,
        ends_at=now + timedelta(minutes=30),
        attendee_name=customer.name,
    )
    event_type = CalcomEventType.objects.create(
        company=company, event_type_id=1, title=company.name, slug="x", length_minutes=30, last_synced_at=now
    )
    token, _ = create_token(name=f"Kasse {company.name}", company=company, scopes=["*"])
    entry = audit.record(
        actor_kind=AuditEntry.Actor.TASK,
        actor=company.name,
        action="made",
        object_type="Company",
        object_id=company.pk,
        company_id=company.pk,
    )
    rows = [
        company,
        service,
        customer,
        call,
        appointment,
        FollowUp.objects.create(company=company, kind="callback", call=call, what_to_do=f"Anrufen {company.name}"),
        make_configuration(company),
        event_type,
        _event(company),
        OutboxMessage.objects.create(company=company, kind=company.name, dedupe_key=company.slug, payload={}),
        _long_action(company),
        token,
        entry,
    ]
    return {type(row): row for row in rows}


def shared_rows() -> dict[type[Model], Any]:
    """What belongs to no company."""
    return {User: User.objects.create_user("colleague"), Group: Group.objects.create(name="desk")}


def _event(company: Company) -> WebhookEvent:
    return inbox.receive(
        provider="testing",
        event=f"ping {company.name}",
        dedupe_key=str(company.pk),
        payload={"call": {"call_id": company.name}},
        headers={},
        company_id=company.pk,
    )


def _long_action(company: Company) -> LongAction:
    starter, _ = User.objects.get_or_create(username=f"starter of {company.pk}")
    return LongAction.objects.create(
        company=company,
        kind="webhook_replay",
        started_by=starter,
        items=[0],
        total=1,
        correlation_id=str(uuid4()),
        reason=f"Because of {company.name}",
    )
