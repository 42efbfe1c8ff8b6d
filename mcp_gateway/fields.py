"""A model field that keeps secrets encrypted at rest."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models.query_utils import DeferredAttribute

VISIBLE_CHARACTERS = 4


class WrongEncryptionKey(Exception):
    """No key in FIELD_ENCRYPTION_KEYS opens the stored value."""


class Ciphertext(str):
    """A secret as the database has it."""

    __slots__ = ()


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


def is_current(ciphertext: str) -> bool:
    """Whether the first of FIELD_ENCRYPTION_KEYS opens it."""
    try:
        _fernet((settings.FIELD_ENCRYPTION_KEYS[0],)).decrypt(ciphertext.encode())
    except InvalidToken:
        return False
    return True


def mask(secret: str) -> str:
    """What staff may see of a secret: its last four characters, and nothing of a short one."""
    if not secret:
        return ""
    return "••••" + (secret[-VISIBLE_CHARACTERS:] if len(secret) > 2 * VISIBLE_CHARACTERS else "")


class _OpenedOnUse(DeferredAttribute):
    """Decrypts when somebody asks: lists and choices of companies neither need the secrets nor break over them."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Ciphertext):
            value = instance.__dict__[self.field.attname] = decrypt(value)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """Text that is encrypted in the database; "" stays "". It can't be searched or filtered by value.

    Reading the attribute raises WrongEncryptionKey where no key fits; `values()` gives the ciphertext.
    """

    descriptor_class = _OpenedOnUse

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return encrypt(text) if text else text

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return Ciphertext(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        # The same text never encrypts to the same ciphertext twice: only "is empty" can be asked.
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


def encrypted_fields(model: type[models.Model]) -> list[EncryptedTextField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
