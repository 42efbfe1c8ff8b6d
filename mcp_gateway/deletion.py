"""Rows that staff delete: gone everywhere at once, to be restored for thirty days, then purged for good.

A model that is deleted so is a `SoftlyDeleted`, with a `company`. Its `objects`, and relations to it, know of no
deleted rows; what refers to one by a foreign key still finds it, so that history keeps its names. A unique constraint
has `is_living` among its fields: what was deleted is in nobody's way.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import Case, ProtectedError, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal

KEPT_FOR = timedelta(days=30)


class HeldBack(Exception):
    """The row may not be deleted now; the reason is for people."""


class NameTaken(Exception):
    """What was made since has the place of the row that was to be restored."""


class Living(models.Manager):
    """All that is not deleted."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(deleted_at=None)


class SoftlyDeleted(models.Model):
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True, editable=False)
    # True, or null: no unique constraint compares nulls, and MariaDB knows no conditional ones.
    is_living = models.GeneratedField(
        expression=Case(When(deleted_at=None, then=Value(True))),
        output_field=models.BooleanField(null=True),
        db_persist=True,
    )

    objects = Living()
    everything = models.Manager()  # noqa: DJ012  (a manager too)

    class Meta:
        abstract = True

    def reason_to_stay(self) -> Any:
        """Why it may not be deleted now, for people; "" where it may."""
        return ""

    @property
    def restorable_until(self) -> datetime | None:
        return self.deleted_at and self.deleted_at + KEPT_FOR

    def validate_constraints(self, exclude: Any = None) -> None:
        """No form has `deleted_at`, and Django would leave out every constraint that leans on it."""
        super().validate_constraints(exclude=set(exclude or ()) - {"deleted_at", "is_living"})

    def unique_error_message(self, model_class: type[models.Model], unique_check: Any) -> Any:
        """In words that people know."""
        return super().unique_error_message(model_class, tuple(name for name in unique_check if name != "is_living"))


def delete(row: SoftlyDeleted, by: Principal) -> bool:
    """Delete it softly; False where it is deleted already. Raises HeldBack."""
    if reason := row.reason_to_stay():
        raise HeldBack(reason)
    now = timezone.now()
    with transaction.atomic():
        if not _rows(row).filter(deleted_at=None).update(deleted_at=now):
            return False
        _record(row, "deleted", by, before={"name": str(row), "deleted_at": None}, after=_at(now))
    row.deleted_at = now
    return True


def restore(row: SoftlyDeleted, by: Principal) -> bool:
    """Bring it back as it was; False where it is not deleted, or gone for good. Raises NameTaken."""
    before = _at(row.deleted_at)
    try:
        with transaction.atomic():
            if not _rows(row).exclude(deleted_at=None).update(deleted_at=None):
                return False
            _record(row, "restored", by, before=before, after={"name": str(row), "deleted_at": None})
    except IntegrityError:
        raise NameTaken from None
    row.deleted_at = None
    return True


def purge() -> int:
    """Delete for good what was deleted long enough ago; what history refers to stays, unseen. How many went."""
    before = timezone.now() - KEPT_FOR
    by = Principal.of_task("purge deleted rows")
    due = [row for model in soft_models() for row in model.everything.filter(deleted_at__lt=before).order_by("pk")]
    return sum(_purge(row, by, before) for row in due)


def soft_models() -> list[type[SoftlyDeleted]]:
    return [model for model in apps.get_models() if issubclass(model, SoftlyDeleted)]


def _purge(row: SoftlyDeleted, by: Principal, before: datetime) -> bool:
    key = row.pk
    try:
        with transaction.atomic():
            # Somebody may be restoring it just now.
            if not _rows(row).select_for_update().filter(deleted_at__lt=before).exists():
                return False
            row.delete()
            _record(row, "purged", by, key=key, before=_at(row.deleted_at))
    except ProtectedError:
        return False
    return True


def _rows(row: SoftlyDeleted) -> models.QuerySet[Any]:
    return type(row).everything.filter(pk=row.pk)


def _at(moment: datetime | None) -> dict[str, str | None]:
    return {"deleted_at": moment.isoformat() if moment else None}


def _record(row: SoftlyDeleted, what: str, by: Principal, *, key: Any = None, **values: Any) -> None:
    name = type(row).__name__
    record_by(
        by,
        action=f"{re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()}.{what}",
        object_type=name,
        object_id=key or row.pk,
        company_id=row.company_id,  # type: ignore[attr-defined]
        **values,
    )
