"""A model field that keeps secrets encrypted at rest."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

VISIBLE_CHARACTERS = 4


class WrongEncryptionKey(Exception):
    """No key in FIELD_ENCRYPTION_KEYS opens the stored value."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt with the first of FIELD_ENCRYPTION_KEYS."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """Decrypt with any of FIELD_ENCRYPTION_KEYS; raises WrongEncryptionKey where none fits."""
    try:
        return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(ciphertext.encode()).decode()
    except InvalidToken:
        raise WrongEncryptionKey(
            "A stored secret can't be opened with FIELD_ENCRYPTION_KEYS. Add the key that it was stored with."
        ) from None


def mask(secret: str) -> str:
    """What staff may see of a secret: its last four characters, and nothing of a short one."""
    if not secret:
        return ""
    return "••••" + (secret[-VISIBLE_CHARACTERS:] if len(secret) > 2 * VISIBLE_CHARACTERS else "")


class EncryptedTextField(models.TextField):
    """Text that is encrypted in the database; "" stays "". It can't be searched or filtered by value."""

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return encrypt(text) if text else text

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        # The same text never encrypts to the same ciphertext twice: only "is empty" can be asked.
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
