"""A person who calls a company."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models.ahead import APPOINTMENTS_AHEAD, has_ahead
from appointments.models.company import Company
from appointments.phones import validate_e164
from mcp_gateway.deletion import SoftlyDeleted


class Customer(SoftlyDeleted):
    """Known by phone number within one company; a caller who hides it is nobody we know."""

    company = models.ForeignKey(Company, verbose_name=_("company"), on_delete=models.CASCADE, related_name="customers")
    name = models.CharField(_("name"), max_length=150, blank=True)
    phone = models.CharField(
        _("phone"), max_length=16, null=True, blank=True, validators=(validate_e164,), help_text=_("As +493012345678.")
    )
    email = models.EmailField(_("e-mail"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "customers"
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("company", "phone", "is_living"), name="one_customer_per_company_and_phone"
            ),
            models.CheckConstraint(
                condition=models.Q(phone=None) | ~models.Q(phone=""), name="customer_phone_null_not_empty"
            ),
            models.CheckConstraint(
                condition=models.Q(email=None) | ~models.Q(email=""), name="customer_email_null_not_empty"
            ),
        )
        indexes = (
            models.Index(fields=("company", "name"), name="customers_by_name"),
            models.Index(fields=("email",), name="customers_by_email"),
        )

    def __str__(self) -> str:
        return self.name or self.phone or f"#{self.pk}"

    def reason_to_stay(self) -> Any:
        """Whoever calls about an appointment that is to come is found by their number."""
        return APPOINTMENTS_AHEAD if has_ahead(self) else ""
