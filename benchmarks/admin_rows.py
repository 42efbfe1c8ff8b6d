"""As many rows as years of work leave, for what the staff's pages are measured with."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from django.db import connection
from django.db.models import DateTimeField, F, Field, Model
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from mcp_gateway.models import AuditEntry, OutboxMessage, WebhookEvent
from retell.models import RetellConfiguration

COMPANIES, SERVICES_EACH = 5, 4
# Calls for one customer; appointments for one task, one entry of the audit trail, one mail.
PER_CUSTOMER, PER_RARE = 4, 10
PERIOD = timedelta(days=730)
# Rows are written once and doubled so often by the database itself.
DOUBLINGS = 7
TABLES: tuple[type[Model], ...] = (Call, Appointment, FollowUp, AuditEntry, OutboxMessage, WebhookEvent)
# What is another value in a copy: the keys, and what has to be unique.
UNIQUE = {
    "call_id": "CONCAT('call_', LEFT(REPLACE(UUID(), '-', ''), 27))",
    "booking_key": "REPLACE(UUID(), '-', '')",
    "calcom_booking_uid": "UUID()",
    "dedupe_key": "UUID()",
}
Row = TypeVar("Row", bound=Model)


def fill(rows: int) -> None:
    """About so many calls within PERIOD, an appointment and an event for each, and what else comes of them."""
    first, span = rows // 2**DOUBLINGS, PERIOD / 2**DOUBLINGS
    random, now = Random(7), timezone.now()
    companies = [company(number) for number in range(COMPANIES)]
    inserted([RetellConfiguration(company=one, agent_id=f"agent_{one.pk}") for one in companies])
    services = {one.pk: [service(one, number) for number in range(SERVICES_EACH)] for one in companies}
    customers = inserted([customer(companies[number % COMPANIES], number) for number in range(rows // PER_CUSTOMER)])
    by_company = {one.pk: [row for row in customers if row.company_id == one.pk] for one in companies}
    calls = inserted([call(random, companies, by_company, now - span * (first - n) / first) for n in range(first)])
    Call.objects.update(created_at=F("started_at"))
    appointments = inserted([appointment(random, row, services, now) for row in calls])
    rare = appointments[::PER_RARE]
    inserted([follow_up(row, place) for place, row in enumerate(rare)])
    inserted([entry(row, now) for row in rare])
    inserted([message(row) for row in rare])
    inserted([event(row, place) for place, row in enumerate(calls)])
    for number in range(DOUBLINGS):
        double(first * 2**number, span * 2**number)
    with connection.cursor() as cursor:
        for model in TABLES:
            cursor.execute(f"ANALYZE TABLE {model._meta.db_table}")


def double(shift: int, earlier: timedelta) -> None:
    """Each row once more, `earlier`; keys and references are `shift` higher."""
    with connection.cursor() as cursor:
        for model in TABLES:
            fields = model._meta.concrete_fields
            columns = ", ".join(map(quoted, fields))
            values = ", ".join(_copied(field, shift, earlier) for field in fields)
            table = model._meta.db_table
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}")


def _copied(field: Field, shift: int, earlier: timedelta) -> str:
    column = quoted(field)
    if field.primary_key or field.related_model in TABLES:
        return f"{column} + {shift}"
    if isinstance(field, DateTimeField):
        return f"{column} - INTERVAL {round(earlier.total_seconds())} SECOND"
    return UNIQUE.get(str(field.column), column)


def quoted(field: Field) -> str:
    """Some columns are named as words of SQL."""
    return connection.ops.quote_name(str(field.column))


def inserted(rows: Sequence[Row]) -> list[Row]:
    """The rows with their keys, which not every server gives back."""
    model = type(rows[0])
    last = model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
    model._default_manager.bulk_create(rows, 1000)
    return list(model._default_manager.filter(pk__gt=last).order_by("pk"))


def company(number: int) -> Company:
    return Company.objects.create(name=f"Salon {number}", slug=f"salon-{number}", phone_number=f"+49305550000{number}")


def service(owner: Company, number: int) -> Service:
    return Service.objects.create(company=owner, name=f"Leistung {number}", duration_minutes=30)


def customer(owner: Company, number: int) -> Customer:
    return Customer(company=owner, name=f"Kundin Nummer {number}", phone=f"+49151{10_000_000 + number}")


def call(random: Random, companies: list[Company], customers: dict[int, list[Customer]], at: datetime) -> Call:
    owner = random.choice(companies)
    caller = random.choice(customers[owner.pk])
    return Call(
        call_id=f"call_{uuid.uuid4().hex[:27]}",
        company=owner,
        customer=caller,
        caller_phone=caller.phone,
        to_number=owner.phone_number or "",
        status=Call.Status.ENDED if random.randrange(40) else Call.Status.ERROR,
        started_at=at,
        ended_at=at + timedelta(seconds=90),
        transcript="Agent: Guten Tag!\nUser: Guten Tag, ich hätte gern einen Termin.\n" * 3,
        analysis={"user_sentiment": "Neutral", "call_successful": True},
        cost_cents=17,
    )


def appointment(random: Random, made_in: Call, services: dict[int, list[Service]], now: datetime) -> Appointment:
    assert made_in.started_at is not None
    starts_at = made_in.started_at + timedelta(days=random.randrange(1, 15))
    status = Appointment.Status
    past = random.choice((status.COMPLETED, status.COMPLETED, status.COMPLETED, status.NO_SHOW, status.CANCELLED))
    return Appointment(
        company_id=made_in.company_id,
        customer_id=made_in.customer_id,
        service=random.choice(services[made_in.company_id]),
        call=made_in,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        status=past if starts_at < now else status.SCHEDULED,
        attendee_name=f"Kundin Nummer {made_in.customer_id}",
        calcom_booking_uid=uuid.uuid4().hex[:22],
    )


def follow_up(about: Appointment, place: int) -> FollowUp:
    status = FollowUp.Status.OPEN if place % 20 == 0 else FollowUp.Status.DONE
    return FollowUp(
        company_id=about.company_id,
        kind=FollowUp.Kind.CALLBACK,
        call_id=about.call_id,
        appointment=about,
        what_to_do="Bittet um Rückruf.",
        status=status,
    )


def entry(about: Appointment, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=min(about.starts_at, now),
        actor_kind=AuditEntry.Actor.WEBHOOK,
        actor="calcom",
        company_id=about.company_id,
        action="appointment.changed_in_calendar",
        object_type="Appointment",
        object_id=str(about.pk),
    )


def message(about: Appointment) -> OutboxMessage:
    return OutboxMessage(
        company_id=about.company_id,
        kind="mail",
        dedupe_key=f"mail {about.pk}",
        payload={"appointment": about.pk},
        state=OutboxMessage.State.SENT,
    )


def event(about: Call, place: int) -> WebhookEvent:
    state = WebhookEvent.State.DEAD if place % 100 == 0 else WebhookEvent.State.DONE
    assert about.started_at is not None
    return WebhookEvent(
        provider="retell",
        company_id=about.company_id,
        event="call_ended",
        dedupe_key=f"call_ended {about.call_id}",
        payload={"call": {"call_id": about.call_id}},
        state=state,
        attempts=[{"number": 1, "outcome": "done"}],
        received_at=about.started_at,
        processed_at=about.ended_at,
    )
