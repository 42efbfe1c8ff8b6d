"""Secrets at rest."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import connection, transaction

from appointments.models import Company
from mcp_gateway.fields import WrongEncryptionKey, decrypt, encrypt, encrypted_fields, is_current, mask
from tests.factories import make_company

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def stored(company: Company) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT calcom_api_key FROM companies WHERE id = %s", [company.pk])
        return str(cursor.fetchone()[0])


def test_a_secret_is_not_readable_in_the_database(db: None) -> None:
    company = make_company(calcom_api_key="cal_live_geheim")
    assert "geheim" not in stored(company)
    assert Company.objects.get(pk=company.pk).calcom_api_key == "cal_live_geheim"


def test_the_same_secret_is_never_stored_the_same_way_twice(db: None) -> None:
    assert stored(make_company(calcom_api_key="same")) != stored(make_company(calcom_api_key="same"))


@pytest.mark.parametrize("secret", ["ü💈", "gAAAAABlooks-encrypted", " "])
def test_any_text_comes_back(db: None, secret: str) -> None:
    company = make_company(calcom_api_key=secret)
    assert Company.objects.get(pk=company.pk).calcom_api_key == secret


def test_no_secret_is_stored_as_nothing(db: None) -> None:
    assert stored(make_company(calcom_api_key="")) == ""


def test_an_old_key_still_opens(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    ciphertext = encrypt("secret")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(ciphertext) == "secret"
    assert not is_current(ciphertext)


def test_the_first_key_encrypts(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    ciphertext = encrypt("secret")
    assert is_current(ciphertext)
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    with pytest.raises(WrongEncryptionKey):
        decrypt(ciphertext)


def test_a_wrong_key_is_an_error_where_the_secret_is_used(db: None, settings: Any) -> None:
    company = make_company(calcom_api_key="cal_live_geheim")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(WrongEncryptionKey) as raised:
        _ = Company.objects.get(pk=company.pk).calcom_api_key
    assert "FIELD_ENCRYPTION_KEYS" in str(raised.value)
    assert NEW not in str(raised.value)


def test_a_wrong_key_never_loses_the_stored_secret(db: None, settings: Any) -> None:
    company = make_company(calcom_api_key="cal_live_geheim")
    before = stored(company)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    loaded = Company.objects.get(pk=company.pk)
    with pytest.raises(WrongEncryptionKey), transaction.atomic():
        loaded.save()
    assert stored(company) == before


def test_a_row_is_read_and_changed_without_opening_its_secrets(db: None, settings: Any) -> None:
    company = make_company(calcom_api_key="cal_live_geheim")
    before = stored(company)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    loaded = Company.objects.get(pk=company.pk)
    loaded.name = "Renamed"
    loaded.save(update_fields=["name"])
    assert stored(company) == before


def test_a_deferred_secret_is_fetched_when_it_is_used(db: None) -> None:
    company = make_company(calcom_api_key="later")
    assert Company.objects.defer("calcom_api_key").get(pk=company.pk).calcom_api_key == "later"


def test_saving_a_loaded_row_keeps_its_secrets(db: None) -> None:
    company = Company.objects.get(pk=make_company(calcom_api_key="kept").pk)
    company.save()
    assert Company.objects.get(pk=company.pk).calcom_api_key == "kept"


def test_values_give_no_plain_text(db: None) -> None:
    company = make_company(calcom_api_key="cal_live_geheim")
    (value,) = Company.objects.filter(pk=company.pk).values_list("calcom_api_key", flat=True)
    assert "geheim" not in value


def test_a_secret_cannot_be_searched_for(db: None) -> None:
    with pytest.raises(FieldError):
        Company.objects.filter(calcom_api_key="secret").exists()


def test_the_encrypted_fields_of_a_model() -> None:
    assert [field.name for field in encrypted_fields(Company)] == [
        "retell_api_key",
        "retell_webhook_key",
        "calcom_api_key",
        "calcom_webhook_secret",
    ]


@pytest.mark.parametrize(
    ("secret", "shown"), [("", ""), ("short", "••••"), ("12345678", "••••"), ("key_1234567890", "••••7890")]
)
def test_masking_shows_the_end_of_long_secrets_only(secret: str, shown: str) -> None:
    assert mask(secret) == shown
