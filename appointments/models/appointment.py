"""An appointment, and what people have to do where the system could not."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models.call import Call
from appointments.models.company import Company, Service
from appointments.models.customer import Customer
from mcp_gateway import moments


class Appointment(models.Model):
    """held → booking → scheduled → completed / no_show / cancelled; failed (with a follow-up) and expired."""

    class Status(models.TextChoices):
        HELD = "held", _("held")
        BOOKING = "booking", _("being booked")
        SCHEDULED = "scheduled", _("scheduled")
        COMPLETED = "completed", _("completed")
        NO_SHOW = "no_show", _("no-show")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")

    class Origin(models.TextChoices):
        CALL = "call", _("phone call")
        STAFF = "staff", _("staff or a program")
        CALENDAR = "calendar", _("the calendar itself")

    company = models.ForeignKey(
        Company, verbose_name=_("company"), on_delete=models.PROTECT, related_name="appointments"
    )
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appointments",
    )
    service = models.ForeignKey(
        Service, verbose_name=_("service"), on_delete=models.PROTECT, related_name="appointments"
    )
    call = models.ForeignKey(
        Call, verbose_name=_("call"), null=True, blank=True, on_delete=models.PROTECT, related_name="appointments"
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.HELD)
    origin = models.CharField(
        _("origin"), max_length=8, choices=Origin, default=Origin.CALL, help_text=_("Where it was booked first.")
    )
    booking_key = models.UUIDField(
        _("booking key"),
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text=_("Travels in the calendar's metadata, so that a booking is found again after a lost answer."),
    )
    attendee_name = models.CharField(_("booked for"), max_length=150, blank=True)
    attendee_email = models.EmailField(_("e-mail"), null=True, blank=True)
    calcom_booking_uid = models.CharField(_("Cal.com booking uid"), max_length=64, null=True, blank=True, unique=True)
    calcom_booking_id = models.PositiveBigIntegerField(_("Cal.com booking id"), null=True, blank=True)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    reservation_uid = models.CharField(
        _("reservation"),
        max_length=64,
        blank=True,
        help_text=_("In the calendar, so that people who book on the web don't see the time that is held."),
    )
    reserved_until = models.DateTimeField(_("reserved until"), null=True, blank=True)
    leased_until = models.DateTimeField(
        _("leased until"),
        null=True,
        blank=True,
        help_text=_("Until then a worker has it, or waits to try again; afterwards any worker may take it."),
    )
    sent_at = models.DateTimeField(
        _("sent at"),
        null=True,
        blank=True,
        help_text=_("A request went to the calendar then, and its outcome is not known yet."),
    )
    moving_to = models.DateTimeField(
        _("moving to"),
        null=True,
        blank=True,
        help_text=_("When a sent change of the booked time is to let it start; empty where it is to be cancelled."),
    )
    sequence = models.PositiveIntegerField(
        _("revision"), default=0, help_text=_("How often the booked time was moved or called off.")
    )
    notes = models.TextField(_("notes"), blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    cancellation_reason = models.CharField(_("cancellation reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "appointments"
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ("starts_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="appointment_ends_after_it_starts"
            ),
        )
        indexes = (
            models.Index(fields=("company", "starts_at"), name="appointments_by_start"),
            models.Index(fields=("starts_at",), name="appointments_of_all_by_start"),
            models.Index(fields=("service", "status", "starts_at"), name="appointments_by_service"),
            models.Index(fields=("customer", "starts_at"), name="appointments_by_customer"),
            models.Index(fields=("status", "leased_until"), name="appointments_to_book"),
            models.Index(fields=("attendee_name",), name="appointments_by_name"),
            models.Index(fields=("attendee_email",), name="appointments_by_email"),
            models.Index(fields=("last_error",), name="appointments_by_error"),
            models.Index(fields=("created_at",), name="appointments_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.attendee_name}, {moments.written(self.starts_at)}"


class Offer(models.Model):
    """A time that a caller was told is free, in the order of telling, or that an appointment is just moving to.

    What is offered in place of a taken time is kept for the caller until `kept_until`: nobody else is given it.
    """

    call = models.ForeignKey(
        Call, verbose_name=_("call"), null=True, blank=True, on_delete=models.CASCADE, related_name="offers"
    )
    moving = models.ForeignKey(
        Appointment,
        verbose_name=_("appointment to be moved"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="offers",
    )
    service = models.ForeignKey(Service, verbose_name=_("service"), on_delete=models.CASCADE, related_name="offers")
    position = models.PositiveSmallIntegerField(_("position"))
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    kept_until = models.DateTimeField(_("kept until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        db_table = "offers"
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ("position",)
        indexes = (models.Index(fields=("service", "starts_at"), name="offers_by_service"),)

    def __str__(self) -> str:
        return moments.written(self.starts_at)


class FollowUp(models.Model):
    """Something that a person has to do."""

    class Kind(models.TextChoices):
        CALLBACK = "callback", _("call back")
        BOOKING_FAILED = "booking_failed", _("booking failed")
        NEEDS_REVIEW = "needs_review", _("needs review")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        TAKEN = "taken", _("taken")
        DONE = "done", _("done")

    company = models.ForeignKey(Company, verbose_name=_("company"), on_delete=models.CASCADE, related_name="follow_ups")
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    call = models.ForeignKey(
        Call, verbose_name=_("call"), null=True, blank=True, on_delete=models.SET_NULL, related_name="follow_ups"
    )
    appointment = models.ForeignKey(
        Appointment,
        verbose_name=_("appointment"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="follow_ups",
    )
    what_to_do = models.TextField(_("what to do"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    openings = models.PositiveSmallIntegerField(_("times opened"), default=1, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assignee"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        db_table = "follow_ups"
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ("-created_at",)
        constraints = (
            # One appointment needs the same thing done only once, however often its booking is tried.
            models.UniqueConstraint(fields=("appointment", "kind"), name="one_follow_up_per_appointment_and_kind"),
        )
        indexes = (models.Index(fields=("company", "status", "-created_at"), name="follow_ups_open"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
