"""Made-up companies with everything that the lists of the staff's place show: to look at, and for benchmarks.

Nothing is sent anywhere, and what would make a worker act at once (an event that waits, a mail that is to go out)
waits for a day. The companies' vendors are on this machine: no vendor hears of made-up keys.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from appointments.models import Appointment, Call, Company, FollowUp, Service
from calcom.models import CalcomEventType
from mcp_gateway.models import ApiToken, AuditEntry
from mcp_gateway.tokens import create_token
from retell.loopback import is_loopback
from retell.models import IntegrationCheck, RetellConfiguration
from retell.seeding.believable import business
from retell.seeding.bookings import seed_appointments, seed_audit, seed_follow_ups
from retell.seeding.calls import Batch, seed_calls
from retell.seeding.long_actions import seed_long_actions
from retell.seeding.messages import seed_events, seed_mails

BATCH: Final = 2000
DAYS: Final = 90
# Nobody listens there.
NOWHERE: Final = "http://127.0.0.1:9"
STAFF: Final = (("anna.becker", "Anna", "Becker", "operator"), ("jan.koch", "Jan", "Koch", "admin"))


@dataclass(frozen=True, kw_only=True)
class Seeded:
    companies: int
    calls: int


def seed(*, companies: int, calls: int, tell: Callable[[str], None] = lambda _: None) -> Seeded:
    """Add so many calls, spread over so many companies and the last ninety days, and all that comes of calls.

    The companies of an earlier run are used again. One more company is left as a new one is: nothing set up.
    """
    random = Random()  # noqa: S311  (nothing is to be secret)
    staff = _staff()
    for number in range(companies):
        company = _company(number)
        company.staff.add(*staff)
        wanted = calls // companies + (number < calls % companies)
        _seed_calls(company, wanted, staff, random)
        tell(f"{company.name}: {wanted} calls")
    new, _ = Company.objects.get_or_create(slug="seed-new", defaults={"name": "Studio Elbe"})
    new.staff.add(*staff)
    return Seeded(companies=companies + 1, calls=calls)


def _seed_calls(company: Company, wanted: int, staff: list[int], random: Random) -> None:
    services = list(company.services.exclude(calcom_event_type_id=None))
    agent_id = company.retell_configurations.values_list("agent_id", flat=True)[0]
    now = timezone.now()
    for first in range(0, wanted, BATCH):
        size = min(BATCH, wanted - first)
        begins, ends = (now - timedelta(days=DAYS) * (1 - done / wanted) for done in (first, first + size))
        _seed_batch(
            Batch(
                company=company,
                services=services,
                agent_id=agent_id,
                staff=staff,
                size=size,
                begins_at=begins,
                ends_at=ends,
                is_last=first + size == wanted,
                random=random,
            )
        )


@transaction.atomic
def _seed_batch(batch: Batch) -> None:
    calls = seed_calls(batch)
    appointments = seed_appointments(batch, calls)
    follow_ups = seed_follow_ups(batch, calls, appointments)
    seed_events(batch, calls, appointments)
    seed_mails(appointments, follow_ups)
    seed_audit(appointments)
    if batch.is_last:
        seed_long_actions(batch)
    _date_back(calls)


def _date_back(calls: Sequence[Call]) -> None:
    """Rows are as old as their calls; Django would have them all made now."""
    first, last = calls[0].pk, calls[-1].pk
    Call.objects.filter(pk__range=(first, last)).update(created_at=F("started_at"), updated_at=F("started_at"))
    called_at = Subquery(Call.objects.filter(pk=OuterRef("call_id")).values("created_at"))
    for model in (Appointment, FollowUp):
        model.objects.filter(call__gte=first, call__lte=last).update(created_at=called_at)


def _staff() -> list[int]:
    """Colleagues who can't log in."""
    ids = []
    for username, first_name, last_name, role in STAFF:
        user, is_new = get_user_model().objects.get_or_create(
            username=username, defaults={"first_name": first_name, "last_name": last_name, "is_staff": True}
        )
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            user.groups.add(Group.objects.get(name=role))
        ids.append(user.pk)
    return ids


def _company(number: int) -> Company:
    """The company of this number with its services, event types, agent and tokens, made unless it is there."""
    line = business(number)
    company, is_new = Company.objects.get_or_create(
        slug=f"seed-{line.slug}",
        defaults={
            "name": line.name,
            "phone_number": f"+4930555{number:05d}",
            "email": f"{line.slug}@example.com",
            "calcom_base_url": settings.CALCOM_API_URL if is_loopback(settings.CALCOM_API_URL) else NOWHERE,
            "calcom_api_key": f"cal_live_seed_{line.slug}",
            "calcom_webhook_secret": f"secret_seed_{line.slug}",
            "retell_api_key": f"key_rest_seed_{line.slug}" if is_loopback(settings.RETELL_API_URL) else "",
            "retell_webhook_key": f"key_webhook_seed_{line.slug}",
        },
    )
    if is_new:
        _set_up(company, number)
    return company


def _set_up(company: Company, number: int) -> None:
    now = timezone.now()
    for place, (name, minutes, alias) in enumerate(business(number).services):
        event_type_id = 100_000 + number * 100 + place
        Service.objects.create(
            company=company,
            name=name,
            duration_minutes=minutes,
            aliases=[alias],
            calcom_event_type_id=event_type_id,
        )
        _event_type(company, event_type_id, name, minutes)
    Service.objects.create(company=company, name="Hausbesuch", duration_minutes=90, is_active=False)
    _event_type(company, 100_000 + number * 100 + 90, "Beratung am Telefon", 15)
    configuration = RetellConfiguration.objects.create(
        company=company,
        agent_id=f"agent_seed{company.pk:028d}",
        webhook_url=f"{settings.APP_URL}/api/mcp/retell/webhook",
        deployed_version=number + 3,
        last_synced_at=now - timedelta(days=2),
        last_test_at=now - timedelta(days=1, minutes=number),
        last_test_outcome="refused: HTTP 401, 38 ms" if number % 3 == 2 else "ok: HTTP 204, 41 ms",
    )
    IntegrationCheck.objects.create(
        company=company,
        what=IntegrationCheck.What.CALCOM,
        kind="unauthorised" if number % 3 == 2 else "",
        told="" if number % 3 == 2 else company.email,
        duration_ms=212,
        at=now - timedelta(hours=5),
    )
    for name, scopes in (("Kasse", ["appointment_mgmt.*"]), ("Auswertung", ["database.get*"])):
        token, _ = create_token(name=name, company=company, scopes=scopes)
        _told(company, "token.created", "ApiToken", token.pk, after={"name": name, "prefix": token.prefix})
    ApiToken.objects.filter(company=company, name="Auswertung").update(revoked_at=now - timedelta(days=3))
    _told(company, "company.changed", "Company", company.pk, before={"notice_hours": 48}, after={"notice_hours": 24})
    _told(company, "configuration.added", "RetellConfiguration", configuration.pk, after={"agent": "…"})


def _event_type(company: Company, event_type_id: int, title: str, minutes: int) -> None:
    CalcomEventType.objects.create(
        company=company,
        event_type_id=event_type_id,
        title=title,
        slug=f"typ-{event_type_id}",
        length_minutes=minutes,
        last_synced_at=timezone.now() - timedelta(days=2),
    )


def _told(company: Company, action: str, object_type: str, object_id: int, **entry: dict[str, object]) -> None:
    AuditEntry.objects.create(
        at=timezone.now() - timedelta(days=2),
        actor_kind=AuditEntry.Actor.STAFF,
        actor=STAFF[1][0],
        company=company,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        **entry,
    )
