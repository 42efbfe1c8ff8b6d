"""The companies of a run, set up as staff would set them up here, at Retell and at Cal.com."""

from collections.abc import Iterable
from uuid import uuid4

import requests
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from appointments.models import Company
from calcom.webhook_events import BOOKING_TRIGGERS
from retell.demo.company import TIMEOUT_SECONDS, Vendors, set_up_company
from retell.truth.plan import Firm

SLUG = "truth-"


def begin_afresh() -> None:
    """Bring the database up to date, and lay companies of earlier runs to rest; refuses one that is somebody's."""
    is_new = Company._meta.db_table not in connection.introspection.table_names()
    others = Company.objects.exclude(slug__startswith=SLUG)
    if not is_new and others.exists():
        raise CommandError(
            f"The database holds companies that are not of this command's making ({others.count()}, such as "
            f"{others.values_list('slug', flat=True)[0]}): give it a database, or a VAR_DIR, of its own."
        )
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    Company.objects.update(is_active=False, phone_number=None)


def set_up(vendors: Vendors, firms: Iterable[Firm]) -> dict[int, Company]:
    """The companies by the number of their firm, with names that no earlier run has used."""
    run = uuid4().hex[:8]
    return {firm.number: _set_up(vendors, firm, run) for firm in firms}


def _set_up(vendors: Vendors, firm: Firm, run: str) -> Company:
    mode, mailer = Company.BookingMode, Company.Mailer
    slug = f"{SLUG}{run}-{firm.number}"
    made = Company.objects.create(
        slug=slug,
        name=f"Salon {firm.number}",
        email=f"{slug}@salon.example",
        booking_mode=mode.DURING_CALL if firm.books_during_call else mode.AFTER_CALL,
        mails_customers=mailer.US if firm.mails_customers else mailer.CALENDAR,
        calcom_webhook_secret=f"secret-{slug}",
    )
    company = set_up_company(
        vendors,
        slug=slug,
        name=made.name,
        phone_number=f"+4930{90_000_000 + firm.number}",
        needs_confirmation=firm.needs_confirmation,
    )
    if firm.tells:
        _set_up_webhook(vendors, company)
    return company


def _set_up_webhook(vendors: Vendors, company: Company) -> None:
    hook = {
        "subscriberUrl": f"{vendors.app_url}/api/mcp/calcom/webhook/{company.pk}",
        "triggers": sorted(BOOKING_TRIGGERS),
        "active": True,
        "secret": company.calcom_webhook_secret,
    }
    headers = {"Authorization": f"Bearer {company.calcom_api_key}"}
    url = f"{vendors.calcom_url}/v2/webhooks"
    requests.post(url, json=hook, headers=headers, timeout=TIMEOUT_SECONDS).raise_for_status()
