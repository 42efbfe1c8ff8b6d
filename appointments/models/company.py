"""A company and what it offers."""

from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from pydantic import Field, TypeAdapter
from pydantic import ValidationError as PydanticError

from appointments.models.ahead import APPOINTMENTS_AHEAD, has_ahead
from appointments.phones import to_e164, validate_e164
from mcp_gateway.deletion import SoftlyDeleted
from mcp_gateway.fields import EncryptedTextField
from mcp_gateway.outbound import validate_vendor_url

# In a company's list of rejected numbers: whoever hides theirs.
HIDDEN_CALLERS = "anonymous"


def validate_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not an IANA time zone such as Europe/Berlin."), params={"name": name})


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Moment = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_OPENING_HOURS = TypeAdapter(dict[Day, list[tuple[Moment, Moment]]])


def default_opening_hours() -> dict[str, list[list[str]]]:
    """Monday to Friday, nine to six, in the company's zone: `{"monday": [["09:00", "18:00"]], …}`."""
    return {day: [["09:00", "18:00"]] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}


def validate_opening_hours(value: object) -> None:
    """Days of the week, each with its spans of "HH:MM"."""
    try:
        _OPENING_HOURS.validate_python(value)
    except PydanticError:
        raise ValidationError(
            _('Write the hours of each day as {"monday": [["09:00", "12:00"], ["13:00", "18:00"]]}.')
        ) from None


def validate_rejected_numbers(value: object) -> None:
    """A list of numbers with their country, or "anonymous"."""
    numbers = value if isinstance(value, list) else [None]
    if not all(
        number == HIDDEN_CALLERS or (isinstance(number, str) and to_e164(number) == number) for number in numbers
    ):
        raise ValidationError(_('Write the numbers as ["+493012345678", "anonymous"].'))


class Company(models.Model):
    """A business whose phone the voice agent answers."""

    class BookingMode(models.TextChoices):
        AFTER_CALL = "after_call", _("after the call")
        DURING_CALL = "during_call", _("during the call")

    class Mailer(models.TextChoices):
        CALENDAR = "calendar", _("Cal.com")
        US = "us", _("this system")

    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("short name"), unique=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Berlin", validators=(validate_timezone,))
    default_language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, default="de", help_text=_("What callers hear.")
    )
    phone_number = models.CharField(
        _("phone number"),
        max_length=16,
        null=True,
        blank=True,
        unique=True,
        validators=(validate_e164,),
        help_text=_("The number that callers dial, as +493012345678."),
    )
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Where follow-ups are announced."))
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_(
            "Instead of deleting: switched off, its calls, webhooks and tokens are refused, and its history stays."
        ),
    )
    staff = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("staff"),
        blank=True,
        related_name="companies",
        help_text=_("Who may see this company in the admin."),
    )
    retell_api_key = EncryptedTextField(_("Retell API key"), blank=True, default="")
    retell_webhook_key = EncryptedTextField(
        _("Retell webhook key"),
        blank=True,
        default="",
        help_text=_('The key with the "webhook" badge in Retell: only that one signs.'),
    )
    calcom_api_key = EncryptedTextField(_("Cal.com API key"), blank=True, default="")
    calcom_base_url = models.URLField(
        _("Cal.com address"),
        blank=True,
        validators=(validate_vendor_url,),
        help_text=_("Empty: the system's default. https://api.cal.eu for Cal.com's European instance."),
    )
    calcom_webhook_secret = EncryptedTextField(_("Cal.com webhook secret"), blank=True, default="")
    booking_mode = models.CharField(
        _("booking mode"), max_length=12, choices=BookingMode, default=BookingMode.AFTER_CALL
    )
    mails_customers = models.CharField(
        _("mails to customers"),
        max_length=8,
        choices=Mailer,
        default=Mailer.CALENDAR,
        help_text=_(
            "Who writes to customers when an appointment is booked, moved or cancelled. Cal.com does so by itself: "
            "choose this system only where Cal.com's own mails are switched off, or customers hear everything twice."
        ),
    )
    opening_hours = models.JSONField(
        _("opening hours"), default=default_opening_hours, blank=True, validators=(validate_opening_hours,)
    )
    agent_name = models.CharField(
        _("name of the voice agent"),
        max_length=80,
        blank=True,
        help_text=_("As it introduces itself; no caller is taken to be called so."),
    )
    rejected_numbers = models.JSONField(
        _("rejected numbers"),
        default=list,
        blank=True,
        validators=(validate_rejected_numbers,),
        help_text=_('Whose calls are not taken, such as ["+493012345678"]; "anonymous" is every hidden number.'),
    )
    notice_hours = models.PositiveSmallIntegerField(
        _("notice for changes"), default=24, help_text=_("Hours before an appointment until which callers may move it.")
    )
    rate_limit_per_minute = models.PositiveIntegerField(
        _("calls per minute"),
        null=True,
        blank=True,
        help_text=_("Limit of the company's tokens and staff at the gateway. Empty: the system's default."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "companies"
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """An emptied field means none; the form makes null of it."""
        self.opening_hours = self.opening_hours or {}
        self.rejected_numbers = self.rejected_numbers or []

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def opening(self) -> tuple[time, time] | None:
        """From the earliest opening to the latest closing of any day, local; None where no hours are set."""
        spans = [span for spans in self.opening_hours.values() for span in spans]
        if not spans:
            return None
        return min(time.fromisoformat(span[0]) for span in spans), max(time.fromisoformat(span[1]) for span in spans)

    @property
    def calcom_url(self) -> str:
        return (self.calcom_base_url or settings.CALCOM_API_URL).rstrip("/")


class Service(SoftlyDeleted):
    """What can be booked, and what callers call it."""

    company = models.ForeignKey(Company, verbose_name=_("company"), on_delete=models.CASCADE, related_name="services")
    name = models.CharField(_("name"), max_length=150)
    aliases = models.JSONField(
        _("spoken aliases"),
        default=list,
        blank=True,
        help_text=_('Other words for it, such as ["Herrenschnitt", "haircut"].'),
    )
    duration_minutes = models.PositiveSmallIntegerField(
        _("duration"), validators=(MinValueValidator(1),), help_text=_("Minutes.")
    )
    calcom_event_type_id = models.PositiveBigIntegerField(_("Cal.com event type"), null=True, blank=True)
    parallel_capacity = models.PositiveSmallIntegerField(
        _("at the same time"),
        default=1,
        validators=(MinValueValidator(1),),
        help_text=_("How many of it can take place at once."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "services"
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("company", "name")
        constraints = (
            models.UniqueConstraint(fields=("company", "name", "is_living"), name="one_service_per_company_and_name"),
        )
        indexes = (models.Index(fields=("company", "calcom_event_type_id"), name="services_by_event_type"),)

    def __str__(self) -> str:
        return self.name

    def reason_to_stay(self) -> Any:
        """Appointments that are to come are still changed, and booked, as this service."""
        return APPOINTMENTS_AHEAD if has_ahead(self) else ""

    def clean(self) -> None:
        """Aliases are a list of words; an emptied field, null from the form, is none."""
        self.aliases = self.aliases or []
        if not isinstance(self.aliases, list) or not all(isinstance(alias, str) for alias in self.aliases):
            raise ValidationError({"aliases": _('Other words for it, such as ["Herrenschnitt", "haircut"].')})
