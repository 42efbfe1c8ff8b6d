"""`manage.py mcp_create_token`: a bearer token for the gateway, shown once."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from mcp_gateway.audit import record
from mcp_gateway.companies import active_company
from mcp_gateway.models import AuditEntry
from mcp_gateway.tokens import create_token


class Command(BaseCommand):
    help = "Make a bearer token for the gateway. It is printed once and can't be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--company", type=int, help="id of the company whose data the token may reach")
        whose.add_argument("--all-companies", action="store_true", help="the token may reach every company")
        parser.add_argument("--name", required=True, help="who uses it, and where")
        parser.add_argument("--scope", action="append", help='pattern of "server.method"; repeatable; default "*"')
        parser.add_argument("--days", type=int, help="days until it expires, 1 or more; default: never")

    def handle(self, *args: Any, **options: Any) -> None:
        company = None if options["company"] is None else _company(options["company"])
        scopes = options["scope"] or ["*"]
        self.stdout.write(_recorded_token(options["name"], company, scopes, _expiry(options["days"])))


def _company(company_id: int) -> Any:
    company = active_company(company_id)
    if company is None:
        raise CommandError(f"There is no active company with id {company_id}.")
    return company


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if days < 1:
        raise CommandError("--days must be 1 or more.")
    return timezone.now() + timedelta(days=days)


@transaction.atomic
def _recorded_token(name: str, company: Any, scopes: list[str], expires_at: datetime | None) -> str:
    token, text = create_token(name=name, company=company, scopes=scopes, expires_at=expires_at)
    record(
        actor_kind=AuditEntry.Actor.TASK,
        actor="mcp_create_token",
        action="token.created",
        object_type="ApiToken",
        object_id=token.pk,
        company_id=token.company_id,
        after={"name": token.name, "prefix": token.prefix, "scopes": token.scopes},
    )
    return text
