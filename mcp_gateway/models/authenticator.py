"""The app on the phone that shows codes (TOTP, RFC 6238), as the system knows it.

django-otp's own model of one keeps its secret readable in the database; everything else is as there.
"""

import re
from base64 import b32encode
from time import time
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from mcp_gateway.fields import EncryptedTextField

CODE = re.compile(r"\d{6}")
# What apps take for granted: a new code every thirty seconds. One before and one after are taken too: clocks differ.
STEP_SECONDS, DIGITS, TOLERATED_STEPS = 30, 6, 1


class Authenticator(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]
    """One app of a member of staff. Reading the secret raises WrongEncryptionKey where no key opens it."""

    # Hexadecimal, never shown after the set-up.
    secret = EncryptedTextField()
    # Of the last code that was taken: neither it nor one before it is taken again.
    last_step = models.BigIntegerField(default=-1)
    # By how many steps the phone's clock was off then.
    drift = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "authenticators"
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        # Nobody works on these rows but their owner, on the pages of the second factor.
        default_permissions = ()

    @property
    def letters(self) -> str:
        """The secret as apps want it: base 32."""
        return b32encode(bytes.fromhex(self.secret)).decode()

    @property
    def readable_secret(self) -> str:
        """As people type it into an app: in groups of four."""
        return " ".join(self.letters[start : start + 4] for start in range(0, len(self.letters), 4))

    @property
    def link(self) -> str:
        """Hands the secret to an app: https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
        issuer = settings.SECOND_FACTOR_ISSUER
        parameters = {"secret": self.letters, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
        label = quote(f"{issuer}:{self.user.get_username()}")
        return f"otpauth://totp/{label}?{urlencode({**parameters, 'issuer': issuer}, quote_via=quote)}"

    def takes(self, code: str) -> bool:
        """Whether the app shows this code now, for the first time; it is used up then, once the row is saved."""
        if not CODE.fullmatch(code):
            return False
        totp = TOTP(bytes.fromhex(self.secret), step=STEP_SECONDS, digits=DIGITS, drift=self.drift)
        totp.time = time()
        if not totp.verify(int(code), TOLERATED_STEPS, min_t=self.last_step + 1):
            return False
        self.last_step, self.drift = totp.t(), totp.drift
        return True

    def verify_token(self, token: str) -> bool:
        """What django-otp calls, with the row locked: a code too soon after a wrong one isn't even looked at."""
        if not self.verify_is_allowed()[0]:
            return False
        if is_right := self.takes(token):
            self.throttle_reset(commit=False)
            self.set_last_used_timestamp(commit=False)
        else:
            self.throttle_increment(commit=False)
        self.save(update_fields=_CHANGING)
        return is_right

    def get_throttle_factor(self) -> int:
        """Seconds until another code is looked at after the first wrong one; each further one doubles them."""
        return 1


_CHANGING = ("last_step", "drift", "last_used_at", "throttling_failure_timestamp", "throttling_failure_count")
