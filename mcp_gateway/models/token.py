"""Access tokens."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMPANY = settings.COMPANY_MODEL


class ApiToken(models.Model):
    """A bearer token of an integrator. Only its prefix and a keyed hash are stored: it is shown once."""

    name = models.CharField(_("name"), max_length=100, help_text=_("Who uses it, and where."))
    company = models.ForeignKey(
        COMPANY,
        verbose_name=_("company"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        help_text=_("Empty: every company. Only superusers may make such a token."),
    )
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    token_hash = models.CharField(_("hash"), max_length=64, editable=False)
    scopes = models.JSONField(
        _("scopes"), default=list, help_text=_('A list of patterns of "server.method", such as ["calcom.get*"].')
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    successor = models.OneToOneField(
        "self",
        verbose_name=_("successor"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="predecessor",
        help_text=_("The token that was made in its place."),
    )

    class Meta:
        db_table = "api_tokens"
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def usable() -> Q:
        """Neither revoked nor expired, as of now."""
        return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
