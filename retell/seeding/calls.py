"""Made-up customers and their calls."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from django.utils import timezone

from appointments.models import Call, Company, Customer, Service
from retell.seeding.believable import ENDINGS, email_of, person, transcript

ROWS: Final = 500
# Calls of each hundred whose caller hides the number, and that end in an appointment.
HIDDEN, BOOKS = 3, 62
REASONS: Final = ("user_hangup", "agent_hangup", "inactivity", "call_transfer")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """`size` calls between two instants; `is_last`: they end now, and some of it is not settled."""

    company: Company
    services: list[Service]
    agent_id: str
    staff: list[int]
    size: int
    begins_at: datetime
    ends_at: datetime
    is_last: bool
    random: Random


def seed_calls(batch: Batch) -> list[Call]:
    customers = _customers(batch)
    return Call.objects.bulk_create([_call(batch, number, customers) for number in range(batch.size)], ROWS)


def _customers(batch: Batch) -> list[Customer]:
    """A third as many as calls: people call again."""
    known = Customer.objects.filter(company=batch.company).count()
    made = []
    for number in range(known, known + max(1, batch.size // 3)):
        name = person(batch.random)
        made.append(
            Customer(
                company=batch.company,
                name=name,
                phone=f"+49151{10_000_000 + number}",
                email=email_of(name, number) if number % 3 else None,
                language="en" if number % 10 == 0 else "de",
            )
        )
    return Customer.objects.bulk_create(made, ROWS)


def _call(batch: Batch, number: int, customers: Sequence[Customer]) -> Call:
    random, now = batch.random, timezone.now()
    step = (batch.ends_at - batch.begins_at) / batch.size
    started = min(_in_the_daytime(batch, batch.begins_at + step * number), now - timedelta(minutes=4))
    is_hidden = random.randrange(100) < HIDDEN
    customer = None if is_hidden else random.choice(customers)
    status = (
        Call.Status.ENDED if random.randrange(40) else random.choice((Call.Status.NOT_CONNECTED, Call.Status.ERROR))
    )
    is_now = batch.is_last and number == batch.size - 1
    seconds = random.randrange(35, 220) if status == Call.Status.ENDED else 0
    call = Call(
        call_id=f"call_{uuid.UUID(int=random.getrandbits(128)).hex[:27]}",
        company=batch.company,
        customer=customer,
        agent_id=batch.agent_id,
        agent_version=3,
        from_number=customer.phone if customer and customer.phone else "anonymous",
        caller_phone=customer.phone if customer else None,
        to_number=batch.company.phone_number or "",
        direction=Call.Direction.INBOUND,
        language=customer.language if customer else "de",
        status=Call.Status.ONGOING if is_now else status,
        started_at=started,
        ended_at=None if is_now else started + timedelta(seconds=seconds),
        is_test=number % 150 == 149,
    )
    if call.status == Call.Status.ENDED:
        _talk(batch, call, customer, seconds)
    return call


def _in_the_daytime(batch: Batch, at: datetime) -> datetime:
    """The instants of a day, closer together: people call between eight and seven."""
    local = at.astimezone(batch.company.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=8) + (local - midnight) * 11 / 24


def _talk(batch: Batch, call: Call, customer: Customer | None, seconds: int) -> None:
    """What was said, what was wished, and how Retell judged it."""
    random = batch.random
    assert call.started_at is not None
    service, name = random.choice(batch.services), customer.name if customer else person(random)
    local = _wished(call.started_at, batch)
    is_booked = random.randrange(100) < BOOKS
    call.disconnection_reason = random.choice(REASONS)
    call.transcript = transcript(batch.company.name, service.name, local, name, ENDINGS[is_booked])
    call.summary = f"{name} möchte einen Termin: {service.name} am {local:%d.%m.%Y} um {local:%H:%M} Uhr."
    call.analysis = {
        "call_summary": call.summary,
        "call_successful": is_booked,
        "in_voicemail": False,
        "user_sentiment": random.choice(("Positive", "Neutral", "Neutral", "Negative")),
    }
    call.cost_cents = round(seconds * 0.19, 4)
    if is_booked:
        call.collected_data = {
            "customer_name": name,
            "appointment_date": local.date().isoformat(),
            "appointment_time": local.time().isoformat(),
            "service_type": service.name,
            "collected_at": call.started_at.isoformat(),
            "service_id": service.pk,
            "starts_at": local.astimezone(UTC).isoformat(),
            "language": call.language,
            "state": "wanted",
        }


def _wished(called_at: datetime, batch: Batch) -> datetime:
    """A quarter of an hour within the next two weeks, while it is open; in the company's zone."""
    day = called_at.astimezone(batch.company.zone) + timedelta(days=batch.random.randrange(1, 15))
    day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))
    return day.replace(
        hour=batch.random.randrange(9, 17), minute=batch.random.choice((0, 15, 30, 45)), second=0, microsecond=0
    )
