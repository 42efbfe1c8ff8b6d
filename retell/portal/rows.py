"""The companies that a member of staff may see, each read with all that the portal says of it: few queries for many."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Service
from appointments.phones import to_e164
from calcom.models import CalcomEventType
from mcp_gateway import breakers
from mcp_gateway.breakers import BreakerState
from mcp_gateway.fields import encrypted_fields
from mcp_gateway.models import WebhookEvent
from retell.models import IntegrationCheck, RetellConfiguration

# Events are looked for so far back: whatever is older says nothing of how it is now.
LOOK_BACK = timedelta(days=30)
VENDOR_SERVERS = ("calcom", "retell_config")


@dataclass(frozen=True, kw_only=True)
class CompanyRow:
    """A company and what is known of it; `checks` by what was looked at, `open_breakers` those that are not closed."""

    company: Company
    has: "Has"
    last_event: datetime | None
    last_retell_event: datetime | None
    last_calcom_event: datetime | None
    last_call: datetime | None
    last_booking: datetime | None
    configurations: list[RetellConfiguration]
    checks: dict[str, IntegrationCheck]
    open_breakers: list[BreakerState]


@dataclass(frozen=True, kw_only=True)
class Has:
    """What there is of a company's set-up, without its values."""

    retell_key: bool
    webhook_key: bool
    calcom_key: bool
    calcom_secret: bool
    event_types: bool
    mapped_service: bool


def companies(visible: frozenset[int] | None, search: str = "") -> QuerySet[Company]:
    """By name; `visible` None means all of them."""
    rows = Company.objects.order_by("name", "pk")
    if visible is not None:
        rows = rows.filter(pk__in=visible)
    if search:
        number = to_e164(search) or search
        rows = rows.filter(Q(name__icontains=search) | Q(slug__icontains=search) | Q(phone_number__contains=number))
    return rows


def told(rows: QuerySet[Company]) -> QuerySet[Company]:
    """The same rows, with what `company_rows` reads; secrets stay where they are."""
    since = timezone.now() - LOOK_BACK
    events = WebhookEvent.objects.filter(company=OuterRef("pk")).order_by("-received_at")
    recent = events.filter(received_at__gte=since)
    booked = Appointment.objects.filter(company=OuterRef("pk"), calcom_booking_uid__isnull=False).order_by("-pk")
    services = Service.objects.filter(company=OuterRef("pk"), is_active=True, calcom_event_type_id__isnull=False)
    return rows.defer(*(field.name for field in encrypted_fields(Company))).annotate(
        retell_key_length=Length("retell_api_key"),
        webhook_key_length=Length("retell_webhook_key"),
        calcom_key_length=Length("calcom_api_key"),
        calcom_secret_length=Length("calcom_webhook_secret"),
        has_event_types=Exists(CalcomEventType.objects.filter(company=OuterRef("pk"))),
        has_mapped_service=Exists(services),
        last_call=_first(Call.objects.filter(company=OuterRef("pk")).order_by("-created_at"), "created_at"),
        last_event=_first(events, "received_at"),
        last_retell_event=_first(recent.filter(provider="retell"), "received_at"),
        last_calcom_event=_first(recent.filter(provider="calcom"), "received_at"),
        last_booking=_first(booked, "created_at"),
    )


def company_rows(found: Sequence[Any]) -> list[CompanyRow]:
    """`found` are rows of `told`; agents, checks and breakers of all of them are read at once."""
    configurations: dict[int, list[RetellConfiguration]] = defaultdict(list)
    for configuration in RetellConfiguration.objects.filter(company__in=found).defer("prompt_template"):
        configurations[configuration.company_id].append(configuration)
    checks: dict[int, dict[str, IntegrationCheck]] = defaultdict(dict)
    for check in IntegrationCheck.objects.filter(company__in=found):
        checks[check.company_id][check.what] = check
    states = {state.name: state for state in breakers.all_states() if state.state != "closed"}
    return [
        CompanyRow(
            company=company,
            has=_has(company),
            last_event=company.last_event,
            last_retell_event=company.last_retell_event,
            last_calcom_event=company.last_calcom_event,
            last_call=company.last_call,
            last_booking=company.last_booking,
            configurations=configurations[company.pk],
            checks=checks[company.pk],
            open_breakers=[states[name] for server in VENDOR_SERVERS if (name := f"{server}:{company.pk}") in states],
        )
        for company in found
    ]


def _has(company: Any) -> Has:
    return Has(
        retell_key=company.retell_key_length > 0,
        webhook_key=company.webhook_key_length > 0,
        calcom_key=company.calcom_key_length > 0,
        calcom_secret=company.calcom_secret_length > 0,
        event_types=company.has_event_types,
        mapped_service=company.has_mapped_service,
    )


def _first(rows: QuerySet[Any], column: str) -> Subquery:
    return Subquery(rows.values(column)[:1])
