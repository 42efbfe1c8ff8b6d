"""`manage.py rotate_encryption_keys`: after a new first key in FIELD_ENCRYPTION_KEYS, before an old one goes.

Safe to repeat and to run while the system works: rows are locked a batch at a time.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from mcp_gateway.audit import record_by
from mcp_gateway.fields import EncryptedTextField, WrongEncryptionKey, decrypt, encrypted_fields, is_current
from mcp_gateway.principal import Principal

BATCH = 200


class Command(BaseCommand):
    help = "Encrypt every stored secret with the first of FIELD_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        unopened = 0
        for field in _fields():
            outcomes = Counter[str]()
            for rows in _batches(field.model):
                outcomes += _rotate(field, rows)
            counts = ", ".join(f"{outcomes[word]} {word}" for word in ("rotated", "current", "unopened"))
            self.stdout.write(f"{field.model._meta.db_table}.{field.column}: {counts}")
            unopened += outcomes["unopened"]
            if outcomes["rotated"]:
                record_by(
                    Principal.of_task("rotate_encryption_keys"),
                    action="secrets.encrypted_anew",
                    object_type="Column",
                    object_id=f"{field.model._meta.db_table}.{field.column}",
                    after=dict(outcomes),
                )
        if unopened:
            raise CommandError(
                f"{unopened} stored secrets are opened by none of FIELD_ENCRYPTION_KEYS and stay as they are. "
                "Add the key that they were stored with, and run this again."
            )


def _fields() -> Iterator[EncryptedTextField]:
    for model in apps.get_models():
        yield from encrypted_fields(model)


def _batches(model: type[models.Model]) -> Iterator[models.QuerySet[Any]]:
    """Every row of the model, a batch at a time, by primary key."""
    rows = model._base_manager.order_by("pk")
    last = None
    while keys := list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)[:BATCH]):
        yield model._base_manager.filter(pk__in=keys)
        last = keys[-1]


@transaction.atomic
def _rotate(field: EncryptedTextField, rows: models.QuerySet[Any]) -> Counter[str]:
    """How many were rotated, were current already, or could not be opened; empty ones don't count."""
    stored = rows.select_for_update().values_list("pk", field.attname)
    return Counter(_rotate_one(field, key, ciphertext) for key, ciphertext in stored if ciphertext)


def _rotate_one(field: EncryptedTextField, key: Any, ciphertext: str) -> str:
    if is_current(ciphertext):
        return "current"
    try:
        secret = decrypt(ciphertext)
    except WrongEncryptionKey:
        return "unopened"
    field.model._base_manager.filter(pk=key).update(**{field.attname: secret})
    return "rotated"
