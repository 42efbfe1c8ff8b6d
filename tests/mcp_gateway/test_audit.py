"""The audit trail can only grow."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from appointments.models import Company
from mcp_gateway import audit, correlation
from mcp_gateway.models import AppendOnly, AuditEntry


@pytest.fixture
def entry(company: Company) -> AuditEntry:
    with correlation.bound("00000000-0000-4000-8000-000000000007"):
        return audit.record(
            actor_kind=AuditEntry.Actor.STAFF,
            actor="erika",
            action="company.changed",
            object_type="Company",
            object_id=company.pk,
            company_id=company.pk,
            before={"name": "a"},
            after={"name": "b"},
            reason="asked to",
        )


def test_an_entry_keeps_who_did_what(entry: AuditEntry, company: Company) -> None:
    kept = AuditEntry.objects.get()
    assert (kept.actor_kind, kept.actor, kept.action) == ("staff", "erika", "company.changed")
    assert (kept.object_type, kept.object_id, kept.company) == ("Company", str(company.pk), company)
    assert (kept.before, kept.after, kept.reason) == ({"name": "a"}, {"name": "b"}, "asked to")
    assert kept.correlation_id == "00000000-0000-4000-8000-000000000007"


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.save(update_fields=["reason"]),
        lambda entry: entry.delete(),
        lambda entry: AuditEntry.objects.update(reason="x"),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.filter(pk=entry.pk).delete(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["reason"]),
        lambda entry: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"reason": "x"}),
    ],
)
def test_an_entry_is_never_changed(entry: AuditEntry, change: Callable[[AuditEntry], None]) -> None:
    with pytest.raises(AppendOnly), transaction.atomic():
        change(entry)
    assert AuditEntry.objects.get().reason == "asked to"


def test_a_company_with_a_trail_is_not_deleted(entry: AuditEntry, company: Company) -> None:
    with pytest.raises(ProtectedError):
        company.delete()
