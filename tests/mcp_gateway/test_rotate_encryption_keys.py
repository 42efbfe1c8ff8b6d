"""`manage.py rotate_encryption_keys`."""

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from appointments.models import Company
from mcp_gateway.management.commands import rotate_encryption_keys
from tests.factories import make_company

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture(autouse=True)
def _old_key(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]


def rotate() -> list[str]:
    output = StringIO()
    call_command("rotate_encryption_keys", stdout=output)
    return output.getvalue().splitlines()


def test_afterwards_the_new_key_alone_opens_every_secret(db: None, settings: Any) -> None:
    company = make_company(calcom_api_key="one", retell_api_key="two")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "companies.calcom_api_key: 1 rotated, 0 current, 0 unopened" in rotate()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    loaded = Company.objects.get(pk=company.pk)
    assert (loaded.calcom_api_key, loaded.retell_api_key, loaded.calcom_webhook_secret) == ("one", "two", "")


def test_a_second_run_changes_nothing(db: None, settings: Any) -> None:
    make_company(calcom_api_key="one")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = list(Company.objects.values_list("calcom_api_key", "updated_at"))
    assert "companies.calcom_api_key: 0 rotated, 1 current, 0 unopened" in rotate()
    assert list(Company.objects.values_list("calcom_api_key", "updated_at")) == before


def test_every_batch_is_rotated(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate_encryption_keys, "BATCH", 2)
    for _ in range(5):
        make_company(calcom_api_key="one")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "companies.calcom_api_key: 5 rotated, 0 current, 0 unopened" in rotate()


def test_secrets_that_no_key_opens_are_kept_and_told(db: None, settings: Any) -> None:
    lost = make_company(calcom_api_key="lost", retell_webhook_key="")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    before = Company.objects.values_list("calcom_api_key", flat=True).get(pk=lost.pk)
    make_company(calcom_api_key="fine", retell_webhook_key="")
    with pytest.raises(CommandError, match="1 stored secrets are opened by none"):
        rotate()
    assert Company.objects.values_list("calcom_api_key", flat=True).get(pk=lost.pk) == before


def test_without_rows_there_is_nothing_to_do(db: None) -> None:
    assert "companies.calcom_api_key: 0 rotated, 0 current, 0 unopened" in rotate()
